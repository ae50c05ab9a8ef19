package slurm

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scripts are the golden ones.
var scripts = map[string]Script{
	"least": {Folder: "/scratch/sweeps/a", Log: "/scratch/sweeps/a/logs/agent-%A_%a.log", Command: []string{"/scratch/sweeps/a/bin/sweep", "agent"}},
	"array": {
		Options: Options{Name: "delay", Partition: "gpu,gpu-long", Account: "lab", QOS: "low", Time: Duration(4 * 3600e9), TimeMin: Duration(1800e9), CPUsPerTask: 4,
			Memory: 16 * 1024, GRES: "gpu:a100:1", Constraint: "a100&ib", Reservation: "course", Exclude: "gpu[03,07-09]", Dependency: "afterok:12:13,singleton",
			MailUser: "me@lab.org", MailType: "FAIL,TIME_LIMIT_80", Signal: 300, Setup: []string{"module load cuda/12", `export OMP_NUM_THREADS="$SLURM_CPUS_PER_TASK"`},
			Extra: []string{"--licenses=matlab:1", "--hint=nomultithread", "--contiguous"}},
		Folder: "/scratch/sweeps/b", Log: LogPattern("/scratch/sweeps/b/logs", "agent"), Array: Array{8, 3},
		Command: []string{"/scratch/sweeps/b/bin/sweep", "agent", "--dir", "/scratch/sweeps/b"},
	},
	"ranks": {
		Options: Options{Nodes: 2, TasksPerNode: 4, CPUsPerTask: 2, GPUsPerTask: "1", MemoryPerCPU: 2048, NoRequeue: true, Exclusive: "true", NodeList: "n[1-2]",
			Launch: []string{"--kill-on-bad-exit=0"}, Teardown: []string{"date"}, Time: Forever},
		Folder: "/scratch/c", Log: "/scratch/c/log", Command: []string{"sweep", "run"},
	},
	"step": {Options: Options{Step: true, CPUsPerTask: 4}, Folder: "/scratch/d", Log: "/scratch/d/log", Command: []string{"sweep", "agent"}},
	"odd": {
		Options: Options{Comment: `a "b" \ # 'c' $HOME`, WholeMemory: true, GPUsPerNode: "h100:2"},
		Folder:  "/scratch/it's 100% \"odd\" $HOME #1 \\ ü", Log: LogPattern("/scratch/100% odd's", "agent"), Array: Array{Tasks: 1},
		Command: []string{"/scratch/it's 100% \"odd\" $HOME #1 \\ ü/bin/sweep", "", "*", "`id`", "a\nb"},
	},
}

// TestGolden compares scripts with files: go test ./slurm -run Golden -update writes them.
func TestGolden(t *testing.T) {
	for name, s := range scripts {
		got, err := s.Text()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		file := filepath.Join("testdata", "script", name+".sh")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: the script differs from %s (-want +got):\n%s", name, file, diff)
		}
	}
}

// odd are texts that a careless script breaks on.
var odd = []string{"", " ", "a b", "it's", `"`, `\`, `\\'`, "$HOME", "`id`", "$(id)", "*", "~", "#x", "a;b", "a&b", "a|b", "<>", "a\nb", "\t", "ü", "-n", "--", "!x", "%A", "=", "{a,b}", "\r"}

// TestQuote runs a shell on every odd text.
func TestQuote(t *testing.T) {
	for _, shell := range []string{"sh", "bash"} {
		for _, text := range odd {
			out, err := exec.Command(shell, "-c", "printf %s "+Quote(text)).Output()
			if err != nil || string(out) != text {
				t.Errorf("%s: %q arrives as %q, error %v", shell, text, out, err)
			}
		}
	}
}

// TestScriptRuns runs scripts with sh and bash as SLURM would: arguments arrive whole, and the payload's exit code comes back.
func TestScriptRuns(t *testing.T) {
	for _, shell := range []string{"sh", "bash"} {
		for _, folder := range []string{"plain", "it's 100% \"odd\" $HOME #1"} {
			dir := filepath.Join(t.TempDir(), folder)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			payload := filepath.Join(dir, "pay load")
			if err := os.WriteFile(payload, []byte("#!/bin/sh\nprintf '%s\\0' \"$@\"\nexit 7\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			s := Script{Folder: dir, Log: LogPattern(dir, "agent"), Command: append([]string{payload}, odd...),
				Options: Options{Setup: []string{"export X='a b'"}, Teardown: []string{`printf '%s' "$X"`}}}
			text, err := s.Text()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(shell)
			cmd.Stdin = strings.NewReader(text)
			out, _ := cmd.Output()
			if want := strings.Join(odd, "\x00") + "\x00a b"; string(out) != want || cmd.ProcessState.ExitCode() != 7 {
				t.Errorf("%s in %s: printed %q, want %q; exit code %d, want 7", shell, folder, out, want, cmd.ProcessState.ExitCode())
			}
		}
	}
}

// TestTrap sends signals to the shell of a script: USR1 reaches the payload, which goes on and then ends with its own code; TERM does not end the shell first. Another signal comes
// as the payload ends, while the shell, which has two children then, waits for that.
func TestTrap(t *testing.T) {
	for _, shell := range []string{"sh", "bash"} {
		for _, signal := range []string{"USR1", "TERM"} {
			dir := t.TempDir()
			payload := `trap ': >got' USR1; : >ready; until [ -e end ]; do sleep 0.02; done; exit 5`
			s := Script{Folder: dir, Log: filepath.Join(dir, "log"), Command: []string{"sh", "-c", payload}, Options: Options{Teardown: []string{`printf $code`}}}
			text, err := s.Text()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "script"), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
			driver := `"$0" script & pid=$!; until [ -e ready ]; do sleep 0.02; done; kill -s "$1" $pid; [ $1 = TERM ] || until [ -e got ]; do sleep 0.02; done; until [ $(wc -w </proc/$pid/task/$pid/children) -ge 2 ]; do kill -s "$1" $pid; sleep 0.02; done; kill -s "$1" $pid; : >end; wait $pid`
			cmd := exec.Command("sh", "-c", driver, shell, signal)
			cmd.Dir = dir
			out, _ := cmd.CombinedOutput()
			if string(out) != "5" || cmd.ProcessState.ExitCode() != 5 {
				t.Errorf("%s, %s: printed %q, exit code %d; want 5 and 5", shell, signal, out, cmd.ProcessState.ExitCode())
			}
		}
	}
}

// TestScriptRefused names what cannot be written.
func TestScriptRefused(t *testing.T) {
	good := scripts["least"]
	for want, change := range map[string]func(*Script){
		"no command":   func(s *Script) { s.Command = nil },
		"not absolute": func(s *Script) { s.Folder = "here" },
		"line break":   func(s *Script) { s.Folder = "/a\n#SBATCH --account=other" },
		"backslash":    func(s *Script) { s.Log = `/a\b` },
		"zero byte":    func(s *Script) { s.Command = []string{"a\x00b"} },
		"time_min":     func(s *Script) { s.Options.TimeMin = 1 },
		`"a\nb"`:       func(s *Script) { s.Options.Comment = "a\nb" },
		`"x\ny"`:       func(s *Script) { s.Options.Extra = []string{"x\ny"} },
	} {
		s := good
		s.Command = slices.Clone(good.Command)
		change(&s)
		if text, err := s.Text(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v and\n%s", want, err, text)
		}
	}
}
