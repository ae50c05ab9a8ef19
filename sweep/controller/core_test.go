package controller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"neurosweep/results"
	"neurosweep/sweep"
)

// newWorld makes a sweep of the given scripts, of which the last supply are drawn as they are needed.
func newWorld(seed uint64, scripts []script, supply, hosts, slots int, f faults) *world {
	spec := &sweep.Spec{Name: "test", Method: "grid", Retries: 2, MaxLost: 4,
		Evaluate:    []sweep.Condition{{Name: "c"}},
		Checkpoints: sweep.Checkpoints{Every: simEvery},
		Select:      sweep.Select{Metric: "m", Condition: "c", Goal: "maximize"}}
	w := &world{random: rand.New(rand.NewPCG(seed, 0)), faults: f, calm: 5 * time.Minute, spec: spec, supply: supply, hosts: hosts, slots: slots,
		scripts: map[sweep.TrialID]script{}, log: newLog(spec), agents: map[sweep.Incarnation]*simAgent{}, gangs: map[string]*simGang{},
		spools: map[sweep.Incarnation]*simSpool{}, disk: map[sweep.TrialID][]results.TrialReport{}}
	for i, s := range scripts {
		id := sweep.TrialID(fmt.Sprintf("trial%03d", i))
		w.plan = append(w.plan, sweep.Trial{ID: id, Cell: sweep.CellID(id), Index: i})
		w.scripts[id] = s
	}
	return w
}

// check demands what every sweep promises when it has ended.
func (w *world) check(outcomes map[script][]sweep.Outcome) (broken []string) {
	broken = slices.Clone(w.broken)
	if len(broken) > 0 {
		return broken
	}
	if w.log.synced != len(w.log.entries) || w.state != StateEnded {
		broken = append(broken, fmt.Sprintf("the sweep ended as %q with %d of %d entries durable", w.state, w.log.synced, len(w.log.entries)))
	}
	ended := 0
	for _, p := range w.plan {
		t := w.log.durable.trial(p.ID)
		if t.outcomes != 1 || t.running() != 0 {
			broken = append(broken, fmt.Sprintf("%s has %d outcomes, attempt %d still runs", p.ID, t.outcomes, t.running()))
		}
		if !slices.Contains(outcomes[w.scripts[p.ID]], t.outcome.Outcome) {
			broken = append(broken, fmt.Sprintf("%s (script %d) ended as %s: %s", p.ID, w.scripts[p.ID], t.outcome.Outcome, t.outcome.Detail))
		}
		if o := t.outcome.Outcome; (o == sweep.OutcomeCompleted || o == sweep.OutcomeDiverged) && !w.log.Complete(p.ID, t.outcome.Update) {
			broken = append(broken, fmt.Sprintf("%s is %s at %d, but rows are missing", p.ID, o, t.outcome.Update))
		}
		if t.outcome.Outcome == sweep.OutcomeCompleted && t.outcome.Update != max(t.updates, simUpdates) {
			broken = append(broken, fmt.Sprintf("%s completed at update %d, and was to have %d", p.ID, t.outcome.Update, t.updates))
		}
		if t.outcome.Outcome != "" {
			ended++
		}
	}
	if n := w.core.Counts(); n.Ended != ended || n.Planned != len(w.plan) || n.Running != 0 || n.Waiting != 0 {
		broken = append(broken, fmt.Sprintf("counts %+v, but %d of %d trials ended", n, ended, len(w.plan)))
	}
	return broken
}

// Under faults an out-of-memory retry may find a zombie beside it, and an unlucky trial may be lost with several agents in a row.
var outcomesUnderFaults = map[script][]sweep.Outcome{
	good: {sweep.OutcomeCompleted, sweep.OutcomeFailed}, fails: {sweep.OutcomeFailed}, fails1: {sweep.OutcomeCompleted, sweep.OutcomeFailed},
	diverges: {sweep.OutcomeDiverged, sweep.OutcomeFailed}, hungry: {sweep.OutcomeCompleted, sweep.OutcomeFailed}, poison: {sweep.OutcomeFailed}, lies: {sweep.OutcomeFailed},
}

var outcomesInPeace = map[script][]sweep.Outcome{
	good: {sweep.OutcomeCompleted}, fails: {sweep.OutcomeFailed}, fails1: {sweep.OutcomeCompleted},
	diverges: {sweep.OutcomeDiverged}, hungry: {sweep.OutcomeCompleted}, poison: {sweep.OutcomeFailed}, lies: {sweep.OutcomeFailed},
}

var scriptKinds = []script{good, good, good, fails, fails1, diverges, hungry, poison, lies}

// TestSchedules runs whole sweeps under random misfortunes: delays, losses, duplicates, zombies, agents and controllers killed, the
// broker's store lost, processes stopped. No trial may be counted twice, none lost, none running for ever.
func TestSchedules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom([]float64{0, 0, 0.01, 0.05})
		f := faults{
			drop: rapid.SampledFrom([]float64{0, 0.02, 0.3}).Draw(t, "drop"), twice: rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "twice"),
			kill: p.Draw(t, "kill"), freeze: p.Draw(t, "freeze"), crash: p.Draw(t, "crash"), sleep: p.Draw(t, "sleep"), outage: p.Draw(t, "outage"),
			stepDown: p.Draw(t, "step down"),
		}
		scripts := rapid.SliceOfN(rapid.SampledFrom(scriptKinds), 1, 20).Draw(t, "scripts")
		supply := rapid.IntRange(0, len(scripts)).Draw(t, "supply")
		hosts, slots := rapid.IntRange(1, 4).Draw(t, "hosts"), rapid.IntRange(1, 3).Draw(t, "slots")
		w := newWorld(rapid.Uint64().Draw(t, "seed"), scripts, supply, hosts, slots, f)
		if rapid.Bool().Draw(t, "extend") {
			w.extendAfter(time.Duration(rapid.IntRange(0, 60).Draw(t, "after")) * time.Second)
		}
		w.jobs = rapid.Bool().Draw(t, "jobs")
		w.run()
		if broken := w.check(outcomesUnderFaults); len(broken) > 0 {
			t.Fatal(strings.Join(broken, "\n"))
		}
	})
}

// TestPeace runs each script without misfortunes: every outcome is the right one.
func TestPeace(t *testing.T) {
	for seed := range uint64(200) {
		w := newWorld(seed, scriptKinds, int(seed%10), 1+int(seed%3), 1+int(seed%2), faults{})
		w.run()
		if broken := w.check(outcomesInPeace); len(broken) > 0 {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(broken, "\n"))
		}
	}
}

// TestHandOver has one controller after the other step down in the middle of a sweep without other misfortunes: agents go on with what they hold
// meanwhile, so every trial is granted exactly as often as it would be under one controller.
func TestHandOver(t *testing.T) {
	for seed := range uint64(100) {
		w := newWorld(seed, slices.Repeat([]script{good, fails1, diverges}, 4), int(seed%5), 2, 2, faults{stepDown: 0.1})
		w.run()
		broken := w.check(outcomesInPeace)
		for _, p := range w.plan {
			want := 1
			if w.scripts[p.ID] == fails1 {
				want = 2
			}
			if n := w.log.durable.trial(p.ID).last; n != want {
				broken = append(broken, fmt.Sprintf("%s was granted %d times, want %d", p.ID, n, want))
			}
		}
		if w.steps == 0 && seed == 0 {
			broken = append(broken, "no controller has stepped down")
		}
		if len(broken) > 0 {
			t.Fatalf("seed %d, %d hand-overs:\n%s", seed, w.steps, strings.Join(broken, "\n"))
		}
	}
}

// TestDeterministic runs one schedule twice: the controllers do the same.
func TestDeterministic(t *testing.T) {
	var first []string
	for i := range 2 {
		w := newWorld(7, slices.Repeat(scriptKinds, 2), 5, 3, 2, faults{drop: 0.1, twice: 0.1, kill: 0.02, freeze: 0.02, crash: 0.02, sleep: 0.02, outage: 0.02})
		w.run()
		if i == 0 {
			first = w.history
		} else if !slices.Equal(first, w.history) {
			t.Fatal("the same events gave other commands")
		}
	}
}
