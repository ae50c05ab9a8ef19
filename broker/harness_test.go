package broker

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"neurosweep/sweep"
)

const patience = 30 * time.Second // for anything that should take a moment

// folder makes the part of a sweep's folder that a broker uses.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, sweep.ControlDir), 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// start starts a broker for the sweep in dir, and says so there.
func start(t *testing.T, dir string, term int) (*Server, Identity, Address) {
	t.Helper()
	id, err := Prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(dir, id, Listen{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	a := s.Address(term)
	if err := a.Write(dir); err != nil {
		t.Fatal(err)
	}
	return s, id, a
}

func open(t *testing.T, a Address, id Identity) *Hub {
	t.Helper()
	h, err := OpenHub(t.Context(), a, id, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func dial(t *testing.T, dir string, i sweep.Incarnation) *Link {
	t.Helper()
	a, err := ReadAddress(dir)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Dial(dir, a, i)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// next takes one value of a channel, or fails the test.
func next[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatalf("wait for %s: the channel is closed", what)
		}
		return v
	case <-time.After(patience):
		t.Fatalf("wait for %s: nothing came in %v", what, patience)
	}
	panic("unreachable")
}

// raw connects with a user's key as any program could that has read it.
func raw(t *testing.T, a Address, seed string) (*nats.Conn, chan error) {
	t.Helper()
	wrong := make(chan error, 16)
	nc, err := connect(a, "test", user{seed: seed}, nats.NoReconnect(), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { wrong <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, wrong
}

// publish publishes reports and fails the test where one is not confirmed.
func publish(t *testing.T, l *Link, reports ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, r := range reports {
		if err := l.Publish(ctx, []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
}
