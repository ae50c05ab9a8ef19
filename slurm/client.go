package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Client runs SLURM's commands. The zero value is ready.
type Client struct {
	Timeout time.Duration // of one command; default DefaultTimeout
	Environ []string      // the environment to scrub and run commands with; nil: this process's
}

// DefaultTimeout is longer than clients try to reach a controller that is away (9 s with SLURM's defaults), and shorter than anybody waits.
const DefaultTimeout = 30 * time.Second

// ErrNotInstalled says that a command is not on the path: this machine is no login node, or a module must be loaded.
var ErrNotInstalled = errors.New("it is not on the path; this machine has no SLURM, or a module must be loaded first")

// A CommandError is a command of SLURM's that failed, or did not end in time. It says nothing about jobs.
type CommandError struct {
	Command string // its name and arguments
	Code    int    // the exit code; -1: ended by a signal
	Said    string // what it printed on stderr
	Late    bool   // it did not end in time
}

func (e *CommandError) Error() string {
	switch {
	case e.Late:
		return fmt.Sprintf("%s: no answer in time (it said %q)", e.Command, e.Said)
	case e.Said == "":
		return fmt.Sprintf("%s: exit code %d", e.Command, e.Code)
	}
	return fmt.Sprintf("%s: exit code %d: %s", e.Command, e.Code, e.Said)
}

// says tells whether an error is a command's that printed a text.
func says(err error, text string) bool {
	var e *CommandError
	return errors.As(err, &e) && strings.Contains(e.Said, text)
}

// scrubbed are the beginnings of variables that change what SLURM's commands do or print, or that belong to the job around this process.
var scrubbed = []string{"SLURM", "SBATCH_", "SQUEUE_", "SINFO_", "SACCT_", "SCONTROL_", "SCANCEL_", "SALLOC_", "SRUN_", "SPRIO_", "SSHARE_", "SREPORT_"}

// kept are those of them that say where the cluster is.
var kept = []string{"SLURM_CONF", "SLURM_CONF_SERVER"}

// Scrub is an environment without the variables that steer SLURM's commands, but for where the configuration is.
func Scrub(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		return !slices.Contains(kept, name) && slices.ContainsFunc(scrubbed, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
}

// Run runs a command of SLURM's and returns what it printed on stdout. Errors are ErrNotInstalled, a *CommandError, or the context's.
func (c *Client) Run(ctx context.Context, name string, args ...string) (string, error) {
	var stdout strings.Builder
	err := c.run(ctx, &stdout, nil, name, args...)
	return stdout.String(), err
}

// Stream runs a command like Run and passes on every line of its stdout when it arrives.
func (c *Client) Stream(ctx context.Context, line func(string), name string, args ...string) error {
	w := &lineWriter{pass: line}
	err := c.run(ctx, w, nil, name, args...)
	if len(w.begun) > 0 {
		line(string(w.begun))
	}
	return err
}

// lineWriter passes whole lines on.
type lineWriter struct {
	begun []byte
	pass  func(string)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.begun = append(w.begun, p...)
	for {
		i := bytes.IndexByte(w.begun, '\n')
		if i < 0 {
			return len(p), nil
		}
		w.pass(string(w.begun[:i]))
		w.begun = w.begun[i+1:]
	}
}

func (c *Client) run(ctx context.Context, stdout io.Writer, further []string, name string, args ...string) error {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, name, args...)
	environ := c.Environ
	if environ == nil {
		environ = os.Environ()
	}
	cmd.Env = append(Scrub(environ), further...)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // srun then cancels its job
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	var exited *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s: %w", name, ErrNotInstalled)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", name, ctx.Err())
	case limited.Err() != nil:
		return &CommandError{commandLine(name, args), -1, strings.TrimSpace(stderr.String()), true}
	case errors.As(err, &exited):
		return &CommandError{commandLine(name, args), exited.ExitCode(), strings.TrimSpace(stderr.String()), false}
	}
	return fmt.Errorf("run %s: %w", name, err)
}

// commandLine is for messages: long lists of jobs are cut.
func commandLine(name string, args []string) string {
	line := strings.Join(append([]string{name}, args...), " ")
	if len(line) > 200 {
		line = line[:200] + "…"
	}
	return line
}

// query runs a command whose output is read: times in a fixed form, lists of tasks in full.
func (c *Client) query(ctx context.Context, name string, args ...string) (string, error) {
	var stdout strings.Builder
	err := c.run(ctx, &stdout, []string{"SLURM_BITSTR_LEN=0", "SLURM_TIME_FORMAT=standard", "LC_ALL=C"}, name, args...)
	return stdout.String(), err
}

// Submit submits a script and returns the job's id. Errors of sbatch are the user's mistakes mostly, and say what is wrong.
func (c *Client) Submit(ctx context.Context, file string) (int64, error) {
	out, err := c.Run(ctx, "sbatch", "--parsable", file)
	if err != nil {
		return 0, err
	}
	return ParseSubmitted(out)
}

// Cancel cancels jobs. Those that have ended already are no error.
func (c *Client) Cancel(ctx context.Context, tasks ...Task) error { return c.cancel(ctx, nil, tasks) }

func (c *Client) cancel(ctx context.Context, args []string, tasks []Task) error {
	if len(tasks) == 0 {
		return nil
	}
	for _, t := range tasks {
		args = append(args, t.String())
	}
	_, err := c.Run(ctx, "scancel", args...)
	if says(err, "already completing or completed") || says(err, "Invalid job id") {
		return nil
	}
	return err
}

// Requeue puts a job back into the queue; it ends and begins again with the same Task. It works from inside the job too.
func (c *Client) Requeue(ctx context.Context, t Task) error {
	_, err := c.Run(ctx, "scontrol", "requeue", t.String())
	return err
}

// Version is what a cluster's commands say of themselves.
type Version struct{ Major, Minor, Micro int }

// String is MAJOR.MINOR.MICRO as SLURM writes it.
func (v Version) String() string { return fmt.Sprintf("%d.%02d.%d", v.Major, v.Minor, v.Micro) }

// Less orders versions.
func (v Version) Less(w Version) bool {
	return slices.Compare([]int{v.Major, v.Minor, v.Micro}, []int{w.Major, w.Minor, w.Micro}) < 0
}

// ParseVersion reads "slurm 22.05.8", "slurm-wlm 24.11.5", "23.11.4-2", "25.05.0-0rc1".
func ParseVersion(text string) (Version, error) {
	fields := strings.Fields(text)
	bad := fmt.Errorf("%q is no version of SLURM", text)
	if len(fields) == 0 {
		return Version{}, bad
	}
	number, _, _ := strings.Cut(fields[len(fields)-1], "-")
	parts := strings.Split(number, ".")
	var v [3]int
	if len(parts) < 2 || len(parts) > 3 {
		return Version{}, bad
	}
	for i, p := range parts {
		digits := p[:len(p)-len(strings.TrimLeft(p, "0123456789"))]
		n, err := strconv.Atoi(digits)
		if err != nil {
			return Version{}, bad
		}
		v[i] = n
	}
	return Version{v[0], v[1], v[2]}, nil
}

// Version asks the commands for their version; it needs no controller.
func (c *Client) Version(ctx context.Context) (Version, error) {
	out, err := c.Run(ctx, "sinfo", "--version")
	if err != nil {
		return Version{}, err
	}
	return ParseVersion(out)
}
