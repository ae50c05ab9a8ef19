package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"neurosweep/slurm"
)

// A controller waits for the end of a dead agent's job, and hears of no other tasks of its array. Kernels that end jobs for lack of memory are not to be had in tests, so the words of squeue are
// written down here.
func TestOutOfMemoryOfJobs(t *testing.T) {
	dir := t.TempDir()
	script := `#!/bin/sh
echo "$*" >>` + dir + `/asked
echo "17|2|OUT_OF_MEMORY|0:125|0:125|"
if [ $(wc -l <` + dir + `/asked) -lt 2 ]; then echo "17|3|COMPLETING|0|0|"; else echo "17|3|FAILED|256|253|"; fi
echo "18|N/A|NODE_FAIL|0|0|"
`
	if err := os.WriteFile(filepath.Join(dir, "squeue"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", dir+":"+path)
	starved, err := outOfMemory(&slurm.Client{})(t.Context(), []string{"17_3", "18", "17_3"})
	if fmt.Sprint(starved) != "map[17_3:true 18:false]" || err != nil {
		t.Errorf("%v, %v", starved, err)
	}
	if asked, err := os.ReadFile(filepath.Join(dir, "asked")); err != nil || string(asked[:len(asked)/2]) != string(asked[len(asked)/2:]) {
		t.Errorf("squeue was asked %q, %v; want the same question twice", asked, err)
	}
	t.Setenv("PATH", t.TempDir())
	if starved, err := outOfMemory(&slurm.Client{})(t.Context(), []string{"17_3"}); len(starved) != 0 || err != nil {
		t.Errorf("without SLURM: %v, %v", starved, err)
	}
	if _, err := outOfMemory(&slurm.Client{})(t.Context(), []string{"rank 3"}); err == nil {
		t.Error("a job by another name is no error")
	}
}
