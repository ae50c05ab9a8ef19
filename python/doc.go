// Package python holds the Python side of the project.
//
// neurosweep.py is what scripts import to report to the sweep that runs them; it is part of the program (Helper), so that a sweep can put it where they find it,
// and nothing need be installed. The other files here are for the tests and the notebooks.
package python
