package slurm

import (
	"fmt"
	"slices"
	"strings"
)

// A Key is one option by name.
type Key struct {
	Name    string
	Aliases []string // of submitit and Hydra's submitit launcher, and SLURM's own names
	Flag    string   // sbatch's, "" if the script does it another way
	Doc     string

	field       func(*Options) any // pointer to string, int, bool, Duration, Memory or []string
	check       check
	least, most int
	negated     bool
}

// List tells whether an option is several texts, lines of shell or options of others.
func (k Key) List() bool {
	_, list := k.field(&Options{}).(*[]string)
	return list
}

// Switch tells whether "true" is what an option mostly is.
func (k Key) Switch() bool {
	_, is := k.field(&Options{}).(*bool)
	return is || k.Name == "exclusive"
}

// Keys lists all options, in the order of the script.
func Keys() []Key { return slices.Clone(keys) }

var keys = []Key{
	{Name: "name", Aliases: []string{"job_name"}, Flag: "--job-name", Doc: "the job's name in squeue", field: func(o *Options) any { return &o.Name }, check: checkName},
	{Name: "comment", Flag: "--comment", Doc: "any text", field: func(o *Options) any { return &o.Comment }},
	{Name: "partition", Flag: "--partition", Doc: "the partition, or several separated by commas", field: func(o *Options) any { return &o.Partition }, check: checkWords},
	{Name: "account", Flag: "--account", Doc: "who pays", field: func(o *Options) any { return &o.Account }, check: checkWord},
	{Name: "qos", Flag: "--qos", Doc: "quality of service", field: func(o *Options) any { return &o.QOS }, check: checkWord},
	{Name: "wckey", Flag: "--wckey", Doc: "workload characterization key", field: func(o *Options) any { return &o.WCKey }, check: checkWord},
	{Name: "reservation", Flag: "--reservation", Doc: "a reservation's name", field: func(o *Options) any { return &o.Reservation }, check: checkWords},
	{Name: "constraint", Flag: "--constraint", Doc: "features that a node must have", field: func(o *Options) any { return &o.Constraint }, check: checkConstraint},
	{Name: "nodelist", Flag: "--nodelist", Doc: "nodes to use", field: func(o *Options) any { return &o.NodeList }, check: checkNodes},
	{Name: "exclude", Flag: "--exclude", Doc: "nodes not to use", field: func(o *Options) any { return &o.Exclude }, check: checkNodes},
	{Name: "dependency", Flag: "--dependency", Doc: "jobs to wait for", field: func(o *Options) any { return &o.Dependency }, check: checkDependency},
	{Name: "mail_user", Flag: "--mail-user", Doc: "whom to write", field: func(o *Options) any { return &o.MailUser }, check: checkMail},
	{Name: "mail_type", Flag: "--mail-type", Doc: "when to write", field: func(o *Options) any { return &o.MailType }, check: checkMailType},
	{Name: "time", Aliases: []string{"timeout_min"}, Flag: "--time", Doc: "walltime of an agent", field: func(o *Options) any { return &o.Time }},
	{Name: "time_min", Flag: "--time-min", Doc: "the least walltime that an agent takes, if it can begin sooner", field: func(o *Options) any { return &o.TimeMin }},
	{Name: "nodes", Flag: "--nodes", Doc: "nodes of one agent's job", field: func(o *Options) any { return &o.Nodes }, least: 1},
	{Name: "tasks", Aliases: []string{"ntasks"}, Flag: "--ntasks", Doc: "processes of one agent's job", field: func(o *Options) any { return &o.Tasks }, least: 1},
	{Name: "tasks_per_node", Aliases: []string{"ntasks_per_node"}, Flag: "--ntasks-per-node", Doc: "processes on each node", field: func(o *Options) any { return &o.TasksPerNode }, least: 1},
	{Name: "cpus_per_task", Aliases: []string{"cpus"}, Flag: "--cpus-per-task", Doc: "CPUs of each process", field: func(o *Options) any { return &o.CPUsPerTask }, least: 1},
	{Name: "cpus_per_gpu", Flag: "--cpus-per-gpu", Doc: "CPUs for each GPU", field: func(o *Options) any { return &o.CPUsPerGPU }, least: 1},
	{Name: "memory", Aliases: []string{"mem", "mem_gb"}, Flag: "--mem", Doc: "memory of each node; 0 is all of it", field: func(o *Options) any { return &o.Memory }},
	{Name: "memory_per_cpu", Aliases: []string{"mem_per_cpu"}, Flag: "--mem-per-cpu", Doc: "memory for each CPU", field: func(o *Options) any { return &o.MemoryPerCPU }},
	{Name: "memory_per_gpu", Aliases: []string{"mem_per_gpu"}, Flag: "--mem-per-gpu", Doc: "memory for each GPU", field: func(o *Options) any { return &o.MemoryPerGPU }},
	{Name: "gres", Flag: "--gres", Doc: "generic resources of each node: gpu:2", field: func(o *Options) any { return &o.GRES }, check: checkGRES},
	{Name: "gpus_per_task", Aliases: []string{"gpus"}, Flag: "--gpus-per-task", Doc: "GPUs of each process", field: func(o *Options) any { return &o.GPUsPerTask }, check: checkGPUs},
	{Name: "gpus_per_node", Flag: "--gpus-per-node", Doc: "GPUs of each node", field: func(o *Options) any { return &o.GPUsPerNode }, check: checkGPUs},
	{Name: "exclusive", Flag: "--exclusive", Doc: "nodes without other jobs: true, user or mcs", field: func(o *Options) any { return &o.Exclusive }, check: checkExclusive},
	{Name: "throttle", Aliases: []string{"array_parallelism"}, Doc: "how many agents run at a time", field: func(o *Options) any { return &o.Throttle }, least: 1},
	{Name: "signal", Aliases: []string{"signal_delay_s"}, Doc: "seconds before the end at which agents are warned", field: func(o *Options) any { return &o.Signal }, least: 1, most: 65535},
	{Name: "requeue", Doc: "whether a preempted job comes back", field: func(o *Options) any { return &o.NoRequeue }, negated: true},
	{Name: "setup", Doc: "lines of shell before the agent: module load …", field: func(o *Options) any { return &o.Setup }},
	{Name: "teardown", Doc: "lines of shell after the agent", field: func(o *Options) any { return &o.Teardown }},
	{Name: "step", Aliases: []string{"use_srun"}, Doc: "whether the agent is started by srun, which lets it hear of a preemption at the beginning of the partition's GraceTime", field: func(o *Options) any { return &o.Step }},
	{Name: "srun_args", Doc: "further arguments of srun, where it is used", field: func(o *Options) any { return &o.Launch }},
	{Name: "sbatch", Aliases: []string{"additional_parameters"}, Doc: "any other option of sbatch", field: func(o *Options) any { return &o.Extra }},
}

// meaningless are keys of submitit that need nothing here.
var meaningless = map[string]string{
	"_target_":         "the launcher is this program",
	"max_num_timeout":  "an agent that reaches its walltime hands its trials on, whatever their number",
	"python":           "the payload is not Python",
	"stderr_to_stdout": "an agent has one log",
	"submitit_folder":  "everything lies in the sweep's folder",
}

// find is the option of a name, an alias, or either with submitit's prefix; - and _ are the same.
func find(name string) (Key, error) {
	plain := strings.ReplaceAll(strings.TrimPrefix(name, "slurm_"), "-", "_")
	for _, k := range keys {
		if k.Name == plain || slices.Contains(k.Aliases, plain) {
			return k, nil
		}
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return Key{}, &OptionError{name, fmt.Errorf("there is no such option of SLURM here; valid are %s; others go into sbatch: [--option=value]", strings.Join(names, ", "))}
}

// ours are options of sbatch that the script sets itself, and what to do instead.
var ours = map[string]string{
	"array": "the number of agents and throttle", "a": "the number of agents and throttle", "output": "the sweep's folder has the logs", "o": "the sweep's folder has the logs",
	"error": "the sweep's folder has the logs", "e": "the sweep's folder has the logs", "signal": "signal", "open-mode": "nothing, it is append", "chdir": "--dir",
	"D": "--dir", "wrap": "setup", "parsable": "nothing", "requeue": "requeue", "no-requeue": "requeue", "wait": "sweep status --watch", "W": "sweep status --watch",
	"test-only": "--dry-run", "export": "setup, with export lines", "export-file": "setup, with export lines", "J": "name", "p": "partition", "A": "account", "q": "qos",
	"t": "time", "c": "cpus_per_task", "n": "tasks", "N": "nodes", "C": "constraint", "w": "nodelist", "x": "exclude", "d": "dependency",
}

// checkExtra takes --option or --option=value for what has no key of its own.
func checkExtra(text string) error {
	name, _, _ := strings.Cut(strings.TrimLeft(text, "-"), "=")
	if len(text)-len(strings.TrimLeft(text, "-")) > 2 || !strings.HasPrefix(text, "-") || name == "" || strings.ContainsAny(name, " \t\"'\\#") {
		return fmt.Errorf("%q is no option of sbatch; valid is --option or --option=value", text)
	}
	if !strings.HasPrefix(text, "--") && len(name) > 1 {
		name = name[:1]
	}
	if instead, taken := ours[name]; taken {
		return fmt.Errorf("%q is set by this program; use %s", text, instead)
	}
	for _, k := range keys {
		if k.Flag == "--"+name {
			return fmt.Errorf("%q: use %s", text, k.Name)
		}
	}
	return nil
}
