package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	sweep    string
	seed     uint64
	dir      string
	only     string
	together bool
	trials   int
	updates  int
	agents   int
	strikes  int
	pause    time.Duration
	still    time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.sweep, "sweep", "bin/sweep", "the program under test")
	flag.Uint64Var(&o.seed, "seed", 0, "seed of the moments and the victims; 0: one from the clock")
	flag.StringVar(&o.dir, "dir", "", "folder for the sweeps and logs, kept; without it a temporary one, kept where something went wrong")
	flag.StringVar(&o.only, "only", "", "disturbances, separated by commas: "+strings.Join(names(), ", ")+"; without it all of them")
	flag.BoolVar(&o.together, "together", false, "one sweep suffers all of them")
	flag.IntVar(&o.trials, "trials", 200, "trials of the sweep, a multiple of 4")
	flag.IntVar(&o.updates, "updates", 4000, "training updates of a trial")
	flag.IntVar(&o.agents, "agents", nodes, "agents that are kept running, one a node")
	flag.IntVar(&o.strikes, "strikes", 6, "strikes of one disturbance in one sweep: some take their time, and come less often; more of those that the events do not show yet")
	flag.DurationVar(&o.pause, "pause", 4*time.Second, "mean time between two strikes")
	flag.DurationVar(&o.still, "still", time.Minute, "--still of the sweeps: how soon another controller follows one that was killed")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	fmt.Printf("cluster: seed %d\n", o.seed)
	temporary := o.dir == ""
	if temporary {
		if o.dir, err = os.MkdirTemp("", "sweep-cluster-"); err != nil {
			return err
		}
	}
	if err := disturb(o, chosen); err != nil {
		return fmt.Errorf("%w\nseed %d; sweeps and logs are in %s", err, o.seed, o.dir)
	}
	if temporary {
		return os.RemoveAll(o.dir)
	}
	return nil
}
