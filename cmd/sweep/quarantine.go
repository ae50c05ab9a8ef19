package main

import (
	"slices"
	"strings"

	"neurosweep/slurm"
)

// quarantinedNodes are the nodes that the sweep in dir has put under quarantine; where there is no sweep yet, none.
func quarantinedNodes(dir string) (names []string, err error) {
	if !isSweep(dir) {
		return nil, nil
	}
	d, err := openDataset(dir)
	if err != nil {
		return nil, err
	}
	for _, q := range d.Quarantined() {
		names = append(names, q.Node)
	}
	return names, nil
}

// leaveOut excludes nodes that are under quarantine, beside those that the user excludes. Agents of machines outside of the cluster are quarantined by their hostnames, which SLURM would
// refuse; and a node that the user has asked for by name is the user's business. facts are the cluster's, or nil.
func (o *order) leaveOut(quarantined []string, facts *slurm.Facts) error {
	excluded, err := slurm.ExpandNodes(o.options.Exclude)
	if err != nil {
		return refuse(err)
	}
	wanted, err := slurm.ExpandNodes(o.options.NodeList)
	if err != nil {
		return refuse(err)
	}
	for _, name := range quarantined {
		known := facts == nil || slices.ContainsFunc(facts.Nodes, func(n slurm.Node) bool { return n.Name == name })
		if known && !slices.Contains(excluded, name) && !slices.Contains(wanted, name) {
			o.leftOut = append(o.leftOut, name)
		}
	}
	if len(o.leftOut) == 0 {
		return nil
	}
	nodes := strings.Join(o.leftOut, ",")
	if o.options.Exclude != "" {
		nodes = o.options.Exclude + "," + nodes
	}
	o.options.Exclude = nodes
	if facts == nil {
		return nil
	}
	if err := facts.Fits(o.options); err != nil {
		return usage("submit: without the nodes that are under quarantine (%s; sweep retry --node NODE ends it) the cluster has no such place: %w", strings.Join(o.leftOut, ", "), err)
	}
	return nil
}
