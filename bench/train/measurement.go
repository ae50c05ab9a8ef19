package main

import (
	"fmt"
	"math"
	"path/filepath"
)

// A measurement is where the programs are, and how often they take turns.
type measurement struct {
	sweep, python, peers string
	rounds               int
}

// best is the best of several slices of ours.
type best struct {
	ms, peak, fraction float64 // of the fastest step, of the fastest slice of the peak, and what part of it the fastest step reached
	flops              float64 // of a step
	resident, planned  float64 // megabytes
}

func (b *best) add(s slice) {
	if b.ms == 0 || s.ms < b.ms {
		b.ms = s.ms
	}
	b.peak, b.fraction, b.flops = max(b.peak, s.peak), max(b.fraction, s.fraction), s.flops
	b.resident, b.planned = max(b.resident, s.resident), s.planned
}

// ideal is the milliseconds of a step in which every counted operation runs at the peak.
func (b best) ideal() float64 { return b.flops / b.peak / 1e6 }

// workload measures a workload against each of its peers. What goes wrong is in the rows.
func (m measurement) workload(w workload) (rows []row) {
	ours, fastest, name := best{}, math.Inf(1), ""
	if len(w.peers) == 0 {
		for range m.rounds {
			s, err := m.ours(w)
			if err != nil {
				return []row{{name: w.name, err: err}}
			}
			ours.add(s)
		}
	}
	for _, p := range w.peers {
		beside, theirs, err := m.alternate(w, p)
		r := row{name: w.name, threads: w.threads, against: p.name, goal: p.goal.least, share: p.goal.share(), err: err}
		if err == nil {
			r.ours, r.theirs = milliseconds(beside.ms), milliseconds(theirs)
			r.value, r.limit, r.unit = theirs/beside.ms, theirs/beside.ideal(), "×"
			if theirs < fastest {
				fastest, name = theirs, p.name
				ours = beside
			}
		}
		rows = append(rows, r)
	}
	if w.best.least > 0 && name != "" {
		rows = append(rows, row{
			name: w.name, threads: w.threads, against: "the fastest: " + name, ours: milliseconds(ours.ms), theirs: milliseconds(fastest),
			value: fastest / ours.ms, limit: fastest / ours.ideal(), unit: "×", goal: w.best.least, share: w.best.share(),
		})
	}
	if ours.ms == 0 {
		return rows
	}
	rows = append(rows, row{
		name: w.name, threads: w.threads, against: "FMA peak", ours: fmt.Sprintf("%.1f GFLOP/s", ours.fraction*ours.peak), theirs: fmt.Sprintf("%.1f GFLOP/s", ours.peak),
		value: ours.fraction, unit: "", goal: w.fraction,
	})
	if w.memory > 0 {
		rows = append(rows,
			row{name: w.name, threads: w.threads, against: "memory", ours: megabytes(ours.resident), value: ours.resident, unit: " MB", goal: w.memory, atMost: true},
			row{name: w.name, threads: w.threads, against: "memory planned", ours: megabytes(ours.resident), theirs: megabytes(ours.planned),
				value: math.Abs(ours.planned/ours.resident - 1), goal: w.planned, atMost: true})
	}
	return rows
}

// alternate gives ours and a peer their turns.
func (m measurement) alternate(w workload, p peer) (ours best, theirs float64, err error) {
	program := append([]string{filepath.Join(m.peers, p.program[0])}, p.program[1:]...)
	process, err := startPeer(w.threads, m.python, program...)
	if err != nil {
		return ours, 0, err
	}
	defer process.stop()
	theirs = math.Inf(1)
	for range m.rounds {
		ms, err := process.run(p.steps)
		if err != nil {
			return ours, 0, fmt.Errorf("peer %s: %w", p.name, err)
		}
		for _, v := range ms {
			theirs = min(theirs, v)
		}
		s, err := m.ours(w)
		if err != nil {
			return ours, 0, err
		}
		ours.add(s)
	}
	return ours, theirs, nil
}

func milliseconds(v float64) string { return fmt.Sprintf("%.4g ms", v) }
func megabytes(v float64) string    { return fmt.Sprintf("%.0f MB", v) }
