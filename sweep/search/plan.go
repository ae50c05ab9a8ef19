package search

import (
	"fmt"
	"slices"

	"neurosweep/sweep"
)

// A source gives the parameters of one cell after the other.
type source interface {
	// next gives the next cell; ok is false when there are no more.
	next() (params sweep.Values, ok bool)
	// cells is how many there are; finite is false where that is not known, or there is no end.
	cells() (n int, finite bool)
	// draws is how many points were drawn so far; skip goes on behind so many.
	draws() int
	skip(draws int)
}

// A Plan gives the trials of a sweep in order. It is not safe for concurrent use.
type Plan struct {
	spec    *sweep.Spec
	source  source
	seen    map[sweep.CellID]int // how often each cell has been planned: of a native sweep at most once
	pending []sweep.Trial        // of the present cell
	index   int                  // of the next trial
	cells   int
	ended   bool
}

// MaxTrials is the most trials of one sweep.
const MaxTrials = 10_000_000

// maxRepeats is how many draws in a row may repeat cells before the space counts as exhausted.
const maxRepeats = 1000

// maxChecked is how many cells of a grid are checked one by one; of a larger one, and of a random space, as many evenly spread or first ones.
const maxChecked = 20_000

// Open makes the plan of a spec and checks that its configurations can be built: every cell of a grid, up to 20,000 of them, else so many evenly spread;
// the first 100 points of a random sweep and the extremes of each path. The error is a sweep.Problems.
func Open(s *sweep.Spec) (*Plan, error) {
	p := &Plan{spec: s, seen: map[sweep.CellID]int{}}
	switch s.Method {
	case "random":
		r := newRandom(s)
		p.source = r
		return p, p.checkRandom(r)
	case "grid":
		grid, err := newGrid(s)
		if err != nil {
			return nil, err
		}
		p.source = grid
		return p, p.checkGrid(grid)
	}
	p.source = unknown{}
	return p, nil
}

// unknown is the source of a method that this version cannot run: its points are not known beforehand.
type unknown struct{}

func (unknown) next() (sweep.Values, bool) { return nil, false }
func (unknown) cells() (int, bool)         { return 0, false }
func (unknown) draws() int                 { return 0 }
func (unknown) skip(int)                   {}

// Len is how many trials the plan has in all. finite is false where the method has no end of its own: of a random
// sweep with run_cap it is the most there can be.
func (p *Plan) Len() (trials int, finite bool) {
	n, finite := p.source.cells()
	if p.spec.RunCap > 0 && (!finite || n*len(p.spec.Seeds) > p.spec.RunCap) {
		return p.spec.RunCap, true
	}
	return n * len(p.spec.Seeds), finite
}

// Cells is how many cells the plan has; 0 where it has no end.
func (p *Plan) Cells() int {
	n, finite := p.Len()
	if !finite {
		return 0
	}
	return (n + len(p.spec.Seeds) - 1) / len(p.spec.Seeds)
}

// Next gives the next n trials, fewer at the end, and how many points have been drawn for all trials so far.
func (p *Plan) Next(n int) (trials []sweep.Trial, draws int, err error) {
	total, finite := p.Len()
	for len(trials) < n && !(finite && p.index >= total) {
		if len(p.pending) == 0 {
			if err := p.nextCell(); err != nil {
				return trials, p.source.draws(), err
			}
			if len(p.pending) == 0 {
				break
			}
		}
		t := p.pending[0]
		p.pending = p.pending[1:]
		t.Index = p.index
		p.index++
		trials = append(trials, t)
	}
	return trials, p.source.draws(), nil
}

// Skip goes on where an earlier Plan of the same spec stood: behind so many draws, all of whose trials were planned. seen are the cells of the trials
// planned so far, in any order.
func (p *Plan) Skip(draws int, seen []sweep.CellID) {
	p.source.skip(draws)
	trials := map[sweep.CellID]int{}
	for _, c := range seen {
		trials[c]++
	}
	for c, n := range trials {
		times := 1
		if !p.spec.Native() {
			times = (n + len(p.spec.Seeds) - 1) / len(p.spec.Seeds)
		}
		p.index += (times - p.seen[c]) * len(p.spec.Seeds)
		p.cells += times - p.seen[c]
		p.seen[c] = times
	}
}

// nextCell fills pending with the trials of a cell that has not been seen; with none at the end of the space. A command's cell may come again: an external
// program need not be deterministic, so each time is a repeat, a trial of its own, with a number behind those of the times before.
func (p *Plan) nextCell() error {
	for range maxRepeats {
		params, ok := p.source.next()
		if !ok {
			break
		}
		first, err := p.spec.Trial(0, params, p.spec.Seeds[0])
		if err != nil {
			return err
		}
		times := p.seen[first.Cell]
		if times > 0 && (p.spec.Native() || p.spec.Method == "grid") {
			continue
		}
		p.seen[first.Cell]++
		p.cells++
		p.pending = p.pending[:0:0]
		stride := slices.Max(p.spec.Seeds) - slices.Min(p.spec.Seeds) + 1
		for _, seed := range p.spec.Seeds {
			t, err := p.spec.Trial(0, params, seed+int64(times)*stride)
			if err != nil {
				return err
			}
			p.pending = append(p.pending, t)
		}
		return nil
	}
	p.ended = true
	return nil
}

// Exhausted tells whether Next has found no new cell any more.
func (p *Plan) Exhausted() bool { return p.ended }

// check builds one cell.
func (p *Plan) check(params sweep.Values) error {
	c, err := p.spec.Config(params, p.spec.Seeds[0])
	if err == nil {
		err = p.spec.Check(c)
	}
	if err == nil {
		return nil
	}
	key, line := p.spec.About(err.Error())
	return sweep.Problems{{File: p.spec.File, Line: line, Key: key, Text: fmt.Sprintf("the cell %v cannot be built: %v", describe(p.spec.Flatten(params)), err)}}
}

// describe prints parameters in the order of their names.
func describe(params sweep.Values) string {
	text := ""
	var paths []string
	for path := range params {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		text += fmt.Sprintf(" %s=%v", path, params[path])
	}
	if text == "" {
		return "without parameters"
	}
	return text[1:]
}
