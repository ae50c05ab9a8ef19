package controller

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Vacancy is a term that nobody holds any more, as a process has seen it: its number, and the counter at which it has stood still. The zero Vacancy is
// a sweep that never had a controller.
type Vacancy struct {
	Term    int
	Counter uint64
}

func vacancyOf(h Holder) Vacancy { return Vacancy{h.Term, h.Counter} }

// String is TERM:COUNTER, which ParseVacancy reads.
func (v Vacancy) String() string { return fmt.Sprintf("%d:%d", v.Term, v.Counter) }

// ParseVacancy reads what String has written.
func ParseVacancy(text string) (Vacancy, error) {
	term, counter, ok := strings.Cut(text, ":")
	n, err1 := strconv.Atoi(term)
	c, err2 := strconv.ParseUint(counter, 10, 64)
	if !ok || err1 != nil || err2 != nil || n < 0 {
		return Vacancy{}, fmt.Errorf("a vacancy is TERM:COUNTER, not %q", text)
	}
	return Vacancy{n, c}, nil
}

// AwaitVacancy waits until nobody holds the sweep's term: there was none, it was released, its holder's process on this machine is dead, or its counter has stood still for as long as
// the holder has promised, by this process's clock. pause is how long to wait between two looks: many agents look at one file.
func AwaitVacancy(ctx context.Context, dir string, pause func() time.Duration) (Vacancy, error) {
	me := thisProcess()
	var seen Vacancy
	var since time.Time
	for {
		h, err := newestTerm(dir)
		if err != nil {
			return Vacancy{}, err
		}
		if h == nil {
			return Vacancy{}, nil
		}
		if v := vacancyOf(*h); v != seen {
			seen, since = v, time.Now()
		}
		switch lifeOf(*h, me) {
		case dead:
			return seen, nil
		case unknown:
			if time.Since(since) > h.still() {
				return seen, nil
			}
		}
		select {
		case <-ctx.Done():
			return Vacancy{}, context.Cause(ctx)
		case <-time.After(pause()):
		}
	}
}

// NewestTerm is the number of the newest term of the sweep in dir; 0: it never had a controller.
func NewestTerm(dir string) (int, error) {
	h, err := newestTerm(dir)
	if h == nil {
		return 0, err
	}
	return h.Term, err
}
