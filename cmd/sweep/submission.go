package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"neurosweep/slurm"
	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// A submission is how a sweep lives on its cluster: control/submission.json. It holds no secret.
type submission struct {
	Version     int            `json:"version"`
	Agents      int            `json:"agents"`     // wanted
	Controller  string         `json:"controller"` // agent, login or job
	Resources   sweep.Values   `json:"resources"`  // as package slurm reads them
	Idle        string         `json:"idle_timeout"`
	Binary      string         `json:"binary"` // SHA-256 of the program in bin/
	NATS        string         `json:"nats,omitempty"`
	Creds       string         `json:"creds,omitempty"`       // a path
	SigningKey  string         `json:"signing_key,omitempty"` // a path
	Listen      string         `json:"listen,omitempty"`
	Advertise   []string       `json:"advertise,omitempty"`
	Still       string         `json:"still"`
	Jobs        []submittedJob `json:"jobs"`
	Controllers []submittedJob `json:"controllers,omitempty"` // jobs of their own
}

// A submittedJob is one sbatch. It is written down before sbatch is called, with ID 0: should this process die then, the job is found by its mark.
type submittedJob struct {
	ID        int64     `json:"id"`
	Tasks     int       `json:"tasks"`
	Submitted time.Time `json:"submitted"`
	Script    string    `json:"script"` // relative to the sweep's folder
	Mark      string    `json:"mark"`   // at the end of the job's comment
}

const submissionVersion = 1

func submissionPath(dir string) string {
	return filepath.Join(dir, sweep.ControlDir, "submission.json")
}

// readSubmission reads how the sweep in dir was submitted; nil: it was not.
func readSubmission(dir string) (*submission, error) {
	path := submissionPath(dir)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var s submission
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err == nil && s.Version != submissionVersion {
		err = fmt.Errorf("it has version %d, this program reads version %d", s.Version, submissionVersion)
	}
	if err != nil {
		return nil, fmt.Errorf("read how the sweep was submitted: %s: %w", path, err)
	}
	return &s, nil
}

func (s *submission) write(dir string) error {
	s.Version = submissionVersion
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return durable.Write(submissionPath(dir), append(text, '\n'), 0o664)
}

// lockSubmission lets one process at a time submit for a sweep. Where the file system has no locks, nothing does.
func lockSubmission(dir string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, sweep.ControlDir, "submission.lock"), os.O_CREATE|os.O_RDWR, 0o664)
	if err != nil {
		return nil, fmt.Errorf("submit: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		f.Close()
		return nil, usage("%s: another command is submitting for this sweep at this moment; wait for it", dir)
	}
	return func() { f.Close() }, nil
}

// controllerFlags are the flags of a controller, as they were given at submission.
func (s *submission) controllerFlags() controllerFlags {
	f := controllerFlags{listen: s.Listen, advertise: s.Advertise, nats: natsFlags{s.NATS, s.Creds, s.SigningKey}, still: time.Minute}
	if d, err := time.ParseDuration(s.Still); err == nil {
		f.still = d
	}
	return f
}

// scriptDir is where the batch scripts of a sweep lie, and jobLogDir what their jobs print.
func scriptDir(dir string) string { return filepath.Join(dir, sweep.ControlDir, "scripts") }
func jobLogDir(dir string) string { return filepath.Join(dir, sweep.LogDir, "slurm") }

// newMark is what a job of the sweep is known by.
func newMark(id string) string {
	return "neurosweep:" + id + ":" + strings.ToLower(rand.Text()[:10])
}

// options are what SLURM is asked for, for an agent.
func (s *submission) options(spec *sweep.Spec) (slurm.Options, error) {
	values := map[string]any{"step": true}
	for name, v := range s.Resources {
		if canonical, err := slurm.CanonicalName(name); err == nil && canonical == "step" {
			delete(values, "step")
		}
		values[name] = v
	}
	o, _, err := slurm.ParseOptions(values)
	if err != nil {
		return o, fmt.Errorf("resources of the submission: %w", err)
	}
	if o.Name == "" {
		o.Name = jobName(spec.Name)
	}
	return o, nil
}

// jobName is a sweep's name as a job may have it.
func jobName(name string) string {
	return "sweep-" + strings.Map(func(r rune) rune {
		if r <= ' ' || strings.ContainsRune(`="'\%/`, r) {
			return '-'
		}
		return r
	}, name)
}

// agentScript is the batch script of an array of agents: a function of its arguments.
func (s *submission) agentScript(dir string, o slurm.Options, array slurm.Array, mark string) slurm.Script {
	command := []string{binaryPath(dir, s.Binary), "agent", "--dir", dir, "--controller", s.Controller, "--idle-timeout", s.Idle}
	if s.Controller == controllerAgent {
		f := s.controllerFlags()
		command = append(command, f.args()...)
	}
	o.Comment = slurm.Mark(o.Comment, mark)
	return slurm.Script{Options: o, Folder: dir, Log: slurm.LogPattern(jobLogDir(dir), "agent"), Array: array, Command: command}
}

// controllerScript is the batch script of a controller in a job of its own: one small process on the agents' partition, account and so on.
func (s *submission) controllerScript(dir string, o slurm.Options, mark string) slurm.Script {
	f := s.controllerFlags()
	small := slurm.Options{Name: o.Name + "-controller", Partition: o.Partition, Account: o.Account, QOS: o.QOS, WCKey: o.WCKey, Reservation: o.Reservation,
		Constraint: o.Constraint, Exclude: o.Exclude, Time: o.Time, TimeMin: o.TimeMin, CPUsPerTask: 1, Memory: controllerMemory, Signal: o.Signal, Step: o.Step,
		Setup: o.Setup, Comment: slurm.Mark(o.Comment, mark)}
	return slurm.Script{Options: small, Folder: dir, Log: slurm.LogPattern(jobLogDir(dir), "controller"),
		Command: append([]string{binaryPath(dir, s.Binary), "controller", "--dir", dir}, f.args()...)}
}

// controllerMemory is what the job of a controller asks for, in MB.
const controllerMemory = 2048
