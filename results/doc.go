// Package results is described in the blueprint; its owner writes the story here.
package results
