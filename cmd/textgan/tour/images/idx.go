package images

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"textgan/internal/rng"
)

// Magic numbers of IDX files of bytes: LeCun, Cortes and Burges, "The MNIST database
// of handwritten digits".
const idxImages, idxLabels = 0x803, 0x801

// maxSide bounds the images that are read.
const maxSide = 64

// Read reads the first n images of an IDX file (as those of MNIST and its kin), .gz
// or not. They are made black and white once: a pixel is ink with the probability of
// its grey, by row i of the Corpus stream for image i. The labels are those of the
// file beside it whose name has labels-idx1 for images-idx3, if there is one; a file
// of labels that cannot be read is an error.
func Read(path string, n int, seed uint64) (*Set, error) {
	s := &Set{}
	err := readIDX(path, idxImages, 3, func(r io.Reader, dims []uint32) error {
		if dims[1] != dims[2] || dims[1] < 4 || dims[1] > maxSide {
			return fmt.Errorf("images of %d x %d pixels; squares from 4 to %d pixels a side can be read", dims[1], dims[2], maxSide)
		}
		if dims[0] < 2 {
			return fmt.Errorf("%d images; there must be at least 2", dims[0])
		}
		s.Side = int(dims[1])
		n = int(min(uint32(n), dims[0]))
		s.Pixels = make([]uint8, n*s.Side*s.Side)
		_, err := io.ReadFull(r, s.Pixels)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("images: %s: %w", path, err)
	}
	for i := range n {
		src := rng.Key{Seed: seed, Stream: rng.Corpus, Row: uint32(i)}.Source()
		for j, grey := range s.Image(i) {
			s.Image(i)[j] = 0
			if src.Float64()*255 < float64(grey) {
				s.Image(i)[j] = 1
			}
		}
	}
	labels := strings.Replace(path, "images-idx3", "labels-idx1", 1)
	if _, err := os.Stat(labels); err != nil || labels == path {
		return s, nil
	}
	err = readIDX(labels, idxLabels, 1, func(r io.Reader, dims []uint32) error {
		if dims[0] < uint32(n) {
			return fmt.Errorf("%d labels for %d images", dims[0], n)
		}
		s.Labels = make([]uint8, n)
		if _, err := io.ReadFull(r, s.Labels); err != nil {
			return err
		}
		for i, l := range s.Labels {
			if l > 9 {
				return fmt.Errorf("label %d of image %d; labels are 0 to 9", l, i)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("images: %s: %w", labels, err)
	}
	return s, nil
}

// readIDX opens a file and reads its header: the magic number, and a length in each
// of the dimensions.
func readIDX(path string, magic uint32, dimensions int, body func(r io.Reader, dims []uint32) error) error {
	f, err := os.Open(path)
	if err != nil {
		var of *os.PathError
		if errors.As(err, &of) { // the caller says which file
			return of.Err
		}
		return err
	}
	defer f.Close()
	var r io.Reader = bufio.NewReader(f)
	if start, _ := r.(*bufio.Reader).Peek(2); string(start) == "\x1f\x8b" {
		if r, err = gzip.NewReader(r); err != nil {
			return err
		}
	}
	header := make([]uint32, 1+dimensions)
	err = binary.Read(r, binary.BigEndian, header)
	if err == nil && header[0] != magic {
		return fmt.Errorf("no IDX file of bytes in %d dimensions: it begins with %#08x and not with %#08x", dimensions, header[0], magic)
	}
	if err == nil {
		err = body(r, header[1:])
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.New("the file ends too early")
	}
	return err
}
