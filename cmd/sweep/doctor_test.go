package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestDoctorWithoutSLURM says that there is none, and checks the folder.
func TestDoctorWithoutSLURM(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var stdout, stderr bytes.Buffer
	if code := run([]string{"doctor", "--json", t.TempDir()}, nil, &stdout, &stderr); code != exitDone {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var d diagnosis
	if err := json.Unmarshal(stdout.Bytes(), &d); err != nil {
		t.Fatalf("%v: %s", err, &stdout)
	}
	if !d.OK || d.SLURM || len(d.Findings) != 2 || d.Findings[0].Check != "folder" || d.Findings[0].Status != checkOK || d.Findings[1].Advice == "" {
		t.Errorf("%+v", d)
	}
	for _, args := range [][]string{{"doctor", "/no/such/folder"}, {"doctor", "--partition", "gpu", t.TempDir()}, {"doctor", "--wait", "0s", t.TempDir()}, {"doctor-probe", t.TempDir()}} {
		stdout.Reset()
		stderr.Reset()
		if code := run(args, nil, &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "sweep doctor") {
			t.Errorf("%q: exit code %d, %s", args, code, &stderr)
		}
	}
}
