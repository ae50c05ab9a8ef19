package results

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neurosweep/sweep"
)

// TestWriteTable prints cells with all their seeds, with some, and with none.
func TestWriteTable(t *testing.T) {
	b := newBench(bestSpec(), 3, 0, 1)
	b.spec.Parameters = append(b.spec.Parameters, sweep.Parameter{Path: "model.tau"})
	b.plan[4].Params = sweep.Values{"train.lr": 1e-5, "model.tau": "long"}
	for seed := range int64(2) {
		b.measure(0, seed, 100, 0.5+0.25*float64(seed))
		b.end(0, seed, sweep.OutcomeCompleted)
		b.measure(1, seed, 200, 0.9)
	}
	b.end(1, 1, sweep.OutcomeCompleted)
	table, err := Cells(b.dataset())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteTable(&out, table); err != nil {
		t.Fatal(err)
	}
	want := `place  train.lr  model.tau  accuracy@a       n    update
1      0         -          0.6250 ± 0.1768  2    100
2      1         -          0.9000           1/2  200
3      1e-05     long       -                0/2  0
best: /sweeps/one/weights/t0-0/u000100.safetensors (seed 0, the nearest to the median)
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestStatusJSON pins the names of sweep status, which other programs read.
func TestStatusJSON(t *testing.T) {
	got, err := json.Marshal(Status{Causes: map[string]int{"code": 1}, Quarantined: []Quarantine{{Node: "n1", Reason: "why"}}})
	want := `{"id":"","state":"","trials":null,"ended":0,"failed":0,"running":0,"waiting":0,"causes":{"code":1},"agents":0,"trials_per_s":0,"best":null,"quarantined":[{"node":"n1","since":"0001-01-01T00:00:00Z","reason":"why"}]}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

// TestBusyTime adds up attempts that overlap, lie within each other, or are a night apart.
func TestBusyTime(t *testing.T) {
	at := func(from, to int) TimingRow {
		return TimingRow{Started: time.Unix(int64(from), 0), Ended: time.Unix(int64(to), 0)}
	}
	rows := []TimingRow{at(30000, 30001), at(10, 20), at(12, 14), at(15, 25), at(9, 9), at(50, 40)}
	if busy := busyTime(rows); busy != 16*time.Second {
		t.Errorf("busy for %v, want 16s", busy)
	}
}

// TestMeanText shows the numbers of the table at the end of a run.
func TestMeanText(t *testing.T) {
	mean, small, sd := 0.92714, 3.2e-7, 0.00304
	for want, got := range map[string]string{
		"0.9271 ± 0.0030": MeanText(&mean, &sd),
		"3.20e-07":        MeanText(&small, nil),
		"-":               MeanText(nil, nil),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if m, sd := meanSD([]float64{math.MaxFloat64, math.MaxFloat64}); m != nil || sd != nil {
		t.Error("a mean that overflows has a value")
	}
}
