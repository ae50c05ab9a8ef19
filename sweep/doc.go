// Package sweep is described in the blueprint; its owner writes the story here.
package sweep
