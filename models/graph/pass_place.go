package graph

import (
	"fmt"
	"slices"
)

// A memory is one of the kinds of memory in which values lie. M is a leaf's number of rows.
type memory uint8

// The kinds. The first three have as many rows as their unit of time; a value is a run of columns there.
const (
	stepMemory  memory = iota // M rows: scratch of one time step
	blockMemory               // as many rows as a block of time steps
	savedMemory               // a row for each row and time step: what the backward pass reads
	stateMemory               // the states: one time step more
	carryMemory               // the gradients that are carried back: two time steps
	paramMemory               // the weights as they are given
	onceMemory                // what is made from weights
	sumMemory                 // a leaf's gradients: first of the weights, in their order, then other sums
	totalMemory               // what is made from the sums of all leaves
)

var memoryNames = []string{"step", "block", "saved", "state", "carry", "param", "once", "sum", "total"}

// A place is where a value lies.
type place struct {
	memory memory
	index  int // of states and gradients that are carried: which
	base   int // the first column of the buffer; in memories from paramMemory on the first element
	column int // the first column within the buffer's rows
	stride int // columns of the buffer
	before bool
}

// String prints a place, as saved[128:256].
func (p place) String() string {
	s := memoryNames[p.memory]
	switch p.memory {
	case stateMemory, carryMemory:
		s = fmt.Sprint(s, p.index)
		if p.before {
			s += "(before)"
		}
	default:
		s = fmt.Sprintf("%s@%d", s, p.base)
	}
	if p.column > 0 {
		s += fmt.Sprintf("+%d", p.column)
	}
	return s
}

// A layout is a schedule with a place for every value that needs one, for any number of rows and time steps.
type layout struct {
	*schedule
	params   []Param
	training bool
	places   []place  // by value
	placed   []bool   // by value
	summed   []bool   // by value: made by adding to a place that another value has, or has no tasks of its own
	saved    []saved  // the buffers of saved memory
	widths   [3]int   // columns of step, block and saved memory
	sizes    [2]int   // elements of once and total memory
	sums     int      // elements of a leaf's gradients
	copies   []*value // results that must be copied from their place to the gradients: by param, nil where not
}

// A saved is a buffer of saved memory: columns, and whether they are written or read for a block of time steps before the loop over these.
type saved struct {
	base, stride            int
	writtenEarly, readEarly bool
}

// place gives every value a place.
func (s *schedule) place(params []Param, training bool) *layout {
	n := len(s.values)
	l := &layout{schedule: s, params: params, training: training, places: make([]place, n), placed: make([]bool, n), summed: make([]bool, n)}
	l.placeFixed()
	l.placeSums()
	l.placeBatch()
	return l
}

func (l *layout) set(v *value, p place) { l.places[v.id], l.placed[v.id] = p, true }

// at is where a value lies; views lie in what they are views of.
func (l *layout) at(v *value) place {
	if l.placed[v.id] {
		return l.places[v.id]
	}
	switch h := l.homes[v.id]; {
	case v.op == opSlice:
		p := l.at(v.args[0])
		p.column += v.from
		return p
	case v.op == opRows:
		p := l.at(v.args[0])
		p.base += v.from * p.stride
		return p
	case h.kind == within:
		p := l.at(h.in)
		p.column += h.column
		return p
	}
	panic(fmt.Sprintf("graph: the scan machine has no place for %v", v))
}

// placeFixed places what is made from weights, or always lies in the same buffer.
func (l *layout) placeFixed() {
	offsets := make([]int, len(l.params)+1)
	for i, p := range l.params {
		offsets[i+1] = offsets[i] + p.Size()
	}
	for _, v := range l.values {
		switch v.op {
		case opParam:
			l.set(v, place{memory: paramMemory, base: offsets[v.index], stride: v.cols})
		case opState:
			l.set(v, place{memory: stateMemory, index: v.index, stride: strideOf(v.cols), before: true})
		case opDNext:
			l.set(v, place{memory: carryMemory, index: v.index, stride: v.cols, before: true})
		}
		switch h := l.homes[v.id]; h.kind {
		case toState:
			l.set(v, place{memory: stateMemory, index: h.index, stride: strideOf(v.cols)})
		case toCarry:
			l.set(v, place{memory: carryMemory, index: h.index, stride: v.cols})
		}
	}
	l.sums = offsets[len(l.params)]
	for _, t := range l.tasks[inOnce] {
		for _, v := range t.values {
			if l.stored[v.id] {
				l.set(v, place{memory: onceMemory, base: l.sizes[0], stride: v.cols})
				l.sizes[0] += aligned(v.rows * v.cols)
			}
		}
	}
}

// strideOf is from row to row of a matrix that products read down its columns, a block of some hundred rows at once. Rows that are multiples of 512 bytes apart would all fall
// into the same eight sets of a first-level cache of 64, which hold 64 lines, and none would be there when the next columns are read.
func strideOf(cols int) int {
	if cols%128 == 0 {
		return aligned(cols + 1)
	}
	return cols
}

// aligned is n, rounded up to whole cache lines of float32.
func aligned(n int) int { return (n + 15) &^ 15 }

// placeSums places the gradients of weights, and what is made from sums.
func (l *layout) placeSums() {
	users := l.users()
	l.copies = make([]*value, len(l.params))
	base := 0
	for i, v := range l.dparams {
		if v != nil && !l.placed[v.id] && l.addable(v, users) {
			l.addInto(v, place{memory: sumMemory, base: base, stride: v.cols})
		} else {
			l.copies[i] = v
		}
		base += l.params[i].Size()
	}
	for r := inSumBlock; r <= inTotal; r++ {
		for _, t := range l.tasks[r] {
			for _, v := range t.values {
				switch {
				case l.placed[v.id] || !l.stored[v.id]:
				case r == inSumBlock:
					l.set(v, place{memory: sumMemory, base: l.sums, stride: v.cols})
					l.sums += v.rows * v.cols
				default:
					l.set(v, place{memory: totalMemory, base: l.sizes[1], stride: v.cols})
					l.sizes[1] += aligned(v.rows * v.cols)
				}
			}
		}
	}
}

// addable tells whether a value can be made by adding its parts to zeros, block by block: each part is a sum over rows that nothing else needs.
func (l *layout) addable(v *value, users [][]*value) bool {
	switch {
	case l.regions[v.id] == inSumBlock:
		return true
	case v.op == "copy" && v.args[0].op == opConst && v.args[0].c == 0:
		return true
	case v.op == "add", v.op == opStack, v.op == opConcat:
		return !slices.ContainsFunc(v.args, func(a *value) bool {
			return v.op == "add" && (a.rows != v.rows || a.cols != v.cols) || len(users[a.id]) != 1 || !l.addable(a, users)
		})
	}
	return false
}

// addInto gives an addable value its place.
func (l *layout) addInto(v *value, p place) {
	l.set(v, p)
	l.summed[v.id] = l.regions[v.id] != inSumBlock
	for _, a := range v.args {
		switch v.op {
		case "add":
			l.addInto(a, p)
		case opStack:
			l.addInto(a, p)
			p.base += a.rows * p.stride
		case opConcat:
			l.addInto(a, p)
			p.column += a.cols
		}
	}
}
