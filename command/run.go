package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"neurosweep/results"
	"neurosweep/sweep"
)

// Options say how a Runner runs programs.
type Options struct {
	Grace       time.Duration        // between TERM and KILL; 0: 10 s
	Print       func(lines []string) // takes what the present attempt prints
	MemoryKills func() int           // how often the kernel has killed for lack of memory so far; nil: not known
}

// A Job is one attempt at a trial.
type Job struct {
	Trial   sweep.Trial
	Attempt int
	Resume  int // the update of the newest committed checkpoint; 0: from the beginning
}

// ErrAbandoned is the cause of a context whose agent has died: nobody hears of the attempt any more, and its processes are killed at once.
var ErrAbandoned = errors.New("the agent has died")

// A Runner makes attempts, one at a time. The goroutine that calls Run must be locked to its thread, which must live on as long as the Runner is used: the kernel
// kills a process when the thread that started it ends.
type Runner struct {
	spec        *sweep.Spec
	dir         string // the sweep's folder, absolute
	o           Options
	environment []string // the part that all attempts share
	interpreter string
	program     string
	null        *os.File
	found       map[string]string // executables by name
	memoryKills int
	judgeAfter  time.Duration
	spare       string // the folder of an earlier trial, which is empty; "": none
}

// NewRunner makes a Runner for the sweep in dir.
func NewRunner(spec *sweep.Spec, dir string, o Options) (*Runner, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	helper, err := installHelper(dir)
	if err != nil {
		return nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	local, err := Resolve(spec)
	if err != nil {
		return nil, err
	}
	r := &Runner{spec: local, dir: dir, o: o, interpreter: Interpreter(), program: local.Program, null: null, found: map[string]string{}, judgeAfter: judgeAfter}
	if o.MemoryKills != nil {
		r.memoryKills = o.MemoryKills()
	}
	r.environment = sharedEnvironment(os.Environ(), local, dir, helper)
	return r, nil
}

// Interpreter is what ${interpreter} stands for: python, or python3 where only that is installed.
func Interpreter() string {
	if _, err := exec.LookPath("python"); err != nil {
		if _, err := exec.LookPath("python3"); err == nil {
			return "python3"
		}
	}
	return "python"
}

// Resolve makes the paths of a spec's program absolute: the program itself, and relative words of the command that are files, as seen from process.source. An
// error says that the program is not there.
func Resolve(spec *sweep.Spec) (*sweep.Spec, error) {
	local := *spec
	if local.Process.Source == "" {
		here, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		local.Process.Source = here
	}
	at := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(local.Process.Source, name)
	}
	if spec.Uses("program") {
		local.Program = at(spec.Program)
		if info, err := os.Stat(local.Program); errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
			return nil, fmt.Errorf("program %s: there is no such file in %s", spec.Program, local.Process.Source)
		} else if err != nil {
			return nil, fmt.Errorf("program %s: %w", spec.Program, err)
		}
	}
	if local.Process.Directory == sweep.ProcessSource {
		return &local, nil
	}
	local.Command = nil
	for i, word := range spec.Command {
		isPath := word != "" && !strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "$") && (i > 0 || strings.Contains(word, "/"))
		if info, err := os.Stat(at(word)); isPath && err == nil && info.Mode().IsRegular() {
			word = at(word)
		}
		local.Command = append(local.Command, word)
	}
	return &local, nil
}

// Folder is the folder of a trial, in which its program runs and leaves what it likes.
func Folder(dir string, trial sweep.TrialID) string {
	return filepath.Join(dir, sweep.WorkDir, string(trial))
}

// Run makes one attempt and returns how it ended; ctx ends it, with the cause train.ErrHandOver, train.ErrWalltime, ErrAbandoned, or another one: cancelled.
// An error means that the attempt could not be made, or that its reports were not taken.
func (r *Runner) Run(ctx context.Context, job Job, report func(results.TrialReport) error) (results.End, error) {
	started := time.Now()
	end, err := r.run(ctx, job, report)
	if err != nil {
		return end, fmt.Errorf("trial %s, attempt %d: %w", job.Trial.ID, job.Attempt, err)
	}
	end.Seconds = time.Since(started).Seconds()
	return end, nil
}

func (r *Runner) run(ctx context.Context, job Job, report func(results.TrialReport) error) (results.End, error) {
	folder := Folder(r.dir, job.Trial.ID)
	if err := r.makeFolder(folder); err != nil {
		return results.End{}, err
	}
	if job.Attempt > 1 {
		if n := KillStrays(trialVariable+"="+string(job.Trial.ID), dirVariable+"="+r.dir); n > 0 {
			r.o.Print([]string{fmt.Sprintf("%d processes of an earlier attempt were still alive, and were killed", n)})
		}
	}
	c := &copies{dir: r.dir, trial: job.Trial.ID, folder: folder}
	resume, err := c.resume(job.Resume)
	if err != nil {
		return results.End{}, err
	}
	rec := newRecorder(job, report, c, r.o.Print)
	w := newWatch(folder, job.Attempt, rec)
	words, err := r.words(job, folder)
	if err != nil {
		return results.End{}, err
	}
	p, err := r.start(words, folder, r.variables(job, folder, resume), rec)
	if err != nil {
		return results.End{}, err
	}
	w.begin()
	status, stopped := p.wait(ctx, r)
	w.end(!r.keepSpare(folder))
	if err := rec.finish(); err != nil {
		return results.End{}, err
	}
	return r.end(ctx, status, stopped, p, rec), nil
}

// makeFolder makes a trial's folder, unless an earlier attempt has left it. The empty one of an earlier trial is taken where there is one: a new name costs less than a new folder and
// the removal of the old one.
func (r *Runner) makeFolder(folder string) error {
	if r.spare != "" {
		spare := r.spare
		r.spare = ""
		switch err := syscall.Rename(spare, folder); err { // os.Rename would look first
		case nil:
			return nil
		case syscall.ENOTEMPTY, syscall.EEXIST:
			r.spare = spare
			return nil
		}
	}
	err := os.Mkdir(folder, 0o777)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the trial's folder: %w", err)
	}
	return nil
}

// keepSpare keeps a folder for the next trial if its program has left nothing in it.
func (r *Runner) keepSpare(folder string) (empty bool) {
	f, err := os.Open(folder)
	if err != nil {
		return false
	}
	defer f.Close()
	if names, err := f.Readdirnames(1); len(names) > 0 || !errors.Is(err, io.EOF) {
		return false
	}
	r.Tidy()
	r.spare = folder
	return true
}

// Tidy removes what is kept for the next attempt, which may be long in coming.
func (r *Runner) Tidy() {
	if r.spare != "" {
		_ = os.Remove(r.spare) // an empty folder does no harm
		r.spare = ""
	}
}

// words is the command of an attempt.
func (r *Runner) words(job Job, folder string) ([]string, error) {
	arguments := r.spec.Arguments(job.Trial.Params)
	file := filepath.Join(folder, "args.json")
	if r.spec.Uses("args_json_file") {
		if err := os.WriteFile(file, []byte(arguments.JSON()), 0o666); err != nil {
			return nil, fmt.Errorf("write the arguments: %w", err)
		}
	}
	words := r.spec.Words(arguments, sweep.Expansion{Interpreter: r.interpreter, Program: r.program, File: file, Getenv: os.LookupEnv})
	if len(words) == 0 {
		return nil, errors.New("the command has no word")
	}
	return words, nil
}
