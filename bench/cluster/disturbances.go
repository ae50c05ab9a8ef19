package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// nodes is how many nodes the cluster has.
const nodes = 4

// cutFor is how long a link is cut.
const cutFor = 20 * time.Second

// A disturbance is something that befalls a sweep on a cluster.
type disturbance struct {
	name   string
	strike func(*victim) (struck bool, err error) // once; false: there was nobody to strike. nil: what it is lies in args
	most   int                                    // strikes in one sweep, so that it comes to an end
	args   func(*bench) []string                  // more for sweep submit
	agents int                                    // in place of the usual number; 0: as usual
	small  bool                                   // the sweep's folder must be on a small disk
	seen   func(events) bool                      // in the sweep's events; nil: there is nothing to be seen
}

// disturbances are all there are.
var disturbances = []disturbance{
	{name: "cancel", most: 6, strike: cancel, seen: func(e events) bool { return e.causes["preempted"]+e.causes["node"] > 0 }},
	{name: "preempt", most: 6, strike: preempt, seen: func(e events) bool { return e.causes["preempted"] > 0 }},
	{name: "warn", most: 6, strike: warn, seen: func(e events) bool { return e.causes["walltime"] > 0 }},
	{name: "walltime", args: oneMinute, agents: 1, seen: func(e events) bool { return e.causes["walltime"]+e.short > 0 }},
	{name: "node", most: 2, strike: crash, seen: func(e events) bool { return e.causes["node"] > 0 }},
	{name: "slurmctld", most: 3, strike: restartController}, // sweeps do not speak to it while they run
	{name: "host", most: 2, strike: killHost, seen: func(e events) bool { return e.kinds["term taken"] > 1 }},
	{name: "store", most: 2, strike: wipeStore, args: ownTemporary, seen: func(e events) bool { return e.kinds["term taken"] > 1 }},
	{name: "link", most: 2, strike: cutLink, args: throughWire, seen: func(e events) bool { return e.kinds["agent heard again"] > 0 }},
	{name: "disk", most: 2, strike: fillDisk, small: true, seen: func(e events) bool { return e.causes["disk"] > 0 }},
}

func names() []string {
	var list []string
	for _, d := range disturbances {
		list = append(list, d.name)
	}
	return list
}

// choose finds disturbances by their names, all of them without any.
func choose(only string) ([]disturbance, error) {
	if only == "" {
		return slices.Clone(disturbances), nil
	}
	var chosen []disturbance
	for name := range strings.SplitSeq(only, ",") {
		i := slices.Index(names(), name)
		if i < 0 {
			return nil, fmt.Errorf("-only %s: the disturbances are %s", name, strings.Join(names(), ", "))
		}
		chosen = append(chosen, disturbances[i])
	}
	return chosen, nil
}

// cancel is a user's scancel of one agent.
func cancel(v *victim) (bool, error) {
	a, ok, err := v.agent()
	if !ok || err != nil {
		return false, err
	}
	return true, v.slurm("scancel", a.id)
}

// preempt has a job of the higher partition take an agent's node for some seconds.
func preempt(v *victim) (bool, error) {
	a, ok, err := v.agent()
	if !ok || err != nil {
		return false, err
	}
	return true, v.slurm("sbatch", "--partition=high", "--exclusive", "--nodelist="+a.node, "--time=1", "--output=/dev/null", "--wrap=sleep 2")
}

// warn is SLURM's signal before the walltime.
func warn(v *victim) (bool, error) {
	a, ok, err := v.agent()
	if !ok || err != nil {
		return false, err
	}
	return true, v.slurm("scancel", "--batch", "--signal=USR1", a.id)
}

// oneMinute makes the jobs shorter than the sweep.
func oneMinute(*bench) []string { return []string{"--time", "1", "--signal", "20"} }

// crash is a node that loses its power and comes back.
func crash(v *victim) (bool, error) {
	a, ok, err := v.agent()
	if !ok || err != nil {
		return false, err
	}
	if err := v.cluster.Crash(a.node); err != nil {
		return true, err
	}
	v.rest()
	return true, v.cluster.Up(a.node)
}

// restartController takes SLURM's own controller away for a while.
func restartController(v *victim) (bool, error) {
	if err := v.slurm("scontrol", "shutdown", "slurmctld"); err != nil {
		return true, err
	}
	if err := v.await("slurmctld ends", func() (bool, error) { return !v.cluster.Running("slurmctld"), nil }); err != nil {
		return true, err
	}
	v.rest()
	return true, errors.Join(v.cluster.Up("slurmctld"), v.cluster.WaitReady(nodes))
}

// killHost kills the sweep's controller, with the broker, and the agent that has started it.
func killHost(v *victim) (bool, error) {
	host, ok, err := v.host()
	if !ok || err != nil {
		return false, err
	}
	return true, errors.Join(kill(host.pid), kill(host.parent))
}

// ownTemporary has the broker's store where it can be found.
func ownTemporary(b *bench) []string {
	return []string{"--setup", "export TMPDIR=" + b.temporary()}
}

// wipeStore deletes the broker's store: at first under a broker that lives, then with the controller and the broker, while the agents live.
func wipeStore(v *victim) (bool, error) {
	host, ok, err := v.host()
	if !ok || err != nil {
		return false, err
	}
	stores, err := filepath.Glob(filepath.Join(v.temporary(), "neurosweep-broker-*", "*"))
	if err != nil || len(stores) == 0 {
		return false, err
	}
	for _, store := range stores {
		err = errors.Join(err, os.RemoveAll(store))
	}
	v.rest()
	return true, errors.Join(err, kill(host.pid))
}

// throughWire has the agents dial the broker through a link that can be cut.
func throughWire(b *bench) []string {
	_, port, _ := strings.Cut(b.wire.Target(), ":")
	return []string{"--listen", ":" + port, "--advertise", b.wire.Addr()}
}

// cutLink lets nothing pass between agents and broker for a while.
func cutLink(v *victim) (bool, error) {
	if _, ok, err := v.host(); !ok || err != nil {
		return false, err
	}
	v.wire.Cut()
	time.Sleep(cutFor)
	v.wire.Heal()
	return true, nil
}

// fillDisk leaves no space where the sweep is, for a while.
func fillDisk(v *victim) (_ bool, err error) {
	ballast, err := os.Create(filepath.Join(filepath.Dir(v.dir), "ballast"))
	if err != nil {
		return true, err
	}
	defer func() { err = errors.Join(err, ballast.Close(), os.Remove(ballast.Name())) }()
	for end := time.Now().Add(v.moment() + time.Second); time.Now().Before(end); time.Sleep(look / 10) { // others free some
		if err := fill(ballast); err != nil {
			return true, err
		}
	}
	return true, nil
}

// fill writes until there is no space.
func fill(file *os.File) error {
	for size := 1 << 20; size > 0; {
		n, err := file.Write(make([]byte, size))
		if err != nil && !errors.Is(err, unix.ENOSPC) {
			return err
		}
		if n < size {
			size /= 16
		}
	}
	return nil
}
