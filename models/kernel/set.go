package kernel

import "slices"

// A Float is a type of number that the kernels compute with.
type Float interface{ float32 | float64 }

// A Set is the kernels of one instruction set for one type of number. All sets of a type give the same bits (which NaN a NaN is excepted).
// A Set has no state and serves any number of goroutines.
type Set[F Float] struct {
	ISA ISA
}

// Set32 is the set of single precision. An instruction set that this processor lacks gives the generic one: ask Choose first.
func Set32(isa ISA) *Set[float32] {
	if !slices.Contains(ISAs(), isa) {
		isa = Generic
	}
	return &Set[float32]{ISA: isa}
}

// Set64 is the set of double precision: plain Go only, for tests of precision.
func Set64() *Set[float64] { return &Set[float64]{ISA: Generic} }

// SetOf is Set32 or Set64.
func SetOf[F Float](isa ISA) *Set[F] {
	var set any = Set64()
	if _, single := any(F(0)).(float32); single {
		set = Set32(isa)
	}
	return set.(*Set[F])
}
