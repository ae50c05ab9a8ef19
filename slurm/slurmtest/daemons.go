package slurmtest

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

// Up starts a daemon that does not run: munged, slurmctld or a node. It does not wait for the cluster to see it.
func (c *Cluster) Up(name string) error {
	if _, ok := c.daemon(name); ok {
		return nil
	}
	switch {
	case !slices.Contains(c.Daemons(), name):
		return fmt.Errorf("start %s: the daemons are %s", name, strings.Join(c.Daemons(), ", "))
	case name == "munged":
		return c.munged()
	case name == "slurmctld":
		return c.launch(name, 0, "slurmctld", "-D")
	}
	if err := os.MkdirAll(filepath.Join(c.dir, "spool", name), 0o755); err != nil {
		return err
	}
	if !c.namespaces {
		return c.launch(name, 0, "slurmd", "-D", "-N", name)
	}
	// The shell becomes slurmd, so that the recorded process is slurmd.
	return c.launch(name, unix.CLONE_NEWUTS|unix.CLONE_NEWNS, "sh", "-c",
		`mount --make-rslave / && mount --bind "$1" /etc/hosts && hostname "$2" && exec slurmd -D -N "$2"`, "sh", filepath.Join(c.dir, "etc", "hosts"), name)
}

// munged starts the authentication, and waits for its socket.
func (c *Cluster) munged() error {
	file := func(name string) string { return filepath.Join(c.dir, "run", name) }
	os.Remove(file("munge.sock"))
	os.Remove(file("munge.sock.lock"))
	err := c.launch("munged", 0, "munged", "--foreground", "--num-threads=2", "--key-file="+filepath.Join(c.dir, "etc", "munge.key"),
		"--socket="+file("munge.sock"), "--pid-file="+file("munged.pid"), "--seed-file="+file("munge.seed"))
	if err != nil {
		return err
	}
	err = until(patience, func() bool {
		_, alive := c.daemon("munged")
		_, err := os.Stat(file("munge.sock"))
		return !alive || err == nil
	})
	if _, alive := c.daemon("munged"); err != nil || !alive {
		return fmt.Errorf("munged makes no socket: %s", c.lastWords("munged"))
	}
	return nil
}

// Down kills a daemon with KILL. The jobs of a node live on, as on a machine that is cut off; Crash kills them too.
func (c *Cluster) Down(name string) error {
	p, ok := c.daemon(name)
	if !ok {
		return fmt.Errorf("kill %s: it does not run", name)
	}
	p.signal(unix.SIGKILL)
	if err := until(patience, func() bool { return !p.alive() }); err != nil {
		return fmt.Errorf("kill %s: it lives on: %w", name, err)
	}
	return os.Remove(c.record(name))
}

// Crash kills a node with everything that runs on it, as a machine without power.
func (c *Cluster) Crash(node string) error {
	if err := c.Down(node); err != nil {
		return err
	}
	// The slurmstepds first: they would report that their jobs were killed.
	log, mark := filepath.Join(c.dir, "log", node+".log"), []byte("\x00SLURMD_NODENAME="+node+"\x00")
	for _, belongs := range []func(process) bool{
		func(p process) bool { return p.writes(log) },
		func(p process) bool { return p.on(mark) },
	} {
		kill := func() (n int) {
			for _, p := range c.jobProcesses() {
				if belongs(p) {
					p.signal(unix.SIGKILL)
					n++
				}
			}
			return n
		}
		if err := until(patience, func() bool { return kill() == 0 }); err != nil {
			return fmt.Errorf("processes on %s live on: %w", node, err)
		}
	}
	return nil
}

// on tells whether the process's environment holds a variable.
func (p process) on(variable []byte) bool {
	environment, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.pid))
	return strings.Contains("\x00"+string(environment), string(variable))
}

// writes tells whether the process has a file open: the node's log, which its slurmstepds write too.
func (p process) writes(file string) bool {
	open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.pid))
	return slices.ContainsFunc(open, func(fd string) bool {
		target, err := os.Readlink(fd)
		return err == nil && target == file
	})
}

// Running tells whether a daemon's process lives.
func (c *Cluster) Running(name string) bool {
	_, ok := c.daemon(name)
	return ok
}

// WaitReady waits until so many nodes take jobs.
func (c *Cluster) WaitReady(nodes int) error {
	var dead error
	err := until(patience, func() bool {
		if !c.Running("slurmctld") {
			dead = fmt.Errorf("slurmctld has ended: %s", c.lastWords("slurmctld"))
			return true
		}
		out, err := c.Command("sinfo", "-h", "-N", "-p", "low", "-t", "idle,mix,alloc,comp", "-o", "%N|%T").Output()
		if err != nil {
			return false
		}
		ready := 0
		for line := range strings.Lines(string(out)) {
			_, state, _ := strings.Cut(strings.TrimSpace(line), "|")
			if slices.Contains([]string{"idle", "mixed", "allocated", "completing"}, state) { // a * behind it says that it does not answer
				ready++
			}
		}
		return ready >= nodes
	})
	if dead != nil {
		return dead
	}
	if err != nil {
		out, _ := c.Command("sinfo", "-N", "-o", "%N %T %E").CombinedOutput()
		return fmt.Errorf("%d nodes are not ready after %v: %s\n%s", nodes, patience, out, c.lastWords("node1"))
	}
	return nil
}

// Stop cancels the jobs, ends daemons and whatever is left of jobs, and removes the cluster's files. It can be called again.
func (c *Cluster) Stop() error {
	if c.Running("slurmctld") {
		c.cancelJobs()
	}
	names := c.Daemons()
	c.end(5*time.Second, names[2:]...)
	for _, s := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		for _, p := range c.jobProcesses() {
			p.signal(s)
		}
		_ = until(2*time.Second, func() bool { return len(c.jobProcesses()) == 0 }) // then the next signal
	}
	c.end(15*time.Second, "slurmctld")
	c.end(15*time.Second, "munged")
	var err error
	if left := c.jobProcesses(); len(left) > 0 {
		err = fmt.Errorf("stop the cluster in %s: %d processes of jobs live on", c.dir, len(left))
	}
	if c.release != nil {
		err = errors.Join(err, c.release())
		c.release = nil
	}
	return errors.Join(err, c.clear())
}

// clear removes the cluster's files, and its folder if nothing else is in it.
func (c *Cluster) clear() error {
	var errs []error
	for _, name := range append([]string{"cluster.json"}, folders...) {
		errs = append(errs, os.RemoveAll(filepath.Join(c.dir, name)))
	}
	_ = os.Remove(c.dir) // what a user has put there stays
	return errors.Join(errs...)
}

// cancelJobs cancels all jobs and waits for their ends, as far as slurmctld answers.
func (c *Cluster) cancelJobs() {
	active := func() []string {
		out, err := c.Command("timeout", "10", "squeue", "-h", "-o", "%A").Output()
		if err != nil {
			return nil
		}
		return strings.Fields(string(out))
	}
	ids := active()
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	for chunk := range slices.Chunk(slices.Compact(ids), 500) {
		_ = c.Command("timeout", append([]string{"20", "scancel"}, chunk...)...).Run() // what is left is killed
	}
	_ = until(time.Duration(c.config.KillWait+8)*time.Second, func() bool { return len(active()) == 0 })
}
