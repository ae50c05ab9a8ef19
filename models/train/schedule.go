package train

import (
	"fmt"
	"math"

	"neurosweep/sweep"
)

// Schedules by name.
const (
	constantName = "constant"
	cosineName   = "cosine"
	stepName     = "step"
)

// A schedule says by what the learning rate of an update is multiplied.
//
// In the warm-up, updates 1 … w, the factor of update t is t/w. After it, with k = t-1-w from 0 and a horizon of n updates in all,
//
//	constant  1
//	cosine    f + (1-f)·(1 + cos(π·k/(n-w)))/2, and f from the horizon on; f is schedule.final
//	step      schedule.factor to the power of ⌊k/schedule.every⌋
//
// cosine is Loshchilov and Hutter's (SGDR, 2017, equation 5, without restarts) and step is PyTorch's StepLR, both counted as PyTorch's schedulers do
// that are stepped once an update: the first update after the warm-up has the whole learning rate.
type schedule struct {
	kind    string
	warmup  int
	horizon int
	final   float64
	every   int
	factor  float64
}

func (r *reader) schedule(updates int) schedule {
	s := schedule{
		kind: r.choice("schedule.kind"), warmup: r.int("schedule.warmup"), horizon: r.int("schedule.updates"),
		final: r.float("schedule.final"), every: r.int("schedule.every"), factor: r.float("schedule.factor"),
	}
	if s.horizon == 0 {
		s.horizon = updates
	}
	return s
}

func (s schedule) check() error {
	switch {
	case s.warmup < 0 || s.horizon < 1 || s.every < 1:
		return fmt.Errorf("train.schedule.warmup %d, train.schedule.updates %d, train.schedule.every %d: want at least 0, 1 and 1", s.warmup, s.horizon, s.every)
	case !(s.final >= 0 && s.final <= 1) || !(s.factor > 0):
		return fmt.Errorf("train.schedule.final %g, train.schedule.factor %g: want 0 to 1, and more than 0", s.final, s.factor)
	case s.kind == cosineName && s.horizon <= s.warmup:
		return fmt.Errorf("train.schedule.updates %d: the horizon of cosine must be beyond its warm-up of %d updates", s.horizon, s.warmup)
	}
	return nil
}

// RateEnds is the update after which the schedule of a trial leaves nothing of the learning rate: the horizon of a cosine that ends at 0. ok is false for any other.
func RateEnds(c sweep.Config) (update int, ok bool, err error) {
	s, err := parseSettings(c.Train)
	return s.schedule.horizon, s.schedule.kind == cosineName && s.schedule.final == 0, err
}

// at is the factor of update t, counted from 1.
func (s schedule) at(t int) float64 {
	if t <= s.warmup {
		return float64(t) / float64(s.warmup)
	}
	k := t - 1 - s.warmup
	switch s.kind {
	case cosineName:
		n := s.horizon - s.warmup
		wave := float64((1-s.final)/2) * (1 + cosPi(float64(min(k, n))/float64(n)))
		return s.final + wave
	case stepName:
		return power(s.factor, k/s.every)
	}
	return 1
}

// cosPi is cos(π·x) for x in [0, 1], within 4·10⁻¹⁶, and exact at 0, ½ and 1: the Taylor series of the cosine, or of the sine of π·(½-x).
// math.Cos may differ between processors, for compilers may fuse its products with its sums.
func cosPi(x float64) float64 {
	switch {
	case x > 0.75:
		return -cosPi(1 - x)
	case x < 0.25:
		return alternating(math.Pi*x, 1)
	}
	y := math.Pi * (0.5 - x)
	return float64(y * alternating(y, 2))
}

// alternating is 1 - y²/(n·(n+1)) + y⁴/(n·(n+1)·(n+2)·(n+3)) - …: cos(y) for n = 1, sin(y)/y for n = 2.
func alternating(y float64, n int) float64 {
	square := float64(y * y)
	sum := 1.0
	for k := n + 18; k >= n; k -= 2 {
		sum = 1 - float64(square*sum)/float64(k*(k+1))
	}
	return sum
}

// power is bⁿ by repeated squaring: math.Pow may differ between processors.
func power(b float64, n int) float64 {
	p := 1.0
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			p *= b
		}
		b *= b
	}
	return p
}
