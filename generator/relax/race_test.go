//go:build race

package relax

func init() { underRace = true }
