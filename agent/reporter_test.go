package agent

import (
	"encoding/json"
	"testing"

	"github.com/rs/zerolog"

	"neurosweep/broker"
	"neurosweep/results"
	"neurosweep/results/spool"
	"neurosweep/sweep"
)

// A broker is there before its stream of reports is, as after the loss of an external one: what it did not take is sent again over the same link.
func TestStreamComesAfterTheLink(t *testing.T) {
	dir, trials := newSweep(t, longText)
	id, err := broker.Prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	server, err := broker.Start(dir, id, broker.Listen{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	address := server.Address(1)
	const incarnation = sweep.Incarnation("one")
	link, err := broker.Dial(dir, address, incarnation)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	store, err := spool.Create(dir, incarnation)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := newReporter(incarnation, store, zerolog.Nop())
	go r.run()
	r.links <- link
	for range 2 {
		r.in <- results.TrialReport{Trial: trials[0].ID, Attempt: 1, Checkpoints: []results.Checkpoint{{Update: 1}}}
		<-r.said // the second one is said after the first one could not be published
	}
	hub, err := broker.OpenHub(t.Context(), address, id, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	r.again <- struct{}{}
	for want := uint64(1); want <= 2; want++ {
		delivery := <-hub.Reports()
		var got results.Report
		if err := json.Unmarshal(delivery.Data, &got); err != nil || got.Sequence != want {
			t.Errorf("report %d, %v; want report %d", got.Sequence, err, want)
		}
	}
	close(r.in)
	<-r.done
	if err := hub.Close(); err != nil {
		t.Error(err)
	}
}
