package main

import "fmt"

// The exit codes; doc.go explains them.
const (
	exitDone        = 0
	exitFailure     = 1
	exitUsage       = 2
	exitFailed      = 3
	exitInterrupted = 130
)

// An exitError carries an exit code to main, which prints err if there is one.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is an error of the user's: nothing was started.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// refuse turns err into an error of the user's.
func refuse(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, err}
}
