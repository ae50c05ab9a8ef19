package kernel

import (
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func TestChoose(t *testing.T) {
	isas := ISAs()
	if isas[0] != Generic {
		t.Fatalf("ISAs() = %v, want generic first", isas)
	}
	t.Setenv(ISAVariable, "")
	if got, err := Choose(); got != isas[len(isas)-1] || err != nil {
		t.Errorf("Choose() = %q, %v, want the last of %v", got, err, isas)
	}
	for _, isa := range []ISA{Generic, AVX2, AVX512, "neon"} {
		t.Setenv(ISAVariable, string(isa))
		got, err := Choose()
		if slices.Contains(isas, isa) {
			if got != isa || err != nil {
				t.Errorf("%s=%s: Choose() = %q, %v", ISAVariable, isa, got, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "NEUROSWEEP_ISA="+string(isa)) || !strings.Contains(err.Error(), "generic") {
			t.Errorf("%s=%s: Choose() = %q, %v, want an error that names what there is", ISAVariable, isa, got, err)
		}
	}
}

func TestSetOf(t *testing.T) {
	best := ISAs()[len(ISAs())-1]
	if s := SetOf[float32](best); s.ISA != best {
		t.Errorf("SetOf[float32](%s) is %s", best, s.ISA)
	}
	if s := SetOf[float32]("neon"); s.ISA != Generic {
		t.Errorf("SetOf[float32](neon) is %s", s.ISA)
	}
	if s := SetOf[float64](best); s.ISA != Generic {
		t.Errorf("SetOf[float64](%s) is %s", best, s.ISA)
	}
}

func TestAligned(t *testing.T) {
	for n := range 200 {
		s := Aligned[float32](n)
		if len(s) != n || cap(s) != n || uintptr(unsafe.Pointer(unsafe.SliceData(s)))%64 != 0 {
			t.Errorf("Aligned(%d): length %d, capacity %d, at %p", n, len(s), cap(s), s)
		}
	}
}
