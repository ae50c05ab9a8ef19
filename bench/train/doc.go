// Command train measures training steps beside the best that PyTorch and JAX make of the same work, and beside what the processor can do at all.
//
// Ours is what users have: `sweep bench` on the first trial of a spec. A peer is a Python program of bench/peers, in a process of its own that is kept between slices: it
// times full training steps (forward, loss, backward, optimiser), without the making of data and without compilation. Ours and a peer take turns in short slices, pinned to
// the same processors, and the fastest step of one is compared with the fastest step of the other: on a shared machine everything but the
// minimum is weather. Fractions of the peak come from the same program, which alternates its steps with a loop of multiply-adds in registers.
//
// The kernels (matrix products, functions, normal numbers) are timed in this process, alternated with the same loop.
//
// The table is Markdown; docs/performance.md holds one. Goals in terms of another program's speed were set on one machine, and beside the peak of the multiply-add loop that
// program may be twice as fast on another. So each such row also has its limit, the ratio if every counted operation of a step ran at the peak here, and the part of its limit that
// is reached, beside the part of the limit there that the goal was. -hold makes it an error to miss a goal in both ways, or one that has no limit.
package main
