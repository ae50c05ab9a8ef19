package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	hold := flag.Bool("hold", false, "fail unless the GRUs do what they are held to")
	flag.Parse()
	if err := report(flag.Args(), *hold); err != nil {
		fmt.Fprintln(os.Stderr, "bff:", err)
		os.Exit(1)
	}
}

// report loads the one folder that the arguments name and prints its tables.
func report(args []string, hold bool) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: bff [-hold] DIR, a sweep's folder; %d arguments were given", len(args))
	}
	cells, err := load(args[0])
	if err != nil {
		return err
	}
	for _, c := range cells {
		c.write(os.Stdout)
	}
	if hold {
		return judge(cells)
	}
	return nil
}
