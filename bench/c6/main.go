package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	hold := flag.Bool("hold", false, "fail unless the sweep does what it is held to")
	flag.Parse()
	if err := report(flag.Args(), *hold); err != nil {
		fmt.Fprintln(os.Stderr, "c6:", err)
		os.Exit(1)
	}
}

// report loads the one folder that the arguments name and prints its table.
func report(args []string, hold bool) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: c6 [-hold] DIR, a sweep's folder; %d arguments were given", len(args))
	}
	runs, err := load(args[0])
	if err != nil {
		return err
	}
	write(os.Stdout, runs)
	if hold {
		return judge(runs)
	}
	return nil
}
