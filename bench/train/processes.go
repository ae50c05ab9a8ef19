package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// pinned starts a command on the first processors of this process, as many as it has threads. The child inherits them before it runs.
func pinned(threads int, c *exec.Cmd) error {
	var own, few unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return fmt.Errorf("which processors are there: %w", err)
	}
	if own.Count() < threads {
		return fmt.Errorf("%d threads are wanted, there are %d processors", threads, own.Count())
	}
	for cpu := 0; few.Count() < threads; cpu++ {
		if own.IsSet(cpu) {
			few.Set(cpu)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, &few); err != nil {
		return fmt.Errorf("pin to %d processors: %w", threads, err)
	}
	return errors.Join(c.Start(), unix.SchedSetaffinity(0, &own))
}

// A slice is what one run of sweep bench says.
type slice struct {
	ms, flops, peak, fraction float64 // of the fastest step: milliseconds, operations; GFLOP/s of the peak; what part of it the fastest step reached
	resident, planned         float64 // megabytes
}

// ours runs sweep bench once.
func (m measurement) ours(w workload) (slice, error) {
	c := exec.Command(m.sweep, append([]string{"bench"}, append(w.spec, fmt.Sprint("--threads=", w.threads), fmt.Sprint("--updates=", w.updates), "--json")...)...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return slice{}, err
	}
	if err := pinned(w.threads, c); err != nil {
		return slice{}, err
	}
	text, err := io.ReadAll(out)
	if err = errors.Join(err, c.Wait()); err != nil {
		return slice{}, fmt.Errorf("%v: %w", c.Args, err)
	}
	var said struct {
		Update struct {
			Min float64 `json:"min"`
		} `json:"update_ms"`
		GFLOPS   float64 `json:"gflops"`
		Peak     float64 `json:"peak_gflops"`
		Fraction float64 `json:"fraction"`
		Memory   float64 `json:"memory_bytes"`
		Planned  float64 `json:"planned_bytes"`
	}
	if err := json.Unmarshal(text, &said); err != nil || said.Update.Min <= 0 {
		return slice{}, fmt.Errorf("%v says %.200q, which is no measurement (%w)", c.Args, text, err)
	}
	return slice{
		ms: said.Update.Min, flops: said.GFLOPS * said.Update.Min * 1e6, peak: said.Peak, fraction: said.Fraction,
		resident: said.Memory / 1e6, planned: said.Planned / 1e6,
	}, nil
}

// A peerProcess is a peer that waits for its turns.
type peerProcess struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// startPeer starts a program of bench/peers, and waits until it has warmed up.
func startPeer(threads int, python string, program ...string) (*peerProcess, error) {
	p := &peerProcess{command: exec.Command(python, program...)}
	p.command.Stderr = os.Stderr
	p.command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<20)
	if err := pinned(threads, p.command); err != nil {
		return nil, fmt.Errorf("start %v: %w", p.command.Args, err)
	}
	var ready struct {
		Threads int `json:"threads"`
	}
	if err := p.read(&ready); err != nil {
		p.stop()
		return nil, fmt.Errorf("%v does not become ready: %w", p.command.Args, err)
	}
	if ready.Threads != threads {
		p.stop()
		return nil, fmt.Errorf("%v has %d threads, want %d", p.command.Args, ready.Threads, threads)
	}
	return p, nil
}

func (p *peerProcess) read(into any) error {
	if !p.out.Scan() {
		return errors.Join(p.out.Err(), io.ErrUnexpectedEOF)
	}
	return json.Unmarshal(p.out.Bytes(), into)
}

// run times so many steps, in milliseconds.
func (p *peerProcess) run(steps int) ([]float64, error) {
	if _, err := fmt.Fprintln(p.in, "run", steps); err != nil {
		return nil, err
	}
	var said struct {
		MS []float64 `json:"ms"`
	}
	if err := p.read(&said); err != nil {
		return nil, err
	}
	if len(said.MS) != steps {
		return nil, fmt.Errorf("it timed %d steps, %d were wanted", len(said.MS), steps)
	}
	return said.MS, nil
}

// stop ends a peer: the end of its input does. What it exits with does not matter any more.
func (p *peerProcess) stop() {
	_ = p.in.Close()
	_ = p.command.Wait()
}
