package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The sizes that a reader can hold. Tables of cases make tests longer.
const (
	maxFileLines     = 400
	maxFunctionLines = 60
	maxTestFileLines = 600
	maxTestFunction  = 90
)

// A goFile is one parsed Go file of the repository.
type goFile struct {
	name   string // relative to the root, with slashes
	text   []byte
	set    *token.FileSet
	syntax *ast.File
}

func (f goFile) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// at is FILE:LINE of a node.
func (f goFile) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.name, f.set.Position(n.Pos()).Line)
}

func (f goFile) lines(n ast.Node) int {
	return f.set.Position(n.End()).Line - f.set.Position(n.Pos()).Line + 1
}

// walk calls visit for every file of the repository that is not generated, a sweep's, or git's.
func walk(fsys fs.FS, visit func(name string) error) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			return visit(name)
		}
		switch d.Name() {
		case ".git", ".venv", ".cache", "bin", "runs", "testdata", ".ipynb_checkpoints":
			return fs.SkipDir
		}
		return nil
	})
}

func parseAll(fsys fs.FS) ([]goFile, error) {
	var files []goFile
	err := walk(fsys, func(name string) error {
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		f := goFile{name: name, text: text, set: token.NewFileSet()}
		f.syntax, err = parser.ParseFile(f.set, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// checkSizes complains about files and functions that do not fit.
func checkSizes(fsys fs.FS) ([]string, error) {
	files, err := parseAll(fsys)
	var complaints []string
	for _, f := range files {
		fileLimit, functionLimit := maxFileLines, maxFunctionLines
		if f.isTest() {
			fileLimit, functionLimit = maxTestFileLines, maxTestFunction
		}
		if n := bytes.Count(f.text, []byte("\n")); n > fileLimit {
			complaints = append(complaints, fmt.Sprintf("%s has %d lines, more than %d: it is more than one concept", f.name, n, fileLimit))
		}
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.lines(fn) > functionLimit {
				complaints = append(complaints, fmt.Sprintf("%s: %s has %d lines, more than %d: it does not fit a screen", f.at(fn), fn.Name.Name, f.lines(fn), functionLimit))
			}
		}
	}
	return complaints, err
}

// checkFormat complains about files that gofmt would change.
func checkFormat(fsys fs.FS) ([]string, error) {
	files, err := parseAll(fsys)
	var complaints []string
	for _, f := range files {
		if formatted, err := format.Source(f.text); err != nil || !bytes.Equal(formatted, f.text) {
			complaints = append(complaints, fmt.Sprintf("%s: gofmt would change it", f.name))
		}
	}
	return complaints, err
}

// checkTests complains about tests that skip or sleep.
func checkTests(fsys fs.FS) ([]string, error) {
	files, err := parseAll(fsys)
	var complaints []string
	for _, f := range files {
		if !f.isTest() {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			owner, _ := selector.X.(*ast.Ident)
			switch name := selector.Sel.Name; {
			case name == "Skip" && owner != nil && slices.Contains([]string{"t", "b", "f", "tb"}, owner.Name), name == "Skipf", name == "SkipNow":
				complaints = append(complaints, fmt.Sprintf("%s: a test that skips passes without having looked; put it behind a build tag that make test sets or reports", f.at(call)))
			case name == "Sleep" && owner != nil && owner.Name == "time":
				complaints = append(complaints, fmt.Sprintf("%s: a test that sleeps is slow or wrong; wait for the condition", f.at(call)))
			}
			return true
		})
	}
	return complaints, err
}
