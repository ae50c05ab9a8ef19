package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"neurosweep/sweep/controller"
)

// launch sees to it that the sweep has a controller, or will have one, where that is not the agents' own business.
func (a *app) launch(ctx context.Context, dir, id string, o *order) error {
	if _, live, err := controller.LiveHolder(dir); err != nil || live {
		return err
	}
	switch o.s.Controller {
	case controllerLogin:
		return a.daemon(ctx, dir, o.s)
	case controllerJob:
		alive, err := living(ctx, o.client, o.s.Controllers)
		if err != nil || len(alive) > 0 {
			return err
		}
		mark := newMark(id)
		_, err = o.submit(ctx, dir, o.s.controllerScript(dir, o.options, mark), submittedJob{Tasks: 1, Mark: mark}, &o.s.Controllers)
		return err
	}
	return nil
}

// startWithin is how long a controller may take until it holds the sweep's term: it waits for one that died elsewhere without a word.
const startWithin = 90 * time.Second

// daemon starts a controller on this machine that outlives this command and its terminal, and returns when it holds the sweep's term.
func (a *app) daemon(ctx context.Context, dir string, s *submission) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	name := filepath.Join(jobLogDir(dir), "controller-"+host+".log")
	log, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o664)
	if err != nil {
		return fmt.Errorf("start a controller: %w", err)
	}
	defer log.Close()
	flags := s.controllerFlags()
	c := exec.Command(binaryPath(dir, s.Binary), append([]string{"controller", "--dir", dir}, flags.args()...)...)
	c.Dir, c.Stdout, c.Stderr = dir, log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		return fmt.Errorf("start a controller: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	ticks := time.NewTicker(50 * time.Millisecond)
	defer ticks.Stop()
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		holder, live, err := controller.LiveHolder(dir)
		if err != nil {
			return err
		}
		if live {
			fmt.Fprintf(a.stderr, "controller: %s\n", holder)
			return nil
		}
		select {
		case err := <-ended:
			var exited *exec.ExitError
			if err == nil || errors.As(err, &exited) && exited.ExitCode() == exitFailed {
				return nil // there was nothing left to do
			}
			return fmt.Errorf("start a controller on this machine: %w: %s", err, lastLine(name))
		case <-ctx.Done():
			return fmt.Errorf("start a controller on this machine: process %d holds no term after %v: %s", c.Process.Pid, startWithin, lastLine(name))
		case <-ticks.C:
		}
	}
}

// lastLine is the end of what a process has said.
func lastLine(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
