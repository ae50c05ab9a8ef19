package sweep

import (
	"slices"
	"strings"
	"unicode"
)

// About finds what a message of a component is about: the swept path whose name stands in it, else the section whose component it names, with
// its line in the file (0: it is of the command line). Where it is about neither, the key is "" and the line that of the first swept path.
func (s *Spec) About(message string) (key string, line int) {
	words := strings.FieldsFunc(message, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, q := range s.Parameters {
		if slices.Contains(words, q.Path[strings.LastIndexByte(q.Path, '.')+1:]) {
			return q.Path, q.Line
		}
	}
	for _, section := range sweptSections {
		if slices.Contains(words, section) {
			return section, s.lines[section]
		}
	}
	if len(s.Parameters) > 0 {
		return "", s.Parameters[0].Line
	}
	return "", 0
}
