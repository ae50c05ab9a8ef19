package models

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"neurosweep/models/graph"
	"neurosweep/sweep/durable"
)

// A Tensor is one array of a checkpoint, row-major.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// A Checkpoint is a file of weights: arrays in the order of their names, and metadata.
//
// The format is safetensors: eight bytes of header length (little endian), a JSON header padded with spaces so that the data begin
// at a multiple of 8, and the arrays as little-endian float32.
type Checkpoint struct {
	Metadata map[string]string
	Tensors  []Tensor
}

// A tensorHeader is an array's entry in the header. The order of the fields is part of the bytes.
type tensorHeader struct {
	Dtype   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

const (
	metadataKey = "__metadata__"
	maxHeader   = 100 << 20 // as the safetensors library
)

// NewCheckpoint makes a checkpoint of a model's flat weight buffer, which it copies.
func NewCheckpoint(m graph.Cell, weights []float32, metadata map[string]string) *Checkpoint {
	c := &Checkpoint{Metadata: metadata}
	params := m.Params()
	for i, values := range graph.Split(params, weights) {
		c.Tensors = append(c.Tensors, Tensor{params[i].Name, params[i].Shape(), slices.Clone(values)})
	}
	return c
}

// Weights is the flat buffer of a checkpoint of this model. The error says which array is missing, too many or of another shape.
func (c *Checkpoint) Weights(m graph.Cell) ([]float32, error) {
	params := m.Params()
	weights := make([]float32, graph.Size(params))
	for i, values := range graph.Split(params, weights) {
		at := slices.IndexFunc(c.Tensors, func(t Tensor) bool { return t.Name == params[i].Name })
		if at < 0 {
			return nil, fmt.Errorf("it has no array %q; it has %s", params[i].Name, strings.Join(c.names(), ", "))
		}
		if shape := params[i].Shape(); !slices.Equal(c.Tensors[at].Shape, shape) {
			return nil, fmt.Errorf("its array %q has shape %v, the model's has %v", params[i].Name, c.Tensors[at].Shape, shape)
		}
		copy(values, c.Tensors[at].Data)
	}
	if len(c.Tensors) != len(params) {
		return nil, fmt.Errorf("it has %d arrays (%s), the model has %d", len(c.Tensors), strings.Join(c.names(), ", "), len(params))
	}
	return weights, nil
}

func (c *Checkpoint) names() []string {
	names := make([]string, len(c.Tensors))
	for i, t := range c.Tensors {
		names[i] = t.Name
	}
	return names
}

// Encode is the file. Equal checkpoints give equal bytes: arrays and header are in the order of the names.
func (c *Checkpoint) Encode() ([]byte, error) {
	tensors := slices.SortedFunc(slices.Values(c.Tensors), func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	header := map[string]any{}
	if len(c.Metadata) > 0 {
		header[metadataKey] = c.Metadata
	}
	at := 0
	for _, t := range tensors {
		if _, twice := header[t.Name]; twice || t.Name == metadataKey {
			return nil, fmt.Errorf("encode a checkpoint: two arrays, or an array and the metadata, are called %q", t.Name)
		}
		if n, ok := elements(t.Shape); !ok || n != len(t.Data) {
			return nil, fmt.Errorf("encode a checkpoint: array %q of shape %v has %d numbers", t.Name, t.Shape, len(t.Data))
		}
		header[t.Name] = tensorHeader{"F32", t.Shape, [2]int{at, at + 4*len(t.Data)}}
		at += 4 * len(t.Data)
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("encode a checkpoint: %w", err)
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	file := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(text)+at), uint64(len(text)))
	file = append(file, text...)
	for _, t := range tensors {
		for _, v := range t.Data {
			file = binary.LittleEndian.AppendUint32(file, math.Float32bits(v))
		}
	}
	return file, nil
}

// elements is the product of a shape's dimensions; false if one is negative or the product overflows what a file can hold.
func elements(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt32/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// WriteCheckpoint publishes a checkpoint and returns the file's SHA-256 and size. Where the file exists, it must have the same
// bytes: it is never replaced.
func WriteCheckpoint(path string, c *Checkpoint) (digest string, size int64, err error) {
	file, err := c.Encode()
	if err != nil {
		return "", 0, err
	}
	return Digest(file), int64(len(file)), PublishCheckpoint(path, file)
}

// Digest is the SHA-256 of a file in hexadecimal digits.
func Digest(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// PublishCheckpoint publishes an encoded checkpoint: see WriteCheckpoint.
func PublishCheckpoint(path string, file []byte) error {
	err := durable.Publish(path, file, 0o666)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	existing, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("compare the checkpoint with the one that exists: %w", err)
	}
	if have, want := Digest(existing), Digest(file); have != want {
		return fmt.Errorf("publish checkpoint %s: the file exists with other contents (SHA-256 %s, this attempt computed %s); "+
			"either training is not deterministic or the file was damaged: move it away to go on", path, have, want)
	}
	return nil
}

// ReadCheckpoint reads a checkpoint. A file that is truncated, damaged or of another kind is an error that names it.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	c, err := DecodeCheckpoint(file)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint %s: %w", path, err)
	}
	return c, nil
}

// DecodeCheckpoint is the inverse of Encode.
func DecodeCheckpoint(file []byte) (*Checkpoint, error) {
	if len(file) < 8 {
		return nil, fmt.Errorf("it has %d bytes and is no safetensors file", len(file))
	}
	n := binary.LittleEndian.Uint64(file)
	if n > maxHeader {
		return nil, fmt.Errorf("its header would have %d bytes: it is no safetensors file", n)
	}
	if n > uint64(len(file)-8) {
		return nil, fmt.Errorf("it is truncated: %d bytes of a header of %d", len(file)-8, n)
	}
	text, data := file[8:8+n], file[8+n:]
	var header map[string]json.RawMessage
	if err := json.Unmarshal(text, &header); err != nil || header == nil {
		return nil, fmt.Errorf("its header is no JSON object (%v)", err)
	}
	c := &Checkpoint{}
	if raw, ok := header[metadataKey]; ok {
		if err := json.Unmarshal(raw, &c.Metadata); err != nil {
			return nil, fmt.Errorf("its metadata are no strings: %w", err)
		}
		delete(header, metadataKey)
	}
	if err := c.decodeTensors(header, data); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Checkpoint) decodeTensors(header map[string]json.RawMessage, data []byte) error {
	type found struct {
		name string
		tensorHeader
	}
	var entries []found
	for name, raw := range header {
		e := found{name: name}
		if err := json.Unmarshal(raw, &e.tensorHeader); err != nil {
			return fmt.Errorf("the header of its array %q: %w", name, err)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b found) int {
		return strings.Compare(fmt.Sprintf("%020d %s", a.Offsets[0], a.name), fmt.Sprintf("%020d %s", b.Offsets[0], b.name))
	})
	at := 0
	for _, e := range entries {
		n, ok := elements(e.Shape)
		switch {
		case e.Dtype != "F32":
			return fmt.Errorf("its array %q is of type %q, this program reads F32", e.name, e.Dtype)
		case !ok || e.Offsets != [2]int{at, at + 4*n}:
			return fmt.Errorf("its array %q of shape %v is at bytes %v, want %v", e.name, e.Shape, e.Offsets, [2]int{at, at + 4*n})
		case e.Offsets[1] > len(data):
			return fmt.Errorf("it is truncated: array %q ends at byte %d of %d bytes of data", e.name, e.Offsets[1], len(data))
		}
		t := Tensor{e.name, e.Shape, make([]float32, n)}
		for i := range t.Data {
			t.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[at+4*i:]))
		}
		c.Tensors = append(c.Tensors, t)
		at += 4 * n
	}
	if at != len(data) {
		return fmt.Errorf("it has %d bytes of data, its header describes %d", len(data), at)
	}
	slices.SortFunc(c.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return nil
}
