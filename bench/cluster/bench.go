package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"neurosweep/slurm/slurmtest"
)

// specText is the sweep under test: four cells of a small network over so many seeds, each trial some tenths of a second long, with a checkpoint, two evaluations and a
// resumable state every few hundred updates. A loss of many agents in a row is what it is there for.
const specText = `name: disturbed
method: grid
task: {name: delay_comparison}
model: {name: leaky_rnn}
train: {updates: %d, batch: 8, length: 60}
seeds: %d
parameters:
  train.lr: {values: [1e-3, 3e-3]}
  model.hidden: {values: [32, 48]}
evaluate: {seq100: {batches: 2, seed: 1000}, whole_trial: {count: 50, seed: 1001}}
checkpoints: {every: 300}
select: {metric: accuracy, condition: seq100, goal: maximize}
`

// smallDisk is the size of the disk that can be filled: several times what a sweep needs.
const smallDisk = "512m"

// A bench is a cluster with a spec.
type bench struct {
	options
	cluster *slurmtest.Cluster
	random  *rand.Rand
	spec    string
	wire    *slurmtest.Wire // in front of the broker, for sweeps that want it
}

// small is where the small disk is.
func (b *bench) small() string { return filepath.Join(b.dir, "small") }

// temporary is the folder for temporary files of sweeps that want one.
func (b *bench) temporary() string { return filepath.Join(b.dir, "temporary") }

// disturb runs the undisturbed sweep and the disturbed ones.
func disturb(o options, chosen []disturbance) (err error) {
	for _, path := range []*string{&o.sweep, &o.dir} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	b := &bench{options: o, random: rand.New(rand.NewPCG(o.seed, 0)), spec: filepath.Join(o.dir, "disturbed.yaml")}
	if err := errors.Join(os.MkdirAll(b.temporary(), 0o777), os.WriteFile(b.spec, fmt.Appendf(nil, specText, o.updates, o.trials/4), 0o666)); err != nil {
		return err
	}
	if slices.ContainsFunc(chosen, func(d disturbance) bool { return d.small }) { // before the nodes begin, which see what is mounted then
		unmount, err := mountSmall(b.small())
		if err != nil {
			return err
		}
		defer unmount()
	}
	if b.wire, err = slurmtest.NewWire(); err != nil {
		return err
	}
	defer b.wire.Close()
	if b.cluster, err = slurmtest.New(slurmtest.Config{Nodes: nodes}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cluster.Stop()) }()
	return b.all(chosen)
}

// mountSmall makes the small disk. What it holds is copied beside it when it is taken away, for who looks for the cause of something.
func mountSmall(at string) (unmount func(), err error) {
	if err := os.MkdirAll(at, 0o777); err != nil {
		return nil, err
	}
	if err := unix.Mount("tmpfs", at, "tmpfs", 0, "size="+smallDisk); err != nil {
		return nil, fmt.Errorf("mount a small disk at %s, to fill it: %w; -only leaves it out", at, err)
	}
	return func() {
		if err := os.CopyFS(at+".kept", os.DirFS(at)); err != nil {
			fmt.Fprintf(os.Stderr, "cluster: keep what is on the small disk: %v\n", err)
		}
		if err := unix.Unmount(at, unix.MNT_DETACH); err != nil {
			fmt.Fprintf(os.Stderr, "cluster: unmount %s: %v\n", at, err)
		}
	}, nil
}

// all runs the calm sweep, and the others after it.
func (b *bench) all(chosen []disturbance) error {
	calm := &victim{bench: b, dir: filepath.Join(b.dir, "calm")}
	if err := calm.run(); err != nil {
		return err
	}
	fmt.Printf("cluster: undisturbed: %d trials of %d updates in %.0f s\n", b.trials, b.updates, calm.took.Seconds())
	b.random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	if b.together {
		return b.judged(calm, "together", chosen)
	}
	for _, d := range chosen {
		if err := b.judged(calm, d.name, []disturbance{d}); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

// judged runs one disturbed sweep and compares it with the calm one.
func (b *bench) judged(calm *victim, name string, befalling []disturbance) error {
	v := &victim{bench: b, dir: filepath.Join(b.dir, name), befalling: befalling, struck: map[string]int{}}
	if slices.ContainsFunc(befalling, func(d disturbance) bool { return d.small }) {
		v.dir = filepath.Join(b.small(), name)
	}
	if err := v.run(); err != nil {
		return err
	}
	for _, judge := range [][]string{{"verify", v.dir}, {"equal", calm.dir, v.dir}} {
		if _, err := v.sweep(judge...); err != nil {
			return err
		}
	}
	e, err := v.events()
	if err != nil {
		return err
	}
	for _, d := range befalling {
		if d.strike != nil && v.struck[d.name] == 0 {
			return fmt.Errorf("the sweep in %s has ended before %s befell it: -updates makes it longer", v.dir, d.name)
		}
		if d.seen != nil && !d.seen(e) {
			return fmt.Errorf("the events of %s say nothing of %s: %s", v.dir, d.name, e)
		}
	}
	fmt.Printf("cluster: %s: %.0f s, %s, %s; equal to the undisturbed one\n", name, v.took.Seconds(), v.strikes(), e)
	return nil
}

// strikes says how often what has befallen it.
func (v *victim) strikes() string {
	var words []string
	for _, d := range v.befalling {
		if d.strike != nil {
			words = append(words, fmt.Sprintf("%d × %s", v.struck[d.name], d.name))
		}
	}
	if len(words) == 0 {
		return "by its own limits"
	}
	return strings.Join(words, ", ")
}

// moment draws the time until the next strike: exponential, so that any phase of a sweep is as likely as another.
func (b *bench) moment() time.Duration {
	return min(time.Duration(b.random.ExpFloat64()*float64(b.pause)), 3*b.pause)
}

// rest waits for a moment.
func (b *bench) rest() { time.Sleep(b.moment()) }
