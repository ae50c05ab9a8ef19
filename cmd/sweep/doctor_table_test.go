package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestFindingsAreInTheTable holds docs/cluster.md to doctor: every check that can come out other than well is in the table of what to do, by its name.
func TestFindingsAreInTheTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/cluster.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## When something goes wrong\n")
	section, _, _ = strings.Cut(section, "\n## ")
	checks := unwellChecks(t)
	if len(checks) < 10 {
		t.Fatalf("doctor has %d checks that can fail: %v", len(checks), checks)
	}
	for check := range checks {
		if !strings.Contains(section, "*"+check+"*") {
			t.Errorf("docs/cluster.md, When something goes wrong: no row tells what to do about doctor: *%s*", check)
		}
	}
}

// unwellChecks are the names that doctor's files give to d.add and report, but for those that are only ever ok.
func unwellChecks(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("doctor*.go")
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			check, status := call.Args[0], call.Args[1]
			if function, ok := call.Fun.(*ast.Ident); ok && function.Name == "report" {
				check, status = call.Args[1], call.Args[2]
			} else if method, ok := call.Fun.(*ast.SelectorExpr); !ok || method.Sel.Name != "add" {
				return true
			}
			literal, ok := check.(*ast.BasicLit)
			if word, isWord := status.(*ast.Ident); !ok || isWord && word.Name == "checkOK" {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			checks[text] = true
			return true
		})
	}
	return checks
}
