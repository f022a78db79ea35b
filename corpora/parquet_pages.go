package corpora

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// chunk is the part of a column of strings that a group of rows has: pages, of which
// the first may be a dictionary. The packages of the library for the whole format
// bring Protocol Buffers, geometry and writers along, a quarter of the program; so the
// pages are walked here, and the library reads the headers.
//
// https://parquet.apache.org/docs/file-format/
type chunk struct {
	in       *bufio.Reader
	left     int64 // values that are to come
	codec    format.CompressionCodec
	nullable int // the definition level of a value that is there
	most     int64
	words    [][]byte // the dictionary
}

func newChunk(text io.ReaderAt, size int64, c format.ColumnChunk, nullable int, most int64) (*chunk, error) {
	m := &c.MetaData
	begin := m.DataPageOffset
	if d := m.DictionaryPageOffset; d > 0 && d < begin {
		begin = d
	}
	if begin < 0 || m.TotalCompressedSize < 0 || begin > size-m.TotalCompressedSize || c.FilePath != "" || m.Type != format.ByteArray {
		return nil, fmt.Errorf("%w: a column that is not within it", errPage)
	}
	in := bufio.NewReader(io.NewSectionReader(text, begin, m.TotalCompressedSize))
	return &chunk{in: in, left: m.NumValues, codec: m.Codec, nullable: nullable, most: most}, nil
}

// each calls visit with every value, which is good until it returns.
func (c *chunk) each(visit func(value []byte, null bool) error) error {
	for c.left > 0 {
		var h format.PageHeader
		if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(c.in)).Decode(&h); err != nil {
			return fmt.Errorf("%w: header of a page: %w", errPage, err)
		}
		if h.CompressedPageSize < 0 || h.UncompressedPageSize < 0 || int64(h.UncompressedPageSize) > c.most {
			return fmt.Errorf("%w: a page of %d bytes, %d in the file; --max-bytes is %d", errPage, h.UncompressedPageSize, h.CompressedPageSize, c.most)
		}
		var page bytes.Buffer // grows with what there is, whatever the header says
		if n, err := io.CopyN(&page, c.in, int64(h.CompressedPageSize)); err != nil {
			return fmt.Errorf("%w: a page of %d bytes ends after %d", errPage, h.CompressedPageSize, n)
		}
		if h.CRC != 0 && crc32.ChecksumIEEE(page.Bytes()) != uint32(h.CRC) {
			return fmt.Errorf("%w: the checksum of a page is wrong", errPage)
		}
		var err error
		switch {
		case h.Type == format.DictionaryPage && h.DictionaryPageHeader.Valid:
			err = c.dictionary(page.Bytes(), h)
		case h.Type == format.DataPage && h.DataPageHeader.Valid:
			err = c.page(page.Bytes(), h, visit)
		case h.Type == format.DataPageV2 && h.DataPageHeaderV2.Valid:
			err = c.pageV2(page.Bytes(), h, visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *chunk) dictionary(page []byte, h format.PageHeader) error {
	text, err := c.decompress(page, h.UncompressedPageSize)
	if err != nil {
		return err
	}
	c.words = c.words[:0]
	for len(text) > 0 {
		var word []byte
		if word, text, err = plainValue(text); err != nil {
			return err
		}
		c.words = append(c.words, word)
	}
	return nil
}

// page reads the levels and values of a page, which are compressed together.
func (c *chunk) page(page []byte, h format.PageHeader, visit func([]byte, bool) error) error {
	text, err := c.decompress(page, h.UncompressedPageSize)
	if err != nil {
		return err
	}
	d := &h.DataPageHeader.V
	var levels []byte
	if c.nullable > 0 {
		if d.DefinitionLevelEncoding != format.RLE {
			return fmt.Errorf("%w: levels in the encoding %v", errPage, d.DefinitionLevelEncoding)
		}
		if levels, text, err = plainValue(text); err != nil { // its length is written in the same way
			return err
		}
	}
	return c.values(levels, text, d.Encoding, d.NumValues, visit)
}

// pageV2 is page of the second version, whose levels are not compressed.
func (c *chunk) pageV2(page []byte, h format.PageHeader, visit func([]byte, bool) error) error {
	d := &h.DataPageHeaderV2.V
	repetition, definition := int64(d.RepetitionLevelsByteLength), int64(d.DefinitionLevelsByteLength)
	if repetition < 0 || definition < 0 || repetition+definition > int64(len(page)) || repetition+definition > int64(h.UncompressedPageSize) {
		return fmt.Errorf("%w: levels longer than their page", errPage)
	}
	levels, text := page[repetition:repetition+definition], page[repetition+definition:]
	if !d.IsCompressed.Valid || d.IsCompressed.V {
		var err error
		if text, err = c.decompress(text, h.UncompressedPageSize-int32(repetition+definition)); err != nil {
			return err
		}
	}
	return c.values(levels, text, d.Encoding, d.NumValues, visit)
}

// values calls visit with n values, of which levels say which are there.
func (c *chunk) values(levels, text []byte, encoding format.Encoding, n int32, visit func([]byte, bool) error) error {
	next, err := c.reader(text, encoding)
	if err != nil {
		return err
	}
	level := &hybrid{src: levels, width: bits.Len(uint(c.nullable))}
	for range n {
		there := c.nullable
		if c.nullable > 0 {
			l, err := level.next()
			if err != nil {
				return err
			}
			there = int(l)
		}
		if c.left--; c.left < 0 {
			return fmt.Errorf("%w: more values than it says", errPage)
		}
		var value []byte
		if there == c.nullable {
			if value, err = next(); err != nil {
				return err
			}
		}
		if err := visit(value, there < c.nullable); err != nil {
			return err
		}
	}
	return nil
}

// plainDictionary is what older files call RLEDictionary.
const plainDictionary format.Encoding = 2

// reader returns a function that reads the values one after another.
func (c *chunk) reader(text []byte, encoding format.Encoding) (next func() ([]byte, error), err error) {
	switch encoding {
	case format.Plain:
		return func() (value []byte, err error) {
			value, text, err = plainValue(text)
			return value, err
		}, nil
	case plainDictionary, format.RLEDictionary:
		index := &hybrid{}
		if len(text) > 0 {
			index.width, index.src = int(text[0]), text[1:]
		}
		return func() ([]byte, error) {
			i, err := index.next()
			if err == nil && int64(i) >= int64(len(c.words)) {
				err = fmt.Errorf("%w: word %d of a dictionary of %d", errPage, i, len(c.words))
			}
			if err != nil {
				return nil, err
			}
			return c.words[i], nil
		}, nil
	case format.DeltaLengthByteArray, format.DeltaByteArray:
		var offsets []uint32
		if encoding == format.DeltaLengthByteArray {
			text, offsets, err = new(delta.LengthByteArrayEncoding).DecodeByteArray(nil, text, nil)
		} else {
			text, offsets, err = new(delta.ByteArrayEncoding).DecodeByteArray(nil, text, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errPage, err)
		}
		at := 0
		return func() ([]byte, error) {
			if at+1 >= len(offsets) || offsets[at] > offsets[at+1] || int(offsets[at+1]) > len(text) {
				return nil, fmt.Errorf("%w: too few values in a page", errPage)
			}
			at++
			return text[offsets[at-1]:offsets[at]], nil
		}, nil
	}
	return nil, fmt.Errorf("%w: strings in the encoding %v", errPage, encoding)
}

// plainValue reads bytes behind their number, and returns the rest too.
func plainValue(text []byte) (value, rest []byte, err error) {
	if len(text) < 4 || int64(binary.LittleEndian.Uint32(text)) > int64(len(text)-4) {
		return nil, nil, fmt.Errorf("%w: a value ends behind its page", errPage)
	}
	end := 4 + int(binary.LittleEndian.Uint32(text))
	return text[4:end:end], text[end:], nil
}

// hybrid reads numbers of width bits: runs of an equal one, or groups of eight
// that are packed.
type hybrid struct {
	src   []byte
	width int
	value uint32 // of a run
	run   uint64 // numbers that are left of it
	packs uint64 // numbers that are left of packed groups
	at    uint64 // bit at which the next of them begins
	group []byte
}

func (h *hybrid) next() (uint32, error) {
	for h.run == 0 && h.packs == 0 {
		if h.width > 32 {
			return 0, fmt.Errorf("%w: numbers of %d bits", errPage, h.width)
		}
		head, n := binary.Uvarint(h.src)
		if n <= 0 {
			return 0, fmt.Errorf("%w: too few values in a page", errPage)
		}
		h.src = h.src[n:]
		if head&1 == 0 {
			size := (h.width + 7) / 8
			if size > len(h.src) {
				return 0, fmt.Errorf("%w: a run without its value", errPage)
			}
			h.value = 0
			for i, b := range h.src[:size] {
				h.value |= uint32(b) << (8 * i)
			}
			h.run, h.src = head>>1, h.src[size:]
			continue
		}
		// The last group may be cut where no more numbers are needed.
		groups := head >> 1
		size := uint64(len(h.src))
		if h.width == 0 {
			size = 0
		} else if groups <= size/uint64(h.width) {
			size = groups * uint64(h.width)
		}
		h.group, h.src = h.src[:size], h.src[size:]
		h.at, h.packs = 0, groups*8
	}
	if h.run > 0 {
		h.run--
		return h.value, nil
	}
	h.packs--
	var v uint64
	first := h.at / 8
	if (h.at+uint64(h.width)+7)/8 > uint64(len(h.group)) {
		return 0, fmt.Errorf("%w: too few values in a page", errPage)
	}
	for i := uint64(0); i < 5 && first+i < uint64(len(h.group)); i++ {
		v |= uint64(h.group[first+i]) << (8 * i)
	}
	v >>= h.at % 8
	h.at += uint64(h.width)
	return uint32(v & (1<<h.width - 1)), nil
}

// decompress undoes the compression of a page of size bytes.
func (c *chunk) decompress(page []byte, size int32) (text []byte, err error) {
	if size < 0 {
		return nil, fmt.Errorf("%w: a page of %d bytes", errPage, size)
	}
	var r io.Reader
	switch c.codec {
	case format.Uncompressed:
		text = page
	case format.Snappy:
		var n int
		if n, err = snappy.DecodedLen(page); err == nil && n == int(size) {
			text, err = snappy.Decode(nil, page)
		}
	case format.Lz4Raw:
		text = make([]byte, size)
		var n int
		n, err = lz4.UncompressBlock(page, text)
		text = text[:max(n, 0)]
	case format.Gzip:
		r, err = gzip.NewReader(bytes.NewReader(page))
	case format.Brotli:
		r = brotli.NewReader(bytes.NewReader(page))
	case format.Zstd:
		var d *zstd.Decoder
		if d, err = zstd.NewReader(bytes.NewReader(page), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20)); err == nil {
			defer d.Close()
			r = d
		}
	default:
		return nil, fmt.Errorf("%w: compression %v", errPage, c.codec)
	}
	if r != nil && err == nil {
		text, err = io.ReadAll(io.LimitReader(r, int64(size)+1))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v: %w", errPage, c.codec, err)
	}
	if len(text) != int(size) {
		return nil, fmt.Errorf("%w: a page of %d bytes has %d", errPage, size, len(text))
	}
	return text, nil
}
