package train

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"neurosweep/models"
	"neurosweep/models/graph"
	"neurosweep/models/kernel"
	"neurosweep/sweep"
	"neurosweep/sweep/random"
)

// A golden is a file of testdata/goldens, which bench/peers/goldens.py writes: what PyTorch made of a network in some updates on one batch.
type golden struct {
	Model     map[string]any `json:"model"`
	Loss      graph.Loss     `json:"loss"`
	Masked    bool           `json:"masked"`
	Optimizer map[string]any `json:"optimizer"`
	Inputs    int            `json:"inputs"`
	Outputs   int            `json:"outputs"`
	Steps     int            `json:"steps"`
	Size      int            `json:"size"`
	Seed      int64          `json:"noise_seed"`
	Stream    random.Stream  `json:"noise_stream"`
	Arrays    []struct {
		Name string `json:"name"`
		Size int    `json:"size"`
	} `json:"arrays"`
	Losses    []float64 `json:"losses"`
	Weights   []float64 `json:"weights"`
	Losses32  []float64 `json:"losses32"`
	Weights32 []float64 `json:"weights32"`
}

// The lanes of hashed: what each is for. Array i of a network has lane arrayLane + i.
const (
	inputLane  = 0
	targetLane = 1
	labelLane  = 2
	maskLane   = 3
	arrayLane  = 16
)

// hashed is n multiples of 2⁻²⁴ in [-½, ½): the formula of bench/peers/formulas.py, SplitMix64 over consecutive numbers.
func hashed[F graph.Float](lane, n int) []F {
	x := make([]F, n)
	for i := range x {
		z := (uint64(lane)<<32 + uint64(i) + 1) * 0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		x[i] = F(z>>40)/(1<<24) - 0.5
	}
	return x
}

func times[F graph.Float](c F, x []F) []F {
	for i := range x {
		x[i] *= c
	}
	return x
}

// batchOf is the batch of a golden.
func batchOf[F graph.Float](g *golden) *graph.Batch[F] {
	points := g.Steps * g.Size
	b := &graph.Batch[F]{Steps: g.Steps, Size: g.Size, Noise: graph.Noise{Seed: g.Seed, Stream: g.Stream}}
	b.Inputs = times(4, hashed[F](inputLane, points*g.Inputs))
	b.Targets = times(2, hashed[F](targetLane, points*g.Outputs))
	for _, v := range hashed[float64](labelLane, points) {
		b.Labels = append(b.Labels, int32((v+0.5)*float64(g.Outputs)))
	}
	if !g.Masked {
		return b
	}
	if g.Loss == graph.SquaredError {
		points *= g.Outputs
	}
	for _, v := range hashed[float64](maskLane, points) {
		b.Mask = append(b.Mask, F(math.Floor((v+0.5)*4)))
	}
	return b
}

// settings reads the optimiser's keys as a spec would give them: whole numbers where the key wants them.
func (g *golden) settings(t *testing.T) settings {
	values := sweep.Values{"updates": int64(len(g.Losses))}
	for name, v := range g.Optimizer {
		if n, ok := v.(float64); ok && declared(name).Type == sweep.Int {
			v = int64(n)
		}
		values[name] = v
	}
	s, err := parseSettings(values)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (g *golden) model(t *testing.T) models.Model {
	section := sweep.Section{Name: g.Model["name"].(string), Params: sweep.Values{}}
	for name, v := range g.Model {
		if name != "name" {
			section.Params[name] = v
		}
	}
	m, err := models.New(section, g.Inputs, g.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// retrain repeats a golden's training.
func retrain[F graph.Float](t *testing.T, g *golden, m models.Model, machine graph.Machine[F], set *kernel.Set[F]) (losses []float64, weights []F) {
	for i, a := range g.Arrays {
		if p := m.Params()[i]; p.Name != a.Name || p.Size() != a.Size {
			t.Fatalf("array %d is %+v, in PyTorch %+v", i, p, a)
		}
		weights = append(weights, hashed[F](arrayLane+i, a.Size)...)
	}
	s := g.settings(t)
	groups, err := newGroups(s, m.Params())
	if err != nil {
		t.Fatal(err)
	}
	o, err := newOptimizer(set, s, groups)
	if err != nil {
		t.Fatal(err)
	}
	b := batchOf[F](g)
	gradients, outputs := make([]F, len(weights)), make([]F, g.Steps*g.Size*g.Outputs)
	for update := 1; update <= len(g.Losses); update++ {
		b.Noise.Call = uint64(update)
		loss, err := machine.Gradients(b, weights, gradients, outputs)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
		o.apply(update, weights, gradients)
	}
	return losses, weights
}

// checkClose wants every loss within a relative, and the weights within an absolute distance in the maximum norm: they are around 0.3, and one update of
// Adam moves each by about the learning rate, 0.01, whatever the size of its gradient.
func checkClose[F graph.Float](t *testing.T, losses []float64, weights []F, wantLosses, wantWeights []float64, tolerance float64) {
	t.Helper()
	for i, want := range wantLosses {
		if !(math.Abs(losses[i]-want) <= tolerance*want) {
			t.Errorf("update %d: loss %.17g, PyTorch's %.17g", i+1, losses[i], want)
		}
	}
	worst, at := 0.0, 0
	for i, want := range wantWeights {
		if d := math.Abs(float64(weights[i]) - want); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("weight %d is %.17g, PyTorch's %.17g", at, weights[at], wantWeights[at])
	}
}

// What is accepted. PyTorch's own float32 is within 3·10⁻⁶ of its float64 (the worst case is one in which units start at zero). Noise has float32 polynomials
// here and float64 functions there, within 3 units in the last place: 2·10⁻⁷ of each number.
const (
	goldenFloat32 = 1e-5
	goldenFloat64 = 1e-12
	goldenNoise   = 1e-6
)

// Every machine and every optimiser against PyTorch: ten losses and the final weights, in both number types.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob("testdata/goldens/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d goldens, error %v", len(files), err)
	}
	var architectures []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		g := new(golden)
		if err := json.Unmarshal(text, g); err != nil {
			t.Fatal(err)
		}
		architectures = append(architectures, g.Model["name"].(string))
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { checkGolden(t, g) })
	}
	slices.Sort(architectures)
	if got := slices.Compact(architectures); !slices.Equal(got, models.Names()) {
		t.Errorf("there are goldens of %v, want some of each of %v", got, models.Names())
	}
}

func checkGolden(t *testing.T, g *golden) {
	m := g.model(t)
	tolerance := goldenFloat64
	if noise, ok := g.Model["noise"].(float64); ok && noise > 0 {
		tolerance = goldenNoise
	}
	if noise, ok := g.Model["initial_noise"].(float64); ok && noise > 0 {
		tolerance = goldenNoise
	}
	for name, machine := range machines[float64](t, m, g.Loss) {
		t.Run(name+" float64", func(t *testing.T) {
			losses, weights := retrain(t, g, m, machine, kernel.Set64())
			checkClose(t, losses, weights, g.Losses, g.Weights, tolerance)
		})
	}
	isa, err := kernel.Choose()
	if err != nil {
		t.Fatal(err)
	}
	for name, machine := range machines[float32](t, m, g.Loss) {
		t.Run(name+" float32", func(t *testing.T) {
			losses, weights := retrain(t, g, m, machine, kernel.Set32(isa))
			checkClose(t, losses, weights, g.Losses32, g.Weights32, goldenFloat32)
		})
	}
}

// machines are all that can train a model.
func machines[F graph.Float](t *testing.T, m models.Model, l graph.Loss) map[string]graph.Machine[F] {
	reference, err := graph.NewReference[F](m, l)
	if err != nil {
		t.Fatal(err)
	}
	scan, err := graph.NewScan(m, l, graph.ScanOptions[F]{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]graph.Machine[F]{"reference": reference, "scan": scan}
}
