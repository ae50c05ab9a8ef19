//go:build python

package command

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neurosweep/sweep"
)

// interpreterOfTests is the Python that the tests use.
func interpreterOfTests() string {
	if p := os.Getenv("NEUROSWEEP_PYTHON"); p != "" {
		return p
	}
	return "python3"
}

// TestHelper runs a script with the calls of wandb: what it says is what is reported, by the descriptor and, from a child without it, by the file.
func TestHelper(t *testing.T) {
	l := newLab(t, "", "", Options{})
	script := filepath.Join(l.runner.spec.Process.Source, "script.py")
	text := `
import argparse, subprocess, sys
import neurosweep as wandb
early = wandb.config
if len(sys.argv) > 1:
    wandb.init()
    wandb.log({"child": 1}, step=9)
    sys.exit()
with wandb.init(project="p", config=argparse.Namespace(lr=7, other=3), mode="offline") as run:
    assert wandb.run is run and run.id == "` + string(l.trial.ID) + `" and run.seed == 7 and not run.resumed and run.resume_update == 0
    assert wandb.config is early and run.config is early
    assert wandb.config.lr == 0.5 and wandb.config["other"] == 3 and wandb.config.net.n == 3 and "x" not in wandb.config
    wandb.config.update({"x": 1}, allow_val_change=True)
    wandb.config.y = wandb.config.x + 1
    assert wandb.config.y == 2 and not hasattr(wandb.config, "z")
    class Scalar:
        def item(self): return 0.25
    wandb.watch(None); wandb.define_metric("loss", summary="min")
    wandb.log({"loss": Scalar(), "deep": {"x": float("inf")}, "image": object()})
    run.log({"loss": 2}, commit=False)
    run.log({"acc": 3})
    wandb.log({"loss": 4}, step=5)
    with open("c.bin", "wb") as f: f.write(b"x")
    wandb.checkpoint("c.bin", 5)
    subprocess.run([sys.executable, __file__, "child"], check=True)
    wandb.summary["best"] = 1.5
    run.summary.update({"worst": float("nan")})
`
	if err := os.WriteFile(script, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	l.runner.spec.Command = []string{interpreterOfTests(), script}
	if end := l.attempt(context.Background(), 1, 0); end.Cause != sweep.CauseCompleted {
		t.Fatal(end)
	}
	want := []string{"acc 1 3", "child 9 1", "deep.x 0 +Inf", "loss 0 0.25", "loss 1 2", "loss 5 4",
		"acc@summary 5 3", "deep.x@summary 5 +Inf", "loss@summary 5 4",
		"acc@summary 9 3", "best@summary 9 1.5", "child@summary 9 1", "deep.x@summary 9 +Inf", "loss@summary 9 4", "worst@summary 9 NaN"}
	if got := l.rows(); !slices.Equal(got, want) {
		t.Errorf("the rows are\n%q, want\n%q", got, want)
	}
	resumed := "import neurosweep\nr = neurosweep.init()\nprint(r.resume_update, open(r.resume_path).read(), r.attempt)\nneurosweep.log({'loss': 6})\n"
	if err := os.WriteFile(script, []byte(resumed), 0o666); err != nil {
		t.Fatal(err)
	}
	if end := l.attempt(context.Background(), 2, 5); end.Cause != sweep.CauseCompleted || !slices.Equal(l.printed, []string{"5 x 2"}) || l.rows()[0] != "loss 6 6" {
		t.Errorf("%+v, printed %q, rows %q", end, l.printed, l.rows())
	}
	alone := exec.Command(interpreterOfTests(), "-c", "import neurosweep; neurosweep.init({'a': 1}); neurosweep.log({'x': 1}); neurosweep.checkpoint('c', 1); neurosweep.finish(); print(neurosweep.config.a)")
	alone.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(l.runner.dir, sweep.WorkDir, helperFolder), "PYTHONDONTWRITEBYTECODE=1")
	if out, err := alone.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "1" {
		t.Errorf("outside of a sweep: %v: %s", err, out)
	}
}
