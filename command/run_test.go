package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"neurosweep/models/train"
	"neurosweep/results"
	"neurosweep/sweep"
)

const patience = 30 * time.Second // for anything that should take a moment

// A lab runs a shell script as the trials of a sweep.
type lab struct {
	t      *testing.T
	runner *Runner
	trial  sweep.Trial

	mu      sync.Mutex
	reports []results.TrialReport
	printed []string
	heard   chan string // a line that was printed
}

// newLab makes a sweep of one trial; keys are further ones of the spec.
func newLab(t *testing.T, script, keys string, o Options) *lab {
	t.Helper()
	source := t.TempDir()
	if err := os.WriteFile(filepath.Join(source, "script.sh"), []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	l := &lab{t: t, heard: make(chan string, 1000)}
	spec := newSpec(t, "name: lab\nprogram: script.sh\ncommand: [sh, \"${program}\"]\nmethod: grid\nparameters: {lr: {value: 0.5}, net: {parameters: {n: {value: 3}}}}\n"+keys, source)
	o.Print = func(lines []string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.printed = append(l.printed, lines...)
		for _, line := range lines {
			l.heard <- line
		}
	}
	var err error
	if l.runner, err = NewRunner(spec, t.TempDir(), o); err != nil {
		t.Fatal(err)
	}
	l.runner.judgeAfter = time.Millisecond
	if l.trial, err = spec.Trial(4, sweep.Values{"lr": 0.5, "net.n": int64(3)}, 7); err != nil {
		t.Fatal(err)
	}
	return l
}

// attempt makes one attempt.
func (l *lab) attempt(ctx context.Context, number, resume int) results.End {
	l.t.Helper()
	l.reports, l.printed = nil, nil
	end := make(chan results.End, 1)
	go func() {
		runtime.LockOSThread() // which ends with this goroutine, and with it what it has started
		e, err := l.runner.Run(ctx, Job{Trial: l.trial, Attempt: number, Resume: resume}, func(r results.TrialReport) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.reports = append(l.reports, r)
			return nil
		})
		if err != nil {
			e = results.End{Cause: train.Classify(err), Detail: err.Error()}
		}
		end <- e
	}()
	select {
	case e := <-end:
		return e
	case <-time.After(patience):
		l.t.Fatalf("attempt %d does not end; printed: %q", number, l.printed)
		return results.End{}
	}
}

// rows are the rows of everything that was reported, as text.
func (l *lab) rows() []string {
	var rows []string
	for _, r := range l.reports {
		for _, c := range r.Curves {
			for i, v := range c.Values {
				rows = append(rows, fmt.Sprintf("%s %d %v", c.Metric, c.From+i, v))
			}
		}
	}
	slices.Sort(rows)
	for _, r := range l.reports {
		for _, e := range r.Evals {
			rows = append(rows, fmt.Sprintf("%s@%s %d %v", e.Metric, e.Condition, e.Update, e.Value))
		}
	}
	return rows
}

// TestEnvironment: a program finds its trial in its environment, and nothing that only concerns the agent.
func TestEnvironment(t *testing.T) {
	t.Setenv("GOMAXPROCS", "3")
	t.Setenv("NEUROSWEEP_RESUME", "of another trial")
	t.Setenv("PYTHONPATH", "mine")
	t.Setenv("OTHER", "kept")
	l := newLab(t, "env; pwd >&2", "", Options{})
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseCompleted {
		t.Fatal(end)
	}
	env := map[string]string{}
	for _, line := range l.printed {
		name, value, ok := strings.Cut(line, "=")
		if _, twice := env[name]; ok && twice {
			t.Errorf("%s is there twice", name)
		}
		env[name] = value
	}
	folder := Folder(l.runner.dir, l.trial.ID)
	for name, want := range map[string]string{
		"NEUROSWEEP_DIR": l.runner.dir, "NEUROSWEEP_SWEEP": "lab", "NEUROSWEEP_TRIAL": string(l.trial.ID), "NEUROSWEEP_CELL": string(l.trial.Cell),
		"NEUROSWEEP_INDEX": "4", "NEUROSWEEP_SEED": "7", "NEUROSWEEP_ATTEMPT": "1", "NEUROSWEEP_PARAMS": `{"lr": 0.5, "net": {"n": 3}}`,
		"NEUROSWEEP_FOLDER": folder, "NEUROSWEEP_METRICS": filepath.Join(folder, "metrics-1.jsonl"), "NEUROSWEEP_METRICS_FD": "3",
		"NEUROSWEEP_SOURCE": l.runner.spec.Process.Source, "PYTHONUNBUFFERED": "1", "OTHER": "kept", "PWD": folder,
		"PYTHONPATH": filepath.Join(l.runner.dir, "work", ".python") + ":" + l.runner.spec.Process.Source + ":mine",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	for _, name := range []string{"GOMAXPROCS", "NEUROSWEEP_RESUME", "NEUROSWEEP_RESUME_UPDATE"} {
		if v, there := env[name]; there {
			t.Errorf("%s is there, with %q", name, v)
		}
	}
	if !slices.Contains(l.printed, folder) {
		t.Errorf("it does not run in %s", folder)
	}
	l = newLab(t, "pwd", "process: {directory: source}\n", Options{})
	l.attempt(context.Background(), 1, 0)
	if !slices.Equal(l.printed, []string{l.runner.spec.Process.Source}) {
		t.Errorf("directory source: it runs in %q", l.printed)
	}
}

// TestRows: lines on the descriptor and in the file become curves, and the last values and the summary evals. What is wrong is said, and the rest counts.
func TestRows(t *testing.T) {
	l := newLab(t, `
say() { echo "$1" >&3; }
say '{"update": 0, "loss": NaN, "val": {"acc": -Infinity, "deep": {"x": 1}}, "name": "text", "flag": true, "list": [1]}'
say '{"loss": 0.5}'
say '{"loss": 0.25, "update": 4}'
say '{"loss": 9, "update": 4}'
say '{"update": 5, "loss": "nan"}'
say 'no json'
say '{"update": -1, "loss": 1}'
say '{"summary": {"best": 3, "loss": 7}}'
say ''
printf '{"update": 6, "other": 1e3}' >&3
`, "", Options{})
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseCompleted || end.Update != 6 || end.Seconds <= 0 {
		t.Fatal(end, l.printed)
	}
	want := []string{"loss 0 NaN", "loss 1 0.5", "loss 4 0.25", "loss 5 NaN", "other 6 1000", "val.acc 0 -Inf", "val.deep.x 0 1",
		"best@summary 6 3", "loss@summary 6 7", "other@summary 6 1000", "val.acc@summary 6 -Inf", "val.deep.x@summary 6 1"}
	if got := l.rows(); !slices.Equal(got, want) {
		t.Errorf("the rows are\n%q, want\n%q", got, want)
	}
	if len(l.printed) != 3 || !strings.Contains(l.printed[0], "update 4 comes after that of update 4") || !strings.Contains(l.printed[1], "no json") ||
		!strings.Contains(l.printed[2], "whole number") {
		t.Errorf("it is said: %q", l.printed)
	}
	l = newLab(t, `for i in 1 2 3; do echo "{\"x\": $i}" >>"$NEUROSWEEP_METRICS"; done; printf '{"x": 4}' >>"$NEUROSWEEP_METRICS"`, "", Options{})
	if end := l.attempt(context.Background(), 1, 0); end.Update != 4 || len(l.rows()) != 5 {
		t.Errorf("by the file: %+v, %q", end, l.rows())
	}
}

// TestCheckpoints: a file that was reported is copied, with the evals so far; the next attempt finds the copy of the update that counts, in the same folder, and newer copies are gone.
func TestCheckpoints(t *testing.T) {
	l := newLab(t, `
if [ -n "$NEUROSWEEP_RESUME" ]; then
	echo "resumes $NEUROSWEEP_RESUME_UPDATE with $(cat "$NEUROSWEEP_RESUME"), $(cat own)"
	echo '{"loss": 3}' >&3
	exit 0
fi
echo mine >own
for u in 1 2; do
	echo "state $u" >c.npz
	echo "{\"update\": $u, \"loss\": $u, \"checkpoint\": {\"update\": $u, \"path\": \"c.npz\"}}" >&3
	while ! [ -e "$NEUROSWEEP_DIR/weights/$NEUROSWEEP_TRIAL/u00000$u.npz" ]; do :; done
done
echo '{"checkpoint": {"update": 3, "path": "nothing"}, "x": 1}' >&3
echo '{"checkpoint": {"path": "c.npz"}}' >&3
exit 1
`, "", Options{})
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseCode || end.Update != 3 {
		t.Fatal(end)
	}
	var found []results.Checkpoint
	for _, r := range l.reports {
		for _, c := range r.Checkpoints {
			found = append(found, c)
			text, err := os.ReadFile(filepath.Join(l.runner.dir, c.Path))
			sum := sha256.Sum256(text)
			if err != nil || string(text) != fmt.Sprintf("state %d\n", c.Update) || hex.EncodeToString(sum[:]) != c.Digest || c.Bytes != 8 || len(r.Evals) != 1 {
				t.Errorf("%+v with %+v holds %q, %v", c, r.Evals, text, err)
			}
		}
	}
	if len(found) != 2 || !strings.Contains(strings.Join(l.printed, "\n"), "no such file") || !strings.Contains(strings.Join(l.printed, "\n"), `want {"checkpoint"`) {
		t.Errorf("checkpoints %+v; said: %q", found, l.printed)
	}
	if end := l.attempt(context.Background(), 2, 1); end.Cause != sweep.CauseCompleted || end.Update != 2 {
		t.Fatal(end)
	}
	if got := l.rows(); !slices.Equal(l.printed, []string{"resumes 1 with state 1, mine"}) || !slices.Equal(got, []string{"loss 2 3", "loss@summary 2 3"}) {
		t.Errorf("attempt 2: %q, rows %q", l.printed, got)
	}
	if left, err := filepath.Glob(filepath.Join(l.runner.dir, "weights", "*", "*")); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
	if end := l.attempt(context.Background(), 3, 2); !strings.Contains(end.Detail, "the checkpoint of update 2 is not in") {
		t.Errorf("without its checkpoint: %+v", end)
	}
}

// TestCauses: the end of a process tells why.
func TestCauses(t *testing.T) {
	for script, want := range map[string]results.End{
		"exit 0":         {Cause: sweep.CauseCompleted},
		"exit 3":         {Cause: sweep.CauseCode, Detail: "it ended with exit code 3"},
		"kill -9 $$":     {Cause: sweep.CauseCode, Detail: "it was ended by signal 9 (killed)"},
		"exit 143":       {Cause: sweep.CauseCode, Detail: "it was ended by signal 15 (terminated)"},
		"sleep 1000":     {Cause: sweep.CauseTimeout, Detail: "it took longer than process.timeout, 1 s"},
		"echo a; exit 1": {Cause: sweep.CauseCode, Detail: "it ended with exit code 1: a"},
		"echo 'OSError: [Errno 28] No space left on device' >&2; exit 1": {Cause: sweep.CauseDisk,
			Detail: "it ended with exit code 1: OSError: [Errno 28] No space left on device"},
	} {
		l := newLab(t, script, "process: {timeout: 1}\n", Options{Grace: time.Second})
		end := l.attempt(context.Background(), 1, 0)
		end.Seconds = 0
		if end != want {
			t.Errorf("%s: %+v, want %+v", script, end, want)
		}
	}
	kills := 0
	l := newLab(t, "kill -9 $$", "", Options{MemoryKills: func() int { kills++; return kills }})
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseOOM {
		t.Errorf("killed for memory: %+v", end)
	}
	l = newLab(t, "kill -9 $$", "", Options{})
	l.runner.judgeAfter = patience
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(50*time.Millisecond, func() { cancel(train.ErrWalltime) })
	if end := l.attempt(ctx, 1, 0); end.Cause != sweep.CauseWalltime {
		t.Errorf("killed, and then told to stop: %+v", end)
	}
}

// TestStop: told to stop, a program has a grace to save what it has; then its whole group is killed.
func TestStop(t *testing.T) {
	for name, c := range map[string]struct {
		cause error
		grace time.Duration
		want  sweep.Cause
		saved bool
	}{
		"hand over": {train.ErrHandOver, patience, sweep.CausePreempted, true}, "walltime": {train.ErrWalltime, patience, sweep.CauseWalltime, true},
		"cancelled": {context.Canceled, patience, sweep.CauseCancelled, true}, "abandoned": {ErrAbandoned, patience, sweep.CauseCancelled, false},
		"deaf": {train.ErrHandOver, time.Millisecond, sweep.CausePreempted, false},
	} {
		t.Run(name, func(t *testing.T) {
			script := `save() { echo x >c; echo '{"checkpoint": {"update": 5, "path": "c"}}' >&3; exit 0; }; trap save TERM; sleep 1000 & echo $!; while :; do wait; done`
			if name == "deaf" {
				script = `trap '' TERM; (sleep 1000) & echo $!; while :; do wait; done`
			}
			l := newLab(t, script, "", Options{Grace: c.grace})
			ctx, cancel := context.WithCancelCause(context.Background())
			child := make(chan int, 1)
			go func() {
				pid, _ := strconv.Atoi(<-l.heard)
				fd, _ := unix.PidfdOpen(pid, 0)
				child <- fd
				cancel(c.cause)
			}()
			end := l.attempt(ctx, 1, 0)
			saved := len(l.reports) > 0 && len(l.reports[0].Checkpoints) == 1
			if end.Cause != c.want || saved != c.saved {
				t.Errorf("%+v, saved %v", end, saved)
			}
			gone(t, <-child)
		})
	}
}

// TestLeftBehind: what a program leaves in its group ends with it.
func TestLeftBehind(t *testing.T) {
	l := newLab(t, "sleep 1000 & echo $!; read go <fifo", "", Options{})
	if err := l.runner.makeFolder(Folder(l.runner.dir, l.trial.ID)); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(Folder(l.runner.dir, l.trial.ID), "fifo")
	if err := unix.Mkfifo(fifo, 0o666); err != nil {
		t.Fatal(err)
	}
	child := make(chan int, 1)
	go func() {
		pid, _ := strconv.Atoi(<-l.heard)
		fd, _ := unix.PidfdOpen(pid, 0)
		child <- fd
		_ = os.WriteFile(fifo, []byte("go\n"), 0) // or the test ends by its patience
	}()
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseCompleted {
		t.Error(end)
	}
	gone(t, <-child)
}

// gone waits for the end of a process.
func gone(t *testing.T, pidfd int) {
	t.Helper()
	defer unix.Close(pidfd)
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(patience.Milliseconds()))
	for err == unix.EINTR {
		n, err = unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(patience.Milliseconds()))
	}
	if n != 1 {
		t.Errorf("a process lives on: %v", err)
	}
}

// TestStrays: a process that has left its group, and holds the pipes, does not keep the attempt from ending, and is killed before the next one.
func TestStrays(t *testing.T) {
	l := newLab(t, `[ "$NEUROSWEEP_ATTEMPT" = 2 ] && exit 0; setsid sleep 1000 & echo $!; while [ "$(cat /proc/$!/comm)" != sleep ]; do :; done`, "", Options{})
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseCompleted {
		t.Fatal(end)
	}
	pid, err := strconv.Atoi(l.printed[0])
	if err != nil {
		t.Fatal(l.printed)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatalf("the process has not left its group: %v", err)
	}
	if end := l.attempt(context.Background(), 2, 0); end.Cause != sweep.CauseCompleted || !strings.Contains(l.printed[0], "1 processes of an earlier attempt") {
		t.Error(end, l.printed)
	}
	gone(t, fd)
}

// TestMuchOutput: lines of any length and number come through, cut and left out where there are too many.
func TestMuchOutput(t *testing.T) {
	l := newLab(t, `head -c 3000000 /dev/zero | tr '\0' x; echo; printf 'a\r\nb'; printf '\377\n'`, "", Options{})
	l.attempt(context.Background(), 1, 0)
	length := 0
	for _, line := range l.printed[:len(l.printed)-2] {
		length += len(line)
		if len(line) > maxLine {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	if tail := l.printed[len(l.printed)-2:]; length != 3000000 || !slices.Equal(tail, []string{"a", "b\uFFFD"}) {
		t.Errorf("%d bytes, and then %q", length, tail)
	}
	var said []string
	much := (&lastLines{}).printer(func(lines []string) { said = append(said, lines...) })
	for range maxOutput/maxLine + 10 {
		much([][]byte{make([]byte, maxLine)})
	}
	if n := len(said); n > maxOutput/maxLine+1 || !strings.Contains(said[n-1], "left out") {
		t.Errorf("%d lines, the last %.50q", n, said[n-1])
	}
}

// TestMistakes are errors of the attempt, not of the slot.
func TestMistakes(t *testing.T) {
	l := newLab(t, "", "", Options{})
	l.runner.spec.Command = []string{"no-such-program"}
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseCode || !strings.Contains(end.Detail, "no such program in PATH") {
		t.Error(end)
	}
	l.runner.spec.Command = []string{"./script.sh"}
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseCode || !strings.Contains(end.Detail, "start ./script.sh") {
		t.Error(end)
	}
	if _, err := Resolve(newSpec(t, "program: absent.sh\nmethod: grid\nparameters: {x: {value: 1}}\n", t.TempDir())); err == nil || !strings.Contains(err.Error(), "absent.sh") {
		t.Errorf("a program that is not there: %v", err)
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(l.runner.spec.Arguments(l.trial.Params).JSON()), &document); err != nil {
		t.Error(err)
	}
}
