package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"neurosweep/sweep/controller"
)

// The scripts under testdata/script run this test binary as the real program: processes, signals, files and exit codes are real.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sweep": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScript runs every script. Beside the usual commands of testscript there are
//
//	exit CODE sweep …        runs a command that must end with this exit code
//	json PATH VALUE          the last stdout is one JSON document, and holds VALUE (JSON, compact) at PATH (plan/0/params/train.lr)
//	keys PATH NAME…          the object at PATH of the last stdout has exactly these keys; PATH / is the document itself
//	start NAME sweep …       starts a command in the background
//	signal NAME SIGNAL       sends it INT, TERM, KILL, STOP or CONT
//	slot NAME N SIGNAL       sends it to the N-th process that runs trials for it, when there is one
//	controller DIR SIGNAL    sends it to the process that holds the sweep's term
//	ended NAME CODE          waits for its end and checks its exit code; what it printed is then the last stderr
//	until DIR KEY MINIMUM    waits until sweep status DIR --json has at least that number at KEY, or that text
//	cut FILE BYTES           cuts so many bytes off the end of a file
//	generate KIND FILE       writes a hostile spec: large, deep, aliases
//	files COUNT PATTERN      so many files match; a pattern with one match can be given to the other commands as $FILE
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			b := &background{running: map[string]*started{}}
			env.Values["background"] = b
			env.Defer(b.end)
			// A container's TMPDIR may be noexec or small; the folder of the script is neither.
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exit":       scriptExit,
			"json":       scriptJSON,
			"keys":       scriptKeys,
			"start":      scriptStart,
			"signal":     scriptSignal,
			"slot":       scriptSlot,
			"controller": scriptController,
			"ended":      scriptEnded,
			"until":      scriptUntil,
			"cut":        scriptCut,
			"generate":   scriptGenerate,
			"files":      scriptFiles,
		},
	})
}

// arguments checks how a script calls a command.
func arguments(ts *testscript.TestScript, neg bool, args []string, min int, usage string) {
	if neg || len(args) < min {
		ts.Fatalf("usage: %s", usage)
	}
}

func scriptExit(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "exit CODE sweep …")
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exited *exec.ExitError
		if !errors.As(err, &exited) {
			ts.Fatalf("%v", err)
		}
		code = exited.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s\nstdout: %sstderr: %s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// at finds a value in the JSON document on the last stdout.
func at(ts *testscript.TestScript, path string) any {
	var v any
	text := ts.ReadFile("stdout")
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		ts.Fatalf("stdout is not one JSON document: %v\n%s", err, text)
	}
	for _, step := range strings.Split(path, "/") {
		if step == "" {
			continue
		}
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[step]
			if !ok {
				ts.Fatalf("%s: there is no %q among %v", path, step, slices.Sorted(maps.Keys(x)))
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				ts.Fatalf("%s: a list of %d has no element %q", path, len(x), step)
			}
			v = x[i]
		default:
			ts.Fatalf("%s: %v has nothing inside", path, x)
		}
	}
	return v
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, false, args, 2, "json PATH VALUE")
	got, err := json.Marshal(at(ts, args[0]))
	ts.Check(err)
	if (string(got) == args[1]) == neg {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}

func scriptKeys(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "keys PATH NAME…")
	object, ok := at(ts, args[0]).(map[string]any)
	if !ok {
		ts.Fatalf("%s is no object", args[0])
	}
	got, want := slices.Sorted(maps.Keys(object)), slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(got, want) {
		ts.Fatalf("%s has the keys\n%v, want\n%v", args[0], got, want)
	}
}

// background holds what a script has started.
type background struct{ running map[string]*started }

// started is a command in the background.
type started struct {
	*exec.Cmd
	done   chan struct{}
	stderr string // path of the file
}

// end ends what a script has left: all of it at once, for one may wait for another.
func (b *background) end() {
	for _, c := range b.running {
		_ = c.Process.Signal(syscall.SIGTERM) // it may have ended
	}
	for _, c := range b.running {
		<-c.done
	}
}

func of(ts *testscript.TestScript, name string) *started {
	c := ts.Value("background").(*background).running[name]
	if c == nil {
		ts.Fatalf("nothing called %s was started", name)
	}
	return c
}

func scriptStart(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, "start NAME sweep …")
	binary, err := exec.LookPath(args[1])
	ts.Check(err)
	c := &started{Cmd: exec.Command(binary, args[2:]...), done: make(chan struct{}), stderr: ts.MkAbs("." + args[0] + ".stderr")}
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "TMPDIR="+ts.Getenv("TMPDIR"))
	log, err := os.Create(c.stderr)
	ts.Check(err)
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	ts.Check(c.Start())
	go func() {
		_ = c.Wait() // ended looks at the exit code
		close(c.done)
	}()
	ts.Value("background").(*background).running[args[0]] = c
}

func scriptSignal(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "signal NAME SIGNAL")
	ts.Check(of(ts, args[0]).Process.Signal(signals[args[1]]))
}

var signals = map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}

func scriptController(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "controller DIR SIGNAL")
	holder, live, err := controller.LiveHolder(ts.MkAbs(args[0]))
	ts.Check(err)
	if !live {
		ts.Fatalf("the sweep in %s has no controller", args[0])
	}
	process, err := os.FindProcess(holder.PID)
	ts.Check(err)
	ts.Check(process.Signal(signals[args[1]]))
}

func scriptEnded(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "ended NAME CODE[,CODE…]")
	c := of(ts, args[0])
	select {
	case <-c.done:
	case <-time.After(patience):
		ts.Fatalf("%s still runs; it has said\n%s", args[0], ts.ReadFile(c.stderr))
	}
	if got := strconv.Itoa(c.ProcessState.ExitCode()); !slices.Contains(strings.Split(args[1], ","), got) {
		ts.Fatalf("%s ended with exit code %s, want %s; it has said\n%s", args[0], got, args[1], ts.ReadFile(c.stderr))
	}
	ts.Check(ts.Exec("sh", "-c", `cat "$0" >&2`, c.stderr))
}

// patience is for what should take a moment, on a machine that is busy with other tests.
const patience = 2 * time.Minute

func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3, "until DIR KEY MINIMUM")
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	deadline := time.After(patience)
	last := "nothing"
	for {
		status := exec.Command("sweep", "status", args[0], "--json")
		status.Dir = ts.MkAbs(".")
		if text, err := status.Output(); err == nil {
			var document map[string]any
			ts.Check(json.Unmarshal(text, &document))
			last = string(text)
			want, err := strconv.ParseFloat(args[2], 64)
			if got, ok := document[args[1]].(float64); ok && err == nil && got >= want || document[args[1]] == args[2] {
				return
			}
		}
		select {
		case <-ticks.C:
		case <-deadline:
			ts.Fatalf("%s of %s does not become %s: %s", args[1], args[0], args[2], last)
		}
	}
}

func scriptCut(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "cut FILE BYTES")
	name := ts.MkAbs(args[0])
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	info, err := os.Stat(name)
	ts.Check(err)
	ts.Check(os.Chmod(name, 0o644))
	ts.Check(os.Truncate(name, info.Size()-n))
}

func scriptGenerate(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "generate KIND FILE")
	var text string
	switch args[0] {
	case "large":
		text = "name: large\n#" + strings.Repeat("x", 10<<20) + "\nmethod: grid\n"
	case "deep":
		text = "name: deep\nparameters: " + strings.Repeat("{a: ", 10000) + "1" + strings.Repeat("}", 10000) + "\n"
	case "aliases":
		text = "a0: &a0 [x, x]\n"
		for i := range 40 {
			text += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
		}
	default:
		ts.Fatalf("there is no kind %q of hostile spec", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o666))
}

func scriptFiles(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "files COUNT PATTERN")
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if strconv.Itoa(len(found)) != args[0] {
		ts.Fatalf("%d files match %s, want %s: %v", len(found), args[1], args[0], found)
	}
	if len(found) == 1 {
		ts.Setenv("FILE", found[0])
	}
}
