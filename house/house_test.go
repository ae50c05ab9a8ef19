package house

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// root is the repository, seen from this package's folder.
var root = os.DirFS("..")

// The checks, each with a small repository that breaks its rule once a file (broken) and once keeps it (kept).
var checks = []struct {
	name   string
	check  func(fs.FS) ([]string, error)
	broken map[string]string
	kept   map[string]string
}{
	{
		name: "layers", check: checkLayers,
		broken: map[string]string{
			"broker/up.go":       "package broker\nimport _ \"neurosweep/agent\"\n",
			"models/graph/up.go": "package graph\nimport _ \"neurosweep/results\"\n",
			"tasks/self.go":      "package tasks\nimport _ \"neurosweep/models\"\n",
			"nowhere/x.go":       "package nowhere\n",
			"agent/lost.go":      "package agent\nimport _ \"neurosweep/nowhere\"\n",
		},
		kept: map[string]string{
			"models/down.go":      "package models\nimport (\n_ \"fmt\"\n_ \"neurosweep/tasks\"\n_ \"neurosweep/sweep\"\n)\n",
			"tasks/x_test.go":     "package tasks_test\nimport _ \"neurosweep/agent\"\n",
			"sweep/search/ok.go":  "package search\nimport _ \"neurosweep/sweep\"\n",
			"cmd/sweep/main.go":   "package main\nimport _ \"neurosweep/agent\"\n",
			"testdata/ignored.go": "package nowhere\n",
		},
	},
	{
		name: "sizes", check: checkSizes,
		broken: map[string]string{
			"a/long.go":      "package a\n" + strings.Repeat("\n", 400),
			"a/long_test.go": "package a\n" + strings.Repeat("\n", 600),
			"a/function.go":  "package a\nfunc f() {\n" + strings.Repeat("\n", 59) + "}\n",
		},
		kept: map[string]string{
			"a/long.go":     "package a\n" + strings.Repeat("\n", 399),
			"a/function.go": "package a\nfunc f() {\n" + strings.Repeat("\n", 58) + "}\n",
		},
	},
	{
		name: "format", check: checkFormat,
		broken: map[string]string{"a/a.go": "package a\nvar  x=1\n"},
		kept:   map[string]string{"a/a.go": "package a\n\nvar x = 1\n"},
	},
	{
		name: "tests", check: checkTests,
		broken: map[string]string{
			"a/skip_test.go":  "package a\nfunc TestX(t *testing.T) { t.Skip() }\n",
			"a/skipf_test.go": "package a\nfunc TestX(t *testing.T) { t.Skipf(\"\") }\n",
			"a/now_test.go":   "package a\nfunc TestX(t *testing.T) { t.SkipNow() }\n",
			"a/sleep_test.go": "package a\nfunc TestX(t *testing.T) { time.Sleep(1) }\n",
		},
		kept: map[string]string{
			"a/a_test.go": "package a\nfunc TestX(t *testing.T) { plan.Skip(3) }\n",
			"a/a.go":      "package a\nfunc wait() { time.Sleep(1) }\n",
		},
	},
	{
		name: "documented", check: checkDocumented,
		broken: map[string]string{
			"a/doc.go":      "// Package a\n// is\n// told.\npackage a\n",
			"a/func.go":     "package a\nfunc Exported() {}\n",
			"a/method.go":   "package a\nfunc (t T) Exported() {}\n",
			"a/pointer.go":  "package a\nfunc (t *T[int]) Exported() {}\n",
			"a/type.go":     "package a\ntype T struct{}\n",
			"a/const.go":    "package a\nconst (\nA = 1\n)\n",
			"util/doc.go":   "// Package util\n// is\n// told.\npackage util\n",
			"untold/one.go": "package untold\n",
		},
		kept: map[string]string{
			"a/doc.go":    "// Package a\n// is\n// told.\npackage a\n",
			"a/a.go":      "package a\n// F does.\nfunc F() {}\nfunc (e *hidden) Exported() {}\nfunc (e E) Error() string { return \"\" }\n",
			"a/a_test.go": "package a\nfunc TestX() {}\n",
			"a/group.go":  "package a\n// Both.\nconst (\nA = 1\nB = 2\n)\n",
		},
	},
	{
		name: "foreign", check: checkForeign,
		broken: map[string]string{
			"a/path.go": "package a\nconst dir = \"/ho" + "me/me/x\"\n",
			"note.md":   "TO" + "DO: write this\n",
			"Makefile":  "x:\n\tcat /ro" + "ot/x\n",
		},
		kept: map[string]string{"a/a.go": "package a\nconst dir = \"a/work/b\"\n"},
	},
	{
		name: "links", check: checkLinks,
		broken: map[string]string{
			"docs/file.md":    "see [that](absent.md)\n",
			"docs/heading.md": "# Here\nsee [that](#there)\n",
			"docs/other.md":   "see [that](heading.md#there)\n",
		},
		kept: map[string]string{
			"README.md":      "see [that](docs/a.md#two-words--more), [web](https://example.org/x)\n```\n[code](nothing)\n```\n",
			"docs/a.md":      "# Two words – more\n[up](../README.md) [self](#two-words--more) [folder](../docs)\n",
			"docs/empty.txt": "",
		},
	},
}

// TestChecksCanFail shows each check a repository of one broken file at a time, and one with nothing to complain about.
func TestChecksCanFail(t *testing.T) {
	for _, c := range checks {
		for name := range c.broken {
			files := tree(c.broken)
			complaints, err := c.check(files)
			if err != nil {
				t.Fatal(err)
			}
			named := false
			for _, complaint := range complaints {
				named = named || strings.HasPrefix(complaint, name) || strings.HasPrefix(complaint, strings.Split(name, "/")[0]+":")
			}
			if !named && name != "a/doc.go" {
				t.Errorf("%s: nothing is said of %s; said is\n%s", c.name, name, strings.Join(complaints, "\n"))
			}
		}
		if complaints, err := c.check(tree(c.kept)); err != nil || len(complaints) > 0 {
			t.Errorf("%s: where nothing is wrong: %v\n%s", c.name, err, strings.Join(complaints, "\n"))
		}
	}
}

// tree is a file system of these files.
func tree(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// TestHouse runs every check on the repository.
func TestHouse(t *testing.T) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			complaints, err := c.check(root)
			if err != nil {
				t.Fatal(err)
			}
			for _, complaint := range complaints {
				t.Error(complaint)
			}
		})
	}
}
