package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"neurosweep/models/train"
	"neurosweep/results/spool"
	"neurosweep/sweep"
)

// Options say how an agent runs. The zero value of everything but Dir, Slots and SlotCommand means the default.
type Options struct {
	Dir         string              // the sweep's folder
	Slots       int                 // trials at a time
	Threads     int                 // of a trial, and GOMAXPROCS of its process (1)
	SlotCommand []string            // starts a slot's process, which calls RunSlot with its stdin and stdout
	SlotEnv     []string            // added to its environment
	Devices     []string            // GPUs for the slots, each as CUDA_VISIBLE_DEVICES of this process names it
	Signals     <-chan os.Signal    // each tells the agent to hand over and leave; nil: only the controller and ctx do
	Contact     func(answered bool) // is told whenever a controller has answered, or has not, or the link to it is lost; must not wait
	Log         zerolog.Logger

	Heartbeat   time.Duration // (5 s)
	Patience    time.Duration // without a controller, before the agent leaves (60 s)
	Grace       time.Duration // for a trial to stop, before its process is killed (20 s)
	Rank, Ranks int           // of a numbered agent: which of how many; 0 of 0: it has no number

	Silence time.Duration // of a rank of a gang, before the others take it for dead (15 s)

	IdleTimeout time.Duration                            // without a trial, before the agent leaves (0: it stays)
	End         func(context.Context) (time.Time, error) // when this process will be ended; asked once; nil, zero: never, or nobody knows
	Job, Node   string                                   // by the scheduler's names; "": there is none

	external bool // the trials are those of an external program
}

func (o Options) withDefaults() Options {
	if o.Threads == 0 {
		o.Threads = 1
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 5 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Contact == nil {
		o.Contact = func(bool) {}
	}
	if o.Grace == 0 {
		o.Grace = 20 * time.Second
	}
	return o
}

// A RefusedError says that the controller does not want this agent.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return "the controller refuses this agent: " + e.Why }

// Run is an agent, from its first hello until there is nothing left to do, it was told to leave, or the controller has been away for too long. Trials that run then
// are saved and handed over. An error is the system's, or a *RefusedError.
func Run(ctx context.Context, o Options) (left Left, err error) {
	o = o.withDefaults()
	if o.Slots < 1 || o.Threads < 1 || len(o.SlotCommand) == 0 {
		return left, fmt.Errorf("run an agent: %d slots of %d threads, command %v: want at least one of each", o.Slots, o.Threads, o.SlotCommand)
	}
	host, err := os.Hostname()
	if err != nil {
		return left, err
	}
	name := fmt.Sprintf("%s:%d", host, os.Getpid())
	incarnation := sweep.Incarnation(strings.ToLower(rand.Text()))
	spec, err := readSpec(o.Dir)
	if err != nil {
		return left, fmt.Errorf("run an agent: %w", err)
	}
	o.external = spec.External()
	binary, err := BinaryDigest()
	if err != nil {
		return left, err
	}
	s, err := spool.Create(o.Dir, incarnation)
	if err != nil {
		return left, fmt.Errorf("run an agent: %w", err)
	}
	log, err := createLog(o.Dir, incarnation, name)
	if err != nil {
		return left, errors.Join(err, s.Close())
	}
	o.Log = o.Log.With().Str("agent", name).Logger()
	a := newSupervisor(o, incarnation, s, log)
	a.hello.Host, a.hello.PID, a.hello.Slots, a.hello.MemoryBytes = host, os.Getpid(), o.Slots, memoryBytes()
	a.hello.Rank, a.hello.Size = o.Rank, o.Ranks
	a.hello.Node, a.hello.Job, a.hello.GPUs = o.Node, o.Job, len(o.Devices)
	a.hello.SpecDigest, a.hello.BinaryDigest = spec.Digest(), binary
	err = a.run(ctx)
	return Left{Why: a.leaving, Granted: a.granted}, errors.Join(err, s.Close(), log.close())
}

// readSpec reads the frozen spec of a sweep's folder.
func readSpec(dir string) (*sweep.Spec, error) {
	name := filepath.Join(dir, sweep.SpecFile)
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return sweep.Parse(name, text, nil, train.Catalog())
}

// BinaryDigest is the SHA-256 of the program that runs.
func BinaryDigest() (string, error) {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
