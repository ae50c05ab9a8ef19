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
		fmt.Fprintf(os.Stderr, "gemm: -isa is %q, want avx512 or avx2\n", *name)
		os.Exit(2)
	}
	for width := 1; width <= len(t.heights); width++ {
		t.product(width)
	}
	for width := 1; width <= len(t.heights); width++ {
		t.transposedProduct(width)
	}
	t.narrowProduct()
	t.addRows()
	t.peak()
	Generate()
}
