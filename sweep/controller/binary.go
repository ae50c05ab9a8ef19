package controller

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"neurosweep/results"
	"neurosweep/sweep"
	"neurosweep/sweep/durable"
)

// binaryFile, under control, has the digest of the program that runs the sweep.
const binaryFile = "binary"

// A BinaryError says that another program has run the sweep so far.
type BinaryError struct {
	Dir     string
	Was, Is string // SHA-256, hexadecimal
}

func (e *BinaryError) Error() string {
	return fmt.Sprintf("the sweep in %s was run by another binary so far (SHA-256 %.12s…, this one has %.12s…), whose results may differ: "+
		"go on with that one, or with this one by --accept-binary", e.Dir, e.Was, e.Is)
}

// CheckBinary tells whether a program of this digest may run the sweep in dir: the error is a *BinaryError where another one has run it so far.
func CheckBinary(dir, digest string) error {
	_, err := formerBinary(Options{Dir: dir, Binary: digest})
	return err
}

// formerBinary is the digest of the program that has run the sweep so far; "": none has. The error is a *BinaryError where it is another one than
// o.Binary, and that is not accepted.
func formerBinary(o Options) (string, error) {
	text, err := os.ReadFile(filepath.Join(o.Dir, sweep.ControlDir, binaryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find out which binary runs the sweep: %w", err)
	}
	was := strings.TrimSpace(string(text))
	if was != o.Binary && !o.AcceptBinary {
		return was, &BinaryError{o.Dir, was, o.Binary}
	}
	return was, nil
}

// keepBinary notes which program runs the sweep from now on.
func (s *shell) keepBinary(was string) error {
	if s.o.Binary == "" || s.o.Binary == was {
		return nil
	}
	kind := "binary"
	if was != "" {
		kind = "binary accepted"
	}
	if err := s.teller.Append(results.Entry{Event: &results.Event{Kind: kind, Detail: s.o.Binary}}); err != nil {
		return err
	}
	if err := s.writer.Sync(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return durable.Write(filepath.Join(s.o.Dir, sweep.ControlDir, binaryFile), []byte(s.o.Binary+"\n"), 0o664)
}
