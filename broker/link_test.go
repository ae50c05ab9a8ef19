package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"neurosweep/sweep"
)

func TestAskAndTell(t *testing.T) {
	dir := folder(t)
	server, id, a := start(t, dir, 1)
	hub := open(t, a, id)
	one, two := dial(t, dir, "one"), dial(t, dir, "two")
	go func() {
		for range 2 {
			q := <-hub.Asks()
			_ = hub.Answer(q, Reply{Version: q.Request.Version, Term: int(q.Request.Ask.Sequence), Refused: string(q.Request.Incarnation)}) // the asker sees whether it came
		}
	}()
	if r, err := two.Request(t.Context(), Request{Ask: &Ask{Sequence: 7}}); err != nil || r.Term != 7 || r.Refused != "two" {
		t.Errorf("the answer: %+v, %v", r, err)
	}
	for _, told := range []struct {
		i sweep.Incarnation
		c Control
	}{{"two", Control{Version: MessageVersion + 1, Work: true}}, {"two", Control{Version: MessageVersion, Committed: 9}}, {"one", Control{Version: MessageVersion, Drain: true}}} {
		if err := hub.Tell(told.i, told.c); err != nil {
			t.Fatal(err)
		}
	}
	if c := next(t, one.Controls(), "what one is told"); !c.Drain {
		t.Errorf("one hears what is for another: %+v", c)
	}
	if c := next(t, two.Controls(), "what two is told"); c.Committed != 9 {
		t.Errorf("two hears %+v; another version is to be ignored", c)
	}
	server.Close()
	<-one.Closed()
	if up := next(t, hub.Links(), "the loss of the broker"); up {
		t.Error("the hub calls a lost link up")
	}
	if _, err := one.Request(t.Context(), Request{Ask: &Ask{Sequence: 8}}); err == nil {
		t.Error("a request over a lost link was answered")
	}
	if err := hub.Close(); err != nil {
		t.Error(err)
	}
}

// Reports come in order; an acknowledgement removes a report and all before it from the stream, and only those.
func TestReportsUntilAcknowledged(t *testing.T) {
	dir := folder(t)
	_, id, a := start(t, dir, 1)
	hub := open(t, a, id)
	l := dial(t, dir, "one")
	const n, taken = 1000, 600
	for i := range n {
		publish(t, l, fmt.Sprint(i))
	}
	for i := range n {
		d := next(t, hub.Reports(), "a report")
		if string(d.Data) != fmt.Sprint(i) {
			t.Fatalf("report %d is %s", i, d.Data)
		}
		if i == taken-1 {
			if err := d.Ack(); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, err := hub.js.Stream(t.Context(), "REPORTS-"+a.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for left := uint64(n); left != n-taken; { // the acknowledgement is on its way
		info, err := s.Info(ctx)
		if err != nil {
			t.Fatalf("%v; %d reports are left, want %d", err, left, n-taken)
		}
		if left = info.State.Msgs; left < n-taken {
			t.Fatalf("%d reports are left of %d, though only %d were acknowledged", left, n, taken)
		}
	}
	if err := hub.Close(); err != nil {
		t.Fatal(err)
	}
}

// A full stream refuses reports, loses none, and takes more as soon as there is room.
func TestFullStream(t *testing.T) {
	dir := folder(t)
	_, id, a := start(t, dir, 1)
	hub := open(t, a, id)
	t.Cleanup(func() { _ = hub.Close() }) // the server may have gone before
	s, err := hub.js.Stream(t.Context(), "REPORTS-"+a.ID)
	if err != nil {
		t.Fatal(err)
	}
	config := s.CachedInfo().Config
	if config.Storage != jetstream.MemoryStorage || config.Discard != jetstream.DiscardNew || config.MaxBytes <= 0 {
		t.Errorf("the stream is %+v", config)
	}
	config.MaxBytes = 64 << 10
	if _, err := hub.js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	l := dial(t, dir, "one")
	var full error
	sent := 0
	for full == nil && sent < 1000 {
		if full = l.Publish(t.Context(), []byte(strings.Repeat("x", 4<<10))); full == nil {
			sent++
		}
	}
	if !errors.Is(full, ErrFull) || sent < 10 {
		t.Fatalf("after %d reports of 4 KiB in 64 KiB: %v", sent, full)
	}
	var last Delivery
	for range sent {
		last = next(t, hub.Reports(), "a report")
	}
	if err := last.Ack(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for err = ErrFull; errors.Is(err, ErrFull); { // the acknowledgement is on its way
		err = l.Publish(ctx, []byte("y"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if d := next(t, hub.Reports(), "the report after the full stream"); string(d.Data) != "y" {
		t.Errorf("%.10s", d.Data)
	}
	if err := l.Publish(t.Context(), make([]byte, maxPayload+1)); err != nil {
		t.Errorf("a report that no message can hold stays in the spool: %v", err)
	}
}

// A server of others loses its store and comes back empty: the hub makes the stream again, and agents that dial again are heard.
func TestStoreIsLost(t *testing.T) {
	dir := folder(t)
	id, err := Prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	first := external(t, server.Options{Port: -1, JetStream: true})
	a := Address{ID: id.ID, URLs: []string{first.ClientURL()}, Term: 1}
	if err := a.Write(dir); err != nil {
		t.Fatal(err)
	}
	hub := open(t, a, id)
	l := dial(t, dir, "one")
	publish(t, l, `"before"`)
	if d := next(t, hub.Reports(), "a report"); string(d.Data) != `"before"` {
		t.Errorf("%s", d.Data)
	}
	port := first.Addr().(*net.TCPAddr).Port
	first.Shutdown()
	first.WaitForShutdown()
	<-l.Closed()
	external(t, server.Options{Port: port, JetStream: true})
	for !next(t, hub.Links(), "the link") {
	}
	l = dial(t, dir, "one")
	text, err := json.Marshal("after")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for err = errors.New("not sent"); err != nil && ctx.Err() == nil; { // until the stream is there
		err = l.Publish(ctx, text)
	}
	if d := next(t, hub.Reports(), "a report after the loss"); string(d.Data) != `"after"` {
		t.Errorf("%s", d.Data)
	}
	if err := hub.Close(); err != nil {
		t.Error(err)
	}
}
