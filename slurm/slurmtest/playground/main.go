package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"neurosweep/slurm/slurmtest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("usage: playground start|stop [DIR]")
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("slurm-playground-%d", os.Getuid()))
	if len(args) == 2 {
		dir = args[1]
	}
	running, err := slurmtest.Open(dir)
	switch args[0] {
	case "start":
		if err == nil && running.Running("slurmctld") && running.WaitReady(1) == nil {
			return explain(running)
		}
		if err == nil {
			if err := running.Stop(); err != nil {
				return err
			}
		}
		c, err := slurmtest.New(slurmtest.Config{Dir: dir, GPUs: 2, KillWait: 5})
		if err != nil {
			return err
		}
		return explain(c)
	case "stop":
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return nil
		}
		return running.Stop()
	}
	return fmt.Errorf("playground %s: the verbs are start and stop", args[0])
}

// explain prints the line for the shell on stdout and the rest on stderr.
func explain(c *slurmtest.Cluster) error {
	fmt.Fprintf(os.Stderr, `a SLURM cluster runs in %s: partitions low (default) and high, which preempts it; 4 nodes of 8 CPUs and 2 make-believe GPUs.
Tell your shell, then use it: sinfo, squeue, srun hostname, sbatch. It runs until: make cluster-stop

`, c.Dir())
	_, err := fmt.Printf("export SLURM_CONF=%s\n", c.Conf())
	return err
}
