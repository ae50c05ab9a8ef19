// Command soak kills the parts of a running sweep at random moments and shows that nothing of the result changed.
//
// It runs one small training sweep undisturbed. Then it runs the same sweep again, in a fresh folder, and at every random moment kills
// (SIGKILL) an agent, a slot, the controller with the broker inside, or everything at once; the broker keeps its messages in memory, so
// that they die with it. After the loss of the controller, `sweep resume` goes on. A sweep that ends before all moments are used up is
// compared and followed by another. `sweep verify` and `sweep equal` judge each.
//
// With -spec it is another sweep, of an external program if it likes: then programs are victims, too. It is to give the same result each time it is left alone.
//
// The seed of the moments and victims is printed; -seed repeats them (what a kill hits also depends on the machine's timing).
// Only processes that descend from this one are killed, each by its id: soak declares itself the reaper of its orphans,
// so that an agent which outlives its controller stays among its descendants.
package main
