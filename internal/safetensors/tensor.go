package safetensors

import (
	"fmt"
	"math"
	"slices"
)

// Number is what a tensor can hold.
type Number interface {
	float64 | float32 | int64 | uint64 | int32
}

// Tensor is a named array. Data is a []float64, []float32, []int64, []uint64
// or []int32 of as many values as Shape says, row-major. An empty Shape is a
// scalar: one value.
type Tensor struct {
	Name  string
	Shape []int
	Data  any
}

// File is the content of a file: its tensors in the order of their data, and
// its metadata.
type File struct {
	Tensors []Tensor
	Meta    map[string]string
}

// Values returns the data of the tensor of that name. The error says whether
// it is missing, or has another type or another shape.
func Values[T Number](f *File, name string, shape ...int) ([]T, error) {
	i := slices.IndexFunc(f.Tensors, func(t Tensor) bool { return t.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("safetensors: no tensor %q", name)
	}
	t := f.Tensors[i]
	data, ok := t.Data.([]T)
	if !ok {
		return nil, fmt.Errorf("safetensors: tensor %q holds %T, want %T", name, t.Data, data)
	}
	if !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("safetensors: tensor %q has shape %v, want %v", name, t.Shape, shape)
	}
	return data, nil
}

// Shape returns the shape of the tensor of that name, nil if there is none.
func (f *File) Shape(name string) []int {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t.Shape
		}
	}
	return nil
}

// Floats returns the data of an F32 or F64 tensor as Values does. It is an error
// if a value is NaN or infinite.
func Floats(f *File, name string, shape ...int) ([]float64, error) {
	narrow, err := Values[float32](f, name, shape...)
	if err != nil {
		wide, errWide := Values[float64](f, name, shape...)
		if errWide != nil {
			return nil, err
		}
		return wide, Finite(name, wide)
	}
	wide := make([]float64, len(narrow))
	for i, v := range narrow {
		wide[i] = float64(v)
	}
	return wide, Finite(name, narrow)
}

// Finite returns an error that names the first value of a tensor that is NaN or
// infinite.
func Finite[T float32 | float64](name string, data []T) error {
	for i, v := range data {
		if v-v != 0 {
			return fmt.Errorf("value %d of tensor %q is %v", i, name, v)
		}
	}
	return nil
}

// dtype describes one type of the format.
type dtype struct {
	name string
	size int // bytes per value
}

// dtypeOf returns the type and the number of values of data.
func dtypeOf(data any) (d dtype, n int, err error) {
	switch x := data.(type) {
	case []float64:
		return dtype{"F64", 8}, len(x), nil
	case []float32:
		return dtype{"F32", 4}, len(x), nil
	case []int64:
		return dtype{"I64", 8}, len(x), nil
	case []uint64:
		return dtype{"U64", 8}, len(x), nil
	case []int32:
		return dtype{"I32", 4}, len(x), nil
	}
	return dtype{}, 0, fmt.Errorf("data is a %T; want []float64, []float32, []int64, []uint64 or []int32", data)
}

// dtypeNamed returns the type of a name.
func dtypeNamed(name string) (dtype, error) {
	switch name {
	case "F64", "I64", "U64":
		return dtype{name, 8}, nil
	case "F32", "I32":
		return dtype{name, 4}, nil
	}
	return dtype{}, fmt.Errorf("dtype %q is not supported (F64, F32, I64, U64 and I32 are)", name)
}

// elements returns the product of shape, or an error if a dimension is
// negative or the product is too large for an int.
func elements(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		if d > 0 && n > math.MaxInt/d {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n *= d
	}
	return n, nil
}
