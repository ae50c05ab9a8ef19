// Package sweep says what a sweep is: its spec, its trials and their keys, attempts and outcomes, and the names of the files in its
// folder. It is pure: bytes in, values out.
//
// A spec begins as YAML. Parse reads it into a tree (yaml.go, tree.go) that knows the line of every value, lays key=value arguments
// over that tree (override.go), and then reads section by section, checking each against a Catalog of the tasks and models that the
// program has: task, model, train and seeds (section.go), the swept paths (parameters.go, distribution.go), conditions, checkpoints and
// the rule for the best (evaluate.go), everything else (parse.go). It does not stop at the first mistake: its error lists all of
// them, each with its line and with what would be right (problem.go).
//
// Freeze writes a spec with everything decided; the sweep's folder keeps that, and nothing reads the user's file again.
//
// Config lays a trial's parameters over the fixed values; Trial makes its keys from that: hashes of canonical JSON (canonical.go) of
// what determines the result, so that the same key is the same trial for ever (config.go).
package sweep
