package clock

import "time"

// A Clock begins at 0 and moves from one thing to the next. Its zero value is ready; it is not safe for concurrent use.
type Clock struct {
	now    time.Duration
	serial uint64
	heap   []timer // each before those at 2i+1 and 2i+2
}

// A timer is something that happens at a time.
type timer struct {
	at     time.Duration
	serial uint64
	do     func()
}

func (t timer) before(u timer) bool { return t.at < u.at || t.at == u.at && t.serial < u.serial }

// Now is the time of what happens now.
func (c *Clock) Now() time.Duration { return c.now }

// After has do called when d has passed; a d below 0 counts as 0.
func (c *Clock) After(d time.Duration, do func()) {
	c.serial++
	t := timer{c.now + max(d, 0), c.serial, do}
	c.heap = append(c.heap, t)
	i := len(c.heap) - 1
	for i > 0 && t.before(c.heap[(i-1)/2]) {
		c.heap[i] = c.heap[(i-1)/2]
		i = (i - 1) / 2
	}
	c.heap[i] = t
}

// Next moves to the next thing and does it; false: nothing is left.
func (c *Clock) Next() bool {
	if len(c.heap) == 0 {
		return false
	}
	next := c.heap[0]
	last := len(c.heap) - 1
	t := c.heap[last]
	c.heap[last] = timer{}
	c.heap = c.heap[:last]
	if last > 0 {
		c.sink(t)
	}
	c.now = next.at
	next.do()
	return true
}

// sink puts a timer where the first one was taken out.
func (c *Clock) sink(t timer) {
	i := 0
	for {
		child := 2*i + 1
		if child >= len(c.heap) {
			break
		}
		if right := child + 1; right < len(c.heap) && c.heap[right].before(c.heap[child]) {
			child = right
		}
		if !c.heap[child].before(t) {
			break
		}
		c.heap[i] = c.heap[child]
		i = child
	}
	c.heap[i] = t
}
