package graph

import (
	"runtime"
	"sync"
)

// A labour is work that several threads do together, each with another number.
type labour interface{ work(number int) }

// threads are operating system threads that wait for work, each kept on a processor of its own as far as there are enough.
type threads struct {
	begin   []chan labour
	done    *sync.WaitGroup // apart, so that the threads do not keep this alive
	cleanup runtime.Cleanup
}

// startThreads starts n threads. They end with stop, or when nothing refers to the result any more.
func startThreads(n int) *threads {
	t := &threads{begin: make([]chan labour, n), done: &sync.WaitGroup{}}
	for i := range n {
		c := make(chan labour)
		t.begin[i] = c
		go serve(i, c, t.done)
	}
	t.cleanup = runtime.AddCleanup(t, endThreads, t.begin)
	return t
}

// serve is the life of a thread. It ends with the thread locked, so that the thread ends too.
func serve(number int, begin <-chan labour, done *sync.WaitGroup) {
	runtime.LockOSThread()
	pin(number)
	for l := range begin {
		l.work(number)
		done.Done()
	}
}

func (t *threads) count() int { return len(t.begin) }

// run lets all threads work, and returns when they have done.
func (t *threads) run(l labour) {
	t.done.Add(len(t.begin))
	for _, c := range t.begin {
		c <- l
	}
	t.done.Wait()
}

// stop ends the threads.
func (t *threads) stop() {
	t.cleanup.Stop()
	endThreads(t.begin)
}

func endThreads(begin []chan labour) {
	for _, c := range begin {
		close(c)
	}
}
