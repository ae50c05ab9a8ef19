package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"

	"neurosweep/models/kernel"
)

func main() {
	m := measurement{}
	flag.StringVar(&m.sweep, "sweep", "bin/sweep", "the program under test")
	flag.StringVar(&m.python, "python", ".cache/peers/bin/python", "an interpreter with the packages of bench/peers/requirements.txt")
	flag.StringVar(&m.peers, "peers", "bench/peers", "the folder of the peers' programs")
	flag.IntVar(&m.rounds, "rounds", 6, "slices of each program")
	only := flag.String("only", "", "a regular expression; the rows whose name it matches are measured")
	docs := flag.String("docs", "", "a file in which the table stands between two marks, and is replaced")
	hold := flag.Bool("hold", false, "a missed goal is an error")
	flag.Parse()
	if err := run(m, *only, *docs, *hold); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(m measurement, only, docs string, hold bool) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	var rows []row
	for _, w := range workloads {
		if wanted.MatchString(w.name) {
			fmt.Fprintln(os.Stderr, "measuring", w.name)
			rows = append(rows, m.workload(w)...)
		}
	}
	for _, k := range kernels(kernel.ISAs()) {
		if wanted.MatchString(k.name) {
			fmt.Fprintln(os.Stderr, "measuring", k.name)
			r, err := k.measure()
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
	}
	text := table(rows)
	fmt.Print(text)
	if docs != "" {
		if err := replace(docs, processor()+"\n\n"+text); err != nil {
			return err
		}
	}
	if hold {
		return judge(rows)
	}
	return nil
}
