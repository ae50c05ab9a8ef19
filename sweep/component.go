package sweep

// A ParamType is the declared type of a parameter: values are normalised by it before they are compared, hashed or stored.
type ParamType string

// Auto is the value of a parameter that the program chooses (Param.Auto).
const Auto = "auto"

// The types of parameters.
const (
	Int    ParamType = "int"    // int64; an integral float such as 1e3 is accepted
	Float  ParamType = "float"  // float64; an integer is accepted
	Bool   ParamType = "bool"   // bool
	String ParamType = "string" // string
	List   ParamType = "list"   // []any of scalars
)

// A Param declares one parameter of a component.
type Param struct {
	Name    string // as written in a spec, without the section: "hidden"; "schedule.kind" may be nested there: schedule: {kind: …}
	Type    ParamType
	Default any      // normalised by Type; nil: must be given
	Min     *float64 // smallest valid value; nil: none
	Max     *float64 // largest valid value; nil: none
	Above   *float64 // exclusive lower bound; nil: none
	Choices []string // the valid values of a String; nil: any
	Auto    bool     // the word auto is valid too: the program chooses
	Unit    string   // "ms", "steps", "task trials"…; "" if it has none
	Doc     string   // one line
	NotKey  bool     // true: does not determine a result and is not in the trial's key (updates, threads)
}

// A Component is something that a spec names and gives parameters to: a task, a model, a task's evaluation, the training.
// Two trials whose components have equal names, revisions and parameters give the same bits.
type Component struct {
	Name     string
	Revision int // raised whenever a default or the behaviour changes; part of the key
	Doc      string
	Params   []Param
}

// A TaskInfo is a task as a spec sees it.
type TaskInfo struct {
	Component
	Trains      bool                // false: its trials have no model, no updates and no checkpoints (noop)
	OwnLength   bool                // a task trial is as long as the task's parameter length says: train.length is not used, and refused
	Start       Values              // values of train that suit the task, for a new spec; its defaults do where nothing is said
	Evaluations []Component         // the kinds that a condition under evaluate may name
	Metrics     map[string][]string // kind of evaluation: the names of its metrics, breakdowns included
}

// A Catalog is what a spec is checked against. models/train makes the one of this program from the registries.
type Catalog struct {
	Tasks  map[string]TaskInfo
	Models map[string]Component
	Train  Component // optimizer, lr, batch, length…; those that only some optimisers use included. Config resolves its schedule.updates

	// Build checks that a trial's task, model and training fit together and can be built; nil checks nothing.
	Build func(Config) error
}
