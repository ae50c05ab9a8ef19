package main

import (
	"bufio"
	"bytes"
	"fmt"
)

// A result is the fastest and the median time of a call, in microseconds.
type result struct{ fastest, median float64 }

// A key names what was measured.
type key struct {
	call  string
	bytes int
}

func (m measurement) key() key { return key{m.call, m.bytes} }

// A tally holds the best of all rounds.
type tally map[key]result

// add reads the lines of one round: call, bytes, fastest, median.
func (r tally) add(out []byte, err error) error {
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		var k key
		var x result
		if _, err := fmt.Sscan(lines.Text(), &k.call, &k.bytes, &x.fastest, &x.median); err != nil {
			return fmt.Errorf("a rank printed %q: %w", lines.Text(), err)
		}
		if old, ok := r[k]; ok {
			x = result{min(x.fastest, old.fastest), min(x.median, old.median)}
		}
		r[k] = x
	}
	return lines.Err()
}
