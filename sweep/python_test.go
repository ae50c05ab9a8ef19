//go:build python

package sweep

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPythonTexts compares our texts of values with those of Python: str() and json.dumps. (Characters that are newer than one of the two are left out.)
func TestPythonTexts(t *testing.T) {
	python := os.Getenv("NEUROSWEEP_PYTHON")
	if python == "" {
		python = "python3"
	}
	leaf := rapid.OneOf(rapid.Float64().AsAny(), rapid.Float64Range(1e-6, 1e-3).AsAny(), rapid.Float64Range(1e14, 1e18).AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(),
		rapid.StringMatching(`[\x{0}-\x{24f}\x{391}-\x{3a1}\x{2000}-\x{2044}\x{4e00}-\x{4fff}]{0,20}`).AsAny(), rapid.StringMatching(`[a'"\\ \n\t\x{7f}\x{a0}\x{e9}\x{200b}\x{1f600}]{0,6}`).AsAny(), rapid.Just[any](nil))
	list := rapid.SliceOfN(leaf, 0, 3)
	dict := rapid.MapOfN(rapid.StringMatching(`[a-c'\x{e9}]{1,2}`), rapid.OneOf(leaf, list.AsAny()), 0, 3)
	value := rapid.OneOf(leaf, list.AsAny(), dict.AsAny())
	var values []any
	for i := range 2000 {
		values = append(values, value.Example(i))
	}
	var script strings.Builder // a program with each value as Python's JSON reader has it, exactly
	script.WriteString("import json, sys\nfor v in json.load(sys.stdin):\n    print(json.dumps([str(v), json.dumps(v)]))\n")
	input, err := appendTyped(nil, values)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(python, "-c", script.String())
	c.Stdin = strings.NewReader(string(input))
	c.Env = append(os.Environ(), "PYTHONUTF8=1")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(values) {
		t.Fatalf("%d lines for %d values", len(lines), len(values))
	}
	wrong := 0
	for i, line := range lines {
		var want []string
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		if got := pythonText(values[i]); got != want[0] {
			wrong++
			t.Errorf("%#v is %q, and in Python %q", values[i], got, want[0])
		}
		if got := pythonJSON(values[i]); got != want[1] {
			wrong++
			t.Errorf("%#v is %s, and in Python %s", values[i], got, want[1])
		}
		if wrong > 10 {
			return
		}
	}
}
