package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Times says how long trials take. Its zero value is none.
type Times struct {
	kind string
	a, b float64   // seconds; of lognormal, b has no unit
	from []float64 // of measured: seconds
}

// The kinds of Times.
const (
	fixed       = "fixed"
	uniform     = "U"
	lognormal   = "lognormal"
	exponential = "exponential"
	measured    = "measured"
)

// TimesUsage says in one line what ParseTimes reads.
const TimesUsage = "fixed(180), U(60,300), lognormal(MEDIAN,SIGMA) or exponential(MEAN), in seconds or with a unit (3m)"

// Measured are times of which each is equally likely, in seconds.
func Measured(seconds []float64) Times { return Times{kind: measured, from: seconds} }

// ParseTimes reads a distribution of how long trials take, as TimesUsage says; a time alone is fixed. Nothing may take less than a millisecond on average.
func ParseTimes(text string) (Times, error) {
	name, inner, given := strings.Cut(strings.TrimSpace(text), "(")
	if !given {
		name, inner = fixed, name+")"
	}
	inner, closed := strings.CutSuffix(inner, ")")
	words := strings.Split(inner, ",")
	wrong := func(why string) (Times, error) {
		return Times{}, fmt.Errorf("time of a trial %q: %s; valid are %s", text, why, TimesUsage)
	}
	if !closed {
		return wrong("a parenthesis is missing")
	}
	t := Times{kind: name}
	want := map[string]int{fixed: 1, uniform: 2, lognormal: 2, exponential: 1}
	aliases := map[string]string{"uniform": uniform, "u": uniform, "exp": exponential}
	if full, ok := aliases[t.kind]; ok {
		t.kind = full
	}
	n, known := want[t.kind]
	if !known {
		return wrong(fmt.Sprintf("there is no distribution %q", name))
	}
	if len(words) != n {
		return wrong(fmt.Sprintf("%s has %d numbers, not %d", t.kind, n, len(words)))
	}
	var err error
	if t.a, err = seconds(words[0]); err == nil && n == 2 {
		if t.kind == lognormal {
			t.b, err = strconv.ParseFloat(strings.TrimSpace(words[1]), 64)
		} else {
			t.b, err = seconds(words[1])
		}
	}
	const most = 10 * 365 * 24 * 3600
	switch {
	case err != nil:
		return wrong(err.Error())
	case !(t.a >= 0) || t.kind == uniform && !(t.b >= t.a) || t.kind == lognormal && !(t.b >= 0 && t.b <= 10):
		return wrong("negative, or the larger number comes first")
	case !(t.Mean() >= 1e-3) || !(t.Mean() <= most):
		return wrong("the mean must be between a millisecond and ten years")
	}
	return t, nil
}

// seconds reads a number of seconds, or a time with its unit.
func seconds(word string) (float64, error) {
	word = strings.TrimSpace(word)
	if v, err := strconv.ParseFloat(word, 64); err == nil {
		return v, nil
	}
	d, err := time.ParseDuration(word)
	if err != nil {
		return 0, fmt.Errorf("%q is no time", word)
	}
	return d.Seconds(), nil
}

// Mean is the mean time in seconds.
func (t Times) Mean() float64 {
	switch t.kind {
	case uniform:
		return (t.a + t.b) / 2
	case lognormal:
		return t.a * math.Exp(t.b*t.b/2)
	case measured:
		sum := 0.0
		for _, v := range t.from {
			sum += v
		}
		return sum / float64(max(len(t.from), 1))
	}
	return t.a
}

func (t Times) String() string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	switch t.kind {
	case uniform, lognormal:
		return t.kind + "(" + number(t.a) + "," + number(t.b) + ")"
	case measured:
		return fmt.Sprintf("measured on %d cells, %s s on average", len(t.from), number(t.Mean()))
	}
	return t.kind + "(" + number(t.a) + ")"
}

// draw gives the time of one trial.
func (t Times) draw(r *rand.Rand) time.Duration {
	s := t.a
	switch t.kind {
	case uniform:
		s += (t.b - t.a) * r.Float64()
	case lognormal:
		s *= math.Exp(t.b * r.NormFloat64())
	case exponential:
		s *= r.ExpFloat64()
	case measured:
		s = t.from[r.IntN(len(t.from))]
	}
	return max(time.Duration(s*float64(time.Second)), time.Millisecond)
}
