package sweep

// A Spec is one sweep, parsed, with defaults filled in and checked (Parse).
type Spec struct {
	Name   string
	Method string // grid or random
	File   string // as given by the user, for messages

	Task  Section
	Model Section // where parameters lists the models: what is for all of them, without defaults, and Name may be ""; empty where the task does not train
	Train Values  // every parameter of Catalog.Train, defaults filled in; "machine" always written

	Seeds    []int64 // replicates, distinct, in the order given
	DataSeed *int64  // seeds.data: a fixed seed of the data stream; nil: the trial's own

	Parameters []Parameter // the swept paths, in the order of the plan: the last varies fastest
	RunCap     int         // trials at most; 0: none
	Sampler    Sampler

	Metric      *Metric // W&B's metric; nil: not given
	Evaluate    []Condition
	Checkpoints Checkpoints
	Select      Select

	Retries int // how often a trial that ended by its own code is tried again (default 2)
	MaxLost int // suspects in a row, all lost agents, that fail a trial (default 10)

	Resources Values // what a cluster is asked for, as given; nil: nothing. Package slurm knows the keys
	Ranks     int    // into how many parts the batches of a trial are cut, each for a process: a power of two (default 1)
	Static    bool   // schedule: each agent has its own part of the plan, by its rank

	Recorded    map[string]any // keys that are kept and have no effect: description, project, entity…
	Unsupported []string       // what this version can plan but not run, as "path: why"
	Program     string         // a command's program; such a spec has no Task
	Command     []string       // its words, macros not expanded; nil: W&B's default
	Process     Process        // how a command's processes run

	catalog    *Catalog
	trains     bool
	models     []string       // that a trial can have
	added      int            // how many of Parameters, at their end, only arguments sweep
	unrunnable Problems       // Unsupported, with lines
	lines      map[string]int // of the sections, and of each of the resources
	warnings   []string
}

// A Section is a named component of a spec with its parameters, defaults filled in.
type Section struct {
	Name   string
	Params Values
}

// A Sampler configures how points are drawn.
type Sampler struct {
	Seed int64 // the sweep's own seed
}

// A Parameter is one swept path.
type Parameter struct {
	Path         string   // "train.lr"; "model" where a whole section is swept: its values are names, or map[string]any with "name" and parameters
	Keys         []string // of a command's parameter: the keys under which the program gets it, one inside the other; joined by points they are Path
	Distribution string   // the W&B form: categorical, constant, int_uniform, uniform, log_uniform_values…
	Values       []any    // categorical forms and constant
	Probability  []float64
	Min, Max     float64
	Mu, Sigma    float64
	A, B         float64
	Q            float64
	Integer      bool // values are int64
	Line         int  // in the file; 0: from the command line
}

// A Metric is W&B's metric key.
type Metric struct {
	Name   string // may be "accuracy@seq100"
	Goal   string // minimize or maximize
	Target *float64
}

// A Condition is one evaluation: a kind of the task's evaluations, its parameters (its own seed among them), and the name under which its rows are stored.
type Condition struct {
	Name   string
	Kind   string
	Params Values
}

// Checkpoints says which checkpoints are planned and which are kept.
type Checkpoints struct {
	Every   int    // updates between planned checkpoints; the last update always has one
	Initial bool   // also before the first update
	Keep    string // all, best (the one that Select would choose) or last; best and last keep what Select needs as well
}

// Select is the rule for the best checkpoint.
type Select struct {
	Metric    string
	Condition string
	Goal      string // minimize or maximize
	Over      string // checkpoints or last
	Missing   string // last, drop or refuse: what a cell with a failed or diverged seed does
	Report    string // another condition that is reported beside the one chosen on; "": none
}

// A Config is what determines a trial's result: the fixed values with the trial's parameters laid over them.
type Config struct {
	Task     Section
	Model    Section
	Train    Values
	Seed     int64
	DataSeed int64 // equal to Seed unless the spec fixes it
}

// Planned lists the updates at which a trial that reaches update has planned checkpoints, ascending: every Every updates and the last one;
// none where the task does not train. A trial that ended early has those up to the update that it reached.
func (c Checkpoints) Planned(updates, reached int) []int {
	var planned []int
	if c.Initial {
		planned = append(planned, 0)
	}
	if c.Every > 0 {
		for u := c.Every; u < updates && u <= reached; u += c.Every {
			planned = append(planned, u)
		}
	}
	if reached >= updates && updates > 0 {
		planned = append(planned, updates)
	}
	return planned
}
