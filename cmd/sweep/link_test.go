package main

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"neurosweep/results"
	"neurosweep/results/spool"
)

// A wire is a TCP proxy between agents and a broker, which can be slow, and can be cut: nothing passes then, and nobody is told.
type wire struct {
	net.Listener
	target string

	mu    sync.Mutex
	whole *sync.Cond
	cut   bool
	delay time.Duration
	made  int // connections, so far
}

func newWire(t *testing.T) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l}
	w.whole = sync.NewCond(&w.mu)
	t.Cleanup(func() {
		l.Close()
		w.set(false, 0)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.mu.Lock()
			w.made++
			w.mu.Unlock()
			go w.carry(c)
		}
	}()
	return w
}

// set cuts or heals the wire.
func (w *wire) set(cut bool, delay time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.delay = cut, delay
	w.whole.Broadcast()
}

// carry passes the bytes of one connection on.
func (w *wire) carry(c net.Conn) {
	defer c.Close()
	b, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer b.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.pump(c, b)
		c.Close()
	}()
	w.pump(b, c)
	b.Close()
	<-done
}

// pump copies one direction.
func (w *wire) pump(to, from net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		w.mu.Lock()
		for w.cut {
			w.whole.Wait()
		}
		delay := w.delay
		w.mu.Unlock()
		<-time.After(delay) // it is a slow wire
		if err == nil {
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			return
		}
	}
}

// spooled counts the trials whose end lies in a spool.
func spooled(t *testing.T, dir string) int {
	t.Helper()
	incarnations, err := spool.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, i := range incarnations {
		err := spool.Read(dir, i, 0, func(r *results.Report) error {
			for _, tr := range r.Trials {
				if tr.End != nil {
					n++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestLinkIsCut has agents dial their controller through a wire that is slow, and then cut for so long that they give the connection up. They go on with what they hold, keep it in their
// spools, and nothing is lost or done twice when the wire is whole again.
func TestLinkIsCut(t *testing.T) {
	text := "name: cut\nmethod: grid\ntask: {name: noop, noise: 0.01, seconds: 4}\nseeds: 4\nparameters:\n  task.value: {values: [0, 1]}\n" +
		"evaluate: {value: {}}\nselect: {metric: value, condition: value, goal: maximize}\n"
	dir := makeSweep(t, text)
	w := newWire(t)
	free := newWire(t) // a port for the broker
	w.target = free.Addr().String()
	free.Close()
	w.set(false, 20*time.Millisecond)
	control := launch(t, "sweep", "controller", "--dir", dir, "--listen", w.target, "--advertise", w.Addr().String())
	var agents []*process
	for range 2 {
		agents = append(agents, launch(t, "sweep", "agent", "--dir", dir, "--controller", "login", "--slots", "2"))
	}
	var since time.Time
	eventually(t, "all slots have been training for a while", func() bool { // the answers that granted the trials have arrived by then
		if since.IsZero() && summary(t, dir).Running == 4 {
			since = time.Now()
		}
		return !since.IsZero() && time.Since(since) > 2*time.Second
	})
	w.set(true, 0)
	eventually(t, "both agents give their connection up and try another", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.made >= 4
	})
	eventually(t, "the agents have trained on", func() bool { return spooled(t, dir) >= summary(t, dir).Ended+2 })
	w.set(false, 0)
	for _, a := range agents {
		a.ended(exitDone)
	}
	control.ended(exitDone)
	events := eventTable(t, dir)
	if n := strings.Count(events, "attempt granted"); n != 8 {
		t.Errorf("8 trials were granted %d times", n)
	}
	equalSweeps(t, undisturbed(t, text), dir)
}
