package kernel

import "fmt"

// An Op is an element-wise operation of a Program. Every one is defined by the roundings of its comment, in the type of the program: (x·y)
// stands for a product that is rounded, fused for one that is not. The functions say their maximum error in float32 (functions.go); in float64
// they are the standard library's, whose last bits may differ between processors.
//
// A NaN among the operands gives a NaN, in Min, Max and the rectifiers too, except where an operation says which operand it returns. Which NaN is not specified.
type Op uint8

// The operations. a, b and c are the operands A, B and C of the instruction.
const (
	OpCopy     Op = iota // a
	OpNeg                // -a
	OpAbs                // |a|
	OpSign               // 1, -1 or a itself where it is ±0 or NaN
	OpSqrt               // √a, correctly rounded; NaN below zero
	OpExp                // eᵃ
	OpLog                // ln a; -Inf for ±0, NaN below
	OpSigmoid            // 1/(1+e⁻ᵃ)
	OpTanh               // tanh a, of -0 too
	OpSoftplus           // ln(1+eᵃ)
	OpSin                // sin a, +0 of both zeros, NaN for |a| > AngleLimit
	OpCos                // cos a, NaN for |a| > AngleLimit
	OpReLU               // a > 0 ? a : 0
	OpAdd                // a + b
	OpSub                // a - b
	OpMul                // a·b
	OpDiv                // a/b
	OpMin                // the smaller of a and b; of equal ones (±0) b
	OpMax                // the larger of a and b; of equal ones (±0) b
	OpLess               // a < b ? 1 : 0; 0 where one is NaN
	OpLeaky              // a > 0 ? a : (a·b): b is the slope
	OpDSigmoid           // a·(b·(1-b)): the gradient of y = sigmoid x from that of y (a) and y (b)
	OpDTanh              // a·(1-b·b), the inner product fused: the gradient of y = tanh x from that of y (a) and y (b)
	OpDReLU              // b > 0 ? a : 0: the gradient of ReLU from that of its result (a) and either x or the result (b)
	OpFMA                // a·b + c, fused
	OpFNMA               // c - a·b, fused
	OpSelect             // a ≠ 0 ? b : c, a NaN in a counting as ≠ 0
	OpDLeaky             // b > 0 ? a : (a·c): the gradient of Leaky, whose slope c must be ≥ 0 if b is the result instead of x
	opCount
)

// AngleLimit is the largest magnitude of an argument of Sin and Cos in float32. Neighbouring numbers lie 1/64 apart there.
const AngleLimit = 1 << 17

// opTable has the name and the number of operands of every operation.
var opTable = [opCount]struct {
	name     string
	operands int
}{
	OpCopy: {"copy", 1}, OpNeg: {"neg", 1}, OpAbs: {"abs", 1}, OpSign: {"sign", 1}, OpSqrt: {"sqrt", 1}, OpExp: {"exp", 1}, OpLog: {"log", 1},
	OpSigmoid: {"sigmoid", 1}, OpTanh: {"tanh", 1}, OpSoftplus: {"softplus", 1}, OpSin: {"sin", 1}, OpCos: {"cos", 1}, OpReLU: {"relu", 1},
	OpAdd: {"add", 2}, OpSub: {"sub", 2}, OpMul: {"mul", 2}, OpDiv: {"div", 2}, OpMin: {"min", 2}, OpMax: {"max", 2}, OpLess: {"less", 2},
	OpLeaky: {"leaky", 2}, OpDSigmoid: {"dsigmoid", 2}, OpDTanh: {"dtanh", 2}, OpDReLU: {"drelu", 2},
	OpFMA: {"fma", 3}, OpFNMA: {"fnma", 3}, OpSelect: {"select", 3}, OpDLeaky: {"dleaky", 3},
}

// Ops are all operations, in order.
func Ops() []Op {
	ops := make([]Op, opCount)
	for i := range ops {
		ops[i] = Op(i)
	}
	return ops
}

// Operands is the number of operands of an operation, from 1 to 3; 0 if there is no such operation.
func (o Op) Operands() int {
	if o >= opCount {
		return 0
	}
	return opTable[o].operands
}

// String is the operation's name in printed programs.
func (o Op) String() string {
	if o >= opCount {
		return fmt.Sprintf("op(%d)", uint8(o))
	}
	return opTable[o].name
}

// An Operand is what an instruction reads or writes: a stream, a register or a constant. The zero value is none.
type Operand uint16

const (
	kindShift = 14
	indexMask = 1<<kindShift - 1

	streamKind   = 1
	registerKind = 2
	constKind    = 3
)

// Stream is stream i of a Run.
func Stream(i int) Operand { return operand(streamKind, i) }

// Register is register i of the program: a value of the element at hand that lives no longer than its instructions.
func Register(i int) Operand { return operand(registerKind, i) }

// Const is constant i of the program.
func Const(i int) Operand { return operand(constKind, i) }

// operand is none where the index does not fit, which Compile refuses.
func operand(kind, i int) Operand {
	if i < 0 || i > indexMask {
		return 0
	}
	return Operand(kind<<kindShift | i)
}

func (o Operand) kind() int  { return int(o >> kindShift) }
func (o Operand) index() int { return int(o & indexMask) }

// String is s0, r0 or c0 for stream, register and constant 0, and - for none.
func (o Operand) String() string {
	if o.kind() == 0 {
		return "-"
	}
	return fmt.Sprintf("%c%d", " src"[o.kind()], o.index())
}

// An Instr is one instruction: Dst = Op(A, B, C), the unused operands zero. Dst is a stream or a register; it may be one of the operands.
type Instr struct {
	Op           Op
	Dst, A, B, C Operand
}

// String prints an instruction, as r0 = fma s1 c0 r2.
func (i Instr) String() string {
	text := fmt.Sprintf("%v = %v", i.Dst, i.Op)
	operands := [...]Operand{i.A, i.B, i.C}
	for _, o := range operands[:i.Op.Operands()] {
		text += " " + o.String()
	}
	return text
}
