package broker

import (
	"encoding/binary"
	"fmt"
	"math"
)

// An Op says how Reduce and Allreduce make one element of two.
type Op uint8

// The operations. Min and Max are NaN where one of the two is, and -0 is less than 0.
const (
	Sum Op = iota + 1
	Min
	Max
)

// String is the operation's name.
func (o Op) String() string {
	switch o {
	case Sum:
		return "sum"
	case Min:
		return "min"
	case Max:
		return "max"
	}
	return fmt.Sprintf("operation %d", uint8(o))
}

// elem is the type of a buffer's elements.
type elem uint8

const (
	elemByte elem = iota + 1
	elemFloat32
	elemFloat64
)

// String is the type's name.
func (e elem) String() string {
	switch e {
	case elemByte:
		return "bytes"
	case elemFloat32:
		return "float32"
	case elemFloat64:
		return "float64"
	}
	return fmt.Sprintf("elements of type %d", uint8(e))
}

// bytes is the size of an element.
func (e elem) bytes() int {
	switch e {
	case elemFloat32:
		return 4
	case elemFloat64:
		return 8
	}
	return 1
}

// A Buffer is memory of the caller that a call of a Comm reads or writes: made by Bytes, Float32s or Float64s. The zero Buffer is that of no bytes.
type Buffer struct {
	elem    elem
	raw     []byte
	float32 []float32
	float64 []float64
}

// Bytes is a buffer of bytes. It cannot be reduced.
func Bytes(b []byte) Buffer { return Buffer{elem: elemByte, raw: b} }

// Float32s is a buffer of 32-bit numbers.
func Float32s(x []float32) Buffer { return Buffer{elem: elemFloat32, float32: x} }

// Float64s is a buffer of 64-bit numbers.
func Float64s(x []float64) Buffer { return Buffer{elem: elemFloat64, float64: x} }

// Len is the number of elements.
func (b Buffer) Len() int { return len(b.raw) + len(b.float32) + len(b.float64) }

// kind is the type of the elements, of the zero buffer too.
func (b Buffer) kind() elem { return max(b.elem, elemByte) }

// part is the buffer of elements from to to.
func (b Buffer) part(from, to int) Buffer {
	switch b.elem {
	case elemFloat32:
		return Float32s(b.float32[from:to])
	case elemFloat64:
		return Float64s(b.float64[from:to])
	}
	return Bytes(b.raw[from:to])
}

// like makes a buffer of n elements of the same type.
func (b Buffer) like(n int) Buffer {
	switch b.elem {
	case elemFloat32:
		return Float32s(make([]float32, n))
	case elemFloat64:
		return Float64s(make([]float64, n))
	}
	return Bytes(make([]byte, n))
}

// copyFrom copies a buffer of the same type and length.
func (b Buffer) copyFrom(c Buffer) {
	copy(b.raw, c.raw)
	copy(b.float32, c.float32)
	copy(b.float64, c.float64)
}

// encode writes all elements to content, little-endian.
func (b Buffer) encode(content []byte) {
	copy(content, b.raw)
	for i, x := range b.float32 {
		binary.LittleEndian.PutUint32(content[4*i:], math.Float32bits(x))
	}
	for i, x := range b.float64 {
		binary.LittleEndian.PutUint64(content[8*i:], math.Float64bits(x))
	}
}

// decode reads all elements from content.
func (b Buffer) decode(content []byte) {
	copy(b.raw, content)
	for i := range b.float32 {
		b.float32[i] = math.Float32frombits(binary.LittleEndian.Uint32(content[4*i:]))
	}
	for i := range b.float64 {
		b.float64[i] = math.Float64frombits(binary.LittleEndian.Uint64(content[8*i:]))
	}
}

// combine makes each element x of the buffer and y of content into op(x, y): x is always the left operand.
func (b Buffer) combine(op Op, content []byte) {
	x32, x64 := b.float32, b.float64
	switch op {
	case Sum:
		for i, x := range x32 {
			x32[i] = x + math.Float32frombits(binary.LittleEndian.Uint32(content[4*i:]))
		}
		for i, x := range x64 {
			x64[i] = x + math.Float64frombits(binary.LittleEndian.Uint64(content[8*i:]))
		}
	case Min:
		for i, x := range x32 {
			x32[i] = min(x, math.Float32frombits(binary.LittleEndian.Uint32(content[4*i:])))
		}
		for i, x := range x64 {
			x64[i] = min(x, math.Float64frombits(binary.LittleEndian.Uint64(content[8*i:])))
		}
	case Max:
		for i, x := range x32 {
			x32[i] = max(x, math.Float32frombits(binary.LittleEndian.Uint32(content[4*i:])))
		}
		for i, x := range x64 {
			x64[i] = max(x, math.Float64frombits(binary.LittleEndian.Uint64(content[8*i:])))
		}
	}
}
