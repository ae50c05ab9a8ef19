package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/slurm"
)

// How a check came out.
const (
	checkOK      = "ok"
	checkNote    = "note"    // works, and here is what to expect
	checkFault   = "fault"   // a sweep will not work like this
	checkUnknown = "unknown" // could not be looked at
)

// A finding is what one check has found, and what to do about it.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"`
}

// diagnosis is what sweep doctor prints.
type diagnosis struct {
	OK       bool      `json:"ok"` // no fault
	SLURM    bool      `json:"slurm"`
	Findings []finding `json:"findings"`
}

func (d *diagnosis) add(check, status, advice, found string, args ...any) {
	d.Findings = append(d.Findings, finding{check, status, fmt.Sprintf(found, args...), advice})
}

func newDoctor(a *app) *cobra.Command {
	var partition string
	var wait time.Duration
	c := &cobra.Command{
		Use:   "doctor [--partition P] [DIR]",
		Short: "Check whether sweeps can live on this cluster, and say what to change",
		Long: `doctor looks at the SLURM cluster (versions, limits of job arrays and jobs, requeueing, the partition and its nodes) and at a
folder (default: the current one): whether files are synced, linked without replacing and renamed as sweeps need it. It then
runs itself for some seconds on two nodes, with srun, and looks at the same from there: whether the nodes see the folder and each
other's files, how soon, whether their clocks agree, and which connections are possible. For that time it listens on a
port of this machine. It leaves nothing behind.

Where there is no SLURM it says so, and checks the folder on this machine.
Exit codes: 0 no fault was found; 1 a fault was found; 2 bad usage.`,
		Example: "  sweep doctor --partition gpu /scratch/me/sweeps\n  sweep doctor --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			dir, err := filepath.Abs(dir)
			if err != nil {
				return err
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return usage("sweep doctor: %s is no folder; make it first", dir)
			}
			if wait <= 0 {
				return usage("sweep doctor: --wait %v: it must be more than 0", wait)
			}
			d, err := examine(c.Context(), dir, partition, wait)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(d)
			} else {
				err = a.printDiagnosis(d)
			}
			if err == nil && !d.OK {
				return &exitError{code: exitFailure}
			}
			return err
		},
	}
	c.Flags().StringVar(&partition, "partition", "", "the partition to look at and to run on; default: the cluster's")
	c.Flags().DurationVar(&wait, "wait", 2*time.Minute, "how long to wait for two nodes")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// examine makes all checks.
func examine(ctx context.Context, dir, partition string, wait time.Duration) (*diagnosis, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	d := &diagnosis{}
	client := &slurm.Client{}
	examineFolder(d, dir)
	version, err := client.Version(ctx)
	switch {
	case errors.Is(err, slurm.ErrNotInstalled):
		d.add("SLURM", checkNote, "sweep run works on this machine alone; for a cluster go to a login node, or load its SLURM module", "there is none: sinfo is not on the path")
		if partition != "" {
			return nil, usage("sweep doctor: --partition %s: there is no SLURM here (sinfo is not on the path)", partition)
		}
	case err != nil:
		d.SLURM = true
		d.add("SLURM", checkFault, "the commands are there and do not work: is SLURM_CONF right?", "%v", err)
	default:
		d.SLURM = true
		if err := examineCluster(ctx, d, client, version, dir, partition, wait); err != nil {
			return nil, err
		}
	}
	d.OK = true
	for _, f := range d.Findings {
		if f.Status == checkFault {
			d.OK = false
		}
	}
	return d, nil
}

// oldest is the oldest version whose text interfaces are known to be the same.
var oldest = slurm.Version{Major: 20, Minor: 11}

// examineCluster looks at the configuration, then at two nodes.
func examineCluster(ctx context.Context, d *diagnosis, client *slurm.Client, version slurm.Version, dir, name string, wait time.Duration) error {
	if version.Less(oldest) {
		d.add("version", checkNote, "versions from 20.11 on are known to work", "SLURM %v", version)
	} else {
		d.add("version", checkOK, "", "SLURM %v", version)
	}
	facts, err := client.Facts(ctx)
	if err != nil {
		d.add("controller", checkFault, "ask again later, or the cluster's administrators; jobs that run are not touched by it", "slurmctld does not answer: %v", err)
		return nil
	}
	config := facts.Config
	if !config.ControllerUp || config.Version.Major != version.Major || config.Version.Minor != version.Minor {
		d.add("controller", checkNote, "use commands of the controller's version", "slurmctld is of version %v, the commands are of %v", config.Version, version)
	} else {
		d.add("controller", checkOK, "", "cluster %s answers", config.ClusterName)
	}
	examineLimits(d, config)
	p, err := facts.Partition(name)
	if err != nil {
		return refuse(fmt.Errorf("sweep doctor: %w", err))
	}
	nodes := examinePartition(d, facts, p)
	if nodes == 0 {
		return nil
	}
	return examineNodes(ctx, d, client, dir, p, min(nodes, 2), wait)
}

// examineLimits looks at what every job of the cluster is held to.
func examineLimits(d *diagnosis, c slurm.Config) {
	switch {
	case c.MaxArraySize < 2:
		d.add("job arrays", checkFault, "ask for MaxArraySize=1001 in slurm.conf, or run sweeps inside an allocation: srun -n N sweep run SPEC", "they are switched off (MaxArraySize=%d)", c.MaxArraySize)
	default:
		d.add("job arrays", checkOK, "", "up to %d agents each (MaxArraySize=%d); more are split over several", c.MaxArraySize, c.MaxArraySize)
	}
	switch {
	case c.MaxJobCount == 0:
		d.add("jobs", checkUnknown, "", "scontrol does not say MaxJobCount")
	default:
		d.add("jobs", checkOK, "", "the controller holds %d of all users (MaxJobCount)", c.MaxJobCount)
	}
	if c.KillWait > 0 && c.KillWait < 10*time.Second {
		d.add("end of jobs", checkNote, "rely on the warning before the walltime (--signal), not on TERM", "KILL follows TERM after %v: checkpoints that take longer are lost", c.KillWait)
	} else {
		d.add("end of jobs", checkOK, "", "KILL follows TERM after %v", c.KillWait)
	}
	if c.Accounting {
		d.add("accounts", checkOK, "", "sacct knows jobs that have ended")
	} else {
		d.add("accounts", checkNote, "", "there are none: what became of a job can be asked for %v after its end", c.MinJobAge)
	}
}

// examinePartition looks at one partition and returns how many of its nodes take jobs.
func examinePartition(d *diagnosis, f slurm.Facts, p slurm.Partition) (usable int) {
	if !p.Up {
		d.add("partition", checkFault, "choose another with --partition", "%s is not up", p.Name)
		return 0
	}
	var bad []string
	cpus, gpus := 0, 0
	nodes := f.NodesIn(p)
	for _, n := range nodes {
		if !n.Usable() {
			bad = append(bad, n.Name)
			continue
		}
		usable++
		cpus, gpus = cpus+n.CPUs, gpus+n.TotalGPUs()
	}
	found := fmt.Sprintf("%s: %d of %d nodes take jobs, %d CPUs, %d GPUs, walltime up to %v", p.Name, usable, len(nodes), cpus, gpus, p.MaxTime)
	switch {
	case usable == 0:
		d.add("partition", checkFault, "choose another with --partition, or wait", "%s", found)
	case len(bad) > 0:
		d.add("partition", checkOK, "", "%s; not: %s", found, slurm.CompressNodes(bad))
	default:
		d.add("partition", checkOK, "", "%s", found)
	}
	examinePreemption(d, f.Config, p)
	return usable
}

// examinePreemption looks at what becomes of jobs that are preempted.
func examinePreemption(d *diagnosis, c slurm.Config, p slurm.Partition) {
	mode, _, _ := strings.Cut(p.PreemptMode, ",")
	if p.Grace > 0 && mode != "OFF" && mode != "" && !strings.Contains(c.Fields["SlurmctldParameters"], "preempt_send_user_signal") {
		d.add("preemption", checkNote, "start agents as steps (step: true), or ask for SlurmctldParameters=preempt_send_user_signal",
			"the %v between warning and end in %s (GraceTime) are told to steps only", p.Grace, p.Name)
	}
	switch {
	case mode == "CANCEL":
		d.add("requeue", checkNote, "agents must requeue themselves; what is left after that is started by sweep resume", "jobs that are preempted in %s are cancelled, --requeue does nothing there", p.Name)
	case mode == "SUSPEND" || mode == "GANG":
		d.add("requeue", checkNote, "a suspended agent loses its trials to others, and gets new ones when it goes on", "jobs that are preempted in %s are suspended", p.Name)
	case mode == "OFF" || mode == "":
		d.add("requeue", checkOK, "", "jobs in %s are not preempted; after the death of a node they run again", p.Name)
	default:
		d.add("requeue", checkOK, "", "jobs that are preempted in %s run again", p.Name)
	}
}

// printDiagnosis prints findings for people.
func (a *app) printDiagnosis(d *diagnosis) error {
	var s strings.Builder
	faults := 0
	for _, f := range d.Findings {
		fmt.Fprintf(&s, "%-8s %-14s %s\n", f.Status, f.Check, f.Found)
		if f.Advice != "" {
			fmt.Fprintf(&s, "%-8s %-14s → %s\n", "", "", f.Advice)
		}
		if f.Status == checkFault {
			faults++
		}
	}
	switch {
	case faults > 0:
		fmt.Fprintf(&s, "%d of %d checks found a fault\n", faults, len(d.Findings))
	case d.SLURM:
		s.WriteString("no fault was found\n")
	default:
		s.WriteString("no fault was found; there is no SLURM here\n")
	}
	_, err := fmt.Fprint(a.stdout, s.String())
	return err
}
