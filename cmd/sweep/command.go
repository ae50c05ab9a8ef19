package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"neurosweep/command"
	"neurosweep/sweep"
)

// locate decides where the program of a spec is looked for, unless the spec says so itself: where the command line is, as W&B's agent does, or beside the file. It refuses
// a program, or a first word of the command, that is in neither, and one that is in both.
func locate(spec *sweep.Spec, file string) error {
	if !spec.External() {
		return nil
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	beside, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return err
	}
	candidates := []string{here}
	if beside != here {
		candidates = append(candidates, beside)
	}
	if given := spec.Process.Source; given != "" {
		if !filepath.IsAbs(given) {
			given = filepath.Join(beside, given)
		}
		candidates = []string{given}
	}
	var errs []error
	var found []string
	most := 0
	for _, folder := range candidates {
		spec.Process.Source = folder
		files, err := startable(spec)
		switch {
		case err != nil:
			errs = append(errs, err)
		case files > most:
			found, most = []string{folder}, files
		case files == most:
			found = append(found, folder)
		}
	}
	switch {
	case len(found) == 0:
		return usage("%s: %v", file, errors.Join(errs...))
	case len(found) > 1 && most > 0:
		return usage("%s: its program is in %s, and another one of this name in %s: say which by process.source=FOLDER", file, found[0], found[1])
	}
	spec.Process.Source = found[0]
	return nil
}

// startable tells whether a spec's command can be started from process.source, as far as this machine can tell, and how many of its words are files there.
func startable(spec *sweep.Spec) (files int, err error) {
	local, err := command.Resolve(spec)
	if err != nil {
		return 0, err
	}
	for _, word := range spec.Template() {
		if word == "${program}" {
			word = spec.Program
		}
		if filepath.IsAbs(word) {
			continue
		}
		if info, err := os.Stat(filepath.Join(spec.Process.Source, word)); err == nil && info.Mode().IsRegular() {
			files++
		}
	}
	words := local.Words(local.Arguments(nil), sweep.Expansion{Interpreter: command.Interpreter(), Program: local.Program, Getenv: os.LookupEnv})
	for i, word := range words {
		if word == "/usr/bin/env" && i == 0 {
			continue
		}
		if i > 1 || i == 1 && words[0] != "/usr/bin/env" || strings.Contains(word, "=") {
			break
		}
		if _, err := exec.LookPath(word); err != nil {
			return 0, err
		}
	}
	return files, nil
}
