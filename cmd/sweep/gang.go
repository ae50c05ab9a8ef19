package main

import (
	"fmt"
	"slices"
	"strings"

	"neurosweep/models/train"
	"neurosweep/sweep"
)

// rankCounts counts trials by how many ranks train each.
func rankCounts(spec *sweep.Spec, trials []sweep.Trial) (map[int]int, error) {
	counts := map[int]int{}
	for _, t := range trials {
		n, err := train.Ranks(spec, t)
		if err != nil {
			return nil, err
		}
		counts[n]++
	}
	return counts, nil
}

// mostRanks is how many slots a trial takes at most; 1 where trials have one rank.
func mostRanks(spec *sweep.Spec, trials []sweep.Trial) (int, error) {
	if spec.Ranks <= 1 {
		return 1, nil
	}
	counts, err := rankCounts(spec, trials)
	most := 1
	for n := range counts {
		most = max(most, n)
	}
	return most, err
}

// enoughSlots refuses agents that could never start the sweep's largest trials.
func enoughSlots(slots, ranks int, what string) error {
	if slots >= ranks {
		return nil
	}
	return usage("%s: that is %d trials at a time, and one trial of this sweep is trained by %d ranks: start more agents, or set ranks lower", what, slots, ranks)
}

// teamSlots checks that the ranks of an allocation have slots for the largest trials.
func (a *app) teamSlots(t *team, spec *sweep.Spec, threads int) error {
	if spec.Ranks <= 1 {
		return nil
	}
	plan, err := openPlan(spec)
	if err != nil {
		return err
	}
	trials, _, err := plan.Next(placedTrials)
	if err != nil {
		return err
	}
	most, err := mostRanks(spec, trials)
	if err != nil {
		return err
	}
	return enoughSlots(t.Size*t.slots(threads), most, fmt.Sprintf("%d processes of one allocation", t.Size))
}

// ranksLine says for sweep plan how trials are spread over processes; "": they are not.
func ranksLine(ranks int, trials []plannedTrial) string {
	if ranks <= 1 {
		return ""
	}
	counts := map[int]int{}
	for _, t := range trials {
		counts[t.Ranks]++
	}
	var sizes []int
	for n := range counts {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	var parts []string
	for _, n := range slices.Backward(sizes) {
		parts = append(parts, fmt.Sprintf("%d of %d", counts[n], n))
	}
	return fmt.Sprintf("ranks: a trial is trained by up to %d processes at a time, as far as its batch has sequences for them; trials by ranks: %s", ranks, strings.Join(parts, ", "))
}

// staticName is the value of schedule that gives each agent a part of the plan of its own.
const staticName = "static"

func schedule(spec *sweep.Spec) string {
	if spec.Static {
		return staticName
	}
	return "dynamic"
}
