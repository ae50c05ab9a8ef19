package models

import (
	"maps"
	"slices"
	"testing"

	"neurosweep/models/graph"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// A variant is a registered architecture with some of its parameters given.
type variant struct {
	name    string
	section sweep.Section
}

// choices are parameters that change a step's form, one variant each. Every architecture is also taken with its defaults.
var choices = map[string][]sweep.Values{
	"rnn":       {{"nonlinearity": "relu"}},
	"leaky_rnn": {{"tau": 250.0}},
	"gru":       {{"initial": "zero", "initial_noise": 0.0}},
	"noisy_gru": {{"noise": 0.0, "initial": "zero"}},
	"node":      {{"layers": int64(2), "initial": "zero"}},
	"driscoll_rnn": {
		{"leak": "state", "readout": "new"},
		{"gamma": 1.0, "noise": 0.0},
	},
}

// variants lists every registered architecture in its variants. Where it has hidden units there are as many as given.
func variants(hidden int) []variant {
	var all []variant
	for _, name := range Names() {
		info, _ := Info(name)
		sized := sweep.Values{}
		if slices.ContainsFunc(info.Params, func(p sweep.Param) bool { return p.Name == "hidden" }) {
			sized["hidden"] = int64(hidden)
		}
		all = append(all, variant{name, sweep.Section{Name: name, Params: sized}})
		for _, given := range choices[name] {
			params := maps.Clone(sized)
			label := name
			for _, key := range slices.Sorted(maps.Keys(given)) {
				params[key] = given[key]
				label += " " + key
			}
			all = append(all, variant{label, sweep.Section{Name: name, Params: params}})
		}
	}
	return all
}

// perturbed are first weights with something added to each, so that none is zero.
func perturbed[F graph.Float](m Model) []F {
	g := random.New(11, random.Init, 1000)
	var weights []F
	for _, v := range Init(m, 11) {
		weights = append(weights, F(v+0.2*g.Normal()))
	}
	return weights
}

// randomBatch has labels, targets and a mask for the loss; some of its weights are 0.
func randomBatch[F graph.Float](m Model, loss graph.Loss, steps, size int) *graph.Batch[F] {
	g := random.New(12, random.Data, 0)
	b := &graph.Batch[F]{Steps: steps, Size: size, Noise: graph.Noise{Seed: 13, Stream: random.Noise, Call: 3}}
	normals := func(n int) []F {
		x := make([]F, n)
		for i := range x {
			x[i] = F(g.Normal())
		}
		return x
	}
	points := steps * size
	b.Inputs, b.Targets = normals(points*m.Inputs()), normals(points*m.Outputs())
	masked := points
	if loss == graph.SquaredError {
		masked *= m.Outputs()
	}
	for range points {
		b.Labels = append(b.Labels, int32(g.IntN(m.Outputs())))
	}
	for range masked {
		b.Mask = append(b.Mask, F(g.IntN(4)))
	}
	return b
}

func mustNew(t *testing.T, s sweep.Section, inputs, outputs int) Model {
	t.Helper()
	m, err := New(s, inputs, outputs)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
