package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJudge has one row for each way to reach a goal or to miss it.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		r       row
		verdict string
		missed  bool
	}{
		{row{value: 5, goal: 4}, "yes", false},
		{row{value: 4, goal: 4}, "yes", false},
		{row{value: 3.9, goal: 4}, "no", true},
		{row{value: 3.9}, "", false},
		{row{value: math.NaN(), goal: 4}, "no", true},
		{row{value: 2, goal: 4, limit: 4, share: 0.4}, "no; 50 % of the limit, the goal is 40 %", false},
		{row{value: 2, goal: 4, limit: 4, share: 0.6}, "no; 50 % of the limit, the goal is 60 %", true},
		{row{value: 5, goal: 4, limit: 10, share: 0.6}, "yes; 50 % of the limit, the goal is 60 %", false},
		{row{value: 2, goal: 4, limit: 4}, "no", true},
		{row{value: 2, goal: 4, share: 0.1}, "no", true},
		{row{value: math.NaN(), goal: 4, limit: 4, share: 0.1}, "no; NaN % of the limit, the goal is 10 %", true},
		{row{value: 149, goal: 150, atMost: true}, "yes", false},
		{row{value: 151, goal: 150, atMost: true}, "no", true},
		{row{value: math.NaN(), goal: 150, atMost: true}, "no", true},
		{row{err: errors.New("gone"), goal: 1, value: 2}, "failed: gone", true},
	} {
		if got := c.r.verdict(); got != c.verdict {
			t.Errorf("%+v: %q, want %q", c.r, got, c.verdict)
		}
		if err := judge([]row{c.r}); (err != nil) != c.missed {
			t.Errorf("%+v: judged %v, want missed %v", c.r, err, c.missed)
		}
	}
	both := judge([]row{{name: "first", value: 1, goal: 2}, {name: "second", value: 2, goal: 1}, {name: "third", value: 0.5, goal: 2}})
	if both == nil || strings.Count(both.Error(), "\n") != 1 || strings.Contains(both.Error(), "second") {
		t.Errorf("two of three are missed, judged %v", both)
	}
}

// The best of slices: the fastest step, the fastest peak, and what a step at that peak would take.
func TestBestOfSlices(t *testing.T) {
	var b best
	b.add(slice{ms: 4, flops: 8e9, peak: 1000, fraction: 0.5, resident: 100, planned: 90})
	b.add(slice{ms: 3, flops: 8e9, peak: 900, fraction: 0.7, resident: 110, planned: 90})
	b.add(slice{ms: 5, flops: 8e9, peak: 800, fraction: 0.6, resident: 105, planned: 90})
	want := best{ms: 3, flops: 8e9, peak: 1000, fraction: 0.7, resident: 110, planned: 90}
	if b != want || b.ideal() != 8 {
		t.Errorf("%+v, ideal %g; want %+v, ideal 8", b, b.ideal(), want)
	}
}

// The table goes between the marks of a file, and nowhere else.
func TestReplace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	for _, c := range []struct{ before, after string }{
		{"head\n" + beginTable + "old\n" + endTable + "tail\n", "head\n" + beginTable + "new\n" + endTable + "tail\n"},
		{"head\n" + beginTable + "tail\n", ""},
		{"nothing\n", ""},
	} {
		if err := os.WriteFile(file, []byte(c.before), 0o666); err != nil {
			t.Fatal(err)
		}
		err := replace(file, "new\n")
		if (err == nil) != (c.after != "") {
			t.Errorf("%q: error %v", c.before, err)
		}
		if got, _ := os.ReadFile(file); c.after != "" && string(got) != c.after {
			t.Errorf("%q becomes %q, want %q", c.before, got, c.after)
		}
	}
}
