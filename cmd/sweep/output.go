package main

import (
	"encoding/json"
	"io"
	"os"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

// printJSON prints one indented JSON document on stdout.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// logger writes to stderr: coloured lines on a terminal, plain lines elsewhere, JSON in a batch job.
func (a *app) logger() zerolog.Logger {
	var w io.Writer = a.stderr
	if os.Getenv("SLURM_JOB_ID") == "" {
		w = zerolog.ConsoleWriter{Out: a.stderr, NoColor: !isTerminal(a.stderr), TimeFormat: "15:04:05"}
	}
	return zerolog.New(w).Level(zerolog.InfoLevel).With().Timestamp().Logger()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// quiet is the level of logs beside a progress bar: what happens in the course of things is in the bar and in the events table.
const quiet = zerolog.WarnLevel
