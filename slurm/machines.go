package slurm

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Node is one node as scontrol show node says.
type Node struct {
	Name       string
	State      []string // IDLE, MIXED, ALLOCATED, DOWN…, and flags: DRAIN, NOT_RESPONDING…
	CPUs       int
	Memory     Memory
	GPUs       map[string]int // by type, "" for those without
	Partitions []string
	Version    string // of its slurmd
	Reason     string // why it is down or drained
	Fields     Fields
}

// down are states and flags of a node that takes no jobs.
var down = []string{"DOWN", "DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING", "NOT_RESPONDING", "NO_RESPOND", "UNKNOWN", "ERROR", "INVALID", "INVALID_REG", "MAINT",
	"PERFCTRS", "POWERED_DOWN", "POWERING_DOWN", "POWER_DOWN", "FUTURE", "REBOOT", "RESERVED", "BLOCKED", "PLANNED_DOWN"}

// Usable tells whether the node takes jobs.
func (n Node) Usable() bool {
	return len(n.State) > 0 && !slices.ContainsFunc(n.State, func(s string) bool { return slices.Contains(down, s) })
}

// TotalGPUs counts GPUs of all types.
func (n Node) TotalGPUs() (total int) {
	for _, count := range n.GPUs {
		total += count
	}
	return total
}

func node(f Fields) Node {
	cpus, _ := f.number("CPUTot")
	memory, _ := f.number("RealMemory")
	n := Node{Name: f["NodeName"], CPUs: cpus, Memory: Memory(memory), GPUs: ParseGPUs(f.text("Gres")), Version: f.text("Version"), Reason: f.text("Reason"), Fields: f}
	for _, s := range strings.Split(f["State"], "+") {
		star := strings.TrimRight(s, "*~#!%$@^-")
		if strings.Contains(s, "*") {
			n.State = append(n.State, "NOT_RESPONDING")
		}
		if star != "" {
			n.State = append(n.State, star)
		}
	}
	if p := f.text("Partitions"); p != "" {
		n.Partitions = strings.Split(p, ",")
	}
	return n
}

// NodesOf asks for all nodes, or for those of a node list.
func (c *Client) NodesOf(ctx context.Context, list string) ([]Node, error) {
	args := []string{"node"}
	if list != "" {
		args = append(args, list)
	}
	all, err := c.show(ctx, args...)
	var found []Node
	for _, f := range all {
		if f["NodeName"] != "" {
			found = append(found, node(f))
		}
	}
	return found, err
}

// ParseGPUs counts the GPUs in a list of generic resources: "gpu:a100:4(S:0-1),gpu:2,lustre:no_consume:1" is 4 of a100 and 2 of no type.
func ParseGPUs(gres string) map[string]int {
	found := map[string]int{}
	for _, item := range splitGRES(gres) {
		item, _, _ = strings.Cut(item, "(")
		parts := strings.Split(item, ":")
		if parts[0] != "gpu" {
			continue
		}
		kind, count := "", 1
		for _, p := range parts[1:] {
			if n, err := strconv.Atoi(p); err == nil {
				count = n
			} else {
				kind = p
			}
		}
		found[kind] += count
	}
	return found
}

// splitGRES splits at commas outside of brackets: gpu:2(S:0,1),nic:1.
func splitGRES(gres string) []string {
	depth := 0
	return strings.FieldsFunc(gres, func(r rune) bool {
		switch r {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
		return r == ',' && depth == 0
	})
}

// A Load is one line of sinfo: nodes of a partition in one state.
type Load struct {
	Partition string
	Default   bool
	State     string // idle, mixed, allocated, drained…; without the marks that sinfo adds
	Count     int
	Nodes     string // a node list
}

// loadFormat is sinfo -o for parseLoad.
const loadFormat = "%P|%T|%D|%N"

func parseLoad(text string) ([]Load, error) {
	var found []Load
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 4 {
			return nil, fmt.Errorf("sinfo printed %q, which is not in the format %s", line, loadFormat)
		}
		count, err := strconv.Atoi(strings.TrimSpace(f[2]))
		if err != nil {
			return nil, fmt.Errorf("sinfo printed %q: %q is no number of nodes", line, f[2])
		}
		name, isDefault := strings.CutSuffix(strings.TrimSpace(f[0]), "*")
		found = append(found, Load{name, isDefault, strings.TrimRight(f[1], "*~#!%$@^-"), count, f[3]})
	}
	return found, nil
}

// Load asks how many nodes of each partition are in which state.
func (c *Client) Load(ctx context.Context) ([]Load, error) {
	out, err := c.query(ctx, "sinfo", "-h", "-o", loadFormat)
	if err != nil {
		return nil, err
	}
	return parseLoad(out)
}
