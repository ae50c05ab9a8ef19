package graph

import "slices"

// A task is what runs at once: an operation, or several element-wise ones as one pass over memory.
type task struct {
	region region
	values []*value // in order; more than one only if all are element-wise, of one shape
}

// A schedule is the tasks of a program in the order in which they run, region by region.
type schedule struct {
	*bound
	tasks  [regionCount][]task
	stored []bool // by value: it is read by another task, or a result, so that it needs memory
}

// isView tells whether a value has no computation: it is columns or rows of others.
func (v *value) isView() bool {
	return v.op == opSlice || v.op == opRows || v.op == opConcat && v.batch
}

// schedule orders the operations of each region: what is not element-wise as soon as it can be, element-wise operations as late as something else
// needs them, so that as many as possible become one task.
func (b *bound) schedule() *schedule {
	s := &schedule{bound: b, stored: make([]bool, len(b.values))}
	var lists [regionCount][]*value
	for _, v := range b.values {
		if !v.isSource() {
			r := b.regions[v.id]
			lists[r] = append(lists[r], v)
		}
	}
	done := make([]bool, len(b.values))
	for _, v := range b.values {
		done[v.id] = v.isSource()
	}
	for r := range regionCount {
		o := orderer{s: s, region: r, done: done, rest: lists[r]}
		o.run()
	}
	s.markStored()
	return s
}

// An orderer schedules one region.
type orderer struct {
	s      *schedule
	region region
	done   []bool // by value; what earlier regions compute is done
	rest   []*value
}

func (o *orderer) run() {
	for len(o.rest) > 0 {
		if o.take(func(v *value) bool { return !v.isElement() && o.ready(v) }, o.emit) {
			continue
		}
		// Element-wise operations that something else in this region waits for; at the end, all.
		wanted := o.wanted()
		var batch []*value
		o.take(func(v *value) bool {
			ok := v.isElement() && wanted[v] && o.ready(v)
			if ok {
				o.done[v.id] = true
			}
			return ok
		}, func(v *value) { batch = append(batch, v) })
		if len(batch) == 0 {
			panic("graph: the scan machine's schedule has a circle")
		}
		o.group(batch)
	}
}

// take removes the values for which choose holds from the rest, in order, and gives them to f. It tells whether there were any.
func (o *orderer) take(choose func(*value) bool, f func(*value)) bool {
	var rest []*value
	for _, v := range o.rest {
		if choose(v) {
			f(v)
		} else {
			rest = append(rest, v)
		}
	}
	some := len(rest) < len(o.rest)
	o.rest = rest
	return some
}

func (o *orderer) ready(v *value) bool {
	return !slices.ContainsFunc(v.args, func(a *value) bool { return !o.done[a.id] })
}

// emit schedules what is not element-wise.
func (o *orderer) emit(v *value) {
	o.done[v.id] = true
	if !v.isView() {
		o.s.tasks[o.region] = append(o.s.tasks[o.region], task{o.region, []*value{v}})
	}
}

// wanted marks the element-wise operations that the next operations of another kind need: those that need nothing else of another kind.
func (o *orderer) wanted() map[*value]bool {
	waiting := map[*value]bool{} // it needs something that is not element-wise
	for _, v := range o.rest {
		for _, a := range v.args {
			if !o.done[a.id] && (waiting[a] || !a.isElement() && !a.isView()) {
				waiting[v] = true
			}
		}
	}
	wanted := map[*value]bool{}
	var want func(v *value)
	want = func(v *value) {
		if o.done[v.id] || wanted[v] {
			return
		}
		wanted[v] = true
		for _, a := range v.args {
			want(a)
		}
	}
	for _, v := range o.rest {
		if !v.isElement() && !v.isView() && !waiting[v] {
			want(v)
		}
	}
	if len(wanted) == 0 {
		for _, v := range o.rest {
			want(v)
		}
	}
	return wanted
}

// group makes tasks of element-wise operations: those of one shape that need no result of another shape in between are one.
func (o *orderer) group(batch []*value) {
	type key struct {
		batch      bool
		rows, cols int
		level      int
	}
	level := map[*value]int{}
	var keys []key
	members := map[key][]*value{}
	for _, v := range batch {
		l := 0
		for _, a := range v.args {
			if la, ok := level[a]; ok {
				if a.batch != v.batch || a.rows != v.rows || a.cols != v.cols {
					la++
				}
				l = max(l, la)
			}
		}
		level[v] = l
		k := key{v.batch, v.rows, v.cols, l}
		if members[k] == nil {
			keys = append(keys, k)
		}
		members[k] = append(members[k], v)
	}
	slices.SortStableFunc(keys, func(a, b key) int { return a.level - b.level })
	for _, k := range keys {
		o.s.tasks[o.region] = append(o.s.tasks[o.region], task{o.region, members[k]})
	}
}

// markStored finds the values that need memory: not those that only their own task reads.
func (s *schedule) markStored() {
	at := make([]*task, len(s.values))
	for r := range s.tasks {
		for i := range s.tasks[r] {
			t := &s.tasks[r][i]
			for _, v := range t.values {
				at[v.id] = t
			}
		}
	}
	for _, v := range s.values {
		for _, a := range v.args {
			if at[v.id] == nil || at[a.id] != at[v.id] {
				s.stored[a.id] = true
			}
		}
	}
	for _, r := range s.results() {
		if *r != nil {
			s.stored[(*r).id] = true
		}
	}
}
