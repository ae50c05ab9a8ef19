package train

import (
	"fmt"

	"neurosweep/sweep"
)

// settings are a trial's train section.
type settings struct {
	updates, sequences, steps int
	truncate                  int // 0: gradients go back over all steps
	machine                   string
	threads                   int // 0: the program chooses

	optimizer    string
	lr           float64
	beta1, beta2 float64
	alpha        float64
	epsilon      float64
	corrected    bool // adam: epsilon is added to the corrected root
	momentum     float64
	weightDecay  float64
	clip         float64 // 0: none
	noDecay      []string
	lrFactors    []string
	schedule     schedule
}

func parseSettings(v sweep.Values) (s settings, err error) {
	r := reader{values: v}
	s.updates, s.sequences, s.steps = r.int("updates"), r.int("batch"), r.int("length")
	s.truncate, s.machine = r.int("truncate"), r.choice("machine")
	if r.value("threads") != sweep.Auto {
		s.threads = r.int("threads")
	}
	s.optimizer, s.lr = r.choice("optimizer"), r.float("lr")
	s.beta1, s.beta2, s.alpha = r.float("beta1"), r.float("beta2"), r.float("alpha")
	s.epsilon, s.corrected, s.momentum = r.float("epsilon"), r.choice("epsilon_form") == correctedName, r.float("momentum")
	s.weightDecay, s.clip = r.float("weight_decay"), r.float("clip")
	s.noDecay, s.lrFactors = r.texts("no_decay"), r.texts("lr_factors")
	s.schedule = r.schedule(s.updates)
	if r.err != nil {
		return s, r.err
	}
	for name, value := range map[string]float64{"beta1": s.beta1, "beta2": s.beta2, "alpha": s.alpha, "momentum": s.momentum} {
		if !(value >= 0 && value < 1) {
			return s, fmt.Errorf("train.%s is %g, want at least 0 and less than 1", name, value)
		}
	}
	switch {
	case s.sequences < 1 || s.steps < 1 || s.updates < 1 || s.truncate < 0:
		return s, fmt.Errorf("train.updates %d, train.batch %d, train.length %d, train.truncate %d: want at least 1, 1, 1 and 0", s.updates, s.sequences, s.steps, s.truncate)
	case !(s.lr > 0) || !(s.epsilon > 0):
		return s, fmt.Errorf("train.lr %g, train.epsilon %g: each must be more than 0", s.lr, s.epsilon)
	case !(s.weightDecay >= 0) || !(s.clip >= 0):
		return s, fmt.Errorf("train.weight_decay %g, train.clip %g: each must be at least 0", s.weightDecay, s.clip)
	case s.machine == ReferenceMachine && s.threads > 1:
		return s, fmt.Errorf("train.threads is %d: the machine %s has one thread", s.threads, ReferenceMachine)
	}
	return s, s.schedule.check()
}

// reader takes values of given types out of a section; what is missing has its default. The first mistake stays in err.
type reader struct {
	values sweep.Values
	err    error
}

func declared(name string) sweep.Param {
	for _, p := range component.Params {
		if p.Name == name {
			return p
		}
	}
	return sweep.Param{}
}

func (r *reader) value(name string) any {
	if v, ok := r.values[name]; ok {
		return v
	}
	return declared(name).Default
}

func (r *reader) wrong(name string, v any, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("train.%s is %v, want %s", name, v, want)
	}
}

func (r *reader) int(name string) int {
	switch v := r.value(name).(type) {
	case int64:
		return int(v)
	default:
		r.wrong(name, v, "a whole number")
		return 0
	}
}

func (r *reader) float(name string) float64 {
	switch v := r.value(name).(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	default:
		r.wrong(name, v, "a number")
		return 0
	}
}

// choice reads one of the names that a parameter may be.
func (r *reader) choice(name string) string {
	v := r.value(name)
	for _, c := range declared(name).Choices {
		if v == c {
			return c
		}
	}
	r.wrong(name, v, fmt.Sprintf("one of %v", declared(name).Choices))
	return ""
}

func (r *reader) texts(name string) []string {
	list, ok := r.value(name).([]any)
	if !ok {
		r.wrong(name, r.value(name), "a list")
	}
	texts := make([]string, len(list))
	for i, v := range list {
		if texts[i], ok = v.(string); !ok {
			r.wrong(name, v, "a text")
		}
	}
	return texts
}
