// Package models is described in the blueprint; its owner writes the story here.
package models
