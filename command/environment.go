package command

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"neurosweep/python"
	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// The variables that tell a program of its trial (docs/commands.md).
const (
	prefix           = "NEUROSWEEP_"
	dirVariable      = prefix + "DIR"           // the sweep's folder
	nameVariable     = prefix + "SWEEP"         // its name
	trialVariable    = prefix + "TRIAL"         // the trial's key
	cellVariable     = prefix + "CELL"          // the key of its configuration
	indexVariable    = prefix + "INDEX"         // its place in the plan, from 0
	seedVariable     = prefix + "SEED"          // the number of the repeat
	attemptVariable  = prefix + "ATTEMPT"       // from 1
	paramsVariable   = prefix + "PARAMS"        // the parameters, a JSON object
	folderVariable   = prefix + "FOLDER"        // the trial's folder, the same for every attempt: for checkpoints and anything else
	sourceVariable   = prefix + "SOURCE"        // where the program is
	metricsVariable  = prefix + "METRICS"       // the file for lines of JSON
	pipeVariable     = prefix + "METRICS_FD"    // the descriptor for lines of JSON
	updateVariable   = prefix + "RESUME_UPDATE" // where there is a checkpoint to go on from: its update…
	resumeVariable   = prefix + "RESUME"        // …and its file
	metricsFD        = 3
	helperFolder     = ".python"
	pythonPath       = "PYTHONPATH"
	pythonUnbuffered = "PYTHONUNBUFFERED"
)

// installHelper puts python/neurosweep.py where programs find it, and returns the folder.
func installHelper(dir string) (string, error) {
	folder := filepath.Join(dir, sweep.WorkDir, helperFolder)
	path := filepath.Join(folder, python.HelperName)
	present, err := os.ReadFile(path)
	if err == nil && bytes.Equal(present, python.Helper) {
		return folder, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", fmt.Errorf("install %s: %w", python.HelperName, err)
	}
	return folder, durable.Write(path, python.Helper, 0o664)
}

// sharedEnvironment is what all attempts have in their environment: this process's own, without what only concerns this process.
func sharedEnvironment(own []string, spec *sweep.Spec, dir, helper string) []string {
	var env []string
	search := []string{helper, spec.Process.Source}
	unbuffered := "1"
	for _, entry := range own {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case name == "GOMAXPROCS":
		case name == pythonPath && value != "":
			search = append(search, value)
		case name == pythonPath:
		case name == pythonUnbuffered:
			unbuffered = value
		case strings.HasPrefix(name, prefix) && name != slotVariable && name != prefix+"ISA":
		default:
			env = append(env, entry)
		}
	}
	return append(env, pythonPath+"="+strings.Join(search, string(filepath.ListSeparator)), pythonUnbuffered+"="+unbuffered,
		dirVariable+"="+dir, nameVariable+"="+spec.Name, sourceVariable+"="+spec.Process.Source)
}

// variables is the environment of an attempt. resume is the checkpoint's file; "": none.
func (r *Runner) variables(job Job, folder, resume string) []string {
	env := append(r.environment[:len(r.environment):len(r.environment)],
		trialVariable+"="+string(job.Trial.ID), cellVariable+"="+string(job.Trial.Cell), indexVariable+"="+strconv.Itoa(job.Trial.Index),
		seedVariable+"="+strconv.FormatInt(job.Trial.Seed, 10), attemptVariable+"="+strconv.Itoa(job.Attempt),
		paramsVariable+"="+r.spec.Arguments(job.Trial.Params).JSON(), folderVariable+"="+folder,
		metricsVariable+"="+filepath.Join(folder, metricsName(job.Attempt)), pipeVariable+"="+strconv.Itoa(metricsFD),
		"PWD="+r.directory(folder))
	if resume != "" {
		env = append(env, updateVariable+"="+strconv.Itoa(job.Resume), resumeVariable+"="+resume)
	}
	return env
}

// directory is the folder in which an attempt runs.
func (r *Runner) directory(folder string) string {
	if r.spec.Process.Directory == sweep.ProcessSource {
		return r.spec.Process.Source
	}
	return folder
}

func metricsName(attempt int) string { return fmt.Sprintf("metrics-%d.jsonl", attempt) }
