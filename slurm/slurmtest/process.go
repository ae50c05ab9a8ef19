package slurmtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A process is one by its id and the moment when it began, in clock ticks since boot: an id that is used again is not it.
type process struct {
	pid   int
	began string
}

// identify is the process that has an id now; false if there is none, or a dead one.
func identify(pid int) (process, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, false
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the name before may hold anything
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return process{}, false
	}
	return process{pid, fields[19]}, true
}

func (p process) alive() bool {
	now, ok := identify(p.pid)
	return ok && now == p
}

func (p process) signal(s unix.Signal) {
	if p.alive() {
		_ = unix.Kill(p.pid, s) // it may have ended just now
	}
}

// record is the file that remembers a daemon.
func (c *Cluster) record(name string) string { return filepath.Join(c.dir, "run", name+".process") }

// daemon is the recorded process of a daemon; false if it does not run.
func (c *Cluster) daemon(name string) (process, bool) {
	text, err := os.ReadFile(c.record(name))
	if err != nil {
		return process{}, false
	}
	pid, began, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	n, err := strconv.Atoi(pid)
	if err != nil {
		return process{}, false
	}
	p := process{n, began}
	return p, p.alive()
}

// launch starts a daemon in a session of its own, with a clean environment, and records it.
func (c *Cluster) launch(name string, flags uintptr, argv ...string) error {
	output, err := os.OpenFile(filepath.Join(c.dir, "log", name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer output.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LANG=C.UTF-8", "SLURM_CONF=" + c.Conf()}
	if zone := os.Getenv("TZ"); zone != "" {
		cmd.Env = append(cmd.Env, "TZ="+zone)
	}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Unshareflags: flags}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	p, ok := identify(cmd.Process.Pid)
	go cmd.Wait()
	if !ok {
		return fmt.Errorf("%s ended at once: %s", name, c.lastWords(name))
	}
	return os.WriteFile(c.record(name), []byte(fmt.Sprintf("%d %s\n", p.pid, p.began)), 0o644)
}

// lastWords are the last lines that a daemon printed.
func (c *Cluster) lastWords(name string) string {
	text, _ := os.ReadFile(filepath.Join(c.dir, "log", name+".out"))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n")
}

// end sends TERM to daemons, and KILL to those that live on after a while.
func (c *Cluster) end(patience time.Duration, names ...string) {
	for _, s := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		for _, name := range names {
			if p, ok := c.daemon(name); ok {
				p.signal(s)
			}
		}
		_ = until(patience, func() bool { // then the next signal
			for _, name := range names {
				if _, ok := c.daemon(name); ok {
					return false
				}
			}
			return true
		})
	}
	for _, name := range names {
		os.Remove(c.record(name))
	}
}

// jobProcesses are the processes of this cluster's jobs, also those that have left their job's tree, and slurmstepds whose slurmd has died.
func (c *Cluster) jobProcesses() (found []process) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	conf := []byte("SLURM_CONF=" + c.Conf() + "\x00")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		environment, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil || !bytes.Contains(append([]byte{0}, environment...), append([]byte{0}, conf...)) {
			continue
		}
		command, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if !bytes.Contains(environment, []byte("\x00SLURM_JOB_ID=")) && !bytes.HasPrefix(environment, []byte("SLURM_JOB_ID=")) && !bytes.HasPrefix(command, []byte("slurmstepd")) {
			continue
		}
		if p, ok := identify(pid); ok {
			found = append(found, p)
		}
	}
	return found
}

// guard starts a shell that waits for the end of this process, then ends what is left of the cluster and removes its folder: a test that is killed, or
// panics for its time limit, runs no cleanup.
func (c *Cluster) guard() error {
	const script = `cat >/dev/null
grep -lzxF "SLURM_CONF=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | grep -vx $$ | xargs -r kill -9 2>/dev/null
rm -rf "$2"`
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", script, "sh", c.Conf(), c.dir)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.Stdin = read
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := errors.Join(cmd.Start(), read.Close()); err != nil {
		return fmt.Errorf("start the cluster's guard: %w", err)
	}
	c.release = func() error {
		return errors.Join(write.Close(), cmd.Wait())
	}
	return nil
}

// until waits for a condition.
func until(patience time.Duration, condition func() bool) error {
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; !condition(); pause = min(2*pause, 100*time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("not after %v", patience)
		}
		time.Sleep(pause)
	}
	return nil
}
