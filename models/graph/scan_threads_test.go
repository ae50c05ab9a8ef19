package graph

import (
	"runtime"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

// counting is a labour that counts its workers.
type counting struct{ n atomic.Int64 }

func (c *counting) work(number int) { c.n.Add(1 + 100*int64(number)) }

// Threads end when they are told to, and when nobody can give them work any more.
func TestThreadsEnd(t *testing.T) {
	for _, stop := range []bool{true, false} {
		before := goleak.IgnoreCurrent()
		func() {
			group := startThreads(3)
			c := &counting{}
			for range 2 {
				group.run(c)
			}
			if n := c.n.Load(); n != 2*(3+100+200) {
				t.Errorf("three threads counted %d in two rounds", n)
			}
			if stop {
				group.stop()
			}
		}()
		for range 3 { // the cleanup runs after a collection
			runtime.GC()
		}
		goleak.VerifyNone(t, before)
	}
}
