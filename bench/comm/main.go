package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"neurosweep/broker"
	"neurosweep/sweep"
)

//go:embed mpi/peer.c
var peerSource []byte

func main() {
	ranks := flag.String("ranks", "2,4,8,16", "numbers of ranks")
	rounds := flag.Int("rounds", 3, "how often each is measured")
	optional := flag.Bool("optional", false, "where Open MPI is not installed, say so and measure ours alone")
	rank := flag.String("rank", "", "internal: folder, group, rank and size, separated by commas; the plan follows")
	gang := flag.Int("gang", -1, "internal: the rank is one of a gang")
	flag.Parse()
	err := error(nil)
	if *rank != "" {
		err = asRank(*rank, *gang, flag.Args())
	} else {
		err = measure(*ranks, *rounds, *optional)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "comm:", err)
		os.Exit(1)
	}
}

func asRank(who string, gang int, plan []string) error {
	f := strings.Split(who, ",")
	if len(f) != 4 {
		return fmt.Errorf("-rank %s is internal", who)
	}
	r, err := strconv.Atoi(f[2])
	size, err2 := strconv.Atoi(f[3])
	measurements, err3 := parsePlan(plan)
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	a, err := broker.ReadAddress(f[0])
	if err != nil {
		return err
	}
	ctx := context.Background()
	c, err := broker.Join(ctx, f[0], a, broker.Group{Name: f[1], Rank: r, Size: size})
	if err != nil {
		return err
	}
	if gang >= 0 {
		err = playGang(ctx, os.Stdout, c, filepath.Join(f[0], f[1]), gang)
	} else {
		err = play(ctx, os.Stdout, c, measurements)
	}
	if err != nil {
		return err
	}
	return c.Close()
}

// plan is what a number of ranks measures: messages to and fro only for two.
func plan(ranks int) (p []measurement) {
	p = append(p, measurement{"Barrier", 0, 100})
	for _, call := range []string{"Send", "Allreduce"} {
		if call == "Send" && ranks != 2 {
			continue
		}
		for _, size := range []int{8, 1 << 10, 16 << 10, 256 << 10, 1 << 20} {
			p = append(p, measurement{call, size, max(10, min(100, 1<<21/size))})
		}
	}
	return p
}

func measure(list string, rounds int, optional bool) error {
	dir, err := os.MkdirTemp("", "bench-comm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	peer, err := compile(dir)
	if err != nil {
		if !optional {
			return err
		}
		fmt.Println("without Open MPI:", err)
	}
	server, err := serve(dir)
	if err != nil {
		return err
	}
	defer server.Close()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "ranks\tcall\tbytes\tours: fastest µs\tmedian µs\tMB/s\tOpen MPI, memory: fastest µs\tours is times as long\tOpen MPI, TCP: fastest µs\tours is times as long\t")
	for _, text := range strings.Split(list, ",") {
		size, err := strconv.Atoi(text)
		if err != nil || size < 2 {
			return fmt.Errorf("-ranks %s: %q is no number of ranks from 2", list, text)
		}
		ours, memory, tcp := tally{}, tally{}, tally{}
		for round := range rounds {
			if err := ours.add(startRanks(dir, fmt.Sprintf("r%d-%d", size, round), size, plan(size))); err != nil {
				return err
			}
			if peer == "" {
				continue
			}
			if err := memory.add(mpirun(peer, size, plan(size))); err != nil {
				return err
			}
			if err := tcp.add(mpirun(peer, size, plan(size), "--mca", "pml", "ob1", "--mca", "btl", "tcp,self")); err != nil {
				return err
			}
		}
		for _, m := range plan(size) {
			row(w, size, m, ours[m.key()], memory[m.key()], tcp[m.key()])
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Println()
	return measureGangs(dir, rounds)
}

// row prints one kind of call. Bandwidth is that of the buffer over the time of the call.
func row(w *tabwriter.Writer, size int, m measurement, ours result, peers ...result) {
	speed := "-"
	if m.bytes > 0 {
		speed = fmt.Sprintf("%.1f", float64(m.bytes)/ours.fastest)
	}
	fmt.Fprintf(w, "%d\t%s\t%d\t%.1f\t%.1f\t%s\t", size, m.call, m.bytes, ours.fastest, ours.median, speed)
	for _, p := range peers {
		if p.fastest == 0 {
			fmt.Fprint(w, "-\t-\t")
			continue
		}
		fmt.Fprintf(w, "%.1f\t%.1f\t", p.fastest, ours.fastest/p.fastest)
	}
	fmt.Fprintln(w)
}

// serve starts a broker for a sweep of nothing.
func serve(dir string) (*broker.Server, error) {
	if err := os.Mkdir(filepath.Join(dir, sweep.ControlDir), 0o777); err != nil {
		return nil, err
	}
	id, err := broker.Prepare(dir)
	if err != nil {
		return nil, err
	}
	s, err := broker.Start(dir, id, broker.Listen{})
	if err != nil {
		return nil, err
	}
	return s, s.Address(1).Write(dir)
}

// compile makes the peer's program.
func compile(dir string) (string, error) {
	source, program := filepath.Join(dir, "peer.c"), filepath.Join(dir, "peer")
	if err := os.WriteFile(source, peerSource, 0o666); err != nil {
		return "", err
	}
	if out, err := exec.Command("mpicc", "-O2", "-o", program, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile the peer: %w: %s(Debian: apt-get install openmpi-bin libopenmpi-dev)", err, out)
	}
	return program, nil
}

// startRanks runs ours once, and returns what rank 0 printed.
func startRanks(dir, name string, size int, p []measurement) ([]byte, error) {
	return startTogether(size, func(r int) *exec.Cmd {
		c := exec.Command(os.Args[0], "-rank", fmt.Sprintf("%s,%s,%d,%d", dir, name, r, size))
		for _, m := range p {
			c.Args = append(c.Args, m.arguments()...)
		}
		return c
	})
}

// mpirun runs the peer once.
func mpirun(program string, size int, p []measurement, options ...string) ([]byte, error) {
	c := exec.Command("mpirun", "--oversubscribe", "-n", strconv.Itoa(size))
	if os.Geteuid() == 0 {
		c.Args = append(c.Args, "--allow-run-as-root")
	}
	c.Args = append(append(c.Args, options...), program)
	for _, m := range p {
		c.Args = append(c.Args, m.arguments()...)
	}
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%v: %w", c.Args[:5], err)
	}
	return out, err
}
