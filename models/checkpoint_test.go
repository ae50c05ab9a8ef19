package models

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sample() *Checkpoint {
	return &Checkpoint{
		Metadata: map[string]string{"update": "100", "trial": "0f"},
		Tensors:  []Tensor{{"w", []int{2, 2}, []float32{1, -2, 0.5, 3}}, {"b", []int{3}, []float32{0, 1e-30, -7}}},
	}
}

// The bytes are those of the format's description, written out: sorted names, offsets without holes, padding to 8.
func TestCheckpointBytes(t *testing.T) {
	header := `{"__metadata__":{"trial":"0f","update":"100"},"b":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[12,28]}}`
	for len(header)%8 != 0 {
		header += " "
	}
	want := string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header +
		"\x00\x00\x00\x00\x60\x42\xa2\x0d\x00\x00\xe0\xc0" + "\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x3f\x00\x00\x40\x40"
	got, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCheckpointSurvivesTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "u000001.safetensors")
	digest, size, err := WriteCheckpoint(path, sample())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil || Digest(file) != digest || int64(len(file)) != size {
		t.Fatalf("%d bytes, error %v", size, err)
	}
	c, err := ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Encode()
	if err != nil || string(again) != string(file) {
		t.Errorf("reading and writing changes the file (error %v)", err)
	}

	if _, _, err := WriteCheckpoint(path, sample()); err != nil {
		t.Errorf("writing the same again: %v", err)
	}
	other := sample()
	other.Tensors[0].Data[0] = 2
	if _, _, err := WriteCheckpoint(path, other); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("other weights over existing ones: error %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(file) {
		t.Errorf("the file was changed (error %v)", err)
	}
}

func TestDamagedCheckpointsAreNamed(t *testing.T) {
	good, err := sample().Encode()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bad.safetensors")
	refuse := func(what string, file []byte) {
		t.Helper()
		if err := os.WriteFile(path, file, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCheckpoint(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	for n := range good {
		refuse("cut", good[:n])
	}
	refuse("a byte more", append(good[:len(good):len(good)], 0))
	refuse("text", []byte("this is a text file, and no checkpoint at all"))
	for _, c := range [][2]string{
		{"F32", "F16"}, {"[2,2]", "[4,2]"}, {"[12,28]", "[16,28]"}, {"[12,28]", "[8,24] "}, {"[2,2]", "[2,-2]"}, {"[0,12]", "[-4,8]"}, {`"100"`, `10000`}, {`{"__`, `["__`},
	} {
		file := []byte(strings.Replace(string(good), c[0], c[1], 1))
		binary.LittleEndian.PutUint64(file, uint64(len(file)-28))
		refuse(c[1], file)
	}
	if _, err := ReadCheckpoint(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	good, err := sample().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:40])
	f.Add([]byte("\x04\x00\x00\x00\x00\x00\x00\x00null"))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := DecodeCheckpoint(file)
		if err != nil {
			return
		}
		again, err := c.Encode()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := DecodeCheckpoint(again); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

func TestWeightsOfAnotherModelAreRefused(t *testing.T) {
	small, err := New(section("leaky_rnn", "hidden", int64(4)), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	large, err := New(section("leaky_rnn", "hidden", int64(5)), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	weights := Init(small, 1)
	c := NewCheckpoint(small, weights, nil)
	back, err := c.Weights(small)
	if err != nil || !equal(back, weights) {
		t.Errorf("the weights of the same model: %v, error %v", back, err)
	}
	if _, err := c.Weights(large); err == nil || !strings.Contains(err.Error(), "w_in") {
		t.Errorf("another size: error %v", err)
	}
	c.Tensors[0].Name = "w"
	if _, err := c.Weights(small); err == nil || !strings.Contains(err.Error(), `"w_in"`) {
		t.Errorf("another name: error %v", err)
	}
	c.Tensors[0].Name = "w_in"
	c.Tensors = append(c.Tensors, Tensor{"extra", []int{1}, []float32{1}})
	if _, err := c.Weights(small); err == nil || !strings.Contains(err.Error(), "extra") {
		t.Errorf("one too many: error %v", err)
	}
}
