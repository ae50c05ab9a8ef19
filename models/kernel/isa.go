package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"
)

// An ISA is an instruction set that the kernels are written for.
type ISA string

// Generic is plain Go, the reference that the others are tested against: slow. AVX2 needs FMA too; AVX512 means F, BW, DQ and VL.
const (
	Generic ISA = "generic"
	AVX2    ISA = "avx2"
	AVX512  ISA = "avx512"
)

// ISAVariable is the environment variable that forces an instruction set.
const ISAVariable = "NEUROSWEEP_ISA"

// ISAs are the instruction sets that this processor has and its operating system saves, slowest first.
func ISAs() []ISA {
	isas := []ISA{Generic}
	// golang.org/x/sys/cpu sets these only where XGETBV says that the operating system keeps the wide registers.
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		isas = append(isas, AVX2)
		if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL {
			isas = append(isas, AVX512)
		}
	}
	return isas
}

// Choose is the instruction set to use: what NEUROSWEEP_ISA names, or the best that this processor has. An instruction set that it lacks is an error.
func Choose() (ISA, error) {
	isas := ISAs()
	forced := ISA(os.Getenv(ISAVariable))
	switch {
	case forced == "":
		return isas[len(isas)-1], nil
	case slices.Contains(isas, forced):
		return forced, nil
	}
	names := make([]string, len(isas))
	for i, isa := range isas {
		names[i] = string(isa)
	}
	return "", fmt.Errorf("choosing an instruction set: %s=%s, but this processor has %s only", ISAVariable, forced, strings.Join(names, ", "))
}
