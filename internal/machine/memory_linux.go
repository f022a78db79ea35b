package machine

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func memory() float64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	least := float64(info.Totalram) * float64(info.Unit)
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64); err == nil && limit > 0 { // "max" is none
			least = min(least, limit)
		}
	}
	return least
}
