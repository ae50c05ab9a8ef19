package search

import (
	"maps"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// A randomSource draws every path of point k from the stream Space of the sampler's seed, lane k: a point depends on nothing but (seed, k).
type randomSource struct {
	params []sweep.Parameter
	seed   int64
	k      int
}

func newRandom(s *sweep.Spec) *randomSource {
	return &randomSource{params: s.Parameters, seed: s.Sampler.Seed}
}

// point is draw k. Each path takes one number of the lane, in the order of the paths, so that point k does not depend on how others are drawn.
func (r *randomSource) point(k int) sweep.Values {
	g := random.New(r.seed, random.Space, uint32(k))
	params := make(sweep.Values, len(r.params))
	for _, q := range r.params {
		params[q.Path] = Quantile(q, g.Float64())
	}
	return params
}

func (r *randomSource) next() (sweep.Values, bool) {
	if uint64(r.k) > math.MaxUint32 {
		return nil, false
	}
	r.k++
	return r.point(r.k - 1), true
}

// cells: a space of few points is exhausted by drawing, and counts as endless until then.
func (r *randomSource) cells() (int, bool) { return 0, false }

func (r *randomSource) draws() int     { return r.k }
func (r *randomSource) skip(draws int) { r.k = draws }

// Quantile is the value of a parameter's distribution below which a share u of it lies, 0 ≤ u < 1: W&B draws every value as the quantile of
// a uniform number (shared grammar in docs/spec.md). Rounding to q is half to even, as numpy's.
func Quantile(q sweep.Parameter, u float64) any {
	switch q.Distribution {
	case "constant":
		return q.Values[0]
	case "categorical":
		return q.Values[min(int(u*float64(len(q.Values))), len(q.Values)-1)]
	case "categorical_w_probabilities":
		sum := 0.0
		for i, w := range q.Probability {
			if sum += w; u < sum {
				return q.Values[i]
			}
		}
		return q.Values[len(q.Values)-1]
	case "int_uniform":
		n := q.Max - q.Min + 1
		v := q.Min + min(math.Floor(u*n), n-1)
		if !q.Integer {
			return v
		}
		return int64(v)
	}
	v := clamp(continuous(q, u), math.MaxFloat64)
	if len(q.Distribution) > 2 && q.Distribution[:2] == "q_" {
		v = clamp(math.RoundToEven(v/q.Q)*q.Q, math.MaxFloat64)
		if q.Integer {
			return int64(clamp(v, 1<<53))
		}
	}
	return v
}

// clamp keeps v from -most to most: a draw is a number, however wide its distribution.
func clamp(v, most float64) float64 { return min(max(v, -most), most) }

// continuous is the quantile before rounding.
func continuous(q sweep.Parameter, u float64) float64 {
	within := func(a, b float64) float64 { return a + u*(b-a) }
	switch q.Distribution {
	case "uniform", "q_uniform":
		return within(q.Min, q.Max)
	case "log_uniform", "q_log_uniform":
		return math.Exp(within(q.Min, q.Max))
	case "inv_log_uniform":
		return math.Exp(-within(q.Min, q.Max))
	case "log_uniform_values", "q_log_uniform_values", "inv_log_uniform_values":
		return min(max(math.Exp(within(math.Log(q.Min), math.Log(q.Max))), q.Min), q.Max)
	case "normal", "q_normal":
		return q.Mu + q.Sigma*standardNormal(u)
	case "log_normal", "q_log_normal":
		return math.Exp(q.Mu + q.Sigma*standardNormal(u))
	}
	return distuv.Beta{Alpha: q.A, Beta: q.B}.Quantile(u)
}

// standardNormal is the quantile of N(0, 1). u = 0, one draw in 2^53, is taken as the smallest number above it.
func standardNormal(u float64) float64 {
	return distuv.UnitNormal.Quantile(max(u, 1.0/(1<<54)))
}

// checkRandom builds the first points and, for each path, its extremes.
func (p *Plan) checkRandom(r *randomSource) error {
	const first = 100
	for k := range first {
		if err := p.check(r.point(k)); err != nil {
			return err
		}
	}
	base := r.point(0)
	for _, q := range r.params {
		values := q.Values
		if q.Distribution == "int_uniform" || q.Distribution == "uniform" {
			values = []any{Quantile(q, 0), Quantile(q, 1-1.0/(1<<53))}
		}
		for _, v := range values {
			params := maps.Clone(base)
			params[q.Path] = v
			if err := p.check(params); err != nil {
				return err
			}
		}
	}
	return nil
}
