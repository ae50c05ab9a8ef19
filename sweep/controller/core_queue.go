package controller

// A queue holds waiting trials: gangs that had to wait for others, then those that are tried again, then those that never ran, each in the order in which they came.
// A trial that has ended meanwhile is dropped when its turn comes.
type queue struct {
	first, again, fresh list
	alone               list // trials of one rank that run with nothing beside them
}

// add puts a waiting trial into its queue, once.
func (q *queue) add(t *trial) {
	if t.queued {
		return
	}
	t.queued = true
	switch {
	case t.read().mustBeAlone() && t.ranks == 1:
		q.alone.push(t)
	case t.attempt > 0:
		q.again.push(t)
	default:
		q.fresh.push(t)
	}
}

// take removes the next trial that is not to be alone on its host, or is a gang, and that may go to the agent that asks; nil: there is none.
func (q *queue) take(may func(*trial) bool) *trial {
	for _, l := range []*list{&q.first, &q.again, &q.fresh} {
		if t := l.popThat(may); t != nil {
			return t
		}
	}
	return nil
}

// maxPassed bounds the search for a trial that an agent may have.
const maxPassed = 64

// popThat removes the first trial that may go. Those before it go to the end, so that they cannot hide others for ever.
func (l *list) popThat(may func(*trial) bool) (found *trial) {
	var passed []*trial
	for len(passed) < maxPassed {
		t := l.pop()
		if t == nil || may(t) {
			found = t
			break
		}
		passed = append(passed, t)
	}
	for _, t := range passed {
		t.queued = true
		l.push(t)
	}
	return found
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
