package sweep

import (
	"fmt"
	"math/bits"
	"strconv"
)

// maxRanks bounds the processes of one trial: no batch has so many leaves.
const maxRanks = 4096

// parseRanks reads what spreads a sweep over processes: ranks and schedule. Neither is in any key: the result does not depend on them.
func (p *parser) parseRanks() {
	p.spec.Ranks = p.wholeKey(p.root, "ranks", "ranks", 1, 1)
	line, k := p.lineOf("ranks"), p.spec.Ranks
	switch {
	case k > maxRanks:
		p.fail(line, "ranks", "%d is more than the %d that are possible", k, maxRanks)
	case k&(k-1) != 0:
		p.fail(line, "ranks", "%d is no power of two: take %s", k, powersNear(k))
	case k > 1 && !p.spec.trains:
		p.fail(line, "ranks", "only the batch of a task that trains can be spread over ranks; a program starts its own processes: give it more cpus instead")
	}
	p.spec.Static = p.choiceKey(p.root, "schedule", "schedule", "dynamic", "dynamic", "static") == "static"
	if p.spec.Static && k > 1 {
		p.fail(p.lineOf("schedule"), "schedule", "static gives each trial to one agent, and with ranks: %d a trial needs several: take one of the two", k)
	}
}

// powersNear are the powers of two around k, which is none.
func powersNear(k int) string {
	low := 1 << (bits.Len(uint(k)) - 1)
	if 2*low > maxRanks {
		return strconv.Itoa(low)
	}
	return fmt.Sprintf("%d or %d", low, 2*low)
}

// documentRanks writes what is not the default: specs from before there were ranks keep their digest.
func (s *Spec) documentRanks(add func(string, any)) {
	if s.Ranks > 1 {
		add("ranks", int64(s.Ranks))
	}
	if s.Static {
		add("schedule", "static")
	}
}
