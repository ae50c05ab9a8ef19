package slurm

import (
	"fmt"
	"strconv"
	"strings"
)

// mostNodes bounds what a list of nodes may expand to; the largest clusters have some ten thousand.
const mostNodes = 1 << 20

// ExpandNodes writes a node list out: "a[01-03,7],b,c[1-2]x" is a01 a02 a03 a7 b c1x c2x. Several brackets in a name are all combinations, the last
// varying fastest, and numbers keep their zeros, as with scontrol show hostnames. What SLURM prints for no nodes ("", "(null)", "None assigned", "n/a") is none.
func ExpandNodes(list string) ([]string, error) {
	list = strings.TrimSpace(list)
	switch strings.ToLower(list) {
	case "", "(null)", "none assigned", "n/a":
		return nil, nil
	}
	var names []string
	for _, item := range splitOutside(list) {
		expanded, err := expandNode(item, mostNodes-len(names))
		if err != nil {
			return nil, fmt.Errorf("node list %q: %w; valid are names like node[1-3,7],gpu01", list, err)
		}
		names = append(names, expanded...)
	}
	return names, nil
}

// splitOutside splits at commas that are not in brackets.
func splitOutside(list string) []string {
	var items []string
	depth, start := 0, 0
	for i, r := range list {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == ',' && depth == 0:
			items = append(items, list[start:i])
			start = i + 1
		}
	}
	return append(items, list[start:])
}

// expandNode writes one name with brackets out.
func expandNode(item string, most int) ([]string, error) {
	prefix, rest, found := strings.Cut(item, "[")
	if strings.ContainsAny(prefix, "] \t\n()") || item == "" {
		return nil, fmt.Errorf("%q is no name", item)
	}
	if !found {
		return []string{item}, nil
	}
	ranges, suffix, found := strings.Cut(rest, "]")
	if !found || strings.Contains(ranges, "[") {
		return nil, fmt.Errorf("%q has a bracket that is not closed", item)
	}
	tails := []string{""}
	if suffix != "" {
		var err error
		if tails, err = expandNode(suffix, most); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, r := range strings.Split(ranges, ",") {
		low, high, isRange := strings.Cut(r, "-")
		if !isRange {
			high = low
		}
		from, err1 := strconv.ParseUint(low, 10, 63)
		to, err2 := strconv.ParseUint(high, 10, 63)
		switch {
		case err1 != nil || err2 != nil || to < from:
			return nil, fmt.Errorf("%q is no range of numbers", r)
		case (to-from+1) > uint64(most) || uint64(len(names))+(to-from+1)*uint64(len(tails)) > uint64(most):
			return nil, fmt.Errorf("%q is more than %d nodes", item, mostNodes)
		}
		for n := from; n <= to; n++ {
			for _, tail := range tails {
				names = append(names, fmt.Sprintf("%s%0*d%s", prefix, len(low), n, tail))
			}
		}
	}
	return names, nil
}

// CompressNodes writes names as a node list, in their order: what differs only in a last number of the same width is joined.
func CompressNodes(names []string) string {
	var out []string
	for i := 0; i < len(names); {
		prefix, digits := cutNumber(names[i])
		if digits == "" {
			out = append(out, names[i])
			i++
			continue
		}
		var ranges []string
		for i < len(names) {
			p, d := cutNumber(names[i])
			if p != prefix || d == "" {
				break
			}
			last := d
			for i++; i < len(names); i++ {
				q, e := cutNumber(names[i])
				if q != prefix || !follows(last, e) {
					break
				}
				last = e
			}
			if last == d {
				ranges = append(ranges, d)
			} else {
				ranges = append(ranges, d+"-"+last)
			}
		}
		if text := strings.Join(ranges, ","); strings.ContainsAny(text, ",-") {
			out = append(out, prefix+"["+text+"]")
		} else {
			out = append(out, prefix+text)
		}
	}
	return strings.Join(out, ",")
}

// follows tells whether b is the number after a, written as %0*d writes it.
func follows(a, b string) bool {
	n, err := strconv.ParseUint(a, 10, 62)
	return err == nil && b == fmt.Sprintf("%0*d", len(a), n+1)
}

// cutNumber divides a name before its last digits; names with numbers that are too long have none.
func cutNumber(name string) (prefix, digits string) {
	prefix = strings.TrimRight(name, "0123456789")
	if len(name)-len(prefix) > 18 {
		return name, ""
	}
	return prefix, name[len(prefix):]
}
