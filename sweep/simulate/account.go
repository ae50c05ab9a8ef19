package simulate

// An account says who did what for how long, in seconds of virtual time. Nothing in it depends on an order of maps.
type account struct {
	alive    integral // agents, from a task's start to its end
	training integral // trials
	startup  integral // agents that start
	lost     float64  // of training, done again by another attempt
	lostBy   map[string]float64

	empty   bool // the queue ran empty for the first time…
	emptyAt float64
	used    float64 // …when agents had been alive for so long…
	trained float64 // …trials had trained for so long…
	wasted  float64 // …of which so much was lost, then or later
}

// An integral adds up how long several things have lasted.
type integral struct {
	open  int
	begun float64 // the sum of their beginnings
	done  float64 // of those that have ended
}

func (i *integral) begin(at float64) {
	i.open++
	i.begun += at
}

func (i *integral) end(began, at float64) {
	i.open--
	i.begun -= began
	i.done += at - began
}

// until is the sum at a moment that is not before the last change.
func (i *integral) until(at float64) float64 { return i.done + float64(i.open)*at - i.begun }

// lose notes that what a trial has done between two moments was in vain.
func (a *account) lose(why string, began, at float64) {
	a.lost += at - began
	a.lostBy[why] += at - began
	if a.empty {
		a.wasted += max(min(at, a.emptyAt)-began, 0)
	}
}

// queueEmpty notes the first moment at which nothing waits.
func (a *account) queueEmpty(at float64) {
	if !a.empty {
		a.empty, a.emptyAt, a.used, a.trained, a.wasted = true, at, a.alive.until(at), a.training.until(at), a.lost
	}
}
