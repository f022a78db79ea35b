// Package npy writes arrays in the .npy format of NumPy, version 1.0:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Write writes a float32 matrix [rows,cols], row-major and little-endian.
func Write(w io.Writer, data []float32, rows, cols int) error {
	if len(data) != rows*cols {
		return fmt.Errorf("npy: %d values for %d x %d", len(data), rows, cols)
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, cols)
	// Data begin at a multiple of 64 bytes; the header ends in a newline.
	const fixed = len("\x93NUMPY") + 2 + 2
	header += strings.Repeat(" ", 63-(fixed+len(header))%64) + "\n"
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
	b.WriteString(header)
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	return binary.Write(w, binary.LittleEndian, data)
}
