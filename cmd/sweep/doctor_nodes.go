package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"neurosweep/slurm"
)

// clockTolerance is how far the clocks of two machines may be apart; a report takes moments to arrive.
const clockTolerance = 5 * time.Second

// slowToSee is a round trip between two nodes through files, in seconds, that is worth a word.
const slowToSee = 5.0

// examineNodes runs a copy of this program on nodes, from the folder, as sweeps do.
func examineNodes(ctx context.Context, d *diagnosis, client *slurm.Client, dir string, p slurm.Partition, nodes int, wait time.Duration) error {
	own, err := os.MkdirTemp(dir, ".doctor-")
	if err != nil {
		return nil // the check of the folder has said so
	}
	defer os.RemoveAll(own)
	if err := os.Chmod(own, 0o755); err != nil {
		return err
	}
	program := filepath.Join(own, "sweep")
	if err := copyProgram(program); err != nil {
		d.add("nodes", checkUnknown, "", "this program could not be copied into the folder: %v", err)
		return nil
	}
	word := rand.Text()
	l, addresses, err := listen(word)
	if err != nil {
		return fmt.Errorf("listen for connections from the nodes: %w", err)
	}
	defer l.Close()
	var reports []probeReport
	var apart []time.Duration // clocks
	var other []string
	patient := *client
	patient.Timeout = wait + unseenAfter
	n := strconv.Itoa(nodes)
	limit := min(slurm.Duration(2*unseenAfter+time.Minute), p.MaxTime)
	err = patient.Stream(ctx, func(line string) {
		var r probeReport
		if json.Unmarshal([]byte(line), &r) != nil {
			other = append(other, line)
			return
		}
		reports = append(reports, r)
		apart = append(apart, time.Since(r.Clock).Abs())
	}, "srun", "--partition="+p.Name, "--nodes="+n, "--ntasks="+n, "--ntasks-per-node=1", "--cpus-per-task=1", "--mem=256M", "--time="+limit.String(), "--job-name=sweep-doctor",
		"--chdir=/", "--input=none", "--immediate="+strconv.Itoa(int(wait.Seconds())+1), program, "doctor-probe", own, "--login", strings.Join(addresses, ","), "--word", word)
	if err != nil || len(reports) != nodes {
		failed(d, err, p, dir, wait, other)
		return nil
	}
	judge(d, reports, apart)
	return nil
}

func copyProgram(to string) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(executable)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}

// failed explains why the nodes have not reported.
func failed(d *diagnosis, err error, p slurm.Partition, dir string, wait time.Duration, printed []string) {
	var e *slurm.CommandError
	said := strings.Join(printed, "; ")
	if errors.As(err, &e) {
		said = strings.TrimSpace(said + " " + e.Said)
	}
	contains := func(texts ...string) bool {
		for _, t := range texts {
			if strings.Contains(said, t) {
				return true
			}
		}
		return false
	}
	switch {
	case e == nil && err != nil:
		d.add("nodes", checkUnknown, "", "srun: %v", err)
	case contains("No such file or directory", "execve"):
		d.add("nodes", checkFault, "choose a folder on a file system that the nodes mount, under the same name", "the nodes do not see %s: %s", dir, said)
	case contains("Permission denied"):
		d.add("nodes", checkFault, "is the folder mounted with noexec on the nodes, or closed to them (root_squash)?", "the nodes may not run a program in %s: %s", dir, said)
	case e != nil && e.Late || contains("Unable to allocate resources", "Immediate execution impossible"):
		d.add("nodes", checkUnknown, "try another partition, or wait for longer: --wait 30m", "no nodes of %s within %v: %s", p.Name, wait, said)
	default:
		d.add("nodes", checkFault, "sweeps submit with sbatch, which may work where srun does not", "srun failed: %v %s", err, said)
	}
}

// judge turns the nodes' reports into findings.
func judge(d *diagnosis, reports []probeReport, apart []time.Duration) {
	won := 0
	for i, r := range reports {
		report(d, "folder", "from "+r.Node, r.Folder)
		if apart[i] > clockTolerance {
			d.add("clock", checkFault, "ask for NTP on that node; terms and certificates go by clocks", "that of %s is %v from this machine's", r.Node, apart[i].Round(time.Second))
		} else {
			d.add("clock", checkOK, "", "that of %s is as this machine's, within %v", r.Node, clockTolerance)
		}
		if r.Won {
			won++
		}
	}
	first := reports[0]
	for _, r := range reports {
		if r.Unseen != "" {
			d.add("visibility", checkFault, "sweeps need a file system that all nodes see alike", "%s: %s", r.Node, r.Unseen)
			return
		}
		first.RoundTrip = max(first.RoundTrip, r.RoundTrip)
	}
	if won != 1 {
		d.add("visibility", checkFault, "sweeps need link(2) without replacing, across nodes; choose another file system", "%d nodes made the same link", won)
	}
	if len(reports) == 1 {
		d.add("visibility", checkUnknown, "", "there is one node to look at, so not between nodes")
	} else if first.RoundTrip > slowToSee {
		d.add("visibility", checkNote, "takers of a term wait longer than that; NFS: a smaller acdirmax, or lookupcache=positive", "a file and its answer between two nodes take %.1f s", first.RoundTrip)
	} else {
		d.add("visibility", checkOK, "", "a file and its answer between two nodes take %.0f ms", 1e3*first.RoundTrip)
	}
	judgeConnections(d, reports)
}

// judgeConnections looks at who can reach whom: agents dial whoever hosts the broker.
func judgeConnections(d *diagnosis, reports []probeReport) {
	for _, r := range reports {
		if len(reports) > 1 {
			if r.Peer == "" {
				d.add("connections", checkFault, "with --controller agent, agents connect to each other: ask for open ports between nodes, or give --nats URL", "%s cannot reach the other node", r.Node)
			} else {
				d.add("connections", checkOK, "", "%s reaches the other node at %s", r.Node, r.Peer)
			}
		}
		if r.Login == "" {
			d.add("connections", checkNote, "--controller login does not work here; --controller agent (the default) does not need it", "%s cannot reach this machine", r.Node)
		} else {
			d.add("connections", checkOK, "", "%s reaches this machine at %s", r.Node, r.Login)
		}
		if !r.Scontrol {
			d.add("requeue", checkNote, "agents end instead, and sweep resume starts them again", "there is no scontrol on %s, so jobs cannot requeue themselves", r.Node)
		}
	}
}
