package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// options are the command line.
type options struct {
	sweep  string
	kills  int
	agents int
	seed   uint64
	dir    string
	pause  time.Duration
	spec   string
	args   []string // key=value, for the spec
}

func main() {
	var o options
	flag.StringVar(&o.sweep, "sweep", "bin/sweep", "the program under test")
	flag.IntVar(&o.kills, "kills", 30, "random moments at which something is killed")
	flag.IntVar(&o.agents, "agents", 2, "agents of the sweep")
	flag.Uint64Var(&o.seed, "seed", 0, "seed of the moments and the victims; 0: one from the clock")
	flag.StringVar(&o.dir, "dir", "", "folder for the sweeps and logs, kept; without it a temporary one, kept where something went wrong")
	flag.DurationVar(&o.pause, "pause", 3*time.Second, "mean time between two moments")
	flag.StringVar(&o.spec, "spec", "", "the sweep, of a program or a task; without it a small one of ours. Arguments behind the flags are laid over it")
	flag.Parse()
	o.args = flag.Args()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	fmt.Printf("soak: %d moments, seed %d\n", o.kills, o.seed)
	temporary := o.dir == ""
	if temporary {
		dir, err := os.MkdirTemp("", "sweep-soak-")
		if err != nil {
			return err
		}
		o.dir = dir
	}
	if err := soak(o); err != nil {
		return fmt.Errorf("%w\nseed %d; sweeps and logs are in %s", err, o.seed, o.dir)
	}
	if temporary {
		return os.RemoveAll(o.dir)
	}
	return nil
}

// run is the command that begins a sweep in a folder.
func (s *soaker) run(dir string) []string {
	return append([]string{"run", s.spec, "--dir", dir, "--agents", fmt.Sprint(s.agents)}, s.args...)
}

// soak runs the undisturbed sweep, and then disturbed ones until all moments are used up.
func soak(o options) error {
	f, err := adopt()
	if err != nil {
		return err
	}
	s := &soaker{options: o, family: f, random: rand.New(rand.NewPCG(o.seed, 0))}
	if s.spec == "" {
		s.spec = filepath.Join(o.dir, "soak.yaml")
		if err := os.WriteFile(s.spec, []byte(specText), 0o666); err != nil {
			return err
		}
	}
	calm := filepath.Join(o.dir, "calm")
	start := time.Now()
	if err := s.command(calm, s.run(calm)...); err != nil {
		return err
	}
	fmt.Printf("soak: the undisturbed sweep took %.1f s\n", time.Since(start).Seconds())
	for sweep := 1; s.killed < o.kills; sweep++ {
		dir := filepath.Join(o.dir, fmt.Sprintf("killed-%d", sweep))
		before := s.killed
		if err := s.disturbed(dir); err != nil {
			return err
		}
		for _, judge := range [][]string{{"verify", dir}, {"equal", calm, dir}} {
			if err := s.command(dir, judge...); err != nil {
				return err
			}
		}
		if err := s.empty(); err != nil {
			return err
		}
		fmt.Printf("soak: sweep %d: %d kills, equal to the undisturbed one\n", sweep, s.killed-before)
	}
	return nil
}
