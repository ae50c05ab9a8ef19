package main

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/agent"
)

func newAgent(a *app) *cobra.Command {
	var dir string
	var slots, threads int
	var patience time.Duration
	var where string
	var hosting controllerFlags
	c := &cobra.Command{
		Use:   "agent --dir DIR",
		Short: "Run trials of a sweep on this machine (sweep run starts agents by itself)",
		Long: `agent asks the sweep's controller for trials and runs them in child processes, one a slot, until nothing is left to do.
It finds the controller through DIR/broker.json. TERM, INT and USR1 make it save what it trains, hand it over and leave.`,
		Example: "  sweep agent --dir runs/lr-scan --slots 4",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var named []string
			if dir != "" {
				named = []string{dir}
			}
			dir, err := folder(named)
			if err != nil {
				return err
			}
			for name, value := range map[string]int{"slots": slots, "threads": threads} {
				if c.Flags().Changed(name) && value < 1 {
					return usage("--%s %d: want 1 or more", name, value)
				}
			}
			spec, err := frozenSpec(dir)
			if err != nil {
				return err
			}
			if threads == 0 {
				threads = max(fixedThreads(spec), 1)
			}
			if slots == 0 {
				slots = max(runtime.GOMAXPROCS(0)/threads, 1)
			}
			if err := checkController(c.Context(), where, &hosting); err != nil {
				return err
			}
			if where != "" && !c.Flags().Changed("patience") {
				patience = clusterPatience
			}
			signals := make(chan os.Signal, 8)
			signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
			defer signal.Stop(signals)
			o := agent.Options{
				Dir: dir, Slots: slots, Threads: threads, SlotCommand: []string{"/proc/self/exe", "agent-slot"}, Signals: signals, Patience: patience, Log: a.logger(),
			}
			if where == controllerAgent {
				return a.host(c.Context(), o, hosting.args())
			}
			return agent.Run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the sweep's folder (default: the one around the current folder)")
	c.Flags().IntVar(&slots, "slots", 0, "trials at a time, each in a process of its own (default: as many as the cores have threads for)")
	c.Flags().IntVar(&threads, "threads", 0, "threads of a trial whose spec does not fix them (default: train.threads of the spec; auto is 1)")
	c.Flags().DurationVar(&patience, "patience", time.Minute, "leave when the controller has been away for so long (10m with --controller)")
	c.Flags().StringVar(&where, "controller", "", "where the sweep's controller is: agent (in any agent: this one gives the sweep a controller when it has none), login, job")
	hosting.add(c)
	return c
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
