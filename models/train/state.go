package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"neurosweep/results"
	"neurosweep/sweep"
)

// A state is all that resuming a trial needs. Its file, a .state:
//
//	 8 bytes  magic "nsstate" and a version
//	 4 bytes  length n of the header, little endian
//	 n bytes  header: stateHeader as JSON
//	          weights and optimiser slots as float32, then the curves, metric by metric, as float64; all little endian
//	32 bytes  SHA-256 of everything before
//
// Equal states give equal bytes.
type state struct {
	stateHeader
	weights []float32
	slots   [][]float32
	curves  [][]results.Value // a slice a metric; the first value is that of update 1
}

// stateHeader is the part of a state that is no long array.
type stateHeader struct {
	Trial       sweep.TrialID        `json:"trial"`
	Update      int                  `json:"update"`
	Weights     int                  `json:"weights"` // how many
	Slots       int                  `json:"slots"`   // how many arrays of as many numbers
	Data        []byte               `json:"data"`    // where the data stream stands
	Metrics     []string             `json:"metrics"`
	Values      int                  `json:"values"` // of each metric
	Evals       []results.Eval       `json:"evals"`
	Checkpoints []results.Checkpoint `json:"checkpoints"`
}

const (
	stateMagic   = "nsstate"
	stateVersion = 1
	stateHead    = len(stateMagic) + 1 + 4
)

func (s *state) encode() ([]byte, error) {
	s.Weights, s.Slots = len(s.weights), len(s.slots)
	header, err := json.Marshal(s.stateHeader)
	if err != nil {
		return nil, fmt.Errorf("encode the state of trial %s: %w", s.Trial, err)
	}
	file := append([]byte(stateMagic), stateVersion)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(header)))
	file = append(file, header...)
	for _, array := range append([][]float32{s.weights}, s.slots...) {
		for _, v := range array {
			file = binary.LittleEndian.AppendUint32(file, math.Float32bits(v))
		}
	}
	for _, curve := range s.curves {
		for _, v := range curve {
			file = binary.LittleEndian.AppendUint64(file, math.Float64bits(float64(v)))
		}
	}
	sum := sha256.Sum256(file)
	return append(file, sum[:]...), nil
}

// decodeState is the inverse of encode. The error says what is wrong with the file.
func decodeState(file []byte) (*state, error) {
	body := len(file) - sha256.Size
	switch {
	case body < stateHead || string(file[:len(stateMagic)]) != stateMagic:
		return nil, fmt.Errorf("it is no .state of neurosweep, or truncated (%d bytes)", len(file))
	case file[len(stateMagic)] != stateVersion:
		return nil, fmt.Errorf("it has version %d, this program reads version %d", file[len(stateMagic)], stateVersion)
	}
	if sum := sha256.Sum256(file[:body]); !bytes.Equal(sum[:], file[body:]) {
		return nil, fmt.Errorf("it is truncated or damaged: its digest is wrong")
	}
	n := binary.LittleEndian.Uint32(file[stateHead-4:])
	if uint64(n) > uint64(body-stateHead) {
		return nil, fmt.Errorf("its header would have %d bytes", n)
	}
	s := &state{}
	if err := json.Unmarshal(file[stateHead:stateHead+int(n)], &s.stateHeader); err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	if err := s.decodeArrays(file[stateHead+int(n) : body]); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *state) decodeArrays(data []byte) error {
	const most = math.MaxInt32
	if s.Weights < 0 || s.Weights > most || s.Slots < 0 || s.Slots > 16 || s.Values < 0 || s.Values > most {
		return fmt.Errorf("its header names %d weights, %d slots and %d values", s.Weights, s.Slots, s.Values)
	}
	if want := 4*s.Weights*(1+s.Slots) + 8*s.Values*len(s.Metrics); len(data) != want {
		return fmt.Errorf("it has %d bytes of arrays, want %d", len(data), want)
	}
	floats := func() []float32 {
		array := make([]float32, s.Weights)
		for i := range array {
			array[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		data = data[4*s.Weights:]
		return array
	}
	s.weights = floats()
	for range s.Slots {
		s.slots = append(s.slots, floats())
	}
	for range s.Metrics {
		curve := make([]results.Value, s.Values)
		for i := range curve {
			curve[i] = results.Value(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
		}
		data = data[8*s.Values:]
		s.curves = append(s.curves, curve)
	}
	return nil
}
