package command

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// maxLine is how long a line may be, in bytes; a longer one is cut into several.
const maxLine = 1 << 20

// A pipe is the end of one that is read, and cuts what comes into lines.
type pipe struct {
	fd     int
	open   bool // it has not been read to its end
	buffer []byte
	take   func([][]byte) // takes whole lines, without their ends, as many at a time as there are
}

// newPipe makes a pipe and returns, apart, the end that is written.
func newPipe(take func([][]byte)) (p *pipe, end int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, -1, fmt.Errorf("make a pipe: %w", err)
	}
	return &pipe{fd: fds[0], open: true, take: take}, fds[1], nil
}

// read takes what is there; at the end of the pipe it does not wait.
func (p *pipe) read() {
	if cap(p.buffer)-len(p.buffer) < 4<<10 {
		p.buffer = slices.Grow(p.buffer, max(4<<10, min(cap(p.buffer), maxLine)))
	}
	n, err := unix.Read(p.fd, p.buffer[len(p.buffer):cap(p.buffer)])
	switch {
	case err == unix.EINTR || err == unix.EAGAIN:
		return
	case err != nil || n == 0:
		p.open = false
		return
	}
	p.buffer = p.buffer[:len(p.buffer)+n]
	p.buffer = p.buffer[:copy(p.buffer, passLines(p.buffer, p.take))]
}

// end takes what stands behind the last whole line.
func (p *pipe) end() {
	if len(p.buffer) > 0 {
		p.take([][]byte{bytes.TrimRight(p.buffer, "\r")})
	}
	p.buffer = nil
}

func (p *pipe) close() { _ = unix.Close(p.fd) } // it was only read

// passLines passes the whole lines of a text on and returns what follows the last.
func passLines(text []byte, take func([][]byte)) (rest []byte) {
	var lines [][]byte
	for {
		i := bytes.IndexByte(text, '\n')
		skip := 1
		if i < 0 && len(text) >= maxLine {
			i, skip = maxLine, 0
		}
		if i < 0 {
			break
		}
		lines = append(lines, bytes.TrimRight(text[:i], "\r"))
		text = text[i+skip:]
	}
	if len(lines) > 0 {
		take(lines)
	}
	return text
}

// Bounds of what is kept of a program's output.
const (
	maxLastLines = 8        // for the cause of its end
	maxOutput    = 64 << 20 // bytes of an attempt in the agent's log
)

// lastLines keeps the end of what a program prints.
type lastLines struct {
	mu      sync.Mutex
	lines   []string
	printed int
}

// printer keeps lines and passes them on.
func (l *lastLines) printer(print func([]string)) func([][]byte) {
	return func(lines [][]byte) {
		texts := make([]string, len(lines))
		for i, line := range lines {
			texts[i] = strings.ToValidUTF8(string(line), "\uFFFD")
			l.printed += len(line) + 1
		}
		l.mu.Lock()
		l.lines = append(l.lines, texts...)
		l.lines = slices.Clone(l.lines[max(0, len(l.lines)-maxLastLines):])
		l.mu.Unlock()
		switch {
		case l.printed <= maxOutput:
			print(texts)
		case l.printed <= 2*maxOutput:
			l.printed = 2*maxOutput + 1
			print([]string{"… it prints too much: the rest of this attempt's output is left out"})
		}
	}
}

func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
