package main

import (
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	name := flag.String("isa", "", "the instruction set: avx512 or avx2")
	flag.Parse()
	t, ok := targets[*name]
	if !ok {
		fmt.Fprintf(os.Stderr, "element: -isa is %q, want avx512 or avx2\n", *name)
		os.Exit(2)
	}
	t.begin()
	t.run()
	t.operations()
	t.points()
	t.normals("normalsMany", t.pick([2]int{4, 2}))
	t.normals("normalsFew", 1)
	Generate()
}
