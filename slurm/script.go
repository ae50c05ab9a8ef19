package slurm

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// A Script is one sbatch: an array of agents with their payload.
type Script struct {
	Options Options
	Folder  string   // absolute; the payload's working folder
	Log     string   // absolute; the file's name in SLURM's pattern, where %A is the array, %a the index and %% a percent sign (LogPattern)
	Array   Array    // the zero value: no array
	Command []string // the payload and its arguments; they must hold no secret, for everybody can read them in SLURM
}

// LogPattern is a file of each task of an array in a folder, whatever characters the folder's name has. (A job that is no array has a large number for %a.)
func LogPattern(folder, prefix string) string {
	return path.Join(strings.ReplaceAll(folder, "%", "%%"), strings.ReplaceAll(prefix, "%", "%%")+"-%A_%a.log")
}

// Text is the script, a function of s alone. What it does beside running the payload: the output file is appended to (a requeued job would else truncate it),
// USR1 comes to the shell before the end, and the shell passes it on. TERM is not passed on: SLURM sends it to every process of the job.
func (s Script) Text() (string, error) {
	if err := s.check(); err != nil {
		return "", fmt.Errorf("write a batch script: %w", err)
	}
	var b strings.Builder
	b.WriteString("#!/bin/bash\n")
	for _, k := range keys {
		if value, given := k.value(&s.Options); given {
			b.WriteString(directive(k.Flag, value))
		}
	}
	if s.Array.Tasks > 0 {
		b.WriteString(directive("--array", s.Array.String()))
	}
	requeue := "--requeue"
	if s.Options.NoRequeue {
		requeue = "--no-requeue"
	}
	b.WriteString(directive(requeue, ""))
	b.WriteString(directive("--signal", fmt.Sprintf("B:USR1@%d", s.Options.signal())))
	b.WriteString(directive("--open-mode", "append"))
	b.WriteString(directive("--chdir", s.Folder))
	b.WriteString(directive("--output", s.Log))
	for _, e := range s.Options.Extra {
		name, value, _ := strings.Cut(e, "=")
		b.WriteString(directive(name, value))
	}
	if len(s.Options.Setup) > 0 {
		b.WriteString("\n# setup\n" + strings.Join(s.Options.Setup, "\n") + "\n")
	}
	fmt.Fprintf(&b, payload, s.payload())
	if len(s.Options.Teardown) > 0 {
		b.WriteString("\n# teardown\n" + strings.Join(s.Options.Teardown, "\n") + "\n")
	}
	b.WriteString("exit \"$code\"\n")
	return b.String(), nil
}

// payload is the part of the script that runs the command. wait also returns when a signal has been handled, with 128 and its number; it is not called again for
// the payload before that is gone, because bash forgets the code of a process that ends while a signal interrupts a wait, be it for another: signals that come meanwhile are
// handled between two naps. 127 says that the code was heard before, and less than 0 that it is forgotten.
const payload = `
# The payload runs in the background: a shell handles signals while it waits, but not while a command runs.
payload=
early=
trap 'if [ -n "$payload" ]; then kill -s USR1 "$payload" 2>/dev/null; else early=1; fi' USR1
trap : TERM INT
%s &
payload=$!
if [ -n "$early" ]; then kill -s USR1 "$payload" 2>/dev/null; fi
wait "$payload"
code=$?
if [ "$code" -gt 128 ]; then
	while kill -0 "$payload" 2>/dev/null; do sleep 0.2; done
fi
wait "$payload"
result=$?
if [ "$result" -ge 0 ] && [ "$result" -ne 127 ]; then code=$result; fi
`

// payload is the command as the shell reads it. A job of several processes starts them by srun. So does one with Step: at the beginning of a partition's
// GraceTime SLURM sends TERM to steps only (and to the batch shell its --signal if SlurmctldParameters has preempt_send_user_signal); a payload that is no
// step hears of the preemption at the end of it (seen with 22.05.8).
func (s Script) payload() string {
	words := s.Command
	if o := s.Options; o.Step || o.Nodes > 1 || o.Tasks > 1 || o.TasksPerNode > 1 {
		srun := []string{"srun"}
		if o.CPUsPerTask > 0 { // srun takes it from the job before 22.05 and from 23.11 on only
			srun = append(srun, "--cpus-per-task="+strconv.Itoa(o.CPUsPerTask))
		}
		words = append(append(srun, o.Launch...), words...)
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}

func (s Script) check() error {
	var errs []error
	if len(s.Command) == 0 || s.Command[0] == "" {
		errs = append(errs, errors.New("there is no command"))
	}
	for _, p := range []string{s.Folder, s.Log} {
		if !path.IsAbs(p) {
			errs = append(errs, fmt.Errorf("the path %q is not absolute", p))
		}
		errs = append(errs, checkLine(p))
	}
	if strings.Contains(s.Log, `\`) {
		errs = append(errs, fmt.Errorf("the log %q: SLURM writes no file with a backslash in its name; choose another folder", s.Log))
	}
	for _, w := range s.Command {
		if strings.ContainsRune(w, 0) {
			errs = append(errs, fmt.Errorf("the argument %q holds a zero byte", w))
		}
	}
	for _, k := range keys {
		switch f := k.field(&s.Options).(type) {
		case *string:
			errs = append(errs, checkLine(*f))
		case *[]string:
			for _, line := range *f {
				errs = append(errs, checkLine(line))
			}
		}
	}
	return errors.Join(append(errs, s.Options.Validate())...)
}

// value is what sbatch is told for an option; false if it is not given or has no flag.
func (k Key) value(o *Options) (string, bool) {
	if k.Flag == "" {
		return "", false
	}
	switch f := k.field(o).(type) {
	case *string:
		if k.Name == "exclusive" {
			return strings.TrimPrefix(*f, "true"), *f != "" && *f != "false"
		}
		return *f, *f != ""
	case *int:
		return strconv.Itoa(*f), *f != 0
	case *Duration:
		return f.String(), *f != 0
	case *Memory:
		return f.String(), *f != 0 || k.Name == "memory" && o.WholeMemory
	}
	return "", false
}

// directive is one line for sbatch, which reads quotes and backslashes much as a shell does, but no variables; # begins a comment outside quotes.
func directive(flag, value string) string {
	if value == "" {
		return "#SBATCH " + flag + "\n"
	}
	if strings.ContainsAny(value, " \t#\"'\\") {
		value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	return "#SBATCH " + flag + "=" + value + "\n"
}
