package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/sweep"
)

// The test binary is the agent's program as well: its first argument says as what it was started.
const (
	asSlot  = "agent-slot"
	asAgent = "agent"
	// asFirstVictim is a slot that kills itself before it is ready, unless the file that is named next exists.
	asFirstVictim = "agent-slot-that-dies-once"
)

func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case asSlot:
		err = RunSlot(context.Background(), os.Stdin, os.Stdout)
	case asFirstVictim:
		if _, missing := os.Stat(os.Args[2]); missing != nil {
			if err = os.WriteFile(os.Args[2], nil, 0o666); err == nil {
				err = killSelf()
			}
			break
		}
		err = RunSlot(context.Background(), os.Stdin, os.Stdout)
	case asAgent:
		var o Options
		if err = json.Unmarshal([]byte(os.Args[2]), &o); err == nil {
			o.Log = zerolog.Nop()
			_, err = Run(context.Background(), o)
		}
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func killSelf() error {
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return p.Kill()
}

// options of an agent as fast as tests want it.
func options(dir string, slots int) Options {
	return Options{
		Dir: dir, Slots: slots, SlotCommand: []string{os.Args[0], asSlot}, Log: zerolog.Nop(),
		Heartbeat: 200 * time.Millisecond, Patience: patience, Grace: 300 * time.Millisecond,
	}
}

// A running agent, in this process.
type running struct {
	t       *testing.T
	signals chan os.Signal
	stop    context.CancelFunc
	ended   chan error
	left    Left // when it has ended
}

// run starts an agent; it is waited for at the end of the test, whatever happens.
func run(t *testing.T, o Options) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, signals: make(chan os.Signal, 1), stop: cancel, ended: make(chan error, 1)}
	o.Signals = r.signals
	over := make(chan struct{})
	go func() {
		left, err := Run(ctx, o)
		r.left = left
		r.ended <- err
		close(over)
	}()
	t.Cleanup(func() {
		cancel()
		<-over
	})
	return r
}

// runUntil is an agent until a channel is closed.
func runUntil(stop <-chan struct{}, o Options) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	_, err := Run(ctx, o)
	return err
}

// end waits for the agent's end.
func (r *running) end() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(patience):
		r.t.Fatal("the agent does not end")
		return nil
	}
}

func hold(id sweep.TrialID, attempt int) sweep.Hold { return sweep.Hold{Trial: id, Attempt: attempt} }
