package house

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// vagueNames are names of packages that say nothing of what is inside.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "base", "lib"}

// checkDocumented complains about what is exported without a comment, and about packages without a doc.go of their own words.
func checkDocumented(fsys fs.FS) ([]string, error) {
	files, err := parseAll(fsys)
	var complaints []string
	stories := map[string]int{} // lines of each package's doc.go
	for _, f := range files {
		dir := path.Dir(f.name)
		if _, seen := stories[dir]; !seen && !f.isTest() {
			stories[dir] = 0
		}
		if path.Base(f.name) == "doc.go" && f.syntax.Doc != nil {
			stories[dir] = strings.Count(f.syntax.Doc.Text(), "\n")
		}
		if slices.Contains(vagueNames, f.syntax.Name.Name) {
			complaints = append(complaints, fmt.Sprintf("%s: package %s: name it for what it holds", f.name, f.syntax.Name.Name))
		}
		if f.isTest() || f.syntax.Name.Name == "main" {
			continue
		}
		for _, d := range f.syntax.Decls {
			complaints = append(complaints, undocumented(f, d)...)
		}
	}
	for dir, lines := range stories {
		if lines < 3 {
			complaints = append(complaints, fmt.Sprintf("%s: its doc.go has %d lines of package comment; it should tell the package's story", dir, lines))
		}
	}
	slices.Sort(complaints)
	return complaints, err
}

// undocumented lists what a declaration exports without a comment. A comment on a group of constants or variables is one for each.
func undocumented(f goFile, d ast.Decl) (complaints []string) {
	complain := func(n ast.Node, name string) {
		complaints = append(complaints, fmt.Sprintf("%s: %s is exported and has no comment", f.at(n), name))
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			complain(d, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					complain(s, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						complain(s, name.Name)
					}
				}
			}
		}
	}
	return complaints
}

// wellKnown are methods whose meaning is their interface's.
var wellKnown = []string{"Error", "Unwrap", "String", "Len", "Less", "Swap", "Close", "MarshalJSON", "UnmarshalJSON"}

// exportedReceiver tells whether a function is one that a reader of the package's documentation sees and would ask about.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
			continue
		case *ast.IndexExpr:
			t = x.X
			continue
		case *ast.Ident:
			return x.IsExported() && !slices.Contains(wellKnown, d.Name.Name)
		}
		return false
	}
}

// textExtensions are the kinds of files that people read.
var textExtensions = []string{".go", ".md", ".yaml", ".yml", ".sh", ".py", ".ipynb", ".txt", ".txtar", ".mod"}

// foreign matches what belongs to one machine or is unfinished.
var foreign = regexp.MustCompile(`(?:^|[\s"'(=:])/(?:root|home|work|Users)/|\b(?:TO` + `DO|FIX` + `ME|X` + `XX)\b`)

// checkForeign complains about paths of one machine and notes to oneself.
func checkForeign(fsys fs.FS) ([]string, error) {
	var complaints []string
	err := walk(fsys, func(name string) error {
		if !slices.Contains(textExtensions, path.Ext(name)) && path.Base(name) != "Makefile" {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if found := foreign.FindString(line); found != "" {
				complaints = append(complaints, fmt.Sprintf("%s:%d: %q is a path of one machine or a note to oneself", name, i+1, strings.TrimSpace(found)))
			}
		}
		return nil
	})
	return complaints, err
}
