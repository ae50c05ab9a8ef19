package controller

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Holder is the process that holds, or held, a term: the content of control/term-N.
type Holder struct {
	Version  int       `json:"v"`
	Term     int       `json:"term"`
	Host     string    `json:"host"`
	Machine  string    `json:"machine,omitempty"` // machine id; "": unknown
	Boot     string    `json:"boot,omitempty"`    // id of the machine's boot
	PIDSpace string    `json:"pidns,omitempty"`   // the namespace in which PID counts
	PID      int       `json:"pid"`
	Start    string    `json:"start,omitempty"` // start time of the process in the kernel's ticks, so that a reused PID is seen
	Job      string    `json:"job,omitempty"`   // SLURM_JOB_ID
	Taken    time.Time `json:"taken"`           // for people
	Counter  uint64    `json:"counter"`         // rises with every renewal
	Still    string    `json:"still,omitempty"` // how long the counter stands still until the term counts as abandoned; "": a minute
	Released bool      `json:"released,omitempty"`
}

const holderVersion = 1

func (h Holder) String() string {
	s := fmt.Sprintf("process %d on %s", h.PID, h.Host)
	if h.Job != "" {
		s += ", job " + h.Job
	}
	return fmt.Sprintf("%s, term %d since %s", s, h.Term, h.Taken.Local().Format(time.DateTime))
}

// still is how long the counter must stand still until the term counts as abandoned: what its holder has promised.
func (h Holder) still() time.Duration {
	if d, err := time.ParseDuration(h.Still); err == nil && d > 0 {
		return d
	}
	return defaultStill
}

// thisProcess describes the process that runs this code.
func thisProcess() Holder {
	h := Holder{Version: holderVersion, PID: os.Getpid(), Job: os.Getenv("SLURM_JOB_ID"), Taken: time.Now().UTC().Truncate(time.Second)}
	h.Host, _ = os.Hostname()
	h.Machine = firstLine("/etc/machine-id")
	h.Boot = firstLine("/proc/sys/kernel/random/boot_id")
	h.PIDSpace, _ = os.Readlink("/proc/self/ns/pid")
	h.Start, _ = processStart(h.PID)
	return h
}

func firstLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// processStart is field 22 of /proc/PID/stat; alive is false where there is no such process, or only its unreaped remains.
func processStart(pid int) (start string, alive bool) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", false
	}
	_, rest, ok := strings.Cut(string(text), ") ") // the name before it may hold spaces, and ") " only at its end in practice
	if i := strings.LastIndex(string(text), ") "); i >= 0 {
		rest = string(text)[i+2:]
	}
	fields := strings.Fields(rest) // from field 3, the state
	if !ok || len(fields) < 20 {
		return "", true
	}
	return fields[19], fields[0] != "Z" && fields[0] != "X"
}

// Life is what can be known at once of a holder's process.
type life int

const (
	unknown life = iota // on another machine, or in another container
	alive
	dead
)

// lifeOf judges a holder from the process that runs this code.
func lifeOf(h, me Holder) life {
	switch {
	case h.Released:
		return dead
	case h.Boot == "" || h.Host != me.Host || h.Machine != me.Machine:
		return unknown
	case h.Boot != me.Boot && h.Machine != "":
		return dead // the machine has been booted since
	case h.Boot != me.Boot || h.PIDSpace != me.PIDSpace:
		return unknown
	}
	start, running := processStart(h.PID)
	if running && start == "" { // no /proc to ask
		running = syscall.Kill(h.PID, 0) != syscall.ESRCH
	}
	if !running || start != h.Start && start != "" && h.Start != "" {
		return dead
	}
	return alive
}
