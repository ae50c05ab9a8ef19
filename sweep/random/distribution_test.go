package random

import (
	"math"
	"slices"
	"testing"
)

// chiSquare is the statistic of counts that should be equal.
func chiSquare(counts []int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	want := float64(total) / float64(len(counts))
	sum := 0.0
	for _, n := range counts {
		sum += (float64(n) - want) * (float64(n) - want) / want
	}
	return sum
}

// Each bound of the tests below is five standard errors or beyond: the seeds are fixed, and a wrong generator misses by hundreds.
func TestUniformNumbers(t *testing.T) {
	const bins, draws = 97, 200_000
	limit := bins - 1 + 5*math.Sqrt(2*(bins-1))
	g := New(1, Order, 0)
	var counts [4][bins]int
	for range draws {
		counts[0][g.IntN(bins)]++
		counts[1][g.IntN(bins<<40)>>40]++
		counts[2][int(g.Float32()*bins)]++
		counts[3][int(g.Float64()*bins)]++
	}
	for i, name := range []string{"IntN", "IntN of a large number", "Float32", "Float64"} {
		if x := chiSquare(counts[i][:]); x > limit {
			t.Errorf("%s: chi-square %.0f with %d degrees of freedom", name, x, bins-1)
		}
	}

	// Without rejection, the first half of 3·2³⁰ numbers would come in every fourth draw too often.
	const wide = 3 << 30
	low := 0
	for range draws {
		if g.IntN(wide) < wide/2 {
			low++
		}
	}
	if d := math.Abs(float64(low) - draws/2); d > 5*math.Sqrt(draws)/2 {
		t.Errorf("IntN is biased: %d of %d in the lower half", low, draws)
	}
}

func TestLanesAreUncorrelated(t *testing.T) {
	const n = 100_000
	a, b, c := New(1, Data, 0), New(1, Data, 1), New(1, Noise, 0)
	var ab, ac float64
	for range n {
		x, y, z := float64(a.Normal()), float64(b.Normal()), float64(c.Normal())
		ab += x * y
		ac += x * z
	}
	if limit := 5 * math.Sqrt(n); math.Abs(ab) > limit || math.Abs(ac) > limit {
		t.Errorf("correlations of %g between lanes and %g between streams", ab/n, ac/n)
	}
}

func sample(n int) []float64 {
	g := New(42, Noise, 9)
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(g.Normal())
	}
	return x
}

// Mean, variance, skewness and kurtosis, and the correlations of neighbours, which come from one pair of words and one block.
func TestMomentsOfNormals(t *testing.T) {
	x := sample(1_000_000)
	var m [5]float64
	var lag [4]float64
	for i, v := range x {
		for k := 1; k <= 4; k++ {
			m[k] += math.Pow(v, float64(k)) / float64(len(x))
		}
		for k := 1; k < 4 && i >= k; k++ {
			lag[k] += v * x[i-k] / float64(len(x))
		}
	}
	const e = 1e-3 // 1/√n
	for _, c := range []struct {
		name            string
		got, want, wide float64
	}{
		{"mean", m[1], 0, 1}, {"variance", m[2], 1, math.Sqrt2}, {"third moment", m[3], 0, math.Sqrt(15)}, {"fourth moment", m[4], 3, math.Sqrt(96)},
		{"lag 1", lag[1], 0, 1}, {"lag 2", lag[2], 0, 1}, {"lag 3", lag[3], 0, 1},
	} {
		if math.Abs(c.got-c.want) > 5*c.wide*e {
			t.Errorf("%s is %g, want %g ± %g", c.name, c.got, c.want, c.wide*e)
		}
	}
}

// Kolmogorov and Smirnov's distance from the normal distribution, of all numbers and of those in the tails.
func TestDistributionOfNormals(t *testing.T) {
	x := sample(1_000_000)
	slices.Sort(x)
	distance := func(x []float64, cdf func(float64) float64) float64 {
		d := 0.0
		for i, v := range x {
			p := cdf(v)
			d = max(d, p-float64(i)/float64(len(x)), float64(i+1)/float64(len(x))-p)
		}
		return d * math.Sqrt(float64(len(x)))
	}
	phi := func(v float64) float64 { return math.Erfc(-v/math.Sqrt2) / 2 }
	const limit = 1.95 // exceeded by one sample in a thousand
	if d := distance(x, phi); d > limit {
		t.Errorf("distance %.2f/√n", d)
	}
	from, _ := slices.BinarySearch(x, 2.5)
	tail := x[from:]
	if d := distance(tail, func(v float64) float64 { return 1 - phi(-v)/phi(-2.5) }); d > limit {
		t.Errorf("distance %.2f/√n of the %d numbers above 2.5", d, len(tail))
	}
}

func TestTruncatedNormal(t *testing.T) {
	g := New(3, Init, 0)
	const n = 200_000
	var squares float64
	for range n {
		v := float64(g.TruncatedNormal(-2, 2))
		if v < -2 || v > 2 {
			t.Fatalf("%g lies outside", v)
		}
		squares += v * v / n
	}
	if sd := math.Sqrt(squares); math.Abs(sd-0.87962566103423978) > 0.004 {
		t.Errorf("the standard deviation is %g, want 0.8796", sd)
	}
	for _, c := range [][2]float32{{1, 1}, {2, -2}, {5, 9}, {-9, -5}, {float32(math.NaN()), 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("the interval %v is accepted", c)
				}
			}()
			g.TruncatedNormal(c[0], c[1])
		}()
	}
}
