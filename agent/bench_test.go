package agent

import (
	"testing"

	"neurosweep/sweep"
)

// BenchmarkNoopTrials is how fast trials go through a real supervisor with two slots and a real broker, with every report spooled, synced, confirmed and committed.
// Its counterpart does not write a log; bench/dispatch measures the whole beside JetStream alone.
func BenchmarkNoopTrials(b *testing.B) {
	const n = 5000
	for b.Loop() {
		b.StopTimer()
		dir, trials := noops(b, "", n)
		d := openDesk(b, dir, 1, books{})
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- runUntil(stop, options(dir, 2)) }()
		d.await("the agent", func() bool { return len(d.requests) > 1 })
		b.StartTimer()
		d.give(1, trials...)
		d.await("the ends of all trials", func() bool { return len(d.ends) == n })
		b.StopTimer()
		for h, ends := range d.ends {
			if ends[0].Cause != sweep.CauseCompleted {
				b.Fatalf("%v ended by %s", h, ends[0].Cause)
			}
		}
		reports := len(d.reports)
		close(stop)
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
		d.close()
		b.ReportMetric(float64(reports), "reports/sweep")
		b.StartTimer()
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "trials/s")
}
