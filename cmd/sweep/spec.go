package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"neurosweep/models/train"
	"neurosweep/sweep"
	"neurosweep/sweep/search"
)

// maxSpec is more than any spec that Parse accepts: what is longer is not read to its end.
const maxSpec = 11 << 20

// readFile reads a small file that the user has named.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("%s: there is no such file", name)
	}
	if err != nil {
		return nil, usage("%s: it cannot be read: %v", name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSpec))
	if err != nil {
		return nil, usage("%s: it cannot be read: %v", name, err)
	}
	return data, nil
}

// readSpec parses the spec in a file, with key=value arguments laid over it, and prints its warnings.
func (a *app) readSpec(file string, args []string) (*sweep.Spec, error) {
	spec, err := parseSpec(file, args)
	if err != nil {
		return nil, err
	}
	for _, w := range spec.Warnings() {
		fmt.Fprintln(a.stderr, w)
	}
	return spec, a.checkResources(spec)
}

// parseSpec parses the spec in a file, with key=value arguments laid over it.
func parseSpec(file string, args []string) (*sweep.Spec, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	spec, err := sweep.Parse(file, data, args, train.Catalog())
	return spec, refuse(err)
}

// runnable refuses a spec that this version can plan and not run.
func runnable(spec *sweep.Spec) error {
	if problems := spec.Unrunnable(); len(problems) > 0 {
		return refuse(problems)
	}
	return nil
}

// openPlan checks that every trial of the plan can be built.
func openPlan(spec *sweep.Spec) (*search.Plan, error) {
	plan, err := search.Open(spec)
	return plan, refuse(err)
}

// specArguments are the arguments of plan, run and smoke.
const specArguments = "FILE [key=value…]"
