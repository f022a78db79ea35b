package machine

import "golang.org/x/sys/unix"

func memory() float64 {
	bytes, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return float64(bytes)
}
