package nn

import (
	"fmt"
	"io"
	"os"

	"textgan/internal/safetensors"
)

// Write writes the weights as a safetensors file.
func (ps Params) Write(w io.Writer) error {
	tensors := make([]safetensors.Tensor, len(ps))
	for i, p := range ps {
		tensors[i] = safetensors.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Data}
	}
	return safetensors.Write(w, tensors, nil)
}

// ReadFile fills the weights from a safetensors file; see Read.
func (ps Params) ReadFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return ps.Read(path, f, info.Size())
}

// Read fills the weights from the safetensors file of that name and size, in which
// every tensor must be there with its shape and with finite values; others may be
// there too. After an error the weights are as they were.
func (ps Params) Read(path string, r io.ReaderAt, size int64) error {
	f, err := safetensors.Read(r, size)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	values := make([][]float32, len(ps))
	for i, p := range ps {
		if values[i], err = safetensors.Values[float32](f, p.Name, p.Shape...); err != nil {
			return fmt.Errorf("%s does not fit this model: %w", path, err)
		}
		if err := safetensors.Finite(p.Name, values[i]); err != nil {
			return fmt.Errorf("%s: %w; the file is damaged or comes from a training that diverged: take another checkpoint", path, err)
		}
	}
	for i, p := range ps {
		copy(p.Data, values[i])
	}
	return nil
}
