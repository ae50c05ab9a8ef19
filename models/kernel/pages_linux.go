package kernel

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages. A system without them has small ones, which do as well, but for speed.
func adviseHuge(memory []byte) { _ = unix.Madvise(memory, unix.MADV_HUGEPAGE) }
