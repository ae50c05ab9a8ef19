package command

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// TensorBoard's event files are TFRecords (tensorflow/core/lib/io/record_writer.h): length, 8 bytes little endian; masked CRC-32C of these, 4 bytes; the data; masked CRC-32C of
// the data. The data are messages Event (tensorflow/core/util/event.proto), of which scalars are read: simple_value, and tensors of one float or double.

// maxRecord is how long a record may be that is read; longer ones (images, graphs) are passed over.
const maxRecord = 16 << 20

// An eventFile is followed as it grows.
type eventFile struct {
	path   string
	prefix string // of the names of its metrics
	offset int64
	broken bool
}

// eventPrefix is the name of the folder of an event file where it says of which data the metrics are: loss of train/ and of validation/ are two metrics.
func eventPrefix(folder, path string) string {
	name := filepath.Base(filepath.Dir(path))
	if filepath.Dir(path) != folder && slices.Contains([]string{"train", "training", "validation", "valid", "val", "test", "eval", "evaluation"}, name) {
		return name + "/"
	}
	return ""
}

// read reads the records that are complete.
func (e *eventFile) read(rec *recorder) {
	if e.broken {
		return
	}
	f, err := os.Open(e.path)
	if err != nil {
		return // it is tried again
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	for {
		data, next, ok := readRecord(f, e.offset, info.Size())
		if !ok {
			rec.note("%s is damaged at byte %d, and not read any further", e.path, e.offset)
			e.broken = true
			return
		}
		if next == e.offset {
			return
		}
		e.offset = next
		for _, s := range scalarsOf(data) {
			rec.row(s.step, e.prefix+s.tag, s.value)
			rec.update = max(rec.update, s.step)
		}
	}
}

// readRecord reads the record at an offset of a file of that size. next is the offset itself where the record is not complete yet; ok is false where it is damaged.
func readRecord(f io.ReaderAt, offset, size int64) (data []byte, next int64, ok bool) {
	var head [12]byte
	if offset+int64(len(head)) > size {
		return nil, offset, true
	}
	if _, err := f.ReadAt(head[:], offset); err != nil {
		return nil, offset, true
	}
	length := binary.LittleEndian.Uint64(head[:8])
	if masked(head[:8]) != binary.LittleEndian.Uint32(head[8:]) || length > 1<<40 {
		return nil, offset, false
	}
	next = offset + int64(len(head)) + int64(length) + 4
	if next > size {
		return nil, offset, true
	}
	if length > maxRecord {
		return nil, next, true
	}
	body := make([]byte, length+4)
	if _, err := f.ReadAt(body, offset+int64(len(head))); err != nil {
		return nil, offset, true
	}
	data = body[:length]
	return data, next, masked(data) == binary.LittleEndian.Uint32(body[length:])
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is a CRC-32C as TFRecords store it (tensorflow/core/lib/hash/crc32c.h).
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// A scalar is one value of an event.
type scalar struct {
	tag   string
	step  int
	value float64
}

// fields visits the fields of a message of Protocol Buffers; false: it is none.
func fields(message []byte, visit func(number protowire.Number, kind protowire.Type, value []byte, bits uint64)) bool {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		var value []byte
		var bits uint64
		switch kind {
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			bits, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			bits, n = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type:
			var short uint32
			short, n = protowire.ConsumeFixed32(message)
			bits = uint64(short)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return false
		}
		visit(number, kind, value, bits)
		message = message[n:]
	}
	return true
}

// scalarsOf are the scalars of a message Event: step is field 2, summary field 5, whose values are field 1.
func scalarsOf(event []byte) (all []scalar) {
	step := 0
	var summary []byte
	if !fields(event, func(number protowire.Number, kind protowire.Type, value []byte, bits uint64) {
		switch {
		case number == 2 && kind == protowire.VarintType:
			step = int(int64(bits))
		case number == 5 && kind == protowire.BytesType:
			summary = value
		}
	}) || step < 0 {
		return nil
	}
	fields(summary, func(number protowire.Number, kind protowire.Type, value []byte, _ uint64) {
		if number != 1 || kind != protowire.BytesType {
			return
		}
		if s, ok := scalarOf(value); ok {
			s.step = step
			all = append(all, s)
		}
	})
	return all
}

// scalarOf reads a message Summary.Value: tag is field 1, simple_value field 2, tensor field 8.
func scalarOf(message []byte) (s scalar, ok bool) {
	fields(message, func(number protowire.Number, kind protowire.Type, value []byte, bits uint64) {
		switch {
		case number == 1 && kind == protowire.BytesType:
			s.tag = string(value)
		case number == 2 && kind == protowire.Fixed32Type:
			s.value, ok = float64(math.Float32frombits(uint32(bits))), true
		case number == 8 && kind == protowire.BytesType:
			s.value, ok = tensorScalar(value)
		}
	})
	return s, ok && s.tag != ""
}

// tensorScalar reads a message TensorProto that holds one number: dtype (field 1) is 1, float, or 2, double; the number is in tensor_content (4), float_val (5) or double_val (6).
func tensorScalar(message []byte) (v float64, ok bool) {
	kindOf := uint64(0)
	var raw []byte
	fields(message, func(number protowire.Number, kind protowire.Type, value []byte, bits uint64) {
		switch {
		case number == 1 && kind == protowire.VarintType:
			kindOf = bits
		case number >= 4 && number <= 6 && kind == protowire.BytesType:
			raw = value
		case number == 5 && kind == protowire.Fixed32Type:
			raw = binary.LittleEndian.AppendUint32(nil, uint32(bits))
		case number == 6 && kind == protowire.Fixed64Type:
			raw = binary.LittleEndian.AppendUint64(nil, bits)
		}
	})
	switch {
	case kindOf == 1 && len(raw) == 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))), true
	case kindOf == 2 && len(raw) == 8:
		return math.Float64frombits(binary.LittleEndian.Uint64(raw)), true
	}
	return 0, false
}
