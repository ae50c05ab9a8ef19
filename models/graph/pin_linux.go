package graph

import "golang.org/x/sys/unix"

// pin keeps the calling thread on one of the processors that it may use: the number-th, counted round. Where that is not possible the scheduler decides, as
// it would without.
func pin(number int) {
	var allowed, one unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) != nil || allowed.Count() == 0 {
		return
	}
	skip := number % allowed.Count()
	for cpu := range 64 * len(allowed) {
		if !allowed.IsSet(cpu) {
			continue
		}
		if skip == 0 {
			one.Set(cpu)
			break
		}
		skip--
	}
	_ = unix.SchedSetaffinity(0, &one) // it may be forbidden
}
