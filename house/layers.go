package house

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is the import path of the repository's root.
const module = "neurosweep"

// layers is the order of the house: imports go to an earlier row, or within a row to a package named earlier.
var layers = [][]string{
	{"sweep/durable", "sweep/random", "sweep/clock", "sweep", "sweep/search", "slurm", "slurm/slurmtest"},
	{"models/kernel", "models/graph", "broker", "results", "results/spool"},
	{"tasks", "models"},
	{"models/train", "python", "command", "results/analysis", "results/plot"},
	{"agent", "sweep/controller", "sweep/simulate"},
	{"cmd/sweep"},
	{"models/kernel/gen/gemm", "models/kernel/gen/element", "bench/table", "bench/dispatch", "bench/comm", "bench/c6", "bench/soak", "bench/cluster", "bench/simulate", "bench/join", "bench/train", "bench/bff", "slurm/slurmtest/playground", "house"},
}

// place is where a package stands; false if the table does not have it.
func place(pkg string) (layer, position int, ok bool) {
	for i, row := range layers {
		if j := slices.Index(row, pkg); j >= 0 {
			return i, j, true
		}
	}
	return 0, 0, false
}

// checkLayers complains about imports that go up or sideways. Tests of an outside package (package x_test) may import anything.
func checkLayers(fsys fs.FS) ([]string, error) {
	files, err := parseAll(fsys)
	if err != nil {
		return nil, err
	}
	var complaints []string
	for _, f := range files {
		if strings.HasSuffix(f.syntax.Name.Name, "_test") {
			continue
		}
		pkg := path.Dir(f.name)
		layer, position, ok := place(pkg)
		if !ok {
			complaints = append(complaints, fmt.Sprintf("%s: package %s has no place in the table of layers (house/layers.go)", f.name, pkg))
			continue
		}
		for _, imported := range f.syntax.Imports {
			target, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				return nil, err
			}
			target, ours := strings.CutPrefix(target, module+"/")
			if !ours {
				continue
			}
			l, p, ok := place(target)
			switch {
			case !ok:
				complaints = append(complaints, fmt.Sprintf("%s imports %s, which has no place in the table of layers", f.at(imported), target))
			case l > layer:
				complaints = append(complaints, fmt.Sprintf("%s: %s (layer %d) imports %s (layer %d): what is lower must not know what is higher", f.at(imported), pkg, layer, target, l))
			case l == layer && p >= position:
				complaints = append(complaints, fmt.Sprintf("%s: %s imports %s, which its layer names later: one of the two is in the wrong place", f.at(imported), pkg, target))
			}
		}
	}
	return complaints, nil
}
