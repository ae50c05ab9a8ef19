package controller

import (
	"slices"
	"time"

	"neurosweep/broker"
	"neurosweep/sweep"
)

// A simGang is the ranks of one attempt, as they find one another.
type simGang struct {
	w      *world
	ranks  []*simRun // by rank; nil: not there yet
	broken bool      // a rank is gone: the others will hear it
	over   bool      // rank 0 has got to the end
}

const (
	simPatience = 4 * time.Second // for ranks to come together
	simSilence  = 3 * time.Second // until a rank that is gone is missed
)

// join brings a rank to its group; the last one begins.
func (r *simRun) join(b *broker.Gang) {
	w := r.agent.world
	g := w.gangs[b.Group]
	if g == nil {
		g = &simGang{w: w, ranks: make([]*simRun, b.Size)}
		w.gangs[b.Group] = g
		w.After(simPatience, func() {
			if slices.Contains(g.ranks, nil) {
				g.fall()
			}
		})
	}
	if g.ranks[b.Rank] != nil {
		w.complain("rank %d of %s is there twice", b.Rank, b.Group)
		return
	}
	r.gang, g.ranks[b.Rank] = g, r
	if g.broken {
		g.fall()
	} else if !slices.Contains(g.ranks, nil) {
		g.ranks[0].agent.resume(g.ranks[0])
	}
}

// halt stops a run; the other ranks of a gang will miss it.
func (r *simRun) halt() {
	r.stopped = true
	if r.gang != nil && !r.gang.over {
		r.gang.fall()
	}
}

// fall has the ranks that are left end.
func (g *simGang) fall() {
	g.broken = true
	for _, r := range g.ranks {
		if r == nil || r.stopped {
			continue
		}
		g.w.After(g.w.between(0, simSilence), func() {
			if !r.stopped {
				r.agent.end(r, sweep.CauseCancelled, 0)
			}
		})
	}
}

// goesOn lets the misfortunes of a rank other than 0 happen; false: it was one.
func (g *simGang) goesOn(s script, update int) bool {
	victim := g.ranks[update/simEvery%len(g.ranks)]
	if victim.hold.Rank == 0 || g.broken {
		return !g.broken
	}
	a := victim.agent
	switch {
	case s == fails, s == fails1 && victim.hold.Attempt == 1:
		a.end(victim, sweep.CauseCode, update)
	case s == hungry && a.crowded(victim):
		a.end(victim, sweep.CauseOOM, update)
	case s == poison:
		g.w.kill(a)
	default:
		return true
	}
	return false
}

// crowded tells whether the agent runs anything else than ranks of this trial.
func (a *simAgent) crowded(r *simRun) bool {
	for key := range a.runs {
		if key.trial != r.hold.Trial {
			return true
		}
	}
	return false
}

// complete ends a run that got to the end; the ranks of a gang end together, in any order.
func (a *simAgent) complete(r *simRun, cause sweep.Cause, update int) {
	if r.gang == nil {
		a.end(r, cause, update)
		return
	}
	r.gang.over = true
	for _, i := range a.random.Perm(len(r.gang.ranks)) {
		if other := r.gang.ranks[i]; !other.stopped {
			other.agent.end(other, cause, update)
		}
	}
}
