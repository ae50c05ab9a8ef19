package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/agent"
)

// agentFlags are those of sweep agent.
type agentFlags struct {
	dir            string
	slots, threads int
	patience, idle time.Duration
	rank, ranks    int
	controller     string // controllerPlaces, or "": this process knows nothing of it
	hosting        controllerFlags
}

func (f *agentFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.dir, "dir", "", "the sweep's folder (default: the one around the current folder)")
	c.Flags().IntVar(&f.slots, "slots", 0, "trials at a time, each in a process of its own (default: as many as the cores have threads for; in a SLURM job one for each cpus-per-task, or GPU)")
	c.Flags().IntVar(&f.threads, "threads", 0, "threads of a trial whose spec does not fix them (default: train.threads of the spec; auto is 1, in a SLURM job the slot's CPUs)")
	c.Flags().DurationVar(&f.idle, "idle-timeout", 0, "leave when there was no trial for so long (default: stay until the sweep ends)")
	c.Flags().DurationVar(&f.patience, "patience", time.Minute, "leave when the controller has been away for so long (10m with --controller)")
	c.Flags().IntVar(&f.rank, "rank", 0, "number of this agent, from 0 on, for a sweep with schedule: static (default: SLURM's, of the process or of the array's task)")
	c.Flags().IntVar(&f.ranks, "ranks", 0, "how many agents are numbered so")
	c.Flags().StringVar(&f.controller, "controller", "", "where the sweep's controller is: agent (in any agent: this one gives the sweep a controller when it has none), login, job")
	f.hosting.add(c)
}

// options checks the flags and fills in what was left out; j is the job around this process, or nil.
func (f *agentFlags) options(c *cobra.Command, j *job) (o agent.Options, err error) {
	if o.Dir, err = folderOf(f.dir); err != nil {
		return o, err
	}
	for name, value := range map[string]int{"slots": f.slots, "threads": f.threads} {
		if c.Flags().Changed(name) && value < 1 {
			return o, usage("--%s %d: want 1 or more", name, value)
		}
	}
	if f.patience <= 0 || f.idle < 0 {
		return o, usage("--patience %v, --idle-timeout %v: want times; only --idle-timeout may be 0, which is never", f.patience, f.idle)
	}
	if f.ranks < 0 || f.rank < 0 || f.rank > 0 && f.rank >= f.ranks {
		return o, usage("--rank %d --ranks %d: want one of 0 to the number of agents less 1, and that number", f.rank, f.ranks)
	}
	spec, err := frozenSpec(o.Dir)
	if err != nil {
		return o, err
	}
	where := layOut(spec, j, usableCores(), f.slots, f.threads)
	o.Slots, o.Threads, o.Devices, o.Patience, o.IdleTimeout = where.slots, where.threads, where.devices, f.patience, f.idle
	j.options(&o)
	if f.ranks > 0 {
		o.Rank, o.Ranks = f.rank, f.ranks
	}
	if f.controller != "" && !c.Flags().Changed("patience") {
		o.Patience = clusterPatience
	}
	return o, checkController(c.Context(), f.controller, &f.hosting)
}

func newAgent(a *app) *cobra.Command {
	var flags agentFlags
	c := &cobra.Command{
		Use:   "agent --dir DIR",
		Short: "Run trials of a sweep on this machine (sweep run starts agents by itself)",
		Long: `agent asks the sweep's controller for trials and runs them in child processes, one a slot, until nothing is left to do.
It finds the controller through DIR/broker.json. TERM, INT and USR1 make it save what it trains, hand it over and leave.

In a SLURM job it takes a slot for each set of cpus-per-task and for each GPU, asks for nothing that it has no time for, and
requeues the job where it leaves by the walltime or a preemption and SLURM would not.`,
		Example: "  sweep agent --dir runs/lr-scan --slots 4\n  srun --cpus-per-task=4 sweep agent --dir runs/lr-scan --idle-timeout 10m",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			j, err := findJob()
			if err != nil {
				return err
			}
			o, err := flags.options(c, j)
			if err != nil {
				return err
			}
			o.Log = a.logger()
			left, err := a.work(c.Context(), o, flags)
			if err == nil {
				j.requeue(left, a.logger())
			}
			if refused := new(agent.RefusedError); errors.As(err, &refused) {
				return refuse(err)
			}
			return err
		},
	}
	flags.add(c)
	return c
}

// work is an agent in this process, with a host beside it if that is wanted.
func (a *app) work(ctx context.Context, o agent.Options, flags agentFlags) (agent.Left, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
	defer signal.Stop(signals)
	o.SlotCommand, o.Signals = []string{"/proc/self/exe", "agent-slot"}, signals
	if flags.controller == controllerAgent {
		return a.host(ctx, o, flags.hosting.args())
	}
	return agent.Run(ctx, o)
}

func newAgentSlot(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "agent-slot",
		Short:  "The child process of an agent: trials come on stdin, reports go to stdout",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			in, ok := a.stdin.(*os.File)
			out, ok2 := a.stdout.(*os.File)
			if !ok || !ok2 {
				return errors.New("sweep agent-slot is started by sweep agent")
			}
			return agent.RunSlot(c.Context(), in, out)
		},
	}
}
