package command

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

// A process is a running program with its group. One thread starts it, reads its pipes and waits for its end, with plain system calls: for programs that take a
// millisecond, goroutines that wake each other would cost as much again.
type process struct {
	pid   int
	pidfd int
	pipes [2]*pipe
	said  lastLines

	mu      sync.Mutex
	reaped  bool
	stopped sweep.Cause // why it was told to stop; "": it was not
	killer  *time.Timer
}

// start starts a program, with its output and its lines of JSON on pipes.
func (r *Runner) start(words []string, folder string, env []string, rec *recorder) (*process, error) {
	path, err := r.executable(words[0])
	if err != nil {
		return nil, err
	}
	p := &process{}
	out, outEnd, err := newPipe(p.said.printer(r.o.Print))
	if err != nil {
		return nil, err
	}
	defer unix.Close(outEnd)
	metrics, metricsEnd, err := newPipe(rec.lines)
	if err != nil {
		out.close()
		return nil, err
	}
	defer unix.Close(metricsEnd)
	p.pipes = [2]*pipe{out, metrics}
	null, outFD := r.null.Fd(), uintptr(outEnd)
	p.pid, _, err = syscall.StartProcess(path, words, &syscall.ProcAttr{
		Dir: r.directory(folder), Env: env, Files: []uintptr{null, outFD, outFD, uintptr(metricsEnd)},
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: &p.pidfd},
	})
	if err == nil && p.pidfd < 0 {
		if p.pidfd, err = unix.PidfdOpen(p.pid, 0); err != nil {
			p.stop(sweep.CauseCancelled, 0, true)
		}
	}
	if err != nil {
		out.close()
		metrics.close()
		return nil, fmt.Errorf("start %s: %w", strings.Join(words, " "), err)
	}
	return p, nil
}

// executable finds a program as a shell would.
func (r *Runner) executable(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil // it is seen from the folder in which it runs
	}
	if path, ok := r.found[name]; ok {
		return path, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("start %s: there is no such program in PATH", name)
	}
	r.found[name] = path
	return path, nil
}

// How long pipes may stay open after the group has ended, which means that a process has left it.
const lingering = time.Second

// wait waits for the end of the leader, of its group, and of everything that they had to say. It returns the leader's status and why it was told to stop.
func (p *process) wait(ctx context.Context, r *Runner) (syscall.WaitStatus, sweep.Cause) {
	unwatch := context.AfterFunc(ctx, func() { p.stop(causeOf(ctx), r.o.Grace, errors.Is(context.Cause(ctx), ErrAbandoned)) })
	defer unwatch()
	if limit := r.spec.Process.Timeout; limit > 0 {
		timer := time.AfterFunc(time.Duration(limit)*time.Second, func() { p.stop(sweep.CauseTimeout, r.o.Grace, false) })
		defer timer.Stop()
	}
	for !p.poll(-1) {
	}
	status, stopped := p.reap()
	until := time.Now().Add(lingering)
	for left := lingering; left > 0 && (p.pipes[0].open || p.pipes[1].open); left = time.Until(until) {
		p.poll(int(left.Milliseconds()) + 1)
	}
	for _, pipe := range p.pipes {
		pipe.end()
		pipe.close()
	}
	return status, stopped
}

// poll waits until the leader has ended or a pipe can be read, and reads it; true: the leader has ended. A negative time, in milliseconds, has no end.
func (p *process) poll(milliseconds int) (ended bool) {
	fds := make([]unix.PollFd, 0, 3)
	if p.pidfd >= 0 {
		fds = append(fds, unix.PollFd{Fd: int32(p.pidfd), Events: unix.POLLIN})
	}
	first := len(fds)
	var from [2]*pipe
	for _, pipe := range p.pipes {
		if pipe.open {
			from[len(fds)-first] = pipe
			fds = append(fds, unix.PollFd{Fd: int32(pipe.fd), Events: unix.POLLIN})
		}
	}
	if n, err := unix.Poll(fds, milliseconds); n <= 0 || err != nil {
		return false // interrupted, or too late
	}
	for i, fd := range fds[first:] {
		if fd.Revents != 0 {
			from[i].read()
		}
	}
	return first > 0 && fds[0].Revents != 0
}

// reap ends what is left of the group of a leader that has ended, and takes the leader's status. While that is not taken, the group's number is no other's.
func (p *process) reap() (syscall.WaitStatus, sweep.Cause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	if p.killer != nil {
		p.killer.Stop()
	}
	_ = unix.Kill(-p.pid, unix.SIGKILL) // that nobody else is in the group is no error
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(p.pid, &status, 0, nil); err != syscall.EINTR {
			break
		}
	}
	_ = unix.Close(p.pidfd)
	p.pidfd = -1
	return status, p.stopped
}

// causeOf is the cause for which a context has ended.
func causeOf(ctx context.Context) sweep.Cause {
	switch cause := train.Classify(context.Cause(ctx)); cause {
	case sweep.CausePreempted, sweep.CauseWalltime:
		return cause
	}
	return sweep.CauseCancelled
}

// stop ends the group: TERM, and KILL after the grace, or at once.
func (p *process) stop(why sweep.Cause, grace time.Duration, atOnce bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return
	}
	if p.stopped == "" {
		p.stopped = why
	}
	if atOnce {
		_ = unix.Kill(-p.pid, unix.SIGKILL)
		return
	}
	_ = unix.Kill(-p.pid, unix.SIGTERM)
	_ = unix.Kill(-p.pid, unix.SIGCONT) // a stopped process hears nothing
	p.killer = time.AfterFunc(grace, func() { p.stop(why, 0, true) })
}
