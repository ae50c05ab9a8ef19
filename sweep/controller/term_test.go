package controller

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// still is short, and long enough for a busy machine to renew in.
const still = 600 * time.Millisecond

// elsewhere publishes a term that a process on another machine holds.
func elsewhere(t *testing.T, dir string, term int) Holder {
	t.Helper()
	h := thisProcess()
	h.Term, h.Host, h.Machine, h.Boot, h.Still = term, "another", "machine", "boot", still.String()
	if err := os.MkdirAll(filepath.Join(dir, sweep.ControlDir), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, dir, h)
	return h
}

func write(t *testing.T, dir string, h Holder) {
	t.Helper()
	text, err := json.Marshal(h)
	if err == nil {
		err = durable.Write(termPath(dir, h.Term), text, 0o664)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func often() time.Duration { return 5 * time.Millisecond }

// A released term is taken at once; one whose holder lives on this machine is not, however many try.
func TestTermIsTakenOnce(t *testing.T) {
	dir := t.TempDir()
	for want := 1; want <= 3; want++ {
		if v, err := AwaitVacancy(t.Context(), dir, often); err != nil || v.Term != want-1 {
			t.Fatalf("vacancy %v, %v; want term %d", v, err, want-1)
		}
		taken := make(chan *Term, 16)
		var wait sync.WaitGroup
		for range 16 {
			wait.Go(func() {
				term, err := TakeTerm(t.Context(), dir, TermOptions{})
				var held *HeldError
				if err == nil {
					taken <- term
				} else if !errors.As(err, &held) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if len(taken) != 1 {
			t.Fatalf("term %d was taken %d times", want, len(taken))
		}
		term := <-taken
		if term.Number() != want {
			t.Errorf("term %d, want %d", term.Number(), want)
		}
		if err := errors.Join(term.Renew(), term.Valid(), term.Release()); err != nil {
			t.Error(err)
		}
		if err := term.Renew(); !errors.Is(err, ErrTermLost) {
			t.Errorf("a released term was renewed: %v", err)
		}
	}
}

// The term of a silent holder on another machine is free when its counter has stood still for as long as it has promised, and not before. Who has seen that need not
// wait again, unless the holder has moved since.
func TestSilentHolder(t *testing.T) {
	dir := t.TempDir()
	h := elsewhere(t, dir, 1)
	begin := time.Now()
	v, err := AwaitVacancy(t.Context(), dir, often)
	if err != nil || v != (Vacancy{1, h.Counter}) || time.Since(begin) < still {
		t.Fatalf("vacancy %v after %v, %v", v, time.Since(begin), err)
	}
	back, err := ParseVacancy(v.String())
	if err != nil || back != v {
		t.Errorf("%v is read as %v, %v", v, back, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := TakeTerm(ctx, dir, TermOptions{}); err == nil {
		t.Error("the term was taken without having been watched")
	}
	term, err := TakeTerm(ctx, dir, TermOptions{Vacant: v})
	if err != nil || term.Number() != 2 {
		t.Fatalf("%v, %v", term, err)
	}
	h = elsewhere(t, dir, 3)
	h.Counter = 7
	write(t, dir, h)
	if _, err := TakeTerm(ctx, dir, TermOptions{Vacant: Vacancy{3, 6}}); err == nil {
		t.Error("a term was taken whose holder has moved since it was seen")
	}
	for _, text := range []string{"", "3", "x:1", "1:x", "-1:0"} {
		if _, err := ParseVacancy(text); err == nil {
			t.Errorf("%q is read as a vacancy", text)
		}
	}
}

// A holder that moves is alive, for whoever wants its term and for whoever waits for it.
func TestMovingHolder(t *testing.T) {
	dir := t.TempDir()
	h := elsewhere(t, dir, 1)
	ctx, cancel := context.WithCancel(t.Context())
	moves := make(chan struct{})
	go func() {
		defer close(moves)
		for ctx.Err() == nil {
			h.Counter++
			write(t, dir, h)
			pauseFor(ctx, still/12)
		}
	}()
	var held *HeldError
	if _, err := TakeTerm(ctx, dir, TermOptions{}); !errors.As(err, &held) || held.Holder.Host != "another" {
		t.Errorf("%v; want who holds it", err)
	}
	waiting, stop := context.WithTimeout(ctx, 3*still)
	defer stop()
	if v, err := AwaitVacancy(waiting, dir, often); err == nil {
		t.Errorf("vacancy %v of a holder that moves", v)
	}
	cancel()
	<-moves
	h.Released = true
	write(t, dir, h)
	if v, err := AwaitVacancy(t.Context(), dir, often); err != nil || v != vacancyOf(h) {
		t.Errorf("released: %v, %v", v, err)
	}
}

func pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
