// Package machine tells how much memory there is to work with.
package machine

import "fmt"

// Memory is the memory in bytes that this process may fill: that of the machine or of
// the container that it runs in. 0 if that cannot be found out.
func Memory() float64 { return memory() }

// Size is a number of bytes as people say it: 41 GB, 350 MB.
func Size(bytes float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"PB", 1 << 50}, {"TB", 1 << 40}, {"GB", 1 << 30}} {
		if x := bytes / unit.size; x >= 10 {
			return fmt.Sprintf("%.0f %s", x, unit.name)
		} else if x >= 1 {
			return fmt.Sprintf("%.1f %s", x, unit.name)
		}
	}
	return fmt.Sprintf("%.0f MB", bytes/(1<<20))
}
