package main

import (
	"os/exec"
	"strings"
	"testing"
)

// A pinned child has as many processors as it was given, and this process keeps its own.
func TestPinned(t *testing.T) {
	before, err := exec.Command("nproc").Output()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("nproc")
	var out strings.Builder
	c.Stdout = &out
	if err := pinned(1, c); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil || strings.TrimSpace(out.String()) != "1" {
		t.Errorf("the child sees %q processors, error %v; want 1", out.String(), err)
	}
	if after, err := exec.Command("nproc").Output(); err != nil || string(after) != string(before) {
		t.Errorf("this process had %q processors and has %q, error %v", before, after, err)
	}
	if err := pinned(1<<20, exec.Command("nproc")); err == nil {
		t.Error("a million processors are accepted")
	}
}

// A program that is no peer ends with an error, not with a wait.
func TestNoPeer(t *testing.T) {
	for _, program := range [][]string{{"true"}, {"echo", "hello"}, {"echo", `{"threads": 7}`}} {
		if p, err := startPeer(1, program[0], program[1:]...); err == nil {
			p.stop()
			t.Errorf("%v is taken for a peer", program)
		}
	}
}
