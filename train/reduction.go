package train

import (
	"textgan/internal/kernel"
	"textgan/internal/mpi"
	"textgan/internal/nn"
)

// reduction adds up the gradients of all parts of a step, which run in the processes of a team,
// in the order of the parts: every value is 0 + part 0 + part 1 + ..., the same as in one process.
//
// A tensor of which the parts have touched few rows, such as a table of embeddings, is gathered
// by these rows. The others are laid end to end and cut into as many slices as there are
// processes: each gets its slice of all parts, adds it up, and hands the sum to all. So a process
// receives, for R processes of k parts each and n values,
//
//	4 n (k+1) (R-1)/R bytes
//
// and adds up n k values.
type reduction struct {
	result  [][]float32   // by tensor
	sum     [][]float32   // by tensor: the result of what is gathered by rows
	parts   [][][]float32 // by own part and tensor
	tensors []rowed
	size    int // values of all tensors

	counts           []float64 // of own parts, by part: rows that it touches of each tensor
	send, swap, full []float32 // of what is cut into slices
	rows, all        []float32 // of what is gathered by rows
}

// rowed is a tensor of a gradient by its rows.
type rowed struct {
	rows, width int
	touched     [][]int32 // by own part: rows that are not 0
	filled      []int32   // rows of the sum that may not be 0
	sparse      bool      // is it so in this one?
	most        int       // rows that any part touches
}

// exact is the number of rows up to which a float32 holds their names.
const exact = 1 << 24

// newReduction makes the reduction of a gradient along params; sum is memory for one.
func newReduction(c *cut, params nn.Params, sum [][]float32) *reduction {
	r := &reduction{sum: sum, result: make([][]float32, len(sum))}
	lo, hi := c.own()
	for range hi - lo {
		r.parts = append(r.parts, make([][]float32, len(params)))
	}
	for _, p := range params {
		t := rowed{rows: 1, width: len(p.Data), touched: make([][]int32, hi-lo)}
		if len(p.Shape) == 2 && p.Shape[0] <= exact {
			t.rows, t.width = p.Shape[0], p.Shape[1]
		}
		r.tensors = append(r.tensors, t)
		r.size += len(p.Data)
	}
	return r
}

// put takes the gradient of tensor i that own part j has. If there are several parts it is
// copied: the next overwrites it.
func (r *reduction) put(j, i int, grad []float32) {
	if len(r.parts) == 1 {
		r.parts[j][i] = grad
		return
	}
	r.parts[j][i] = room(r.parts[j][i], len(grad))
	copy(r.parts[j][i], grad)
}

// reduce sets the result.
func (r *reduction) reduce(team Team) {
	r.survey(team)
	r.sumSlices(team)
	r.sumRows(team)
}

// survey decides which tensors are gathered by rows: those of which a process then receives less.
func (r *reduction) survey(team Team) {
	R, k := team.Size(), len(r.parts)
	r.counts = r.counts[:0]
	for j, part := range r.parts {
		for i := range r.tensors {
			t := &r.tensors[i]
			t.touched[j] = t.touched[j][:0]
			for row := range t.rows {
				if !zero(part[i][row*t.width:][:t.width]) {
					t.touched[j] = append(t.touched[j], int32(row))
				}
			}
			r.counts = append(r.counts, float64(len(t.touched[j])))
		}
	}
	all := make([]float64, R*len(r.counts))
	team.Gather(mpi.Bytes(all), mpi.Bytes(r.counts))
	for i := range r.tensors {
		t := &r.tensors[i]
		t.most = 0
		for at := i; at < len(all); at += len(r.tensors) {
			t.most = max(t.most, int(all[at]))
		}
		byRows := (R - 1) * k * t.most * (t.width + 1)
		inSlices := t.rows * t.width * (k + 1) * (R - 1) / R
		t.sparse = byRows < inSlices
	}
}

// zero reports whether all values are 0.
func zero(values []float32) bool {
	for _, v := range values {
		if v != 0 {
			return false
		}
	}
	return true
}

// sumSlices adds up the tensors that are not gathered by rows.
func (r *reduction) sumSlices(team Team) {
	R, k, n := team.Size(), len(r.parts), 0
	for i := range r.tensors {
		if !r.tensors[i].sparse {
			n += len(r.sum[i])
		}
	}
	if n == 0 {
		return
	}
	slice := (n + R - 1) / R
	r.send, r.swap, r.full = room(r.send, R*k*slice), room(r.swap, R*k*slice), room(r.full, R*slice)
	for j, part := range r.parts { // block r of what is sent holds slice r of all own parts
		at := 0
		for i, values := range part {
			if r.tensors[i].sparse {
				continue
			}
			for len(values) > 0 {
				to, off := at/slice, at%slice
				done := copy(r.send[(to*k+j)*slice:][off:slice], values)
				values, at = values[done:], at+done
			}
		}
	}
	team.Swap(mpi.Bytes(r.swap), mpi.Bytes(r.send))
	own := r.send[:slice]
	clear(own)
	for p := range R * k {
		kernel.Add(own, r.swap[p*slice:][:slice])
	}
	team.Gather(mpi.Bytes(r.full), mpi.Bytes(own))
	at := 0
	for i, d := range r.sum {
		if !r.tensors[i].sparse {
			r.result[i] = r.full[at:][:len(d)]
			at += len(d)
		}
	}
}

// sumRows adds up the tensors that are gathered by rows. What is sent of a part holds, for each
// of them, as many numbers of rows as any part has, -1 behind the last, and the rows.
func (r *reduction) sumRows(team Team) {
	n := 0
	for i := range r.tensors {
		if t := &r.tensors[i]; t.sparse {
			n += t.most * (t.width + 1)
		}
	}
	R, k := team.Size(), len(r.parts)
	r.rows, r.all = room(r.rows, k*n), room(r.all, R*k*n)
	r.eachSparse(r.rows, k, func(j, i int, t *rowed, names, rows []float32) {
		for m := range names {
			names[m] = -1
		}
		for m, row := range t.touched[j] {
			names[m] = float32(row)
			copy(rows[m*t.width:][:t.width], r.parts[j][i][int(row)*t.width:])
		}
	})
	team.Gather(mpi.Bytes(r.all), mpi.Bytes(r.rows))
	for i := range r.tensors {
		if t := &r.tensors[i]; t.sparse {
			r.forget(i)
			r.result[i] = r.sum[i]
		}
	}
	r.eachSparse(r.all, R*k, func(_, i int, t *rowed, names, rows []float32) {
		for m, row := range names {
			if row < 0 {
				break
			}
			kernel.Add(r.sum[i][int(row)*t.width:][:t.width], rows[m*t.width:][:t.width])
			t.filled = append(t.filled, int32(row))
		}
	})
}

// eachSparse visits what a buffer of parts holds of every tensor i that is gathered by rows:
// the numbers of rows, and the rows.
func (r *reduction) eachSparse(buffer []float32, parts int, visit func(part, i int, t *rowed, names, rows []float32)) {
	for j := range parts {
		for i := range r.tensors {
			if t := &r.tensors[i]; t.sparse {
				size := t.most * (t.width + 1)
				visit(j, i, t, buffer[:t.most], buffer[t.most:size])
				buffer = buffer[size:]
			}
		}
	}
}

// forget sets a sum to 0.
func (r *reduction) forget(i int) {
	t := &r.tensors[i]
	for _, row := range t.filled {
		clear(r.sum[i][int(row)*t.width:][:t.width])
	}
	t.filled = t.filled[:0]
}

// room is s with n values.
func room(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
