//go:build !linux

package kernel

// adviseHuge does nothing: other systems have ways of their own.
func adviseHuge([]byte) {}
