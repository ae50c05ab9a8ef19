package search

import (
	"fmt"

	"neurosweep/sweep"
)

// A grid is the Cartesian product of the values of all paths, in their order, the last fastest.
type grid struct {
	params []sweep.Parameter
	sizes  []int
	total  int // points; different ones may be the same cell
	unique int // cells
	at     int
}

func newGrid(s *sweep.Spec) (*grid, error) {
	g := &grid{params: s.Parameters, total: 1}
	product := 1.0
	for _, q := range s.Parameters {
		n := q.Points()
		product *= n
		g.sizes = append(g.sizes, int(n))
	}
	if trials := product * float64(len(s.Seeds)); trials > MaxTrials {
		return nil, sweep.Problems{{File: s.File, Key: "parameters",
			Text: fmt.Sprintf("the grid has %.3g trials, at most %d are possible; sweep fewer values, or use method: random with run_cap", trials, MaxTrials)}}
	}
	for _, n := range g.sizes {
		g.total *= n
	}
	g.unique = int(s.GridCells())
	return g, nil
}

// point is cell i of the product.
func (g *grid) point(i int) sweep.Values {
	params := make(sweep.Values, len(g.params))
	for k := len(g.params) - 1; k >= 0; k-- {
		params[g.params[k].Path] = g.params[k].Point(i % g.sizes[k])
		i /= g.sizes[k]
	}
	return params
}

func (g *grid) next() (sweep.Values, bool) {
	if g.at >= g.total {
		return nil, false
	}
	g.at++
	return g.point(g.at - 1), true
}

func (g *grid) cells() (int, bool) { return g.unique, true }
func (g *grid) draws() int         { return g.at }
func (g *grid) skip(draws int)     { g.at = draws }

// checkGrid builds the cells of a grid.
func (p *Plan) checkGrid(g *grid) error {
	step := max((g.total+maxChecked-1)/maxChecked, 1)
	for i := 0; i < g.total; i += step {
		if err := p.check(g.point(i)); err != nil {
			return err
		}
	}
	return nil
}
