package agent

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/sweep"
)

// Supervisor and slot speak by frames on pipes: four bytes of length, little endian, and so many bytes of JSON.
const maxPipeFrame = 64 << 20

// An order goes from the supervisor to a slot. Exactly one pointer is set.
type order struct {
	Setup     *setup          `json:"setup,omitempty"` // the first order, once
	Run       *broker.Granted `json:"run,omitempty"`   // start this trial when those before it have ended
	Stop      *stopOrder      `json:"stop,omitempty"`
	Recall    *sweep.Hold     `json:"recall,omitempty"` // give this trial back if it has not begun
	Committed *committedOrder `json:"committed,omitempty"`
}

type setup struct {
	Dir   string        `json:"dir"`   // the sweep's folder
	Grace time.Duration `json:"grace"` // for a trial to stop, before this process is killed

	Binary  string        `json:"binary"`            // digest of the program, in which ranks must agree
	Silence time.Duration `json:"silence,omitempty"` // of a rank, before the others take it for dead; 0: the default
}

// A stopOrder ends an attempt, running or waiting.
type stopOrder struct {
	Hold sweep.Hold  `json:"hold"`
	Why  sweep.Cause `json:"why"` // preempted, walltime or cancelled
}

// A committedOrder says that everything which was reported about a checkpoint is committed.
type committedOrder struct {
	Trial  sweep.TrialID `json:"trial"`
	Update int           `json:"update"`
}

// A message goes from a slot to the supervisor. Exactly one field is set.
type message struct {
	Ready    bool                 `json:"ready,omitempty"`    // the slot has read the spec and can begin
	Begun    *sweep.Hold          `json:"begun,omitempty"`    // the slot has begun an attempt
	Returned *sweep.Hold          `json:"returned,omitempty"` // the slot gives an attempt back that was stopped or recalled before it began
	Report   *results.TrialReport `json:"report,omitempty"`   // with End: the attempt is over
	Printed  *printed             `json:"printed,omitempty"`  // an external program has printed something
}

// printed is what a program prints, in lines.
type printed struct {
	Hold  sweep.Hold `json:"hold"`
	Lines []string   `json:"lines"`
}

func writeFrame(w *bufio.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(data) > maxPipeFrame {
		return fmt.Errorf("a message of %d bytes between supervisor and slot, at most %d are possible", len(data), maxPipeFrame)
	}
	var head [4]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(data)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// readFrame reads one frame into v. io.EOF: the other side has closed the pipe.
func readFrame(r *bufio.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > maxPipeFrame {
		return fmt.Errorf("a frame of %d bytes between supervisor and slot", n)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
