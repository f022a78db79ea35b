//go:build !mpi

package mpi

import (
	"errors"
	"os"
)

// Team is the processes of a job. This program knows no other.
type Team struct{}

// Start returns nil; it is an error if mpirun has started several processes.
func Start() (*Team, error) {
	if n := os.Getenv("OMPI_COMM_WORLD_SIZE"); launched() && n != "" && n != "1" {
		return nil, errors.New("mpi: mpirun has started " + n + " processes of a program without MPI; build one with: go build -tags mpi -o textgan-mpi ./cmd/textgan")
	}
	return nil, nil
}

// Rank is 0.
func (t *Team) Rank() int { return 0 }

// Size is 1.
func (t *Team) Size() int { return 1 }

// Gather sets dst to src.
func (t *Team) Gather(dst, src []byte) { copy(dst, src) }

// Swap sets dst to src.
func (t *Team) Swap(dst, src []byte) { copy(dst, src) }

// Broadcast does nothing.
func (t *Team) Broadcast([]byte) {}

// Sum does nothing.
func (t *Team) Sum([]float32) {}

// Abort does nothing.
func (t *Team) Abort(int) {}

// Close does nothing.
func (t *Team) Close() {}
