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
	slots := runtime.GOMAXPROCS(0)
	var patience time.Duration
	c := &cobra.Command{
		Use:   "agent --dir DIR",
		Short: "Run trials of a sweep on this machine (sweep run starts agents by itself)",
		Long: `agent asks the sweep's controller for trials and runs them in child processes, one a slot, until nothing is left to do.
It finds the controller through DIR/broker.json. TERM, INT and USR1 make it save what it trains, hand it over and leave.`,
		Example: "  sweep agent --dir runs/lr-scan --slots 4",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if dir == "" {
				dir = "."
			}
			dir, err := folder([]string{dir})
			if err != nil {
				return err
			}
			if slots < 1 {
				return usage("--slots %d: want 1 or more", slots)
			}
			signals := make(chan os.Signal, 8)
			signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
			defer signal.Stop(signals)
			return agent.Run(c.Context(), agent.Options{
				Dir: dir, Slots: slots, SlotCommand: []string{"/proc/self/exe", "agent-slot"}, Signals: signals, Patience: patience, Log: a.logger(),
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the sweep's folder (default: the one around the current folder)")
	c.Flags().IntVar(&slots, "slots", slots, "trials at a time, each in a process of its own")
	c.Flags().DurationVar(&patience, "patience", time.Minute, "leave when the controller has been away for so long")
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
