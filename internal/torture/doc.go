// Package torture breaks off training runs wherever they touch the disk, and holds what
// becomes of them against runs that were left in peace. It has tests only:
//
//	go test ./internal/torture    a sample of all
//	make torture                  all
//
// A run is a process of its own, traced by ptrace (Linux on amd64): every call that
// changes a file below its directory is counted, and the n-th one is where the process
// dies, writes half of its bytes and dies, or is told that the disk is full or broken.
// Then the run is resumed, and the end has to be that of an undisturbed run: weights,
// moments, state, record, samples, names, and events that say what the record says.
// strace can inject such faults too, but counts the calls of each thread by itself.
//
// Besides, processes are killed at random moments, and files of runs changed at random:
// such a run is refused in one line and left alone, or it ends as it would have.
package torture
