package sweep

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCanonicalNumbers has the examples of RFC 8785, appendix B: bits, and how they are printed.
func TestCanonicalNumbers(t *testing.T) {
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0xffefffffffffffff: "-1.7976931348623157e+308", 0x4340000000000000: "9007199254740992",
		0xc340000000000000: "-9007199254740992", 0x4430000000000000: "295147905179352830000", 0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23", 0x44b52d02c7e14af7: "1.0000000000000001e+23", 0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef4f: "999999999999999900000", 0x444b1ae4d6e2ef50: "1e+21", 0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332", 0x41b3de4355555554: "333333333.33333325", 0x41b3de4355555555: "333333333.3333333", 0xbecbf647612f3696: "-0.0000033333333333333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		if got := string(canonicalJSON(nil, math.Float64frombits(bits))); got != want {
			t.Errorf("%016x is %s, want %s", bits, got, want)
		}
	}
}

// TestCanonicalObject has the RFC's example of strings, escapes and the order of keys by UTF-16 units.
func TestCanonicalObject(t *testing.T) {
	v := map[string]any{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew", "1": "One", "\U0001f600": "Emoji", "\u0080": "Control", "ö": "Latin",
		"s": "\u20ac$\u000f\nA'B\"\\\\\"/", "l": []any{nil, true, int64(3), Values{}}}
	want := `{"\r":"Carriage Return","1":"One","l":[null,true,3,{}],"s":"€$\u000f\nA'B\"\\\\\"/","` + "\u0080" + `":"Control","ö":"Latin","€":"Euro Sign","` + "\U0001f600" + `":"Emoji","` + "\ufb33" + `":"Hebrew"}`
	if got := string(canonicalJSON(nil, v)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestValuesKeepTheirTypes writes values as JSON and reads them back.
func TestValuesKeepTheirTypes(t *testing.T) {
	want := Values{"a": int64(1), "b": 1.0, "c": 1e-7, "d": 1e300, "e": "x", "f": nil, "g": []any{int64(2), 2.5, map[string]any{"h": 3.0}}, "i": true, "j": int64(1) << 60}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Values
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", text, diff)
	}
	if _, err := json.Marshal(Values{"x": math.NaN()}); err == nil {
		t.Error("a NaN was written as JSON")
	}
}
