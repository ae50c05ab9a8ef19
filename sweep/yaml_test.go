package sweep_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

const hostileLimit = 500 << 20 // bytes that may be allocated in all

// TestHostileFiles refuses what would take time and memory, without taking either.
func TestHostileFiles(t *testing.T) {
	aliases := "a0: &a0 [x, x]\n"
	for i := range 40 {
		aliases += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	for name, c := range map[string]struct{ text, want string }{
		"10 MB":              {"name: x\n#" + strings.Repeat("x", 10<<20), "f.yaml: the file has more than"},
		"10 MB of brackets":  {strings.Repeat("[", 10<<20), "f.yaml: the file has more than"},
		"deep in flow style": {"parameters: " + strings.Repeat("{a: ", 10000) + "1" + strings.Repeat("}", 10000), "f.yaml"},
		"deep sequences":     {strings.Repeat("- ", 10000) + "1", "f.yaml"},
		"deep in block":      {deepBlock(700), "f.yaml: 7"},
		"multiplied aliases": {aliases, "f.yaml"},
		"a cycle":            {"method: grid\ntask: &a {name: noop, x: *a}", "f.yaml:2: the alias *a stands within what it names"},
		"a cycle of merges":  {"method: grid\ntask: &a {name: noop, <<: *a}", "f.yaml:2: the alias *a stands within what it names"},
		"two documents":      {"method: grid\n---\nmethod: grid", "f.yaml:2: a second document"},
		"many paths":         {"method: random\nprogram: x\nparameters:\n" + numbered("  k%d: {value: 1}\n", 40_000), "f.yaml:1004: k1000: more than 1000 paths are swept"},
		"many unknown keys":  {"method: grid\n" + numbered("k%d: 1\n", 40_000), "f.yaml:2: k0: there is no such key"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := sweep.Parse("f.yaml", []byte(c.text), nil, train.Catalog())
		runtime.ReadMemStats(&after)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %.200v, want %s", name, err, c.want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > hostileLimit {
			t.Errorf("%s: %d bytes were allocated", name, used)
		}
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func deepBlock(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// TestDialect decides what YAML leaves open: the same spec in several ways of writing.
func TestDialect(t *testing.T) {
	want := parse(t, "name: n\nmethod: grid\ntask: {name: noop, noise: 0.5}\nparameters: {task.value: {values: [0.0001, 1000]}}\nevaluate: {value: {}}\n").Digest()
	plainText := "name: n\nmethod: grid\ntask: &t\n  name: noop\n  noise: !!float 5e-1\nparameters:\n  task.value: {values: [1e-4, 1e3]}\nevaluate:\n  value:\n"
	for name, text := range map[string]string{
		"plain": plainText, "CRLF": strings.ReplaceAll(plainText, "\n", "\r\n"), "byte order mark": "\xef\xbb\xbf" + plainText,
		"merge":    "name: n\nmethod: grid\ntask: {<<: {name: other, noise: 0.5}, name: noop}\nparameters:\n  task.value: {values: [1e-4, 1e3]}\nevaluate: {value: {<<: {}}}\n",
		"comments": "# x\n" + plainText + "# y\n",
	} {
		if got := parse(t, text); got.Digest() != want {
			t.Errorf("%s: another spec:\n%s", name, got.Freeze())
		}
	}
	if _, err := sweep.Parse("f.yaml", []byte("method: grid\ntask: {name: noop, fail: yes}"), nil, train.Catalog()); err == nil || !strings.Contains(err.Error(), `"yes"`) {
		t.Errorf("yes is text: %v", err)
	}
}

// FuzzParse feeds anything: no panic, and what is accepted can be frozen and read back.
func FuzzParse(f *testing.F) {
	for _, text := range []string{base, trained, net + "parameters: {train.lr: {min: 1e-4, max: 0.1}}", "method: random\ntask: noop\nparameters: {task.value: {distribution: beta}}",
		"method: grid\nprogram: x\nparameters: {a: {values: [{b: 1}, [2], null, true, .nan]}}", "a: &a [*a]", "{}", "\x00", "method: grid\ntask: {<<: [{name: noop}]}\nseeds: {count: 2}"} {
		f.Add([]byte(text), "train.lr=1,2")
	}
	f.Fuzz(func(t *testing.T, text []byte, arg string) {
		s, err := sweep.Parse("f.yaml", text, []string{arg}, train.Catalog())
		if err != nil || len(s.Unsupported) > 0 {
			return
		}
		again, err := sweep.Parse("f.yaml", s.Freeze(), nil, train.Catalog())
		if err != nil {
			t.Fatalf("the frozen spec is not valid: %v\n%s", err, s.Freeze())
		}
		if again.Digest() != s.Digest() {
			t.Fatalf("the frozen spec is another one: %v", s.Diff(again))
		}
	})
}
