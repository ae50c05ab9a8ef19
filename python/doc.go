// Package python holds the Python side of the project: neurosweep.py, by which scripts report to the sweep that runs them, is part of the program, so that a sweep can put it
// beside them. The other files here are for the tests and the notebooks.
package python
