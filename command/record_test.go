package command

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"neurosweep/results"
)

// plain is an object as encoding/json would have it.
func plain(v any) any {
	switch v := v.(type) {
	case object:
		m := map[string]any{}
		for _, f := range v {
			m[f.name] = plain(f.value)
		}
		return m
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, plain(item))
		}
		return list
	}
	return v
}

// TestParseObject compares with encoding/json on objects of any shape, and on their damaged texts.
func TestParseObject(t *testing.T) {
	leaf := rapid.OneOf(rapid.Float64().Filter(func(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }).AsAny(), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Just[any](nil))
	inner := rapid.OneOf(leaf, rapid.SliceOfN(leaf, 0, 3).AsAny(), rapid.MapOfN(rapid.String(), leaf, 0, 3).AsAny())
	whole := rapid.MapOfN(rapid.String(), inner, 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(whole.Draw(t, "object"))
		if err != nil {
			t.Fatal(err)
		}
		if at := rapid.IntRange(-len(text), len(text)-1).Draw(t, "damage"); at >= 0 {
			text[at] = rapid.Byte().Draw(t, "byte")
		}
		var want map[string]any
		theirs := json.Unmarshal(text, &want)
		got, ours := parseObject(text)
		if theirs != nil || want == nil || !utf8.Valid(text) {
			return // we need not refuse all that they do, and must not panic
		}
		a, err1 := json.Marshal(want)
		b, err2 := json.Marshal(plain(got))
		if ours != nil || err1 != nil || err2 != nil || string(a) != string(b) {
			t.Fatalf("%s: %v\n%s, want\n%s", text, ours, b, a)
		}
	})
	for _, text := range []string{"", "1", "[]", "{", `{"a"`, `{"a":}`, `{"a":1,}`, `{"a":1}x`, `{"a":nul}`, `{"a":--1}`, strings.Repeat(`{"a":`, 100), `{"a":"x`, `{"a":"\`} {
		if o, err := parseObject([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, o)
		}
	}
}

// TestReportsAreBounded: however much comes, each report fits a message, and nothing is lost.
func TestReportsAreBounded(t *testing.T) {
	values, evals := 0, 0
	r := newRecorder(Job{}, func(tr results.TrialReport) error {
		text, err := json.Marshal(tr)
		if err != nil || len(text) > 900_000 {
			t.Errorf("a report of %d bytes, %v", len(text), err)
		}
		for _, c := range tr.Curves {
			values += len(c.Values)
		}
		evals += len(tr.Evals)
		return nil
	}, &copies{}, func([]string) {})
	name := strings.Repeat("x", maxName-5)
	for update := range 40 {
		line := fmt.Appendf(nil, `{"update": %d`, 2*update)
		for m := range 1500 {
			line = fmt.Appendf(line, `, "%s%d": %v`, name, m, -1.2345678901234567e-200)
		}
		r.lines([][]byte{append(line, '}')})
	}
	if err := r.finish(); err != nil || values != 40*1500 || evals != 1500 {
		t.Errorf("%d values, %d evals: %v", values, evals, err)
	}
	r = newRecorder(Job{}, func(results.TrialReport) error { return os.ErrClosed }, &copies{}, func([]string) {})
	r.lines([][]byte{[]byte(`{"x": 1}`)})
	if err := r.finish(); err == nil {
		t.Error("a report that was not taken is no error")
	}
}

// event is a record with one scalar.
func event(step int64, tag string, value []byte, number protowire.Number, kind protowire.Type) []byte {
	v := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), tag)
	v = append(protowire.AppendTag(v, number, kind), value...)
	summary := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), v)
	e := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(1.7e9))
	e = protowire.AppendVarint(protowire.AppendTag(e, 2, protowire.VarintType), uint64(step))
	e = protowire.AppendBytes(protowire.AppendTag(e, 5, protowire.BytesType), summary)
	record := binary.LittleEndian.AppendUint64(nil, uint64(len(e)))
	record = binary.LittleEndian.AppendUint32(record, masked(record))
	return binary.LittleEndian.AppendUint32(append(record, e...), masked(e))
}

// followed reads event files in a folder, after each of some steps, and returns the rows.
func followed(t *testing.T, steps ...func(folder string)) (rows, notes []string) {
	t.Helper()
	folder := t.TempDir()
	l := &lab{}
	r := newRecorder(Job{}, func(tr results.TrialReport) error {
		l.reports = append(l.reports, tr)
		return nil
	}, &copies{}, func(lines []string) { notes = append(notes, lines...) })
	w := newWatch(folder, 1, r)
	for _, step := range steps {
		step(folder)
		w.look()
	}
	r.flush()
	return l.rows(), notes
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestEvents reads a file as tensorboardX has written it, and those that follow, as they grow.
func TestEvents(t *testing.T) {
	real, err := os.ReadFile(filepath.Join("testdata", "events.out.tfevents.tensorboardX"))
	if err != nil {
		t.Fatal(err)
	}
	rows, notes := followed(t, func(folder string) { writeFile(t, filepath.Join(folder, "runs", "x", "events.out.tfevents.1"), real) })
	if want := []string{"acc 0 0.5", "acc 10 0.75", "loss 0 1", "loss 1 0.5", "loss 2 0.25"}; !slices.Equal(rows, want) || len(notes) > 0 {
		t.Errorf("the rows are %q, want %q; said: %q", rows, want, notes)
	}
	simple := binary.LittleEndian.AppendUint32(nil, math.Float32bits(2))
	tensor := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 2)
	tensor = protowire.AppendBytes(protowire.AppendTag(tensor, 4, protowire.BytesType), binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.1)))
	one := event(1, "a", simple, 2, protowire.Fixed32Type)
	two := event(2, "a", protowire.AppendBytes(nil, tensor), 8, protowire.BytesType)
	both := slices.Concat(one, two)
	for cut := range both { // a file that grows, seen at every length
		rows, notes := followed(t, func(folder string) { writeFile(t, filepath.Join(folder, "train", "tfevents"), both[:cut]) },
			func(folder string) { writeFile(t, filepath.Join(folder, "train", "tfevents"), both) })
		if !slices.Equal(rows, []string{"train/a 1 2", "train/a 2 0.1"}) || len(notes) > 0 {
			t.Fatalf("grown from %d bytes: %q, %q", cut, rows, notes)
		}
	}
	for at := range both { // and damaged at every byte
		damaged := slices.Clone(both)
		damaged[at] ^= 0x10
		rows, _ := followed(t, func(folder string) { writeFile(t, filepath.Join(folder, "tfevents"), damaged) })
		if len(rows) > 1 || len(rows) == 1 && rows[0] != "a 1 2" {
			t.Errorf("damaged at %d it gives %q", at, rows)
		}
	}
}

// BenchmarkLines is how fast lines with one metric become reports.
func BenchmarkLines(b *testing.B) {
	r := newRecorder(Job{}, func(results.TrialReport) error { return nil }, &copies{}, func([]string) {})
	update := 0
	for b.Loop() {
		update++
		r.lines([][]byte{fmt.Appendf(nil, `{"update": %d, "loss": 0.6931471805599453}`, update)})
	}
	b.ReportMetric(float64(update)/b.Elapsed().Seconds(), "lines/s")
}
