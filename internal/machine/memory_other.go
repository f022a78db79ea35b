//go:build !linux && !darwin && !windows

package machine

func memory() float64 { return 0 }
