package slurm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are what a user asks SLURM for. A field that is zero is left to the cluster. Keys lists the names that Set and ParseOptions know.
type Options struct {
	Name, Partition, Account, QOS, Reservation, Constraint string
	NodeList, Exclude, Dependency, MailUser, MailType      string
	Comment, WCKey, GRES, GPUsPerTask, GPUsPerNode         string
	Exclusive                                              string // "true", "user", "mcs"
	Time, TimeMin                                          Duration
	Nodes, Tasks, TasksPerNode, CPUsPerTask, CPUsPerGPU    int
	Memory, MemoryPerCPU, MemoryPerGPU                     Memory
	WholeMemory                                            bool     // all memory of the node: --mem=0
	Throttle                                               int      // how many agents run at a time
	Signal                                                 int      // seconds before the end at which USR1 comes; DefaultSignal
	Step                                                   bool     // the payload is started by srun, as it is anyway where a job has several processes
	NoRequeue                                              bool     // a preempted job, or one whose node died, does not come back
	Setup, Teardown                                        []string // lines of shell before and after the payload
	Launch                                                 []string // further arguments of srun
	Extra                                                  []string // further options of sbatch, "--licenses=matlab:1"
}

// DefaultSignal is the warning before the walltime, in seconds. SLURM looks at limits every 30 s, so it may come half a minute sooner.
const DefaultSignal = 120

// An OptionError is a mistake in one option.
type OptionError struct {
	Key string // as it was given
	Err error
}

func (e *OptionError) Error() string { return e.Key + ": " + e.Err.Error() }

func (e *OptionError) Unwrap() error { return e.Err }

// ParseOptions reads a mapping of a spec or a Hydra launcher's configuration: values are texts, numbers, booleans, lists of them, nil for nothing. Names may
// have submitit's prefix slurm_. notes are keys that are understood and have no meaning here. The error joins all mistakes, an *OptionError for each
// wrong key or value, with what is valid; what does not go together comes as Validate says it.
func ParseOptions(values map[string]any) (o Options, notes []string, err error) {
	var errs []error
	given := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if why, ok := meaningless[strings.TrimPrefix(name, "slurm_")]; ok {
			notes = append(notes, fmt.Sprintf("%s is not used: %s", name, why))
			continue
		}
		k, err := find(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if other, twice := given[k.Name]; twice && values[name] != nil {
			errs = append(errs, &OptionError{name, fmt.Errorf("%s says the same thing; give one of them", other)})
			continue
		}
		if values[name] == nil {
			continue
		}
		given[k.Name] = name
		if err := o.Set(name, values[name]); err != nil {
			errs = append(errs, err)
		}
	}
	return o, notes, errors.Join(append(errs, o.Validate())...)
}

// Set sets one option by its name or an alias of it, from a text (a command line's) or a value of YAML. Its error is an *OptionError.
func (o *Options) Set(name string, value any) error {
	k, err := find(name)
	if err != nil {
		return err
	}
	if strings.HasSuffix(name, "_gb") {
		value = fmt.Sprint(value) + "G"
	}
	if err := k.set(o, value); err != nil {
		return &OptionError{name, err}
	}
	return nil
}

// set stores a value in the option's field.
func (k Key) set(o *Options, value any) error {
	if list, isList := k.field(o).(*[]string); isList {
		items, err := lines(value, k.Name == "sbatch")
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := errors.Join(checkLine(item), k.test(item)); err != nil {
				return err
			}
		}
		*list = append(*list, items...)
		return nil
	}
	text, err := scalar(value)
	if err != nil {
		return err
	}
	if err := errors.Join(checkLine(text), k.test(text)); err != nil {
		return err
	}
	switch f := k.field(o).(type) {
	case *string:
		*f = text
	case *bool:
		*f, err = strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q: valid are true and false", text)
		}
		if k.negated {
			*f = !*f
		}
	case *int:
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil || int(n) < k.least || k.most > 0 && int(n) > k.most {
			if k.most > 0 {
				return fmt.Errorf("%q: valid are whole numbers from %d to %d", text, k.least, k.most)
			}
			return fmt.Errorf("%q: valid are whole numbers from %d", text, k.least)
		}
		*f = int(n)
	case *Duration:
		*f, err = ParseDuration(text)
		if err == nil && *f == 0 && k.Name == "time" { // sbatch(1): no time limit is imposed
			*f = Forever
		}
	case *Memory:
		*f, err = ParseMemory(text)
		if err == nil && *f == 0 {
			if k.Name != "memory" {
				return fmt.Errorf("%q: it must be more than 0", text)
			}
			o.WholeMemory = true
		}
	default:
		return fmt.Errorf("a field of type %T", f)
	}
	return err
}

func (k Key) test(text string) error {
	switch {
	case k.Name == "sbatch":
		return checkExtra(text)
	case k.check != nil:
		return k.check(text)
	}
	return nil
}

// scalar is a value of YAML as text.
func scalar(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v), nil
	case bool, int, int64, uint64:
		return fmt.Sprint(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case []any:
		var items []string
		for _, item := range v {
			text, err := scalar(item)
			if err != nil {
				return "", err
			}
			items = append(items, text)
		}
		return strings.Join(items, ","), nil
	}
	return "", fmt.Errorf("%v is neither text nor number", value)
}

// lines is a list of texts, or one text of several lines. As options of sbatch a mapping is read too: {licenses: matlab:1, exclusive: true}.
func lines(value any, options bool) ([]string, error) {
	switch v := value.(type) {
	case string:
		return strings.Split(strings.TrimRight(v, "\n"), "\n"), nil
	case []string:
		return v, nil
	case []any:
		var items []string
		for _, item := range v {
			text, isText := item.(string)
			if !isText {
				return nil, fmt.Errorf("%v is no text", item)
			}
			items = append(items, text)
		}
		return items, nil
	case map[string]any:
		if !options {
			break
		}
		var items []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			text, err := scalar(v[name])
			flag := "--" + strings.ReplaceAll(strings.TrimLeft(name, "-"), "_", "-")
			switch {
			case err != nil:
				return nil, fmt.Errorf("%s: %w", name, err)
			case text == "true":
				items = append(items, flag)
			case text != "false":
				items = append(items, flag+"="+text)
			}
		}
		return items, nil
	}
	return nil, fmt.Errorf("%v is no list of texts", value)
}

// Validate tells what does not go together.
func (o *Options) Validate() error {
	var errs []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	count := func(set ...bool) (n int) {
		for _, s := range set {
			if s {
				n++
			}
		}
		return n
	}
	refuse(o.TimeMin > 0 && o.Time == 0, "time_min: it is the least that time may shrink to; give time too")
	refuse(o.TimeMin > o.Time && o.Time > 0, "time_min: %v is more than time, %v", o.TimeMin, o.Time)
	refuse(count(o.Memory > 0 || o.WholeMemory, o.MemoryPerCPU > 0, o.MemoryPerGPU > 0) > 1, "memory, memory_per_cpu, memory_per_gpu: give one of them")
	refuse(count(o.GPUsPerTask != "", o.GPUsPerNode != "", strings.Contains(o.GRES, "gpu")) > 1, "gpus_per_task, gpus_per_node, gres with gpu: give one of them")
	refuse(o.MailType != "" && o.MailUser == "", "mail_type: give mail_user too")
	refuse(o.Time > 0 && o.Time != Forever && time.Duration(o.Time) <= time.Duration(o.signal())*time.Second,
		"signal: a warning %d s before the end of a job of %v would come at its beginning", o.signal(), o.Time)
	return errors.Join(errs...)
}

func (o *Options) signal() int {
	if o.Signal == 0 {
		return DefaultSignal
	}
	return o.Signal
}
