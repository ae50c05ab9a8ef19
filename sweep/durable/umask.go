package durable

import (
	"io/fs"
	"sync"
	"syscall"
)

// umask is the process's file mode creation mask, read once: reading it means setting it.
var umask = sync.OnceValue(func() fs.FileMode {
	mask := syscall.Umask(0o077)
	syscall.Umask(mask)
	return fs.FileMode(mask)
})
