package house

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// link matches [text](target) outside of images' alt texts as well: both must lead somewhere.
var link = regexp.MustCompile(`\]\(([^()\s]+)(?:\s+"[^"]*")?\)`)

// checkLinks complains about relative links in Markdown files that lead to no file, or to no heading of one.
func checkLinks(fsys fs.FS) ([]string, error) {
	var complaints []string
	err := walk(fsys, func(name string) error {
		if path.Ext(name) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(withoutCode(string(text)), "\n") {
			for _, match := range link.FindAllStringSubmatch(line, -1) {
				if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
					continue
				}
				if problem := follow(fsys, name, match[1]); problem != "" {
					complaints = append(complaints, fmt.Sprintf("%s:%d: the link %s %s", name, i+1, match[1], problem))
				}
			}
		}
		return nil
	})
	return complaints, err
}

// follow says what is wrong with a relative link in the file from; "" if nothing is.
func follow(fsys fs.FS, from, target string) string {
	file, anchor, _ := strings.Cut(target, "#")
	at := from
	if file != "" {
		at = path.Join(path.Dir(from), file)
	}
	if _, err := fs.Stat(fsys, at); err != nil {
		return "leads to no file"
	}
	if anchor == "" || path.Ext(at) != ".md" {
		return ""
	}
	text, err := fs.ReadFile(fsys, at)
	if err != nil {
		return err.Error()
	}
	for _, line := range strings.Split(withoutCode(string(text)), "\n") {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") && slug(title) == anchor {
			return ""
		}
	}
	return "leads to no heading"
}

var notInSlug = regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)

// slug is the anchor that a heading gets on the usual web sites.
func slug(title string) string {
	return strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-")
}

// withoutCode blanks fenced blocks, keeping the lines.
func withoutCode(text string) string {
	lines, fenced := strings.Split(text, "\n"), false
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			lines[i] = ""
		} else if fenced {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}
