package graph

import (
	"fmt"
	"slices"
	"strings"

	"neurosweep/models/kernel"
)

// A code is a program that can run: for each region its instructions, for any number of rows and time steps.
type code[F Float] struct {
	*layout
	regions [regionCount][]instr[F]
	packed  int // elements of packed weights

	// What the machine fills and reads itself; nil where there is none, or where nothing needs it.
	x, y, dy *operand[F]
	noiseTo  []*operand[F]
	copies   []*operand[F] // by param: what is added to the gradients at the end
}

// An instrKind is what an instruction does.
type instrKind uint8

const (
	callElements instrKind = iota
	callProduct            // operands C, A: C = start + A·B, B packed
	callOuter              // C, A, B: C += Aᵀ·B
	callSumRows            // C, A: the row C += all rows of A
	callSumCols            // C, A: the column C = the sum of each row of A
	callMaxCols
	callGather    // C, table, index
	callScatter   // C, A, index
	callCopy      // C, A: rows of A; only of values made from weights
	callTranspose // C, A: only of sums
	callPack      // operand 0 is packed
)

var instrNames = [...]string{"elements", "product", "outer", "sum rows", "sum columns", "max columns", "gather", "scatter", "copy", "transpose", "pack"}

// An instr is one call of a kernel.
type instr[F Float] struct {
	kind     instrKind
	rows     int // 0: as many as the region has at hand
	n        int // columns of the result
	k        int // of products: the inner dimension; of scatter and gather: the rows of the table
	operands []operand[F]

	elements *kernel.Program[F]
	code     []kernel.Instr      // of elements, to be printed
	streams  []kernel.Strided[F] // of elements: the operands; where their data is changes from run to run

	packed     int // where the packed weight begins
	transposed bool
	start      *operand[F] // of products: the row with which sums begin
	then       kernel.Then // of products: what is done with the sums in the end; drelu's other operand comes after C and A
	product    *kernel.Product[F]
	accumulate bool // of products: sums begin with C. Of others: C is not cleared before
}

// An operand is a place, and where that is in a frame.
type operand[F Float] struct {
	place
	buffer *[]F
	offset int // of row 0
	row    int // which of a frame's row numbers counts
}

// An emitter turns a layout into code.
type emitter[F Float] struct {
	*code[F]
	set    *kernel.Set[F]
	packs  map[string]int // where weights are packed
	failed error
}

// emit makes code of a layout for a set of kernels.
func emit[F Float](l *layout, set *kernel.Set[F]) (*code[F], error) {
	e := &emitter[F]{code: &code[F]{layout: l}, set: set, packs: map[string]int{}}
	for r := range regionCount {
		for _, t := range l.tasks[r] {
			e.task(r, t)
		}
	}
	e.ends()
	return e.code, e.failed
}

// ends finds where inputs go and outputs are.
func (e *emitter[F]) ends() {
	e.code.copies = make([]*operand[F], len(e.params))
	for i, v := range e.layout.copies {
		if v != nil {
			o := e.operand(v)
			e.code.copies[i] = &o
		}
	}
	e.noiseTo = make([]*operand[F], len(e.noise))
	for _, v := range e.values {
		if !e.placed[v.id] {
			continue
		}
		o := e.operand(v)
		switch v.op {
		case opInput:
			e.x = &o
		case opDY:
			e.dy = &o
		case opNoise:
			e.noiseTo[v.index] = &o
		}
	}
	if v := e.layout.y; v != nil {
		o := e.operand(v)
		e.code.y = &o
	}
}

func (e *emitter[F]) task(r region, t task) {
	v := t.values[0]
	if e.summed[v.id] { // its parts are added where it lies
		return
	}
	switch {
	case v.isElement():
		e.elements(r, t)
	case v.op == opChain:
		e.product(r, v)
	case v.op == opConcat, v.op == opStack:
		to := e.at(v)
		for _, a := range v.args {
			e.add(r, instr[F]{kind: callCopy, rows: a.rows, n: a.cols, operands: []operand[F]{{place: to}, e.operand(a)}})
			if v.op == opStack {
				to.base += a.rows * to.stride
			} else {
				to.column += a.cols
			}
		}
	default:
		e.single(r, v)
	}
}

func (e *emitter[F]) add(r region, i instr[F]) { e.regions[r] = append(e.regions[r], i) }

func (e *emitter[F]) operand(v *value) operand[F] { return operand[F]{place: e.at(v)} }

// rowsOf is the number of rows over which an instruction runs whose operand is v.
func rowsOf(v *value) int {
	if v.batch {
		return 0
	}
	return v.rows
}

// single emits an operation that is one call.
func (e *emitter[F]) single(r region, v *value) {
	kinds := map[string]instrKind{opOuter: callOuter, opSumRow: callSumRows, opSumCol: callSumCols, opMaxCol: callMaxCols, opGather: callGather, opSpread: callScatter, opTranspose: callTranspose}
	kind, ok := kinds[v.op]
	if !ok {
		panic("graph: the scan machine cannot do " + v.op)
	}
	i := instr[F]{kind: kind, n: v.cols, operands: []operand[F]{e.operand(v)}, accumulate: r == inSumBlock}
	for _, a := range v.args {
		i.operands = append(i.operands, e.operand(a))
	}
	switch kind {
	case callOuter:
		i.rows, i.k = rowsOf(v.args[0]), v.args[0].cols
	case callGather:
		i.rows, i.k = rowsOf(v.args[1]), v.args[0].rows
	case callScatter:
		i.rows, i.k = rowsOf(v.args[0]), v.rows
	default:
		i.rows, i.k = rowsOf(v.args[0]), v.args[0].cols
	}
	e.add(r, i)
}

// product emits a chain: a call for each term.
func (e *emitter[F]) product(r region, v *value) {
	terms := v.terms()
	for t, transposed := range v.transposed {
		a, w := terms[2*t], terms[2*t+1]
		i := instr[F]{
			kind: callProduct, rows: rowsOf(v), n: v.cols, k: a.cols, operands: []operand[F]{e.operand(v), e.operand(a)},
			packed: e.pack(r, w, v.cols, a.cols, transposed), accumulate: t > 0,
		}
		if t == len(v.transposed)-1 {
			i.then = thenOps[v.then]
			if i.then == kernel.ThenDReLU {
				i.operands = append(i.operands, e.operand(v.args[len(v.args)-1]))
			}
		}
		if t == 0 && v.init {
			if v.args[0].batch {
				i.accumulate = true
			} else {
				start := e.operand(v.args[0])
				i.start = &start
			}
		}
		i.prepare(e.set)
		e.add(r, i)
	}
}

// thenOps are the operations that a product can do in the end.
var thenOps = map[string]kernel.Then{"": kernel.ThenNothing, "relu": kernel.ThenReLU, "drelu": kernel.ThenDReLU}

// prepare makes the kernel's product.
func (i *instr[F]) prepare(set *kernel.Set[F]) {
	shape := kernel.ProductShape{
		N: i.n, K: i.k, Ldc: i.operands[0].stride, Lda: i.operands[1].stride, Start: i.start != nil, Accumulate: i.accumulate, Then: i.then,
	}
	if len(i.operands) > 2 {
		shape.Ldy = i.operands[2].stride
	}
	i.product = set.Product(shape)
}

// pack emits the packing of a weight before it is used, once, and returns where it goes.
func (e *emitter[F]) pack(r region, w *value, n, k int, transposed bool) int {
	key := fmt.Sprint(w.id, transposed)
	if at, ok := e.packs[key]; ok {
		return at
	}
	if r != inOnce && e.layout.regions[w.id] != inTotal {
		r = inOnce
	}
	at := e.packed
	e.packs[key] = at
	e.packed += aligned(e.set.PackedSize(k, n))
	e.add(r, instr[F]{kind: callPack, n: n, k: k, operands: []operand[F]{e.operand(w)}, packed: at, transposed: transposed})
	return at
}

// String prints the code region by region.
func (c *code[F]) String() string {
	var s strings.Builder
	for r, list := range c.regions {
		if len(list) == 0 {
			continue
		}
		fmt.Fprintf(&s, "%s:\n", regionNames[r])
		for _, i := range list {
			fmt.Fprintf(&s, "  %s\n", i)
		}
	}
	fmt.Fprintf(&s, "columns: step %d, block %d, saved %d; elements: once %d, packed %d, sums %d, total %d\n",
		c.widths[stepMemory], c.widths[blockMemory], c.widths[savedMemory], c.sizes[0], c.packed, c.sums, c.sizes[1])
	return s.String()
}

// String prints an instruction.
func (i instr[F]) String() string {
	var s strings.Builder
	fmt.Fprint(&s, instrNames[i.kind])
	if i.rows > 0 {
		fmt.Fprintf(&s, " %d×%d", i.rows, i.n)
	} else {
		fmt.Fprintf(&s, " ×%d", i.n)
	}
	if i.kind == callElements {
		for j, o := range i.operands {
			fmt.Fprintf(&s, " s%d=%v", j, o.place)
			if i.streams[j].Column {
				fmt.Fprint(&s, " (column)")
			} else if o.stride == 0 {
				fmt.Fprint(&s, " (row)")
			}
		}
		for _, in := range i.code {
			fmt.Fprintf(&s, "\n      %v", in)
		}
		if len(i.elements.Consts) > 0 {
			fmt.Fprintf(&s, "\n      constants %v", i.elements.Consts)
		}
		return s.String()
	}
	for _, o := range i.operands {
		fmt.Fprintf(&s, " %v", o.place)
	}
	switch i.kind {
	case callProduct:
		fmt.Fprintf(&s, " k=%d packed@%d", i.k, i.packed)
		if i.start != nil {
			fmt.Fprintf(&s, " from %v", i.start.place)
		} else if i.accumulate {
			fmt.Fprint(&s, " added")
		}
		if i.then != kernel.ThenNothing {
			fmt.Fprintf(&s, ", %s", [...]string{kernel.ThenReLU: "relu", kernel.ThenDReLU: "drelu"}[i.then])
		}
	case callPack:
		fmt.Fprintf(&s, " k=%d to packed@%d%s", i.k, i.packed, strings.Repeat(" transposed", count(i.transposed)))
	}
	return s.String()
}

// clone is the code for another worker: programs have registers of their own.
func (c *code[F]) clone() *code[F] {
	d := *c
	again := func(o *operand[F]) *operand[F] {
		if o == nil {
			return nil
		}
		p := *o
		return &p
	}
	d.x, d.y, d.dy = again(c.x), again(c.y), again(c.dy)
	d.noiseTo, d.copies = slices.Clone(c.noiseTo), slices.Clone(c.copies)
	for _, list := range [][]*operand[F]{d.noiseTo, d.copies} {
		for i, o := range list {
			list[i] = again(o)
		}
	}
	for r := range d.regions {
		d.regions[r] = slices.Clone(d.regions[r])
		for j := range d.regions[r] {
			i := &d.regions[r][j]
			i.operands = slices.Clone(i.operands)
			i.start = again(i.start)
			if i.product != nil {
				i.product = i.product.Clone()
			}
			if i.elements != nil {
				i.elements = i.elements.Clone()
				i.streams = slices.Clone(i.streams)
			}
		}
	}
	return &d
}
