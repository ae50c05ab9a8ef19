package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

// specText is the sweep under test: twelve trials of a small network, with a checkpoint, two evaluations and a resumable state
// every few updates.
const specText = `name: soak
method: grid
task: {name: delay_comparison}
model: {name: leaky_rnn}
train: {updates: 120, batch: 8, length: 60}
seeds: 3
parameters:
  train.lr: {values: [1e-3, 3e-3]}
  model.hidden: {values: [16, 24]}
evaluate: {seq100: {batches: 2, seed: 1000}, whole_trial: {count: 50, seed: 1001}}
checkpoints: {every: 10}
select: {metric: accuracy, condition: seq100, goal: maximize}
`

// limit is how long any one command may take before the soak calls it stuck.
const limit = 5 * time.Minute

// A soaker disturbs sweeps.
type soaker struct {
	options
	family *family
	random *rand.Rand
	killed int
}

// command runs one sweep command to its end; its output goes to a log beside the folder.
func (s *soaker) command(dir string, args ...string) error {
	pid, log, err := s.launch(dir, args...)
	if err != nil {
		return err
	}
	code, err := s.family.wait(pid, limit)
	if err == nil && code != 0 {
		err = fmt.Errorf("it ended with exit code %d", code)
	}
	if err != nil {
		return fmt.Errorf("sweep %s: %w; the end of %s:\n%s", strings.Join(args, " "), err, log, tail(log))
	}
	return nil
}

// launch starts one sweep command.
func (s *soaker) launch(dir string, args ...string) (pid int, log string, err error) {
	log = dir + ".log"
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return 0, log, err
	}
	pid, err = s.family.start(file, s.sweep, args...)
	return pid, log, errors.Join(err, file.Close())
}

// tail is the end of a log.
func tail(log string) string {
	text, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// disturbed runs the sweep in dir to its end, killing at random moments while there are some left.
func (s *soaker) disturbed(dir string) error {
	controller, log, err := s.launch(dir, s.run(dir)...)
	if err != nil {
		return err
	}
	begin := time.Now()
	for time.Since(begin) < limit+time.Duration(s.kills)*4*s.pause {
		code, ended, err := s.until(controller, s.moment())
		if err != nil {
			return err
		}
		if ended && code == 0 {
			return nil
		}
		if ended && code > 0 {
			return fmt.Errorf("the controller of %s ended by itself with exit code %d; the end of %s:\n%s", dir, code, log, tail(log))
		}
		if ended { // it was killed
			if controller, _, err = s.launch(dir, "resume", dir, "--agents", fmt.Sprint(s.agents)); err != nil {
				return err
			}
			continue
		}
		if s.killed == s.kills {
			continue
		}
		if err := s.strike(); err != nil {
			return err
		}
	}
	return fmt.Errorf("the sweep in %s does not end; the end of %s:\n%s", dir, log, tail(log))
}

// moment draws the time until the next kill: exponential, so that any phase of a sweep is as likely as another.
func (s *soaker) moment() time.Duration {
	return min(time.Duration(s.random.ExpFloat64()*float64(s.pause)), 4*s.pause)
}

// until waits until the controller has ended or the time has passed.
func (s *soaker) until(controller int, wait time.Duration) (code int, ended bool, err error) {
	end := time.Now().Add(wait)
	for time.Now().Before(end) {
		if code, ended = s.family.exited(controller); ended {
			return code, true, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0, false, nil
}

// strike kills a random victim, or everything.
func (s *soaker) strike() error {
	living, err := descendants()
	if err != nil {
		return err
	}
	of := map[kind][]process{}
	for _, p := range living {
		of[p.kind] = append(of[p.kind], p)
	}
	victims := living
	names := []kind{slotKind, agentKind, controllerKind, "everything"}
	if len(of[programKind]) > 0 {
		names = append(names, programKind)
	}
	name := names[s.random.IntN(len(names))]
	if name != "everything" {
		if len(of[name]) == 0 {
			return nil // there is none at this moment: no kill, and none counted
		}
		victims = []process{of[name][s.random.IntN(len(of[name]))]}
	}
	for _, v := range victims {
		if err := kill(v.pid); err != nil {
			return err
		}
	}
	s.killed++
	fmt.Printf("soak: kill %d of %d: %s %s\n", s.killed, s.kills, name, pids(victims))
	return nil
}

func pids(of []process) string {
	words := make([]string, len(of))
	for i, p := range of {
		words[i] = fmt.Sprint(p.pid)
	}
	return strings.Join(words, " ")
}

// empty waits until the last descendant is gone: an agent whose sweep has ended leaves by itself.
func (s *soaker) empty() error {
	end := time.Now().Add(2 * time.Minute)
	for {
		for s.family.reap() {
		}
		living, err := descendants()
		if err != nil || len(living) == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("the sweep has ended, but processes %s are still there", pids(living))
		}
		time.Sleep(20 * time.Millisecond)
	}
}
