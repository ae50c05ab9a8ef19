package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An operation is an element-wise one: its name, its number of operands, and what it is. define runs before the loop, and loads constants; what it
// returns computes the result for operands in registers, which it may overwrite.
type operation struct {
	name     string
	operands int
	define   func(t *target) func(in []value) value
	weight   weight
}

// A weight says how registers are used: how many vectors are in lockstep, and how many constants beside them, in AVX-512 and in AVX2. Four vectors are a group.
type weight struct{ lockstep, constants [2]int }

var (
	light    = weight{lockstep: [2]int{4, 4}, constants: [2]int{6, 2}}
	heavy    = weight{lockstep: [2]int{4, 2}, constants: [2]int{12, 5}}
	heaviest = weight{lockstep: [2]int{2, 2}, constants: [2]int{16, 0}}
)

// table has the operations in the order of package kernel's. Some functions are cut in two, because a processor has only so many instructions in flight: in two loops of half the length
// it sees twice as many registers' worth of them. The first part leaves its result in a register of the program, and the second, at the table's end, goes on from there.
var table = []operation{
	{"copy", 1, func(*target) func([]value) value { return func(in []value) value { return in[0] } }, light},
	{"neg", 1, bitwise((*target).xor, 1<<31), light},
	{"abs", 1, bitwise((*target).and, 1<<31-1), light},
	{"sign", 1, (*target).sign, heavy},
	{"sqrt", 1, func(t *target) func([]value) value { return func(in []value) value { return t.sqrt(in[0]) } }, light},
	{"exp", 1, (*target).exp, heavy},
	{"log", 1, (*target).log, heaviest},
	{"expNegative", 1, (*target).expNegative, heavy}, // of sigmoid
	{"tanhHalf", 1, (*target).tanhHalf, heavy},       // of tanh
	{"expNegative", 1, nil, heavy},                   // of softplus
	{"sin", 1, quadrant(0), heaviest},
	{"cos", 1, quadrant(1), heaviest},
	{"relu", 1, (*target).relu, light},
	{"add", 2, simple((*target).add), light},
	{"sub", 2, simple((*target).sub), light},
	{"mul", 2, simple((*target).mul), light},
	{"div", 2, simple((*target).div), light},
	{"min", 2, extreme((*target).atMost), light},
	{"max", 2, extreme((*target).atLeast), light},
	{"less", 2, (*target).less, light},
	{"leaky", 2, (*target).leaky, light},
	{"dsigmoid", 2, (*target).dSigmoid, light},
	{"dtanh", 2, (*target).dTanh, light},
	{"drelu", 2, (*target).dReLU, light},
	{"fma", 3, fused((*target).addMul), light},
	{"fnma", 3, fused((*target).subMul), light},
	{"select", 3, (*target).selection, light},
	{"dleaky", 3, (*target).dLeaky, heavy},

	// The second parts.
	{"sigmoidEnd", 2, (*target).sigmoidEnd, heavy},
	{"tanhEnd", 2, (*target).tanhEnd, heavy},
	{"softplusEnd", 2, (*target).softplusEnd, heaviest},
}

// operations emits the code of every operation, and a function that tells their addresses.
func (t *target) operations() {
	for _, o := range table {
		if o.define != nil { // else it is there already
			t.operation(o)
		}
	}
	TEXT("operations"+t.suffix, NOSPLIT, "func(table *uintptr)")
	Doc("operations" + t.suffix + " writes the addresses of the operations' code, in their order, then that of the end of a program.")
	Pragma("noescape")
	to := Load(Param("table"), GP64())
	address := GP64()
	for i, o := range append(table, operation{name: "run"}) {
		LEAQ(Mem{Symbol: Symbol{Name: "·" + o.name + t.suffix}, Base: reg.StaticBase}, address)
		MOVQ(address, Mem{Base: to, Disp: 8 * i})
	}
	RET()
}

// operation emits one operation: for every row of a block whole groups, then what is left over under masks.
func (t *target) operation(o operation) {
	TEXT(o.name+t.suffix, NOSPLIT, "func()")
	Doc(fmt.Sprintf("%s%s is an operation of the machine, not to be called.", o.name, t.suffix))
	t.loaded, t.spare = map[uint32]value{}, t.pick(o.weight.constants)
	at, pitch := make([]reg.GPVirtual, 1+o.operands), make([]Mem, 1+o.operands)
	for i := range at {
		place := GP64()
		MOVL(Mem{Base: record, Disp: atDst + 4*i}, place.As32())
		at[i], pitch[i] = GP64(), Mem{Base: operands, Index: place, Scale: 1, Disp: atPitch}
		MOVQ(Mem{Base: operands, Index: place, Scale: 1, Disp: atAddress}, at[i])
	}
	compute := o.define(t)
	groups, done, segments := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: machine, Disp: atGroups}, groups)
	MOVQ(Mem{Base: machine, Disp: atSegments}, segments)
	Label("segment")
	XORQ(done, done)
	TESTQ(groups, groups)
	JZ(LabelRef("rest"))
	Label("group")
	t.group(o, at, done, compute, false)
	ADDQ(U32(groupVectors*t.bytes()), done)
	CMPQ(done, groups)
	JNE(LabelRef("group"))
	Label("rest")
	CMPQ(Mem{Base: machine, Disp: atRest}, Imm(0))
	JE(LabelRef("end"))
	t.group(o, at, done, compute, true)
	Label("end")
	DECQ(segments)
	JZ(LabelRef("next"))
	for i := range at {
		ADDQ(pitch[i], at[i])
	}
	JMP(LabelRef("segment"))
	Label("next")
	next()
}

func (t *target) pick(of [2]int) int {
	if t.wide {
		return of[0]
	}
	return of[1]
}

// group emits the operation for one group of elements.
func (t *target) group(o operation, at []reg.GPVirtual, done reg.GPVirtual, compute func([]value) value, masked bool) {
	together := t.pick(o.weight.lockstep)
	if masked {
		together = groupVectors / 2
	}
	for from := 0; from < groupVectors; from += together {
		if masked && from > 0 { // half a group may be all that is left over
			CMPQ(Mem{Base: machine, Disp: atRest}, U8(from*t.lanes))
			JLE(LabelRef("end"))
		}
		place := func(operand, i int) Mem {
			return Mem{Base: at[operand], Index: done, Scale: 1, Disp: (from + i) * t.bytes()}
		}
		in := make([]value, o.operands)
		for operand := range in {
			in[operand] = t.fresh(together)
			for i, r := range in[operand] {
				if masked {
					t.loadRest(place(operand+1, i), from+i, r)
				} else {
					VMOVUPS(place(operand+1, i), r)
				}
			}
		}
		for i, r := range compute(in) {
			if masked {
				t.storeRest(r, from+i, place(0, i))
			} else {
				VMOVUPS(r, place(0, i))
			}
		}
	}
}

// loadRest reads the lanes that are left over in vector i of a group, the others become 0 and are not touched in memory.
func (t *target) loadRest(m Mem, i int, to Op) {
	mask := t.restMask(i)
	if t.wide {
		VMOVUPS_Z(m, mask, to)
	} else {
		VMASKMOVPS(m, mask, to)
	}
}

func (t *target) storeRest(from Op, i int, m Mem) {
	mask := t.restMask(i)
	if t.wide {
		VMOVUPS(from, mask, m)
	} else {
		VMASKMOVPS(from, mask, m)
	}
}

func (t *target) restMask(i int) Op {
	if t.wide {
		k := K()
		KMOVW(Mem{Base: machine, Disp: atMasks + 2*i}, k)
		return k
	}
	mask := t.vector()
	VMOVDQU(Mem{Base: machine, Disp: atMasks + i*t.bytes()}, mask)
	return mask
}
