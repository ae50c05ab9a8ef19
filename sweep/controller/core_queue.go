package controller

// A queue holds waiting trials: those that are tried again before those that never ran, each in the order in which they came.
// A trial that has ended meanwhile is dropped when its turn comes.
type queue struct {
	again, fresh, alone list
}

// add puts a waiting trial into its queue, once.
func (q *queue) add(t *trial) {
	if t.queued {
		return
	}
	t.queued = true
	switch {
	case t.record.mustBeAlone():
		q.alone.push(t)
	case t.attempt > 0:
		q.again.push(t)
	default:
		q.fresh.push(t)
	}
}

// take removes the next trial that may run beside others; nil: there is none.
func (q *queue) take() *trial {
	if t := q.again.pop(); t != nil {
		return t
	}
	return q.fresh.pop()
}

// A list is a first-in, first-out queue whose front costs nothing to remove.
type list struct {
	trials []*trial
	front  int
}

func (l *list) push(t *trial) {
	if l.front > len(l.trials)/2 && l.front > 1024 {
		l.trials, l.front = append(l.trials[:0], l.trials[l.front:]...), 0
	}
	l.trials = append(l.trials, t)
}

// pop removes the first trial that still waits.
func (l *list) pop() *trial {
	for l.front < len(l.trials) {
		t := l.trials[l.front]
		l.trials[l.front] = nil
		l.front++
		t.queued = false
		if t.state == waiting {
			return t
		}
	}
	return nil
}
