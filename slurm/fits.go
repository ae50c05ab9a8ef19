package slurm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Facts are what a cluster offers.
type Facts struct {
	Config     Config
	Partitions []Partition
	Nodes      []Node
}

// Facts asks for all of it: three commands.
func (c *Client) Facts(ctx context.Context) (f Facts, err error) {
	if f.Config, err = c.Config(ctx); err != nil {
		return f, err
	}
	if f.Partitions, err = c.Partitions(ctx); err != nil {
		return f, err
	}
	f.Nodes, err = c.NodesOf(ctx, "")
	return f, err
}

// Partition finds a partition by name, "" for the default one.
func (f Facts) Partition(name string) (Partition, error) {
	var names []string
	for _, p := range f.Partitions {
		if p.Name == name || name == "" && p.Default {
			return p, nil
		}
		names = append(names, p.Name)
	}
	if name == "" {
		return Partition{}, fmt.Errorf("the cluster has no default partition; name one of %s", strings.Join(names, ", "))
	}
	return Partition{}, fmt.Errorf("partition %q: there is no such partition; valid are %s", name, strings.Join(names, ", "))
}

// NodesIn are the nodes of a partition.
func (f Facts) NodesIn(p Partition) []Node {
	members := map[string]bool{}
	names, err := ExpandNodes(p.Nodes)
	if err != nil {
		return nil
	}
	for _, name := range names {
		members[name] = true
	}
	var found []Node
	for _, n := range f.Nodes {
		if members[n.Name] {
			found = append(found, n)
		}
	}
	return found
}

// Fits tells what of the options the cluster cannot give, before anything is queued: a partition that does not exist or is down, a time beyond its limit,
// more CPUs, memory or GPUs than any of its nodes has, nodes that do not exist. It knows nothing of accounts and quotas. One partition of several must fit.
func (f Facts) Fits(o Options) error {
	var errs []error
	for _, name := range strings.Split(o.Partition, ",") {
		p, err := f.Partition(name)
		if err == nil {
			err = f.fits(o, p)
		}
		if err == nil {
			return f.named(o)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, f.named(o))...)
}

func (f Facts) fits(o Options, p Partition) error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("partition %s: "+format, append([]any{p.Name}, args...)...))
	}
	if !p.Up {
		refuse("it is not up (%s)", p.Fields["State"])
	}
	least := o.Time
	if o.TimeMin > 0 {
		least = o.TimeMin
	}
	if least > p.MaxTime {
		refuse("time %v: its limit is %v", least, p.MaxTime)
	}
	nodes := f.usable(o, p)
	if len(nodes) == 0 && p.TotalNodes > 0 {
		refuse("all of its nodes are excluded")
		return errors.Join(errs...)
	}
	tasks := max(o.TasksPerNode, 1) // without it, they may be on several nodes
	var cpus, gpus int
	var memory Memory
	kinds := map[string]int{}
	for _, n := range nodes {
		cpus, memory, gpus = max(cpus, n.CPUs), max(memory, n.Memory), max(gpus, n.TotalGPUs())
		for kind, count := range n.GPUs {
			kinds[kind] = max(kinds[kind], count)
		}
	}
	if want := tasks * max(o.CPUsPerTask, 1); want > cpus {
		refuse("%d CPUs: its largest node has %d", want, cpus)
	}
	if o.Memory > memory {
		refuse("memory %v: its largest node has %v", o.Memory, memory)
	}
	if o.Nodes > len(nodes) {
		refuse("%d nodes: it has %d", o.Nodes, len(nodes))
	}
	kind, want := o.gpus(tasks)
	switch {
	case want > gpus:
		refuse("%d GPUs of a node: its nodes have %d at most", want, gpus)
	case kind != "" && want > kinds[kind]:
		refuse("%d GPUs of type %s of a node: its nodes have %d at most; %s", want, kind, kinds[kind], describeGPUs(kinds))
	}
	return errors.Join(errs...)
}

// usable are the nodes of a partition that the options do not exclude.
func (f Facts) usable(o Options, p Partition) (nodes []Node) {
	excluded, _ := ExpandNodes(o.Exclude) // named says what is wrong with it
	for _, n := range f.NodesIn(p) {
		if !slices.Contains(excluded, n.Name) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// gpus is how many GPUs of which type a node must have.
func (o Options) gpus(tasks int) (kind string, count int) {
	parse := func(text string) (string, int) {
		kind, number, typed := strings.Cut(text, ":")
		if !typed {
			kind, number = "", text
		}
		n, _ := strconv.Atoi(number)
		return kind, n
	}
	switch {
	case o.GPUsPerNode != "":
		return parse(o.GPUsPerNode)
	case o.GPUsPerTask != "":
		kind, n := parse(o.GPUsPerTask)
		return kind, n * tasks
	}
	for k, n := range ParseGPUs(o.GRES) {
		kind, count = k, count+n
	}
	return kind, count
}

// describeGPUs says how many GPUs of each type a node has at most; where the cluster names no types, none can be asked for.
func describeGPUs(kinds map[string]int) string {
	var types []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if kind != "" {
			types = append(types, fmt.Sprintf("%s:%d", kind, kinds[kind]))
		}
	}
	if len(types) == 0 {
		return "the cluster names no types of GPUs: leave the type out"
	}
	return "valid are " + strings.Join(types, ", ")
}

// named tells which nodes that the options name do not exist.
func (f Facts) named(o Options) error {
	var errs []error
	known := map[string]bool{}
	for _, n := range f.Nodes {
		known[n.Name] = true
	}
	for _, option := range []struct{ name, nodes string }{{"nodelist", o.NodeList}, {"exclude", o.Exclude}} {
		names, err := ExpandNodes(option.nodes)
		if err != nil {
			errs = append(errs, err)
		}
		for _, name := range names {
			if !known[name] {
				errs = append(errs, fmt.Errorf("%s: the cluster has no node %s", option.name, name))
			}
		}
	}
	return errors.Join(errs...)
}
