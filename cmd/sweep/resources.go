package main

import (
	"errors"
	"fmt"

	"neurosweep/slurm"
	"neurosweep/sweep"
)

// resources are what a spec asks of SLURM. notes are keys that have no effect. The error is a sweep.Problems, with the line of every mistake.
func resources(spec *sweep.Spec) (o slurm.Options, notes []string, err error) {
	o, notes, err = slurm.ParseOptions(spec.Resources)
	if err == nil {
		return o, notes, nil
	}
	var problems sweep.Problems
	for _, e := range joined(err) {
		var option *slurm.OptionError
		if errors.As(e, &option) {
			if _, ok := spec.Resources[option.Key]; ok {
				problems = append(problems, spec.ResourceProblem(option.Key, option.Err.Error()))
				continue
			}
		}
		problems = append(problems, spec.ResourceProblem("", e.Error()))
	}
	return o, notes, problems
}

// joined are the errors that errors.Join has put together, at all levels.
func joined(err error) []error {
	list, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range list.Unwrap() {
		all = append(all, joined(e)...)
	}
	return all
}

// checkResources refuses a spec whose resources are wrong, and prints what has no effect.
func (a *app) checkResources(spec *sweep.Spec) error {
	_, notes, err := resources(spec)
	for _, n := range notes {
		fmt.Fprintf(a.stderr, "%s: resources: %s\n", spec.File, n)
	}
	return refuse(err)
}
