package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// TermOptions are the times by which terms change hands.
type TermOptions struct {
	Still    time.Duration // how long this holder's counter must stand still before its term counts as abandoned (60 s)
	Takeover bool          // ask a live holder to step down, and wait until it has
	Vacant   Vacancy       // what this process, or the one that started it, has seen already
}

// defaultStill is TermOptions.Still where nothing is said.
const defaultStill = 60 * time.Second

func (o TermOptions) withDefaults() TermOptions {
	if o.Still == 0 {
		o.Still = defaultStill
	}
	return o
}

// renew is the time between two renewals (5 s), and valid how long after its last renewal a holder may act (20 s).
func (o TermOptions) renew() time.Duration { return o.Still / 12 }
func (o TermOptions) valid() time.Duration { return o.Still / 3 }

// A Term is a controller's right to decide: number N of a row without gaps, held by whoever linked control/term-N into place.
// Its methods may be called from several goroutines.
type Term struct {
	dir     string
	options TermOptions

	mu      sync.Mutex
	holder  Holder
	renewed time.Time // of the last renewal, taken before it was written
	lost    error
}

// A HeldError says that another controller runs the sweep.
type HeldError struct {
	Dir    string
	Holder Holder
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("the sweep in %s already has a controller: %s; watch it with sweep resume, or take its place with sweep resume --takeover", e.Dir, e.Holder)
}

// ErrTermLost says that this controller may not decide any more.
var ErrTermLost = errors.New("this controller has lost its term")

// TakeTerm takes the next term of the sweep in dir. A holder on this machine is judged by its process. Of any other, TakeTerm
// watches the counter: when it moves, the holder lives (a *HeldError, unless options.Takeover); when it stood still for as long as the holder has promised, the term is free.
func TakeTerm(ctx context.Context, dir string, options TermOptions) (*Term, error) {
	options = options.withDefaults()
	if err := os.MkdirAll(filepath.Join(dir, sweep.ControlDir), 0o777); err != nil {
		return nil, fmt.Errorf("take the sweep's term: %w", err)
	}
	t := &Term{dir: dir, options: options, holder: thisProcess()}
	t.holder.Still = options.Still.String()
	for {
		newest, err := newestTerm(dir)
		if err != nil {
			return nil, err
		}
		if newest != nil {
			if err := awaitEnd(ctx, dir, *newest, t.holder, options); err != nil {
				return nil, err
			}
			t.holder.Term = newest.Term
		}
		t.holder.Term++
		t.renewed = time.Now()
		text, err := json.Marshal(t.holder)
		if err != nil {
			return nil, err
		}
		err = durable.Publish(termPath(dir, t.holder.Term), text, 0o664)
		if err == nil {
			return t, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("take the sweep's term: %w", err)
		}
	}
}

// awaitEnd waits until a term has ended, or returns a *HeldError.
func awaitEnd(ctx context.Context, dir string, h, me Holder, options TermOptions) (err error) {
	if options.Vacant == vacancyOf(h) {
		return nil
	}
	if options.Takeover && lifeOf(h, me) != dead {
		withdraw, err := askToStepDown(dir, h.Term)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, withdraw()) }()
	}
	poll := time.NewTicker(max(h.still()/120, time.Millisecond))
	defer poll.Stop()
	for since := time.Now(); ; {
		switch lifeOf(h, me) {
		case dead:
			return nil
		case alive:
			if !options.Takeover {
				return &HeldError{dir, h}
			}
		case unknown:
			if time.Since(since) > h.still() {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(&HeldError{dir, h}, ctx.Err())
		case <-poll.C:
		}
		now, err := readHolder(termPath(dir, h.Term))
		if err != nil {
			return err
		}
		if now.Counter != h.Counter && !options.Takeover && !now.Released {
			return &HeldError{dir, now}
		}
		if now.Counter != h.Counter {
			since = time.Now()
		}
		h = now
	}
}

// askToStepDown submits the request of a takeover; withdraw removes it, should nobody have done so.
func askToStepDown(dir string, term int) (withdraw func() error, err error) {
	r := Request{Want: WantTakeover, Term: term}
	if err := Submit(dir, r); err != nil {
		return nil, err
	}
	return func() error {
		pending, err := Pending(dir)
		for _, r := range pending {
			if r.Want == WantTakeover && r.Term == term {
				err = errors.Join(err, r.done())
			}
		}
		return err
	}, nil
}

// Number is N.
func (t *Term) Number() int { return t.holder.Term }

// Holder describes this process as the holder.
func (t *Term) Holder() Holder {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.holder
}

// Renew moves the counter. It fails for good, with ErrTermLost, when a later term exists.
func (t *Term) Renew() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost != nil {
		return t.lost
	}
	begin := time.Now()
	newest, err := newestTerm(t.dir)
	if err != nil {
		return err
	}
	if newest == nil || newest.Term != t.holder.Term {
		t.lost = fmt.Errorf("%w: the sweep in %s", ErrTermLost, t.dir)
		if newest != nil {
			t.lost = fmt.Errorf("%w now belongs to %s", t.lost, newest)
		}
		return t.lost
	}
	t.holder.Counter++
	if err := t.write(); err != nil {
		return fmt.Errorf("renew term %d: %w", t.holder.Term, err)
	}
	t.renewed = begin
	return nil
}

// Valid is nil as long as the holder may decide: the last renewal is not too long ago, by the monotonic and by the wall clock
// (a suspended machine stops only the first).
func (t *Term) Valid() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost != nil {
		return t.lost
	}
	now := time.Now()
	if age := max(now.Sub(t.renewed), now.Round(0).Sub(t.renewed.Round(0))); age > t.options.valid() {
		return fmt.Errorf("%w: term %d of %s could not be renewed for %v", ErrTermLost, t.holder.Term, t.dir, age.Round(time.Second))
	}
	return nil
}

// Release gives the term back, so that the next controller need not wait.
func (t *Term) Release() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lost != nil || t.holder.Released {
		return nil
	}
	t.holder.Released = true
	t.holder.Counter++
	t.lost = fmt.Errorf("%w: it was released", ErrTermLost)
	return t.write()
}

func (t *Term) write() error {
	text, err := json.Marshal(t.holder)
	if err != nil {
		return err
	}
	return durable.Write(termPath(t.dir, t.holder.Term), text, 0o664)
}

// LiveHolder tells who holds the term of the sweep in dir, and whether it lives. A holder on another machine counts as live
// as long as its file is younger than a minute by this machine's clock: good enough to show, not to decide by.
func LiveHolder(dir string) (Holder, bool, error) {
	h, err := newestTerm(dir)
	if h == nil {
		return Holder{}, false, err
	}
	state := lifeOf(*h, thisProcess())
	if state == unknown {
		info, err := os.Stat(termPath(dir, h.Term))
		if err != nil {
			return *h, false, err
		}
		return *h, time.Since(info.ModTime()) < time.Minute, nil
	}
	return *h, state == alive, nil
}

const termPrefix = "term-"

func termPath(dir string, term int) string {
	return filepath.Join(dir, sweep.ControlDir, termPrefix+strconv.Itoa(term))
}

// newestTerm reads the term with the highest number; nil where there is none.
func newestTerm(dir string) (*Holder, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sweep.ControlDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	newest := 0
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), termPrefix)
		if n, err := strconv.Atoi(number); ok && err == nil {
			newest = max(newest, n)
		}
	}
	if newest == 0 {
		return nil, nil
	}
	h, err := readHolder(termPath(dir, newest))
	return &h, err
}

func readHolder(path string) (h Holder, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err == nil && h.Version != holderVersion {
		err = fmt.Errorf("it has version %d, this program knows %d", h.Version, holderVersion)
	}
	if err != nil {
		return h, fmt.Errorf("read the sweep's term %s: %w", path, err)
	}
	return h, nil
}
