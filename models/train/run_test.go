package train

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"neurosweep/models"
	"neurosweep/results"
	"neurosweep/sweep"
)

func TestRunReportsAndPublishesEverything(t *testing.T) {
	j := job(t, tiny, 4)
	end, rows, tree := complete(t, j)
	if end.Cause != sweep.CauseCompleted || end.Update != 7 || end.Detail != "" || end.Seconds <= 0 {
		t.Errorf("the end is %+v", end)
	}
	text := rows.String()
	for u := 1; u <= 7; u++ {
		contains(t, text, fmt.Sprintf("curve %06d loss", u), fmt.Sprintf("curve %06d accuracy", u))
	}
	for _, u := range []int{0, 3, 6, 7} {
		contains(t, text, fmt.Sprintf("checkpoint %06d", u), fmt.Sprintf("eval %06d again accuracy", u), fmt.Sprintf("eval %06d seq100 accuracy", u))
		path := sweep.WeightsPath(j.Trial.ID, u)
		contains(t, tree, path)
		c, err := models.ReadCheckpoint(filepath.Join(j.Dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if m := c.Metadata; m["trial"] != string(j.Trial.ID) || m["cell"] != string(j.Trial.Cell) || m["seed"] != "4" || m["update"] != fmt.Sprint(u) ||
			!strings.Contains(m["model"], `"hidden":5`) || !strings.Contains(m["train"], `"lr":0.01`) || strings.Contains(m["train"], "threads") || strings.Contains(m["train"], `"updates"`) {
			t.Errorf("the metadata of update %d are %v", u, m)
		}
	}
	if n := strings.Count(text, "checkpoint"); n != 4 {
		t.Errorf("%d checkpoints, want 4:\n%s", n, text)
	}
	if n := strings.Count(tree, ".state"); n != 1 || !strings.Contains(tree, sweep.StatePath(j.Trial.ID, 7)) {
		t.Errorf("after the end there should be the last state only:\n%s", tree)
	}
	if rows.again != 0 {
		t.Errorf("%d rows were reported twice by an attempt that nothing disturbed", rows.again)
	}

	// Another folder, the same; the same folder again, the same rows and nothing new.
	other := j
	other.Dir, other.Attempt = t.TempDir(), 2
	if _, again, copied := complete(t, other); again.String() != text || copied != tree {
		t.Error("a second run of the trial differs")
	}
	if _, again, after := complete(t, j); again.String() != text || after != tree {
		t.Error("an attempt at a finished trial does not report the same")
	}
}

// Conditions that were added while a trial was interrupted are evaluated on the checkpoints it already had.
func TestNewConditionsAreCaughtUp(t *testing.T) {
	j := job(t, tiny, 4)
	_, want, _ := complete(t, j)
	fewer := job(t, edit(t, tiny, ", again: {kind: seq100, batches: 1, seed: 7}", ""), 4)
	if fewer.Trial.ID != j.Trial.ID {
		t.Fatalf("conditions are part of the trial's key: %s, %s", fewer.Trial.ID, j.Trial.ID)
	}
	rows := newLedger(t)
	if _, err := Run(newCountdown(12, ErrHandOver), fewer, rows.report); err != nil {
		t.Fatal(err)
	}
	if len(rows.rows) == 0 || strings.Contains(rows.String(), "again") {
		t.Fatalf("the first attempt reported\n%s", rows)
	}
	fewer.Spec = j.Spec
	if _, err := Run(context.Background(), fewer, rows.report); err != nil || rows.String() != want.String() {
		t.Errorf("error %v, rows\n%swant\n%s", err, rows, want)
	}
}

func TestEvaluateGivesTheSameBits(t *testing.T) {
	j := job(t, tiny, 4)
	_, want, _ := complete(t, j)
	for _, u := range []int{0, 6} {
		path := filepath.Join(j.Dir, sweep.WeightsPath(j.Trial.ID, u))
		evals, err := Evaluate(j.Spec, j.Trial, path, u, j.Spec.Evaluate)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range evals {
			key := fmt.Sprintf("eval %06d %s %s", u, e.Condition, e.Metric)
			if got := fmt.Sprintf("%x", float64(e.Value)); e.Update != u || got != want.rows[key] {
				t.Errorf("%s: %s, training said %q", key, got, want.rows[key])
			}
			n++
		}
		if all := len(regexp.MustCompile(fmt.Sprintf("eval %06d", u)).FindAllString(want.String(), -1)); n != all {
			t.Errorf("%d values, training had %d", n, all)
		}
		if _, err := Evaluate(j.Spec, j.Trial, path, u+1, j.Spec.Evaluate); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("weights of another update: error %v", err)
		}
	}
}

func TestRetention(t *testing.T) {
	text := edit(t, tiny, "keep: all", "keep: last", "over: checkpoints", "over: last")
	j := job(t, text, 4)
	committed := map[int]bool{}
	asked := 0
	j.Committed = func(update int) bool {
		asked++
		return committed[update]
	}
	rows := newLedger(t)
	var deleted []int
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	end, err := Run(ctx, j, func(r results.TrialReport) error {
		for _, c := range r.Checkpoints {
			if c.Update == 6 {
				committed[0] = true // the commit of update 0 comes late, that of 6 never
			}
			if c.Update == 7 {
				committed[3] = true
				cancel(ErrHandOver)
			}
		}
		deleted = append(deleted, r.Deleted...)
		return rows.report(r)
	})
	if err != nil || end.Cause != sweep.CausePreempted || end.Update != 7 {
		t.Fatalf("the end is %+v, error %v", end, err)
	}
	if fmt.Sprint(deleted) != "[0 3]" {
		t.Errorf("deleted %v, want [0 3]", deleted)
	}
	contains(t, files(t, j.Dir), sweep.WeightsPath(j.Trial.ID, 6), sweep.WeightsPath(j.Trial.ID, 7))

	committed[6], committed[7] = true, true
	if end, err = Run(context.Background(), j, rows.report); err != nil || end.Cause != sweep.CauseCompleted {
		t.Fatalf("the end is %+v, error %v", end, err)
	}
	if tree := files(t, j.Dir); strings.Count(tree, ".safetensors") != 1 || !strings.Contains(tree, sweep.WeightsPath(j.Trial.ID, 7)) {
		t.Errorf("the files are\n%s", tree)
	}
	if asked == 0 {
		t.Error("nobody asked what is committed")
	}
}

const noop = `
name: none
method: grid
task: {name: noop, value: 2.5}
evaluate: {value: {}}
`

func TestTaskThatDoesNotTrain(t *testing.T) {
	j := job(t, noop, 4)
	end, rows, tree := complete(t, j)
	if end.Cause != sweep.CauseCompleted || end.Update != 0 || tree != "" {
		t.Errorf("the end is %+v, files %q", end, tree)
	}
	if want := fmt.Sprintf("eval 000000 value value %x\n", 2.5); rows.String() != want {
		t.Errorf("rows %q, want %q", rows, want)
	}
	failing := job(t, edit(t, noop, "value: 2.5", "fail: error"), 4)
	if _, err := Run(context.Background(), failing, rows.report); err == nil || Classify(err) != sweep.CauseCode {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(ErrWalltime)
	hanging := job(t, edit(t, noop, "value: 2.5", "fail: hang"), 4)
	if end, err := Run(ctx, hanging, rows.report); err != nil || end.Cause != sweep.CauseWalltime {
		t.Errorf("the end is %+v, error %v", end, err)
	}
	if c, err := Measure(j.Spec, j.Trial, 1); err != nil || c != (Cost{}) {
		t.Errorf("it costs %+v, error %v", c, err)
	}
}

func TestMeasure(t *testing.T) {
	j := job(t, tiny, 4)
	c, err := Measure(j.Spec, j.Trial, 1)
	if err != nil || c.BuildSeconds <= 0 || c.UpdateSeconds <= 0 || c.CheckpointSeconds <= 0 || c.CheckpointBytes < 4*68 || c.StateBytes < 3*4*68 {
		t.Errorf("it costs %+v, error %v", c, err)
	}
	diverging := job(t, edit(t, tiny, "lr: 1e-2", "lr: 1e30, optimizer: sgd", "optimizer: adam, ", ""), 4)
	if c, err := Measure(diverging.Spec, diverging.Trial, 1); err != nil || c.UpdateSeconds <= 0 {
		t.Errorf("a trial that diverges costs %+v, error %v", c, err)
	}
}

func TestBuildChecksAConfiguration(t *testing.T) {
	build := Catalog().Build
	j := job(t, tiny, 4)
	config, err := j.Spec.Config(nil, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := build(config); err != nil {
		t.Error(err)
	}
	for what, spoil := range map[string]func(*sweep.Config){
		"batch":   func(c *sweep.Config) { c.Train = sweep.Values{"batch": int64(0)} },
		"tau":     func(c *sweep.Config) { c.Model.Params = sweep.Values{"tau": 1.0} },
		"weights": func(c *sweep.Config) { c.Model.Params = sweep.Values{"hidden": int64(8192), "huge": true} },
		"model":   func(c *sweep.Config) { c.Model.Name = "leaky" },
	} {
		bad := config
		spoil(&bad)
		if err := build(bad); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// The environment variable makes this test print the digests of a trial, for TestProcessesAgree.
const inProcess = "NEUROSWEEP_TEST_DIGESTS"

func TestProcessesAgree(t *testing.T) {
	j := job(t, tiny, 9)
	_, rows, tree := complete(t, j)
	digest := models.Digest([]byte(rows.String() + tree))
	if os.Getenv(inProcess) != "" {
		fmt.Println("digest", digest)
		return
	}
	for _, threads := range []string{"1", "2", "5"} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestProcessesAgree$", "-test.v")
		cmd.Env = append(os.Environ(), inProcess+"=1", "GOMAXPROCS="+threads)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "digest "+digest) {
			t.Errorf("GOMAXPROCS=%s: %v, want digest %s in\n%s", threads, err, digest, out)
		}
	}
}
