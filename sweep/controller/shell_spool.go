package controller

import (
	"slices"

	"neurosweep/results"
	"neurosweep/results/spool"
	"neurosweep/sweep"
)

// readSpool gives the core what an incarnation has spooled and not committed. A spool that cannot be read is a warning: it may be foreign.
func (s *shell) readSpool(i sweep.Incarnation) error {
	var failed error
	err := spool.Read(s.o.Dir, i, s.writer.HighWater(i), func(r *results.Report) error {
		s.note(r)
		failed = s.step(Reported{r})
		return failed
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		s.o.Log.Warn().Err(err).Msg("a spool cannot be read")
	}
	return nil
}

// readSpools gives the core all that agents have left, and has agents of this machine looked for that it knows from the log.
func (s *shell) readSpools() error {
	incarnations, err := spool.List(s.o.Dir)
	if err != nil {
		return err
	}
	for _, i := range incarnations {
		if err := s.readSpool(i); err != nil {
			return err
		}
	}
	for t := range s.writer.State().Trials {
		if a := t.Running(); a != nil {
			for _, m := range append(slices.Clone(a.Ranks), results.Member{Incarnation: a.Incarnation, Agent: a.Agent}) {
				if host, pid, ok := processOf(m.Agent); ok {
					s.watch(m.Incarnation, host, pid)
				}
			}
		}
	}
	return s.lookAtProcesses()
}

// removeSpools removes the spools in which everything is committed, when the sweep has ended.
func (s *shell) removeSpools() error {
	incarnations, err := spool.List(s.o.Dir)
	if err != nil {
		return err
	}
	for _, i := range incarnations {
		left := 0
		err := spool.Read(s.o.Dir, i, s.writer.HighWater(i), func(*results.Report) error {
			left++
			return nil
		})
		if err != nil || left > 0 {
			continue // somebody should look at it
		}
		if err := spool.Remove(s.o.Dir, i); err != nil {
			return err
		}
	}
	return nil
}

// recallTarget tells the core the best value of the target's metric that was committed before.
func (s *shell) recallTarget() error {
	t := s.core.target
	if t.sign == 0 {
		return nil
	}
	var best *Measured
	for id, e := range s.writer.State().Evals {
		if e.Metric != t.metric || e.Condition != t.condition || e.Value.Nonfinite() != "" {
			continue
		}
		if v := float64(e.Value); best == nil || t.sign*v > t.sign*best.Value {
			best = &Measured{id, v}
		}
	}
	if best == nil {
		return nil
	}
	return s.step(*best)
}
