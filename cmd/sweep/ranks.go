package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"neurosweep/agent"
	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/slurm"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
	"neurosweep/sweep/durable"
)

// A team is the processes of one srun -n N sweep run (or mpirun -n N): rank 0 is controller, broker and an agent, the others are agents. They
// agree on the program and the spec before any trial begins, and end with the same exit code.
type team struct {
	broker.Group
	nodes int // that they run on
	cpus  int // of a rank; 0: not said
}

// discoverTeam reads from the environment whether this process is one of several ranks, and which; nil: it is not.
func discoverTeam(lookup func(string) (string, bool)) (*team, error) {
	e, ok, err := slurm.Discover(lookup)
	if err != nil {
		return nil, err
	}
	if ok && e.Size > 1 {
		return &team{Group: broker.GroupOf(e), nodes: max(len(e.TasksPerNode), 1), cpus: e.CPUs}, nil
	}
	text, _ := lookup("OMPI_COMM_WORLD_SIZE")
	if text == "" {
		return nil, nil
	}
	t := team{nodes: 1}
	numbers := map[string]int{}
	for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"} {
		text, _ := lookup(name)
		if numbers[name], err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("environment of mpirun: %s: %q is no whole number", name, text)
		}
	}
	t.Size, t.Rank = numbers["OMPI_COMM_WORLD_SIZE"], numbers["OMPI_COMM_WORLD_RANK"]
	if t.Size < 2 {
		return nil, nil
	}
	if numbers["OMPI_COMM_WORLD_LOCAL_SIZE"] < t.Size {
		t.nodes = 2 // or more
	}
	run := sha256.New()
	for _, name := range []string{"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "OMPI_MCA_orte_hnp_uri"} { // what differs from one mpirun to another, by version of Open MPI
		text, _ := lookup(name)
		fmt.Fprintln(run, text)
	}
	t.Name = "mpirun-" + hex.EncodeToString(run.Sum(nil))[:16]
	return &t, nil
}

// slots is how many trials a rank runs at a time: one, or as many as it has processors for.
func (t *team) slots(threads int) int { return max(t.cpus/max(threads, 1), 1) }

// listen is where the broker of rank 0 listens.
func (t *team) listen() broker.Listen {
	if t.nodes > 1 {
		return broker.Listen{Host: broker.Everywhere}
	}
	return broker.Listen{}
}

// join meets the other ranks at the broker, and returns when all are there and run the same program on the same spec.
func (t *team) join(ctx context.Context, dir string, a broker.Address, spec *sweep.Spec) error {
	g := t.Group
	var err error
	if g.Binary, err = agent.BinaryDigest(); err != nil {
		return err
	}
	g.Spec = spec.Digest()
	c, err := broker.Join(ctx, dir, a, g)
	if err != nil {
		return err
	}
	return errors.Join(c.Barrier(ctx), c.Close())
}

// A ranksError says that the ranks do not agree.
type ranksError struct{ err error }

func (e *ranksError) Error() string { return e.err.Error() }
func (e *ranksError) Unwrap() error { return e.err }

// gather is rank 0's side of meet; without a team there is nobody to wait for.
func (t *team) gather(ctx context.Context, dir string, spec *sweep.Spec) error {
	if t == nil {
		return nil
	}
	address, err := broker.ReadAddress(dir)
	if err != nil {
		return err
	}
	if err := t.join(ctx, dir, address, spec); err != nil && ctx.Err() == nil {
		return &ranksError{err}
	}
	return ctx.Err()
}

// A verdict is how rank 0 has ended: a file under control, for the others.
type verdict struct {
	Code int    `json:"code"`
	Why  string `json:"why,omitempty"`
}

func (t *team) verdictFile(dir string) string {
	return filepath.Join(dir, sweep.ControlDir, "ranks-"+t.Name+".json")
}

// tell leaves the verdict of rank 0 for the others.
func (t *team) tell(dir string, err error) error {
	v := verdict{Code: exitCode(err)}
	if err != nil {
		v.Why = err.Error()
	}
	text, failed := json.Marshal(v)
	if failed == nil {
		failed = durable.Write(t.verdictFile(dir), text, 0o664)
	}
	if failed != nil {
		return errors.Join(err, fmt.Errorf("tell the other ranks: %w", failed))
	}
	return err
}

// heard reads the verdict of rank 0; false: there is none yet.
func (t *team) heard(dir string) (verdict, bool) {
	var v verdict
	text, err := os.ReadFile(t.verdictFile(dir))
	return v, err == nil && json.Unmarshal(text, &v) == nil
}

// How the ranks wait for rank 0.
const (
	folderWithin = 2 * time.Minute // for the sweep's folder; rank 0 may refuse to make it
	lookForRank0 = time.Second
	lastWord     = 10 * time.Second // after its term has ended
	partWait     = 3 * time.Minute  // of schedule: static: for a rank that is gone, before the sweep is stopped
)

// follow is rank 1, 2, …: it finds the folder that rank 0 makes, agrees, is an agent, and ends as rank 0 does.
func (a *app) follow(ctx context.Context, t *team, dir string, spec *sweep.Spec, flags runFlags) error {
	if err := awaitFolder(ctx, dir); err != nil {
		return err
	}
	if err := t.meet(ctx, dir, spec); err != nil {
		return err
	}
	threads := max(fixedThreads(spec), 1)
	hosting := controllerFlags{nats: flags.nats, still: flags.still, partWait: partWait}
	if t.nodes == 1 {
		hosting.listen = "127.0.0.1"
	}
	log := a.logger().Level(quiet)
	o := agent.Options{Dir: dir, Slots: t.slots(threads), Threads: threads, Rank: t.Rank, Ranks: t.Size, Patience: clusterPatience, Log: log}
	if j, err := findJob(); err == nil {
		j.options(&o)
	}
	_, err := a.work(ctx, o, agentFlags{controller: controllerAgent, hosting: hosting})
	if refused := new(agent.RefusedError); errors.As(err, &refused) {
		return refuse(err)
	}
	if err != nil {
		return err
	}
	return a.lastWord(ctx, t, dir)
}

// awaitFolder waits until rank 0 has made the sweep's folder.
func awaitFolder(ctx context.Context, dir string) error {
	for begin := time.Now(); !isSweep(dir); {
		if time.Since(begin) > lastWord { // if rank 0 cannot make it, this one could not either
			if err := emptyFolder(dir); err != nil {
				return err
			}
		}
		if time.Since(begin) > folderWithin {
			return fmt.Errorf("%s: rank 0 has not made the sweep's folder within %v: has it refused, or do the nodes not share this folder?", dir, folderWithin)
		}
		pause(ctx, lookForRank0/10+rand.N(lookForRank0/10))
		if ctx.Err() != nil {
			return &exitError{exitInterrupted, ctx.Err()}
		}
	}
	return nil
}

// meet joins the other ranks as soon as rank 0's broker is there. broker.json may still be that of an earlier controller.
func (t *team) meet(ctx context.Context, dir string, spec *sweep.Spec) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		for ctx.Err() == nil {
			if v, ok := t.heard(dir); ok {
				cancel(&exitError{v.Code, nil}) // rank 0 has said why
			}
			pause(ctx, lookForRank0/2+rand.N(lookForRank0))
		}
	}()
	within := folderWithin
	other := sameSweep(dir, spec)
	if other != nil { // either this rank has another spec than rank 0, which will say so, or rank 0 has refused
		within = lastWord
	}
	patient, done := context.WithTimeout(ctx, within)
	defer done()
	for {
		address, err := broker.ReadAddress(dir)
		if err == nil {
			err = t.join(patient, dir, address, spec)
		}
		var over *exitError
		var access *broker.AccessError
		switch {
		case err == nil:
			return nil
		case errors.As(context.Cause(ctx), &over):
			return over
		case ctx.Err() != nil:
			return &exitError{exitInterrupted, ctx.Err()}
		case patient.Err() != nil:
			return errors.Join(other, fmt.Errorf("meet rank 0: %w", err))
		case !errors.As(err, &access) && !errors.Is(err, fs.ErrNotExist) && !broker.Unreachable(err):
			return refuse(err)
		}
		pause(ctx, lookForRank0/4+rand.N(lookForRank0/4))
	}
}

// lastWord ends this rank as rank 0 has ended, or if that has died as the sweep stands when nobody controls it.
func (a *app) lastWord(ctx context.Context, t *team, dir string) error {
	var alone time.Time // since when there is no controller
	for {
		if v, ok := t.heard(dir); ok {
			return &exitError{v.Code, nil}
		}
		_, live, err := controller.LiveHolder(dir)
		switch {
		case err != nil:
			return err
		case live:
			alone = time.Time{}
		case alone.IsZero():
			alone = time.Now()
		case time.Since(alone) > lastWord:
			return a.standing(dir)
		}
		pause(ctx, lookForRank0/2+rand.N(lookForRank0))
		if ctx.Err() != nil {
			return &exitError{exitInterrupted, nil}
		}
	}
}

// standing is the exit code of a sweep without a controller.
func (a *app) standing(dir string) error {
	d, err := openDataset(dir)
	if err != nil {
		return err
	}
	s, err := results.Summarize(d)
	if err != nil {
		return err
	}
	return a.outcome(dir, controller.Summary{State: s.State, Trials: s.Ended + s.Running + s.Waiting, Ended: s.Ended, Failed: s.Failed})
}
