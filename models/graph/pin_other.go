//go:build !linux

package graph

// pin does nothing where the operating system has no such thing.
func pin(int) {}
