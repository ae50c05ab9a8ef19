package agent

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"neurosweep/command"
	"neurosweep/models/train"
	"neurosweep/sweep"
)

// A slot is one child process, as the supervisor sees it. Its fields belong to the supervisor's goroutine.
type slot struct {
	number  int
	process *exec.Cmd
	orders  chan order    // to the goroutine that writes the pipe; closed when the process is to end
	jobs    []*job        // given to the process and not ended, in their order: the first one runs
	serial  int           // which process of this slot it is
	said    *lastWords    // of stderr
	ready   bool          // it can begin trials
	killed  bool          // by the supervisor
	exited  chan struct{} // closed when it was waited for
}

// What a process of a slot tells the supervisor.
type slotEvent struct {
	slot, serial int
	message      *message
	ended        bool // the process has ended; err and state say how
	err          error
	state        *os.ProcessState
}

// outOfMemoryScore makes the kernel choose a child before its supervisor.
const outOfMemoryScore = 500

// startSlot starts a process for a slot, from a thread that lives as long as the process: the kernel ties the death signal to it.
func startSlot(number, serial int, o Options, log *logFile, events chan<- slotEvent) (*slot, error) {
	s := &slot{number: number, serial: serial, orders: make(chan order, 1024), said: &lastWords{}, exited: make(chan struct{})}
	started := make(chan error, 1)
	go s.keep(o, log, events, started)
	return s, <-started
}

// keep starts the process, serves its pipes, and waits for it.
func (s *slot) keep(o Options, log *logFile, events chan<- slotEvent, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.exited)
	c := exec.Command(o.SlotCommand[0], o.SlotCommand[1:]...)
	c.Args[0] = os.Args[0] // the program may look at the name by which it was called
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.Env = append(append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(o.Threads)), o.SlotEnv...)
	if d := devices(o, s.number); d != "" {
		c.Env = append(c.Env, "CUDA_VISIBLE_DEVICES="+d)
	}
	mark := command.SlotMark(fmt.Sprintf("%s-%d", log.incarnation, s.serial))
	if o.external {
		c.SysProcAttr.Pdeathsig = 0 // it sees the end of its pipe, and ends the program's processes before itself
		c.Env = append(c.Env, mark)
	}
	s.said.log = log
	c.Stderr = s.said
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		started <- err
		return
	}
	release := s.confine(o)
	err := c.Start()
	release()
	if err != nil {
		started <- fmt.Errorf("start a slot: %w", err)
		return
	}
	s.process = c
	s.arrange()
	started <- nil
	go s.write(in)
	s.read(out, events)
	err = c.Wait()
	if o.external {
		command.KillStrays(mark)
	}
	events <- slotEvent{slot: s.number, serial: s.serial, ended: true, err: err, state: c.ProcessState}
}

// devices are the GPUs of a slot, as CUDA_VISIBLE_DEVICES has them: each slot gets as many as there are for it, one after the other; where there are more slots
// than GPUs they share them. "": there are none. The names are those that this process was given, which mean something to it alone.
func devices(o Options, number int) string {
	n := len(o.Devices)
	switch {
	case n == 0:
		return ""
	case n < o.Slots:
		return o.Devices[number%n]
	}
	return strings.Join(o.Devices[number*n/o.Slots:(number+1)*n/o.Slots], ",")
}

// confine puts the calling thread on the processors of this slot, so that the process which it starts, with all its threads, begins there. The
// function that it returns puts the thread back. What cannot be arranged on this machine is left as it is.
func (s *slot) confine(o Options) (release func()) {
	var own unix.CPUSet
	if unix.SchedGetaffinity(0, &own) != nil {
		return func() {}
	}
	mine, ok := train.Processors(own, s.number, o.Slots, o.Threads)
	if !ok || unix.SchedSetaffinity(0, &mine) != nil {
		return func() {}
	}
	return func() { _ = unix.SchedSetaffinity(0, &own) } // these it had
}

// arrange has the kernel choose the process before its supervisor where memory runs out.
func (s *slot) arrange() {
	pid := s.process.Process.Pid
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(strconv.Itoa(outOfMemoryScore)), 0o644) // needs no right to raise it, but /proc
}

// write passes orders on until there are no more; the process ends when its pipe is closed.
func (s *slot) write(in io.WriteCloser) {
	defer in.Close()
	w := bufio.NewWriterSize(in, 1<<16)
	for o := range s.orders {
		err := writeFrame(w, o)
		if err == nil && len(s.orders) == 0 {
			err = w.Flush()
		}
		if err != nil { // the process is gone, which its exit tells
			for range s.orders {
			}
			return
		}
	}
	_ = w.Flush()
}

func (s *slot) read(out io.Reader, events chan<- slotEvent) {
	r := bufio.NewReaderSize(out, 1<<16)
	for {
		var m message
		if err := readFrame(r, &m); err != nil {
			return
		}
		if m.Begun != nil {
			s.said.belongs(*m.Begun)
		}
		events <- slotEvent{slot: s.number, serial: s.serial, message: &m}
	}
}

// kill ends the process at once.
func (s *slot) kill() {
	s.killed = true
	_ = s.process.Process.Kill() // it may have ended this moment
}

// lastWords passes what a process prints to the log, line by line, and keeps the last lines for the cause of its death.
type lastWords struct {
	log *logFile

	mu      sync.Mutex
	current sweep.Hold
	partial []byte
	lines   []string
}

// Bounds of what is kept for the cause of a death.
const (
	maxLastWords = 8       // lines
	maxLine      = 1 << 16 // bytes; a longer line is cut into several
)

// belongs says to which attempt the next lines belong.
func (l *lastWords) belongs(h sweep.Hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current, l.lines = h, nil
}

func (l *lastWords) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, b...)
	for {
		i := bytes.IndexByte(l.partial, '\n')
		if i < 0 && len(l.partial) > maxLine {
			i = maxLine
		}
		if i < 0 {
			return len(b), nil
		}
		line := strings.TrimRight(string(l.partial[:i]), "\r\n")
		l.partial = append(l.partial[:0], l.partial[min(i+1, len(l.partial)):]...)
		l.log.print(l.current, line)
		if l.lines = append(l.lines, line); len(l.lines) > maxLastWords {
			l.lines = l.lines[1:]
		}
	}
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
