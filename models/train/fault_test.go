package train

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"neurosweep/results"
	"neurosweep/sweep"
)

func TestDamagedStates(t *testing.T) {
	j := job(t, tiny, 4)
	_, want, tree := complete(t, j)
	newest, older := filepath.Join(j.Dir, sweep.StatePath(j.Trial.ID, 7)), filepath.Join(j.Dir, sweep.StatePath(j.Trial.ID, 6))
	file, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	stop := job(t, tiny, 4)
	if _, err := Run(newCountdown(12, ErrHandOver), stop, func(results.TrialReport) error { return nil }); err != nil {
		t.Fatal(err)
	}
	foreign := job(t, tiny, 5)
	complete(t, foreign)
	other, err := os.ReadFile(filepath.Join(foreign.Dir, sweep.StatePath(foreign.Trial.ID, 7)))
	if err != nil {
		t.Fatal(err)
	}
	otherTrial := strings.Replace(string(other), string(foreign.Trial.ID), strings.Repeat("e", len(foreign.Trial.ID)), 1)

	for what, bad := range map[string][]byte{"empty": {}, "cut": file[:len(file)-5], "text": []byte("hello"), "changed": []byte(otherTrial)} {
		for _, fallback := range []bool{true, false} {
			if err := os.WriteFile(newest, bad, 0o666); err != nil {
				t.Fatal(err)
			}
			if fallback { // the older state is what an attempt at update 3 … 6 left
				updates, err := states(stop.Dir, stop.Trial.ID)
				if err != nil || len(updates) == 0 {
					t.Fatalf("states %v, error %v", updates, err)
				}
				good, err := os.ReadFile(filepath.Join(stop.Dir, sweep.StatePath(stop.Trial.ID, updates[0])))
				if err != nil {
					t.Fatal(err)
				}
				older = filepath.Join(j.Dir, sweep.StatePath(j.Trial.ID, updates[0]))
				if err := os.WriteFile(older, good, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			end, rows, after := complete(t, j)
			if rows.String() != want.String() || after != tree || !strings.Contains(end.Detail, newest) || strings.Contains(end.Detail, older) {
				t.Errorf("%s, with an older state %t: %+v; rows equal %t, files equal %t", what, fallback, end, rows.String() == want.String(), after == tree)
			}
		}
	}
}

func TestDivergence(t *testing.T) {
	j := job(t, edit(t, tiny, "lr: 1e-2", "lr: 1e10", "updates: 7", "updates: 60"), 4)
	end, rows, tree := complete(t, j)
	if end.Cause != sweep.CauseDiverged || end.Update >= 60 || !strings.Contains(end.Detail, "not finite") {
		t.Errorf("the end is %+v", end)
	}
	last, next := fmt.Sprintf("curve %06d loss", end.Update+1), fmt.Sprintf("curve %06d loss", end.Update+2)
	value, ok := rows.rows[last]
	if _, more := rows.rows[next]; !ok || more || value != fmt.Sprintf("%x", math.NaN()) && value != fmt.Sprintf("%x", math.Inf(1)) {
		t.Errorf("the curve's last value is %q at update %d:\n%s", value, end.Update+1, rows)
	}
	for _, u := range j.Spec.Checkpoints.Planned(60, 60) {
		if _, ok := rows.rows[fmt.Sprintf("checkpoint %06d", u)]; ok != (u <= end.Update) {
			t.Errorf("checkpoint %d exists: %t; the trial reached update %d", u, ok, end.Update)
		}
	}
	if end2, again, after := complete(t, j); end2.Update != end.Update || end2.Cause != end.Cause || again.String() != rows.String() || after != tree {
		t.Errorf("again it ends as %+v", end2)
	}
}

func TestFullDisk(t *testing.T) {
	j := job(t, tiny, 4)
	_, want, tree := complete(t, j)
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		k := j
		k.Dir = t.TempDir()
		rows := newLedger(t)
		s := &steps{kill: 5, err: &os.PathError{Op: "write", Path: "somewhere", Err: full}}
		_, err := runOn(context.Background(), k, s.reporter(rows), s.disk())
		if Classify(err) != sweep.CauseDisk || !strings.Contains(err.Error(), string(k.Trial.ID)) || !strings.Contains(err.Error(), "somewhere") {
			t.Errorf("the error is %v", err)
		}
		if _, err := Run(context.Background(), k, rows.report); err != nil || files(t, k.Dir) != tree || rows.String() != want.String() {
			t.Errorf("afterwards: %v", err)
		}
	}
	if c := Classify(errKilled); c != sweep.CauseCode {
		t.Errorf("another error is classified as %s", c)
	}
}

func TestForeignWeightsAreNotReplaced(t *testing.T) {
	j := job(t, tiny, 4)
	path := filepath.Join(j.Dir, sweep.WeightsPath(j.Trial.ID, 3))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Run(context.Background(), j, newLedger(t).report)
	if err == nil || !strings.Contains(err.Error(), path) || Classify(err) != sweep.CauseCode {
		t.Errorf("the error is %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "mine" {
		t.Errorf("the file is %q now, error %v", data, err)
	}
}
