// Package tfevents writes scalars to event files that TensorBoard reads.
//
// A file is a sequence of records (TensorFlow's tfrecord framing):
//
//	uint64  length of the data        \ little-endian
//	uint32  masked CRC-32C of length  /
//	bytes   data: one Event message in protocol buffer encoding
//	uint32  masked CRC-32C of data
//
// Of tensorflow/core/util/event.proto and framework/summary.proto these
// fields are used:
//
//	Event:          wall_time double = 1; step int64 = 2; file_version string = 3;
//	                summary Summary = 5; session_log SessionLog = 7
//	Summary:        repeated Value value = 1
//	Summary.Value:  tag string = 1; simple_value float = 2
//	SessionLog:     status enum = 1 (START = 1)
package tfevents

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"time"
)

// Scalar is one value under a tag. Tags of one chart group share what stands
// before the first slash ("loss/generator").
type Scalar struct {
	Tag   string
	Value float32
}

// Writer writes an event file. It does not buffer: each call is one write of
// one whole record.
type Writer struct {
	w   io.Writer
	now func() time.Time
	buf []byte
}

// FilePrefix is what the name of every event file begins with.
const FilePrefix = "events.out.tfevents."

// FileName returns the name that TensorBoard looks for and sorts by, with the
// time at which the file was begun.
func FileName(begun time.Time, host string) string {
	return fmt.Sprintf(FilePrefix+"%010d.%s", begun.Unix(), host)
}

// NewWriter begins a file. The wall time of the events comes from now.
func NewWriter(w io.Writer, now func() time.Time) (*Writer, error) {
	tw := &Writer{w: w, now: now}
	event := tw.event(0)
	event = appendString(event, 3, "brain.Event:2")
	return tw, tw.write(event)
}

// Restart says that the run goes on after step: TensorBoard drops what older
// files of the same directory hold of later steps.
func (tw *Writer) Restart(step int64) error {
	event := tw.event(step + 1)
	event = appendTag(event, 7, wireBytes)
	event = append(event, 2, 1<<3|wireVarint, 1) // SessionLog{status: START}
	return tw.write(event)
}

// Scalars writes one event with all the values. NaN and infinities are kept.
func (tw *Writer) Scalars(step int64, values ...Scalar) error {
	var summary, value []byte
	for _, v := range values {
		value = appendString(value[:0], 1, v.Tag)
		value = appendTag(value, 2, wire32)
		value = binary.LittleEndian.AppendUint32(value, math.Float32bits(v.Value))
		summary = appendBytes(summary, 1, value)
	}
	return tw.write(appendBytes(tw.event(step), 5, summary))
}

// event begins an Event message. A step of 0 is the default and not written.
func (tw *Writer) event(step int64) []byte {
	seconds := float64(tw.now().UnixMicro()) / 1e6
	b := appendTag(nil, 1, wire64)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(seconds))
	if step != 0 {
		b = appendTag(b, 2, wireVarint)
		b = binary.AppendUvarint(b, uint64(step))
	}
	return b
}

func (tw *Writer) write(data []byte) error {
	b := binary.LittleEndian.AppendUint64(tw.buf[:0], uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b))
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(data))
	tw.buf = b
	_, err := tw.w.Write(b)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the CRC-32C, rotated and shifted so that data which holds its
// own CRC does not upset the next one.
func maskedCRC(b []byte) uint32 {
	crc := crc32.Checksum(b, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// Wire types of protocol buffers.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

func appendTag(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field<<3|wire))
}

func appendBytes(b []byte, field int, v []byte) []byte {
	b = appendTag(b, field, wireBytes)
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

func appendString(b []byte, field int, v string) []byte { return appendBytes(b, field, []byte(v)) }
