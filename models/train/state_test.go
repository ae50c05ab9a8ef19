package train

import (
	"bytes"
	"crypto/sha256"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"neurosweep/results"
)

func sampleState() *state {
	return &state{
		stateHeader: stateHeader{
			Trial: "abc", Update: 3, Data: []byte{1, 0, 255}, Metrics: []string{"loss", "accuracy"}, Values: 3,
			Evals:       []results.Eval{{Update: 2, Condition: "c", Metric: "accuracy", Value: 0.25}},
			Checkpoints: []results.Checkpoint{{Update: 2, Path: "weights/abc/u000002.safetensors", Digest: "00", Bytes: 9}},
		},
		weights: []float32{1, 2}, slots: [][]float32{{3, 4}, {5, -6}},
		curves: [][]results.Value{{0.5, 0.25, 1e-300}, {1, results.Value(math.Inf(1)), 0}},
	}
}

func TestStateSurvives(t *testing.T) {
	file, err := sampleState().encode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := decodeState(file)
	if err != nil {
		t.Fatal(err)
	}
	want := sampleState()
	want.Weights, want.Slots = 2, 2
	if d := cmp.Diff(want, s, cmp.AllowUnexported(state{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	again, err := s.encode()
	if err != nil || !bytes.Equal(again, file) {
		t.Errorf("writing what was read gives other bytes (error %v)", err)
	}
}

func TestDamagedStatesAreRefused(t *testing.T) {
	file, err := sampleState().encode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range file {
		if _, err := decodeState(file[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are accepted", n, len(file))
		}
		bad := bytes.Clone(file)
		bad[n] ^= 4
		if _, err := decodeState(bad); err == nil {
			t.Fatalf("a changed byte %d is accepted", n)
		}
	}
}

// FuzzDecodeState seals the input with a right digest, so that what lies behind the digest is reached.
func FuzzDecodeState(f *testing.F) {
	file, err := sampleState().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file[:len(file)-sha256.Size])
	f.Add([]byte("nsstate\x01\x02\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		s, err := decodeState(append(bytes.Clone(body), sum[:]...))
		if err != nil {
			return
		}
		if _, err := s.encode(); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
