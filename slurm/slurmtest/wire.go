package slurmtest

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A Wire is a TCP proxy in front of a server, which can be slow, and can be cut: nothing passes then, and nobody is told, as on a network that has lost a cable. A
// sweep is led through it with --listen, the server's address, and --advertise, the wire's.
type Wire struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	whole *sync.Cond
	cut   bool
	delay time.Duration
	made  int
	ends  map[net.Conn]bool
	over  bool
}

// NewWire makes a wire to a free port of 127.0.0.1, where nobody has to listen yet.
func NewWire() (*Wire, error) {
	target, err := net.Listen("tcp", "127.0.0.1:0") // only to find a free port
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err := errors.Join(err, target.Close()); err != nil {
		return nil, err
	}
	w := &Wire{listener: l, target: target.Addr().String(), ends: map[net.Conn]bool{}}
	w.whole = sync.NewCond(&w.mu)
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
	return w, nil
}

// Target is the address of the server.
func (w *Wire) Target() string { return w.target }

// Addr is the address that clients dial.
func (w *Wire) Addr() string { return w.listener.Addr().String() }

// Cut lets nothing pass until Heal.
func (w *Wire) Cut() { w.set(true) }

// Heal lets pass what has waited, and what follows.
func (w *Wire) Heal() { w.set(false) }

// Slow lets everything come so much later.
func (w *Wire) Slow(delay time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = delay
}

// Made is how many connections there have been.
func (w *Wire) Made() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.made
}

func (w *Wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	w.whole.Broadcast()
}

// Close ends the wire with all its connections.
func (w *Wire) Close() error {
	err := w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.over = false, true
	w.whole.Broadcast()
	for c := range w.ends {
		_ = c.Close() // whoever reads it sees that
	}
	return err
}

// hold remembers a connection for Close; false: it is too late.
func (w *Wire) hold(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[c] = true
	return !w.over
}

// drop closes a connection.
func (w *Wire) drop(c net.Conn) {
	_ = c.Close() // the other side may have done it
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ends, c)
}

// carry passes the bytes of one connection on.
func (w *Wire) carry(client net.Conn) {
	defer w.drop(client)
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer w.drop(server)
	if !w.hold(client) || !w.hold(server) {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.pump(client, server)
		_ = client.Close() // ends the other direction
	}()
	w.pump(server, client)
	_ = server.Close() // ends the other direction
	<-done
}

// pump copies one direction.
func (w *Wire) pump(to io.Writer, from io.Reader) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		w.mu.Lock()
		for w.cut {
			w.whole.Wait()
		}
		delay := w.delay
		w.mu.Unlock()
		time.Sleep(delay)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
