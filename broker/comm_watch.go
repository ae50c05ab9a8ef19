package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A RankError says which rank made a call impossible, and how. All ranks of the group get it.
type RankError struct {
	Rank int    // in the group that Join made
	Name string // its host and process
	Why  string // "is dead: killed", …
}

// Error names the rank.
func (e *RankError) Error() string { return fmt.Sprintf("rank %d (%s) %s", e.Rank, e.Name, e.Why) }

// A beat is a heartbeat; that of the rank that watches the others also says who has left and who is dead.
type beat struct {
	Left  []int  `json:"left,omitempty"`
	Death *death `json:"death,omitempty"`
}

// A death says that a rank is dead or has given up.
type death struct {
	Rank int    `json:"rank"`
	Why  string `json:"why"`
}

// Times of the watch, as parts of the time after which a silent rank counts as dead.
const (
	beatsInSilence = 8
	longestBeat    = 2 * time.Second
	ticksInBeat    = 2
	longestTick    = 250 * time.Millisecond
)

// watch sends heartbeats, counts silence, and asks what has become of chunks, until ctx ends.
//
// The lowest rank that has not left, the watcher, hears the heartbeats of all others and they hear its own; so a group of n sends 2n messages a beat.
// Silence is counted in ticks of our own clock, none longer than two, and only while we are connected: who was stopped, or cut off, finds nobody else dead.
func (e *endpoint) watch(ctx context.Context) {
	every := min(e.group.Silence/beatsInSilence, longestBeat)
	ticker := time.NewTicker(min(every/ticksInBeat, longestTick))
	defer ticker.Stop()
	last := time.Now()
	var sinceBeat, cut time.Duration
	sinceBeat = every
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		elapsed := min(now.Sub(last), 2*min(every/ticksInBeat, longestTick))
		last = now
		if !e.nc.IsConnected() {
			if cut += elapsed; cut >= e.group.Silence {
				e.fail(&RankError{Rank: e.group.Rank, Name: e.name(e.group.Rank), Why: fmt.Sprintf("has had no connection to the broker for %v", e.group.Silence)})
			}
			continue
		}
		cut = 0
		died := e.silence(elapsed)
		if sinceBeat += elapsed; sinceBeat >= every || died {
			sinceBeat = 0
			e.beat()
		}
		for _, p := range e.peers {
			if p != nil {
				e.ask(p)
			}
		}
	}
}

// watcher is the lowest rank that is there. The mutex is held.
func (e *endpoint) watcher() int {
	var dead *RankError
	errors.As(e.failure, &dead)
	for r, left := range e.left {
		if !left && (dead == nil || dead.Rank != r || r == e.group.Rank) {
			return r
		}
	}
	return e.group.Rank
}

// silence adds to the silence of those whom we watch, and tells whether one of them is dead now.
func (e *endpoint) silence(elapsed time.Duration) (died bool) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	w := e.watcher()
	for r := range e.silent {
		if r == e.group.Rank || e.left[r] || (w != e.group.Rank && w != r) {
			e.silent[r] = 0
			continue
		}
		if e.silent[r] += elapsed; e.silent[r] >= e.group.Silence && e.failure == nil {
			e.failure = &RankError{Rank: r, Name: e.names[r], Why: fmt.Sprintf("is dead: nothing was heard of it for %v", e.group.Silence)}
			close(e.failed)
			died = true
		}
	}
	return died
}

// beat sends a heartbeat: to the watcher, or if that is us to all.
func (e *endpoint) beat() {
	e.mutex.Lock()
	w := e.watcher()
	var b beat
	if w == e.group.Rank {
		for r, left := range e.left {
			if left {
				b.Left = append(b.Left, r)
			}
		}
		if dead := new(RankError); errors.As(e.failure, &dead) {
			b.Death = &death{dead.Rank, dead.Why}
		}
	}
	e.mutex.Unlock()
	data, err := json.Marshal(b)
	if err != nil {
		return // numbers and text: it cannot be
	}
	data = header{kind: kindBeat, from: uint32(e.group.Rank), session: e.session}.with(data)
	if w == e.group.Rank {
		e.publishAll(data)
	} else {
		e.publish(w, data)
	}
}

// heard notes a sign of life.
func (e *endpoint) heard(from int) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.silent[from] = 0
}

// beaten takes a heartbeat.
func (e *endpoint) beaten(content []byte) {
	var b beat
	if json.Unmarshal(content, &b) != nil {
		return
	}
	for _, r := range b.Left {
		e.leave(r)
	}
	if b.Death != nil {
		e.died(*b.Death)
	}
}

// died notes a death, but for who had left before.
func (e *endpoint) died(d death) {
	if d.Rank < 0 || d.Rank >= e.group.Size {
		return
	}
	e.mutex.Lock()
	left := e.left[d.Rank]
	e.mutex.Unlock()
	if !left {
		e.fail(&RankError{Rank: d.Rank, Name: e.name(d.Rank), Why: d.Why})
	}
}

// leave notes that a rank has closed its Comm.
func (e *endpoint) leave(rank int) {
	if rank < 0 || rank >= e.group.Size || rank == e.group.Rank {
		return
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if !e.left[rank] {
		e.left[rank] = true
		clear(e.silent) // another rank may be the watcher now
		close(e.leaves)
		e.leaves = make(chan struct{})
	}
}

// giveUp ends the group because this rank cannot finish a call that others take part in.
func (e *endpoint) giveUp(why string) {
	me := e.group.Rank
	e.fail(&RankError{Rank: me, Name: e.name(me), Why: why})
	data, err := json.Marshal(death{me, why})
	if err == nil {
		e.publishAll(header{kind: kindDeath, from: uint32(me), session: e.session}.with(data))
	}
}
