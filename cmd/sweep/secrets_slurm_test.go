//go:build slurm

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neurosweep/slurm/slurmtest"
)

// TestNothingSecretIsSeen looks, while a submitted sweep runs, for its keys where others can read: arguments and environments of all processes, what SLURM shows of the
// jobs, batch scripts, logs and every other file of the folder. Only the key files hold them, and only their owner may read those.
func TestNothingSecretIsSeen(t *testing.T) {
	l := newLab(t, slurmtest.Config{Nodes: 1, CPUs: 2})
	l.submit(exitDone, l.example(20000), "--dir", "s", "--agents", "2", "--cpus", "1", "--controller", controllerJob)
	l.until("s", "it trains", func(s fullStatus) bool { return s.Running > 0 })
	dir := filepath.Join(l.folder, "s")
	secrets := map[string][]byte{} // by file
	for _, name := range []string{"agent.nk", "controller.nk", "broker.pem"} {
		file := filepath.Join(dir, "control", name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, private, ok := bytes.Cut(text, []byte("PRIVATE KEY-----\n")); ok {
			text, _, _ = bytes.Cut(private, []byte("\n"))
		}
		if secrets[file] = bytes.TrimSpace(text); len(secrets[file]) < 32 {
			t.Fatalf("%s holds %q, which is no key", file, text)
		}
	}
	look := func(where string, text []byte) {
		for file, secret := range secrets {
			if where != file && bytes.Contains(text, secret) {
				t.Errorf("%s holds the key of %s", where, file)
			}
		}
	}
	processes := 0
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		arguments, _ := os.ReadFile(filepath.Join(entry, "cmdline")) // a process may have ended
		environment, _ := os.ReadFile(filepath.Join(entry, "environ"))
		look("arguments of "+entry, arguments)
		look("environment of "+entry, environment)
		if bytes.Contains(arguments, []byte("sweep\x00agent-slot")) && bytes.Contains(environment, []byte(dir)) || bytes.Contains(arguments, []byte("--dir\x00"+dir)) {
			processes++
		}
	}
	if processes < 3 { // a controller and two agents
		t.Errorf("%d processes of the sweep were looked at", processes)
	}
	jobs, _ := l.run(0, "scontrol", "--details", "show", "job")
	if strings.Count(jobs, "JobId=") < 3 {
		t.Errorf("SLURM shows no jobs: %s", jobs)
	}
	look("scontrol show job", []byte(jobs))
	err = filepath.WalkDir(l.folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // files come and go
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil
		}
		look(name, text)
		info, err := d.Info()
		if err != nil {
			return nil
		}
		_, secret := secrets[name]
		switch mode := info.Mode().Perm(); {
		case secret && mode != 0o600:
			t.Errorf("%s has mode %o", name, mode)
		case !secret && mode&0o040 == 0:
			t.Errorf("%s has mode %o: a lab could not read it together", name, mode)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	l.run(exitDone, "sweep", "stop", "s")
}
