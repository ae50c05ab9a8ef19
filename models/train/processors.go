package train

import "golang.org/x/sys/unix"

// Processors is the part of the processors own that one of several trials gets which run at a time: as many as it has threads, one trial after the
// other. false: they do not come out even, so that other programs may have those that this one would take.
func Processors(own unix.CPUSet, trial, trials, threads int) (mine unix.CPUSet, ok bool) {
	if trials*threads != own.Count() {
		return mine, false
	}
	seen := 0
	for cpu := 0; seen < own.Count(); cpu++ {
		if !own.IsSet(cpu) {
			continue
		}
		if seen/threads == trial {
			mine.Set(cpu)
		}
		seen++
	}
	return mine, true
}
