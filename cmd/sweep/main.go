package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"neurosweep/models/kernel"
)

// version is set by the linker (Makefile).
var version = "devel"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings given: it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	var coded *exitError
	switch {
	case err == nil:
	case !errors.As(err, &coded):
		fmt.Fprintln(stderr, "sweep:", err)
	case coded.err != nil:
		fmt.Fprintln(stderr, coded.err)
	}
	return exitCode(err)
}

// exitCode is what a command's error ends the process with.
func exitCode(err error) int {
	var coded *exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &coded):
		return coded.code
	}
	return exitFailure
}

// app is what every subcommand shares.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	json           bool
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "sweep",
		Short: "Hyperparameter sweeps of recurrent networks, from a laptop to a SLURM cluster",
		Long: `sweep trains a population of networks over a grid of hyperparameters and seeds,
evaluates every checkpoint, keeps all of it in Parquet, and names the best checkpoint of each cell.

Exit codes: 0 done; 1 failure of the system, or verify found a fault; 2 bad usage or spec, nothing was started;
3 ended with failed trials; 130 interrupted, "sweep resume" goes on.`,
		Example: `  sweep new --task delay_comparison --model leaky_rnn > sweep.yaml
  sweep plan sweep.yaml
  sweep run sweep.yaml train.lr=1e-4,1e-3 seeds=3
  sweep best runs/delay_comparison`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		_, err := kernel.Choose()
		return refuse(err)
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("sweep %s: %v; see sweep %[1]s --help", c.Name(), err)
	})
	root.AddCommand(
		newNew(a), newList(a), newPlan(a), newSmoke(a), newBench(a), newSimulate(a),
		newRun(a), newSubmit(a), newScale(a), newResume(a), newStop(a), newRetry(a), newExtend(a), newStatus(a), newLogs(a),
		newBest(a), newRescore(a), newExport(a), newVerify(a),
		newAgent(a), newAgentSlot(a), newController(a), newEqual(a), newSample(a), newDoctor(a), newDoctorProbe(a),
	)
	for _, c := range root.Commands() {
		check := c.Args
		if check == nil {
			continue
		}
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usage("sweep %s: %v; see sweep %[1]s --help", c.Name(), err)
			}
			return nil
		}
	}
	root.Args = cobra.ArbitraryArgs
	root.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		return usage("sweep: there is no command %q; the commands are %s", args[0], commandNames(root))
	}
	return root
}

func commandNames(root *cobra.Command) string {
	names := ""
	for _, c := range root.Commands() {
		if c.Hidden || !c.IsAvailableCommand() {
			continue
		}
		names += " " + c.Name()
	}
	return names[1:]
}
