package train

import (
	"maps"
	"slices"

	"neurosweep/models/kernel"
)

// The optimisers by name, each in a file of its own.
var optimizers = map[string]func(settings) rule{
	adamName:    newAdam,
	"adamw":     newAdamW,
	"adabelief": newAdaBelief,
	"rmsprop":   newRMSprop,
	"sgd":       newSGD,
}

func optimizerNames() []string { return slices.Sorted(maps.Keys(optimizers)) }

// A rule is how one optimiser changes a weight by its gradient. Update count, slots and settings determine what it does.
type rule interface {
	slots() int    // numbers that it keeps for a weight, zero at first
	coupled() bool // weight decay is added to the gradient

	// write writes the update of a weight whose gradient is g.
	write(f *formula, g kernel.Operand)

	// rates are the constants of update t, counted from 1, that the formula calls rate(0), rate(1)…, for a learning rate and a weight decay.
	rates(t int, lr, decay float64) [maxRates]float64
}

// maxRates is the most rates of a rule.
const maxRates = 3

// An optimizer changes weights by gradients, group by group. It keeps a number for each weight in each of its slots, and nothing else: update
// count, slots and settings determine what it does next. All arithmetic is element by element in F, each operation rounded; what is one number an update
// (bias corrections, schedules, the norm) is computed in float64.
type optimizer[F kernel.Float] struct {
	settings
	rule    rule
	groups  []group
	plain   *kernel.Program[F] // for groups without weight decay
	decayed *kernel.Program[F] // for those with it
	slots   [][]F
	streams []kernel.Strided[F]
}

func newOptimizer[F kernel.Float](set *kernel.Set[F], s settings, groups []group) (*optimizer[F], error) {
	o := &optimizer[F]{settings: s, rule: optimizers[s.optimizer](s), groups: groups}
	var err error
	if o.plain, err = o.compile(set, false); err != nil {
		return nil, err
	}
	if o.decayed, err = o.compile(set, o.rule.coupled()); err != nil {
		return nil, err
	}
	weights := groups[len(groups)-1].to
	for range o.rule.slots() {
		o.slots = append(o.slots, make([]F, weights))
	}
	o.streams = make([]kernel.Strided[F], slotStreams+len(o.slots))
	return o, nil
}

func (o *optimizer[F]) compile(set *kernel.Set[F], decay bool) (*kernel.Program[F], error) {
	f := newFormula(o.rule, o.clip > 0, decay)
	consts := make([]F, len(f.consts))
	for i, v := range f.consts {
		consts[i] = F(v)
	}
	return set.Compile(f.code, consts)
}

// apply does update number t, counting from 1.
func (o *optimizer[F]) apply(t int, weights, gradients []F) {
	scale := F(1)
	if o.clip > 0 {
		scale = F(clipFactor(o.clip, gradients))
	}
	lr := float64(o.lr * o.schedule.at(t))
	for _, g := range o.groups {
		p := o.plain
		if g.decay > 0 {
			p = o.decayed
		}
		p.Consts[clipConst], p.Consts[decayConst] = scale, F(g.decay)
		for i, v := range o.rule.rates(t, float64(lr*g.factor), g.decay) {
			p.Consts[rateConsts+i] = F(v)
		}
		o.streams[weightStream].Data = weights[g.from:g.to]
		o.streams[gradientStream].Data = gradients[g.from:g.to]
		for i, s := range o.slots {
			o.streams[slotStreams+i].Data = s[g.from:g.to]
		}
		for i := range o.streams {
			o.streams[i].Stride = g.to - g.from
		}
		p.Run(1, g.to-g.from, o.streams)
	}
}
