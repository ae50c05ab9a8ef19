package graph

import "slices"

// A span is the life of a buffer: from the task that first writes it to the last that reads it, by their numbers in the order of all tasks.
type span struct {
	root          *value
	first, last   int
	regions       [regionCount]bool
	column, width int
}

// placeBatch places the values of the batch in as little memory as their lives allow.
func (l *layout) placeBatch() {
	f := &spans{l: l, of: map[*value]*span{}}
	f.collect()
	f.spread()
	var spans [3][]*span
	for _, s := range f.list {
		m := f.memory(s)
		if m != stepMemory {
			f.wholeLoops(s)
		}
		spans[m] = append(spans[m], s)
	}
	for m, list := range spans {
		l.widths[m] = pack(list, memory(m) == savedMemory)
		for _, s := range list {
			l.set(s.root, place{memory: memory(m), base: s.column, stride: s.width})
			if memory(m) == savedMemory {
				l.saved = append(l.saved, saved{
					base: s.column, stride: s.width, writtenEarly: s.regions[inForwardBlock], readEarly: s.regions[inOutputBlock] || s.regions[inGradientBlock],
				})
			}
		}
	}
}

// spans collects the lives of buffers.
type spans struct {
	l      *layout
	of     map[*value]*span
	list   []*span
	begins [regionCount + 1]int // the number of each region's first task
}

func (f *spans) collect() {
	l := f.l
	number := 1
	for r := range regionCount {
		f.begins[r] = number
		number += len(l.tasks[r]) + 2 // between them: where inputs are gathered and the loss is computed
	}
	f.begins[regionCount] = number
	for r := range regionCount {
		for i, t := range l.tasks[r] {
			for _, v := range t.values {
				if l.stored[v.id] {
					f.touch(v, r, f.begins[r]+i)
				}
				for _, a := range v.args {
					if !slices.Contains(t.values, a) {
						f.touch(a, r, f.begins[r]+i)
					}
				}
			}
		}
	}
	loss := f.begins[inOutputBlock] + len(l.tasks[inOutputBlock])
	for _, v := range l.values {
		if f.of[v] == nil {
			continue
		}
		switch v.op { // inputs are filled before the pass that reads them
		case opInput:
			f.touch(v, inForwardBlock, f.begins[inForwardBlock]-1)
			f.touch(v, inForwardBlock, f.begins[inTotal])
		case opNoise:
			f.touch(v, inForwardBlock, f.begins[inForwardBlock]-1)
		case opDY:
			f.touch(v, inOutputBlock, loss)
		}
	}
	if l.y != nil {
		f.touch(l.y, inOutputBlock, loss)
	}
}

// spread gives the operands of products that read down their columns rows that lie apart, but for inputs, which are gathered without gaps.
func (f *spans) spread() {
	for _, v := range f.l.values {
		if v.op != opOuter {
			continue
		}
		for _, a := range v.args {
			if s := f.of[f.root(a)]; s != nil && s.root.op != opInput {
				s.width = strideOf(s.root.cols)
			}
		}
	}
}

// touch says that a task reads or writes v.
func (f *spans) touch(v *value, r region, number int) {
	v = f.root(v)
	if !v.batch || f.l.placed[v.id] {
		return
	}
	s := f.of[v]
	if s == nil {
		s = &span{root: v, first: number, width: v.cols}
		f.of[v] = s
		f.list = append(f.list, s)
	}
	s.first, s.last = min(s.first, number), max(s.last, number)
	s.regions[r] = true
}

// root is what v is a view of, or lies within.
func (f *spans) root(v *value) *value {
	for !f.l.placed[v.id] && (v.op == opSlice || f.l.homes[v.id].kind == within) {
		if v.op == opSlice {
			v = v.args[0]
		} else {
			v = f.l.homes[v.id].in
		}
	}
	return v
}

// memory is the least that will do.
func (f *spans) memory(s *span) memory {
	forward, backward, step := false, false, true
	for r, in := range s.regions {
		if in {
			backward = backward || region(r).isBackward()
			forward = forward || !region(r).isBackward()
			step = step && region(r).isStep()
		}
	}
	switch {
	case s.root.op == opInput:
		return blockMemory
	case forward && backward && f.l.training:
		return savedMemory
	case step && forward != backward:
		return stepMemory
	}
	return blockMemory
}

// wholeLoops lengthens a life that begins, ends or passes in a loop to the whole loop: the loop's time steps use different rows.
func (f *spans) wholeLoops(s *span) {
	for r, in := range s.regions {
		if in && region(r).isStep() {
			s.first, s.last = min(s.first, f.begins[r]), max(s.last, f.begins[r+1]-1)
		}
	}
}

// pack gives buffers columns such that those that live at the same time do not overlap, and returns how many columns there are. apart: as if all lived at the same time.
func pack(list []*span, apart bool) (width int) {
	var placed []*span
	for _, s := range list {
		for moved := true; moved; {
			moved = false
			for _, o := range placed {
				together := apart || s.first <= o.last && o.first <= s.last
				if together && s.column < o.column+o.width && o.column < s.column+s.width {
					s.column, moved = o.column+o.width, true
				}
			}
		}
		placed = append(placed, s)
		width = max(width, s.column+s.width)
	}
	return width
}
