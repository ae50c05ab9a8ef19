package simulate

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"neurosweep/results"
	"neurosweep/sweep"
)

func times(t testing.TB, text string) Times {
	t.Helper()
	d, err := ParseTimes(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func simulated(t testing.TB, o Options) (*Simulation, Result) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// TestScale is the sweep to which the issue holds the controller, with a tenth of its trials (go run ./bench/simulate has them all): at least 99 % of
// the agents' time until the queue is empty is training that counts, though nodes fail.
func TestScale(t *testing.T) {
	_, r := simulated(t, Options{Trials: 10_000, Agents: 2000, TrialTime: times(t, "U(60,300)"), CheckpointEvery: time.Minute, MTBF: 48 * time.Hour, Lease: 30 * time.Second, MaxLost: 10})
	if r.Efficiency < 0.99 || r.Efficiency > 1 {
		t.Errorf("%.4f of the agents' time is useful training", r.Efficiency)
	}
	if r.Failed > 0 || r.Ends[byFailure].Agents == 0 || r.Attempts != r.Trials+r.Causes[sweep.CauseNode] {
		t.Errorf("%d trials failed, %d agents, %d attempts: %v", r.Failed, r.Ends[byFailure].Agents, r.Attempts, r.Causes)
	}
}

// TestAccounts runs sweeps under random misfortunes, each twice: nothing is lost or counted twice (Run looks), the second is the same as the first,
// and what trials take is exactly what counts as useful.
func TestAccounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{
			Trials: rapid.IntRange(1, 200).Draw(t, "trials"), Agents: rapid.IntRange(1, 20).Draw(t, "agents"), Slots: rapid.IntRange(1, 4).Draw(t, "slots"),
			CheckpointEvery: rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "every"),
			HandOver:        rapid.Bool().Draw(t, "hand over"),
			MTBF:            rapid.SampledFrom([]time.Duration{0, 10 * time.Minute, time.Hour}).Draw(t, "mtbf"),
			PreemptRate:     rapid.SampledFrom([]float64{0, 1, 6}).Draw(t, "preempt"),
			Walltime:        rapid.SampledFrom([]time.Duration{0, 15 * time.Minute, time.Hour}).Draw(t, "walltime"),
			IdleTimeout:     rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "idle"),
			QueueWait:       rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "queue"),
			TrialTime:       rapid.SampledFrom([]Times{sure("fixed(1)"), sure("U(10,100)"), sure("exp(60)"), sure("lognormal(20,1)"), Measured([]float64{1, 80})}).Draw(t, "time"),
			Seed:            rapid.Uint64().Draw(t, "seed"), Retries: 2, MaxLost: 1000,
		}
		var first Result
		for i := range 2 {
			s, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.Run()
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = r
			} else if !reflect.DeepEqual(first, r) {
				t.Fatalf("equal options gave\n%+v\nand\n%+v", first, r)
			}
			want := 0.0
			for _, d := range s.length {
				want += d.Seconds()
			}
			if math.Abs(r.UsefulSeconds-want) > 1e-6*(1+want) && r.Failed == 0 {
				t.Fatalf("%v s of training count, and the trials take %v s", r.UsefulSeconds, want)
			}
			if r.Efficiency < 0 || r.Efficiency > 1 || r.IdleSeconds < 0 || r.Empty > r.Seconds || r.StartupSeconds > r.AgentSeconds {
				t.Fatalf("%+v", r)
			}
			if o.HandOver && math.Abs(r.LostSeconds-r.Ends[byFailure].Lost) > 1e-6 {
				t.Fatalf("%v s were lost, %v s by failures, though agents hand over", r.LostSeconds, r.Ends[byFailure].Lost)
			}
		}
	})
}

// sure is ParseTimes of a text that is valid.
func sure(text string) Times {
	d, _ := ParseTimes(text)
	return d
}

// TestWalltime counts what a walltime takes that is shorter than the sweep. Trials that can be handed over lose nothing. Others are granted only where there is time for one,
// as far as the controller knows: of like trials none is lost, and agents leave sooner.
func TestWalltime(t *testing.T) {
	o := Options{Trials: 100, Agents: 4, TrialTime: times(t, "U(50,150)"), Walltime: 17 * time.Minute, HandOver: true, Requeue: time.Minute}
	_, handed := simulated(t, o)
	o.HandOver = false
	_, alike := simulated(t, o)
	o.TrialTime = times(t, "lognormal(60,0.8)")
	_, unlike := simulated(t, o)
	for _, r := range []Result{handed, alike, unlike} {
		if r.Ends[byWalltime].Agents == 0 || r.Starts <= r.Tasks || r.Starts > r.Tasks+r.Ends[byWalltime].Agents || r.LostSeconds != r.Ends[byWalltime].Lost || r.Failed > 0 {
			t.Errorf("%+v", r)
		}
	}
	if handed.LostSeconds > 0 || handed.Causes[sweep.CauseWalltime] == 0 {
		t.Errorf("with a hand-over %v s are lost: %v", handed.LostSeconds, handed.Causes)
	}
	if alike.LostSeconds > 0 || alike.Causes[sweep.CauseWalltime] > 0 || alike.Starts <= handed.Starts {
		t.Errorf("without, %v s are lost in %d starts, and there were %d: %v", alike.LostSeconds, alike.Starts, handed.Starts, alike.Causes)
	}
	if unlike.LostSeconds == 0 || unlike.Causes[sweep.CauseWalltime] == 0 {
		t.Errorf("of trials that nobody can foresee %v s are lost: %v", unlike.LostSeconds, unlike.Causes)
	}
}

// TestNeverEnds demands an error where trials cannot be finished: they need more time than any agent has.
func TestNeverEnds(t *testing.T) {
	s, err := New(Options{Trials: 3, Agents: 2, TrialTime: times(t, "U(500,2000)"), Walltime: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Run(); err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestLedger shows the simulation's ledger entries that must not follow one another.
func TestLedger(t *testing.T) {
	id := TrialID(0)
	granted := func(attempt int) results.Entry {
		return results.Entry{Granted: &results.Granted{Incarnation: "i", Trials: []results.Grant{{Trial: id, Attempt: attempt}}}}
	}
	report := func(sequence uint64, update int) results.Entry {
		r := results.TrialReport{Trial: id, Attempt: 1, End: &results.End{Cause: sweep.CauseCompleted, Update: update}, Checkpoints: []results.Checkpoint{{Update: 1}}}
		return results.Entry{Report: &results.Report{Version: results.ReportVersion, Incarnation: "i", Sequence: sequence, Trials: []results.TrialReport{r}}}
	}
	ended := results.Entry{Ended: &results.Ended{Trial: id, Attempt: 1, Cause: sweep.CauseNode}}
	outcome := results.Entry{Outcome: &results.Outcome{Trial: id, Outcome: sweep.OutcomeCompleted, Update: 1}}
	for name, entries := range map[string][]results.Entry{
		"granted twice":         {granted(1), granted(2)},
		"an attempt left out":   {granted(2)},
		"granted after the end": {granted(1), report(1, 1), outcome, granted(2)},
		"two outcomes":          {granted(1), report(1, 1), outcome, outcome},
		"outcome while running": {granted(1), outcome},
		"not delivered":         {granted(1), report(1, 2), outcome},
		"a report left out":     {granted(1), report(2, 1)},
		"ended twice":           {granted(1), ended, ended},
		"unknown trial":         {{Outcome: &results.Outcome{Trial: TrialID(1), Outcome: sweep.OutcomeFailed}}},
	} {
		if err := newLedger(1, nil).Append(entries...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	l := newLedger(1, nil)
	if err := l.Append(granted(1), report(1, 1), outcome); err != nil {
		t.Error(err)
	}
}

func TestTimes(t *testing.T) {
	for text, mean := range map[string]float64{
		"180": 180, "3m": 180, "fixed(3m)": 180, "U(60,300)": 180, "uniform( 1m , 5m )": 180, "lognormal(100,0)": 100, "exp(10)": 10, "exponential(10s)": 10,
	} {
		if got := times(t, text).Mean(); math.Abs(got-mean) > 1e-9 {
			t.Errorf("%s: mean %v, want %v", text, got, mean)
		}
	}
	for _, text := range []string{"", "U(60)", "U(300,60)", "U(60,300", "normal(3,1)", "fixed(x)", "-3", "nan", "fixed(1,2)", "0", "lognormal(1,99)", "1e300", "inf"} {
		if d, err := ParseTimes(text); err == nil || !strings.Contains(err.Error(), "valid are") {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
}

// TestRefused shows options with which nothing can be simulated.
func TestRefused(t *testing.T) {
	good := Options{Trials: 1, Agents: 1, TrialTime: times(t, "10")}
	for name, change := range map[string]func(*Options){
		"no trials": func(o *Options) { o.Trials = 0 }, "no agents": func(o *Options) { o.Agents = 0 }, "no slots": func(o *Options) { o.Slots = -1 },
		"too many trials": func(o *Options) { o.Trials = most + 1 }, "no time": func(o *Options) { o.TrialTime = Times{} },
		"negative": func(o *Options) { o.MTBF = -1 }, "rate": func(o *Options) { o.PreemptRate = math.NaN() }, "lease": func(o *Options) { o.Lease = time.Millisecond },
		"short walltime": func(o *Options) { o.Walltime = time.Second }, "short life": func(o *Options) { o.MTBF = time.Second },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}
