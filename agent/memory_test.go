package agent

import (
	"os"
	"path/filepath"
	"testing"
)

// The counter of kills for lack of memory is found in control groups of both versions, and in containers that see a part of the tree.
func TestMemoryKills(t *testing.T) {
	const unified = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"
	for name, test := range map[string]struct {
		groups, file, text string
		want               int
	}{
		"second version":       {"0::/slurm/job_1/step_0/user/task_0\n", "slurm/job_1/step_0/user/task_0/memory.events", unified, 2},
		"first version":        {"12:cpuset:/slurm/x\n5:memory:/slurm/uid_0/job_1\n", "memory/slurm/uid_0/job_1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n", 4},
		"both":                 {"0::/a\n5:cpu,memory:/b\n", "memory/b/memory.oom_control", "oom_kill 5", 5},
		"container":            {"0::/../../outside\n", "memory.events", unified, 2},
		"kernel before 4.13":   {"5:memory:/b\n", "memory/b/memory.oom_control", "oom_kill_disable 0\n", 0},
		"no memory control":    {"0::/a\n", "a/cpu.stat", "usage_usec 1\n", 0},
		"no control groups":    {"", "x", "", 0},
		"hybrid, of systemd's": {"0::/a\n", "unified/a/memory.events", unified, 2},
	} {
		root := t.TempDir()
		file := filepath.Join(root, test.file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := countMemoryKills(test.groups, root); got != test.want {
			t.Errorf("%s: %d kills, want %d", name, got, test.want)
		}
	}
}
