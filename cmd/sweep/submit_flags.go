package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"neurosweep/broker"
	"neurosweep/slurm"
	"neurosweep/sweep"
)

// defaultIdle is how long an agent of a cluster stays without a trial: long enough that the trials of others which fail are tried again, short enough that nobody
// pays for many idle nodes at the end of a sweep.
const defaultIdle = 10 * time.Minute

// submitFlags are those of every command that may submit agents.
type submitFlags struct {
	agents  int
	place   string // of the controller
	hosting controllerFlags
	idle    time.Duration
	accept  bool
	dryRun  bool
	asked   resourceFlags
}

func (f *submitFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.place, "controller", controllerAgent, "where the controller is: agent (in any of the agents), login (a process of this machine), job (a small job of its own)")
	c.Flags().DurationVar(&f.idle, "idle-timeout", defaultIdle, "an agent leaves when it had no trial for so long; 0: it stays until the sweep ends")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the batch scripts, and submit nothing")
	f.hosting.add(c)
	f.asked.add(c)
}

// check refuses what cannot work, whatever the sweep.
func (f *submitFlags) check(c *cobra.Command) error {
	switch {
	case c.Flags().Changed("agents") && f.agents < 1:
		return usage("--agents %d: want 1 or more", f.agents)
	case f.idle < 0:
		return usage("--idle-timeout %v: want a time, or 0 for no end", f.idle)
	case !slices.Contains(controllerPlaces, f.place):
		return usage("--controller %s: it is in one of these places: %s", f.place, strings.Join(controllerPlaces, ", "))
	case broker.HasSecret(f.hosting.nats.url):
		return usage("--nats: everybody could read the user and password of this URL in the batch scripts: put them into a file, and name it with --creds")
	}
	if err := f.asked.check(c); err != nil {
		return err
	}
	return f.hosting.check(c.Context())
}

// resourceFlags are the options of package slurm as flags. They win over what a spec says.
type resourceFlags struct {
	texts map[string]*string
	lists map[string]*[]string
}

// add makes a flag of every option, and lets its other names stand for it.
func (f *resourceFlags) add(c *cobra.Command) {
	f.texts, f.lists = map[string]*string{}, map[string]*[]string{}
	aliases := map[string]string{}
	for _, k := range slurm.Keys() {
		flag := strings.ReplaceAll(k.Name, "_", "-")
		if k.List() {
			f.lists[k.Name] = c.Flags().StringArray(flag, nil, "SLURM: "+k.Doc)
			continue
		}
		f.texts[k.Name] = c.Flags().String(flag, "", "SLURM: "+k.Doc)
		if k.Switch() {
			c.Flags().Lookup(flag).NoOptDefVal = "true"
		}
		for _, a := range k.Aliases {
			if !strings.HasSuffix(a, "_gb") {
				aliases[strings.ReplaceAll(a, "_", "-")] = flag
			}
		}
	}
	c.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if flag, ok := aliases[name]; ok {
			name = flag
		}
		return pflag.NormalizedName(name)
	})
}

// given are the options that were given as flags.
func (f *resourceFlags) given(c *cobra.Command) map[string]any {
	values := map[string]any{}
	for _, k := range slurm.Keys() {
		if !c.Flags().Changed(strings.ReplaceAll(k.Name, "_", "-")) {
			continue
		}
		if list, ok := f.lists[k.Name]; ok {
			var items []any
			for _, item := range *list {
				items = append(items, item)
			}
			values[k.Name] = items
		} else {
			values[k.Name] = *f.texts[k.Name]
		}
	}
	return values
}

// check refuses flags that have no meaning.
func (f *resourceFlags) check(c *cobra.Command) error {
	var o slurm.Options
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(f.given(c))) {
		if err := o.Set(name, f.given(c)[name]); err != nil {
			var option *slurm.OptionError
			if errors.As(err, &option) {
				errs = append(errs, fmt.Errorf("--%s: %w", strings.ReplaceAll(option.Key, "_", "-"), option.Err))
			}
		}
	}
	return refuse(errors.Join(errs...))
}

// rivals are options of which only one can be given: one as a flag takes the place of another in the spec.
var rivals = [][]string{{"memory", "memory_per_cpu", "memory_per_gpu"}, {"gpus_per_task", "gpus_per_node", "gres"}}

// over lays the flags over what a spec, or an earlier submission, asks for.
func (f *resourceFlags) over(c *cobra.Command, base sweep.Values) sweep.Values {
	merged := sweep.Values{}
	given := f.given(c)
	for name, v := range base {
		canonical, err := slurm.CanonicalName(name)
		_, replaced := given[canonical]
		for _, group := range rivals {
			if slices.Contains(group, canonical) && slices.ContainsFunc(group, func(r string) bool { _, ok := given[r]; return ok }) {
				replaced = true
			}
		}
		if err == nil && !replaced && v != nil {
			merged[name] = v
		}
	}
	for name, v := range given {
		merged[name] = v
	}
	return merged
}
