package main

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"neurosweep/slurm"
	"neurosweep/sweep"
	"neurosweep/sweep/simulate"
)

// simulated is the document of sweep simulate --json: spreads are over the runs, whose seeds count from the one given.
type simulated struct {
	Trials    int     `json:"trials"`
	Agents    int     `json:"agents"`
	Slots     int     `json:"slots"`
	TrialTime string  `json:"trial_time"`
	Every     float64 `json:"checkpoint_every_seconds"` // 0: no checkpoint before a trial's end

	Seconds    spread `json:"seconds"`             // from submission to the sweep's end
	Empty      spread `json:"queue_empty_seconds"` // until nothing waits any more
	AgentHours spread `json:"agent_hours"`
	CPUHours   spread `json:"cpu_hours"`
	GPUHours   spread `json:"gpu_hours"`
	Efficiency spread `json:"efficiency"` // useful training over the time of all slots, until the queue is empty

	Jobs     int    `json:"jobs"`     // job arrays
	Tasks    int    `json:"tasks"`    // of all arrays
	Starts   spread `json:"starts"`   // of tasks, requeued ones again
	Attempts spread `json:"attempts"` // at trials
	Failed   spread `json:"failed"`   // trials

	Causes map[sweep.Cause]spread `json:"causes"` // of attempts' ends
	Ends   map[string]ends        `json:"ends"`   // of agents
	Runs   []simulate.Result      `json:"runs"`
}

// ends is how often something ended an agent, and what that took.
type ends struct {
	Agents spread `json:"agents"`
	Lost   spread `json:"lost_hours"`  // of training, done again
	Again  spread `json:"again_hours"` // of agents that left and started again
}

// simulateFlags are the flags of sweep simulate.
type simulateFlags struct {
	simulate.Options
	trialTime, walltime      string
	cpus, gpus, runs, arrays int
}

func newSimulate(a *app) *cobra.Command {
	f := simulateFlags{runs: 5, arrays: 1001}
	c := &cobra.Command{
		Use:   "simulate " + specArguments,
		Short: "Say before submission how long a sweep would take on a cluster, what it would cost, and what would be lost",
		Long: `simulate runs the sweep's controller under a virtual clock, with agents that pretend to train: they start, ask, train, checkpoint, fail, are
preempted, reach their walltime and are requeued. It does so several times, with different random numbers, and prints medians with the least and the most.

How long a trial takes is measured on this machine, as by sweep plan, unless --trial-time says it: ` + simulate.TimesUsage + `.`,
		Example: `  sweep simulate sweep.yaml --agents 16 --walltime 4:00:00 --preempt-rate 0.1
  sweep simulate sweep.yaml --trials 100000 --agents 2000 --trial-time 'U(60,300)' --mtbf 48h --checkpoint-every 60s --runs 1 --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.simulate(c, args, f)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(s)
			}
			a.printSimulated(s, f)
			return nil
		},
	}
	o := c.Flags()
	o.BoolVar(&a.json, "json", false, "print JSON")
	o.IntVar(&f.Trials, "trials", 0, "so many trials instead of the plan's; needed where the plan has no end")
	o.IntVar(&f.Agents, "agents", 8, "tasks of the job array")
	o.IntVar(&f.Slots, "slots", 1, "trials that an agent trains at a time")
	o.IntVar(&f.cpus, "cpus", 0, "processors of an agent (default: cpus-per-task of the spec's resources, else those of its slots)")
	o.IntVar(&f.gpus, "gpus", 0, "GPUs of an agent")
	o.StringVar(&f.trialTime, "trial-time", "", "how long a trial takes (default: measured here)")
	o.DurationVar(&f.CheckpointEvery, "checkpoint-every", 0, "training between two checkpoints (default: as the spec has it)")
	o.DurationVar(&f.MTBF, "mtbf", 0, "mean time between two failures of an agent's node (default: none fails)")
	o.Float64Var(&f.PreemptRate, "preempt-rate", 0, "preemptions of an agent for each hour that it runs")
	o.StringVar(&f.walltime, "walltime", "", "time limit of a task, as sbatch takes it (default: time of the spec's resources)")
	o.DurationVar(&f.IdleTimeout, "idle-timeout", 10*time.Minute, "an agent without a trial leaves after so long; 0: it stays")
	o.DurationVar(&f.QueueWait, "queue-wait", 0, "from submission to the start of the tasks")
	o.DurationVar(&f.Requeue, "requeue-wait", 2*time.Minute, "from the end of a requeued task to its next start")
	o.DurationVar(&f.Lease, "lease", 30*time.Second, "an agent that is silent for so long is lost")
	o.Uint64Var(&f.Seed, "seed", 0, "of the random numbers")
	o.IntVar(&f.runs, "runs", f.runs, "how many simulations")
	o.IntVar(&f.arrays, "max-array-size", f.arrays, "the cluster's MaxArraySize (scontrol show config)")
	return c
}

// maxRuns is how many simulations one call makes at most.
const maxRuns = 1000

// simulate reads the spec, completes the options and runs the simulations.
func (a *app) simulate(c *cobra.Command, args []string, f simulateFlags) (*simulated, error) {
	spec, err := a.readSpec(args[0], args[1:])
	if err != nil {
		return nil, err
	}
	if f.runs < 1 || f.runs > maxRuns {
		return nil, usage("--runs %d: want 1 to %d", f.runs, maxRuns)
	}
	arrays, err := slurm.Split(f.Agents, 0, f.arrays)
	if err != nil {
		return nil, refuse(err)
	}
	if err := f.complete(c, spec); err != nil {
		return nil, err
	}
	results, err := f.run()
	if err != nil {
		return nil, refuse(err)
	}
	s := summarizeRuns(results, f)
	s.Jobs = len(arrays)
	return s, nil
}

// complete takes what the flags do not say from the spec, its resources, and a measurement.
func (f *simulateFlags) complete(c *cobra.Command, spec *sweep.Spec) error {
	f.HandOver, f.Retries, f.MaxLost = spec.Trains(), spec.Retries, spec.MaxLost
	given := c.Flags().Changed
	asked, _, err := resources(spec)
	if err != nil {
		return refuse(err)
	}
	limit := asked.Time
	if given("walltime") {
		if limit, err = slurm.ParseDuration(f.walltime); err != nil {
			return usage("--walltime: %v", err)
		}
	}
	if limit != slurm.Forever {
		f.Walltime = time.Duration(limit)
	}
	if asked.Signal > 0 {
		f.Warning = time.Duration(asked.Signal) * time.Second
	}
	measuredCost, err := f.plan(spec, given("trials"))
	if err != nil {
		return err
	}
	switch {
	case given("trial-time"):
		if f.TrialTime, err = simulate.ParseTimes(f.trialTime); err != nil {
			return usage("--trial-time: %v", err)
		}
	case measuredCost.Measured > 0:
		f.TrialTime = simulate.Measured(measuredCost.cells)
	default:
		return usage("--trial-time is needed: how long a run of this sweep takes cannot be measured here")
	}
	if every := spec.Checkpoints.Every; !given("checkpoint-every") && spec.Trains() && every > 0 && every < spec.Updates() {
		f.CheckpointEvery = time.Duration(f.TrialTime.Mean() * float64(every) / float64(spec.Updates()) * float64(time.Second))
	}
	switch {
	case f.cpus < 0 || f.gpus < 0:
		return usage("--cpus %d, --gpus %d: want 0 or more", f.cpus, f.gpus)
	case !given("cpus") && asked.CPUsPerTask > 0:
		f.cpus = asked.CPUsPerTask
	case !given("cpus"):
		f.cpus = f.Slots * max(measuredCost.Threads, fixedThreads(spec), 1)
	}
	return nil
}

// plan counts the trials, and measures them where nobody has said how long they take.
func (f *simulateFlags) plan(spec *sweep.Spec, given bool) (cost, error) {
	plan, err := openPlan(spec)
	if err != nil {
		return cost{}, err
	}
	if !given {
		n, finite := plan.Len()
		if !finite {
			return cost{}, usage("--trials is needed: the plan of this sweep has no end")
		}
		f.Trials = n
	}
	if f.trialTime != "" || !spec.Trains() {
		return cost{}, nil
	}
	trials, _, err := plan.Next(min(f.Trials, 1000))
	if err != nil {
		return cost{}, err
	}
	return estimate(spec, trials, &f.Trials)
}

// run makes the simulations, on all processors.
func (f *simulateFlags) run() ([]simulate.Result, error) {
	results, errs := make([]simulate.Result, f.runs), make([]error, f.runs)
	var workers sync.WaitGroup
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range results {
		places <- struct{}{}
		workers.Go(func() {
			o := f.Options
			o.Seed += uint64(i)
			var s *simulate.Simulation
			if s, errs[i] = simulate.New(o); errs[i] == nil {
				results[i], errs[i] = s.Run()
			}
			<-places
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// summarizeRuns takes the spread over the runs.
func summarizeRuns(results []simulate.Result, f simulateFlags) *simulated {
	over := func(value func(simulate.Result) float64) spread {
		values := make([]float64, len(results))
		for i, r := range results {
			values[i] = value(r)
		}
		slices.Sort(values)
		return spread{values[0], values[len(values)/2], values[len(values)-1]}
	}
	hours := func(each float64) func(simulate.Result) float64 {
		return func(r simulate.Result) float64 { return each * r.AgentSeconds / 3600 }
	}
	s := &simulated{
		Trials: f.Trials, Agents: f.Agents, Slots: f.Slots, TrialTime: f.TrialTime.String(), Every: f.CheckpointEvery.Seconds(), Tasks: f.Agents,
		Seconds: over(func(r simulate.Result) float64 { return r.Seconds }), Empty: over(func(r simulate.Result) float64 { return r.Empty }),
		AgentHours: over(hours(1)), CPUHours: over(hours(float64(f.cpus))), GPUHours: over(hours(float64(f.gpus))),
		Efficiency: over(func(r simulate.Result) float64 { return r.Efficiency }),
		Starts:     over(func(r simulate.Result) float64 { return float64(r.Starts) }),
		Attempts:   over(func(r simulate.Result) float64 { return float64(r.Attempts) }),
		Failed:     over(func(r simulate.Result) float64 { return float64(r.Failed) }),
		Causes:     map[sweep.Cause]spread{}, Ends: map[string]ends{}, Runs: results,
	}
	for _, r := range results {
		for cause := range r.Causes {
			s.Causes[cause] = over(func(r simulate.Result) float64 { return float64(r.Causes[cause]) })
		}
		for why := range r.Ends {
			s.Ends[why] = ends{
				Agents: over(func(r simulate.Result) float64 { return float64(r.Ends[why].Agents) }),
				Lost:   over(func(r simulate.Result) float64 { return r.Ends[why].Lost / 3600 }),
				Again:  over(func(r simulate.Result) float64 { return r.Ends[why].Again / 3600 }),
			}
		}
	}
	return s
}

// endNames say to people why agents end, in the order of the lines.
var endNames = []struct{ why, text string }{
	{"failure", "nodes failed"}, {"preemption", "agents were preempted"}, {"walltime", "agents reached their walltime"}, {"idle", "agents left, for nothing waited"},
}

// printSimulated says it to people.
func (a *app) printSimulated(s *simulated, f simulateFlags) {
	fmt.Fprintf(a.stdout, "%s on %s with %s each; a trial takes %s\n", counted(s.Trials, "trial"), counted(s.Agents, "agent"), counted(s.Slots, "slot"), s.TrialTime)
	fmt.Fprintf(a.stdout, "it takes %s; nothing waits any more after %s\n", s.Seconds.times(), s.Empty.times())
	cost := fmt.Sprintf("%s agent hours, %s CPU hours", s.AgentHours, s.CPUHours)
	if f.gpus > 0 {
		cost += fmt.Sprintf(", %s GPU hours", s.GPUHours)
	}
	fmt.Fprintln(a.stdout, cost)
	fmt.Fprintf(a.stdout, "until then %.2f %% of the slots' time is training that counts\n", 100*s.Efficiency.Median)
	fmt.Fprintf(a.stdout, "%s of %s, which start %s times\n", counted(s.Jobs, "job array"), counted(s.Tasks, "task"), s.Starts)
	for _, e := range endNames {
		if end, some := s.Ends[e.why]; some {
			fmt.Fprintf(a.stdout, "%s %s: %s h of training lost, %s h of agents to leave and start again\n", end.Agents, e.text, end.Lost, end.Again)
		}
	}
	var causes []string
	for _, cause := range slices.Sorted(maps.Keys(s.Causes)) {
		causes = append(causes, fmt.Sprintf("%s %s", cause, s.Causes[cause]))
	}
	fmt.Fprintf(a.stdout, "attempts: %s (%s)\n", s.Attempts, strings.Join(causes, ", "))
	if s.Failed.Max > 0 {
		fmt.Fprintf(a.stdout, "trials that fail: %s\n", s.Failed)
	}
}

// counted is "1 task" or "3 tasks".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// String is the median, with the least and the most where they differ: "12 (11–14)".
func (s spread) String() string {
	number := func(v float64) string {
		if v == math.Trunc(v) || v >= 1000 {
			return fmt.Sprintf("%.0f", v)
		}
		return fmt.Sprintf("%.3g", v)
	}
	if number(s.Min) == number(s.Max) {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.Median), number(s.Min), number(s.Max))
}

// times is the same of seconds.
func (s spread) times() string {
	if duration(s.Min) == duration(s.Max) {
		return duration(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", duration(s.Median), duration(s.Min), duration(s.Max))
}
