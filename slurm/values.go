package slurm

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Duration is a time limit. Forever is SLURM's UNLIMITED. In text it is SLURM's D-HH:MM:SS.
type Duration time.Duration

// Forever is a limit that does not exist.
const Forever Duration = math.MaxInt64

// validTimes is what a message says about time limits.
const validTimes = "valid are minutes (90), MINUTES:SECONDS, HOURS:MINUTES:SECONDS (4:00:00), DAYS-HOURS (2-12), DAYS-HOURS:MINUTES, DAYS-HOURS:MINUTES:SECONDS, units (4h, 90m, 1d12h), UNLIMITED"

var unitTime = regexp.MustCompile(`^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$`)

// ParseDuration reads a time limit: SLURM's forms (sbatch(1), --time), where a bare number is minutes and A:B is minutes and seconds, or numbers with units.
func ParseDuration(text string) (Duration, error) {
	bad := func(why string) (Duration, error) {
		return 0, fmt.Errorf("%q is no time limit%s; %s", text, why, validTimes)
	}
	switch strings.ToUpper(text) {
	case "UNLIMITED", "INFINITE":
		return Forever, nil
	case "":
		return bad("")
	}
	var parts [4]string // days, hours, minutes, seconds
	if m := unitTime.FindStringSubmatch(strings.ToLower(text)); m != nil {
		copy(parts[:], m[1:])
	} else {
		days, rest, dashed := strings.Cut(text, "-")
		fields := strings.Split(rest, ":")
		switch {
		case dashed && days != "" && len(fields) <= 3:
			parts[0] = days
			copy(parts[1:], fields)
		case !dashed && len(strings.Split(text, ":")) <= 3:
			fields = strings.Split(text, ":")
			copy(parts[2:], fields) // minutes:seconds
			if len(fields) == 3 {
				copy(parts[1:], fields)
			}
		default:
			return bad("")
		}
		for _, f := range fields {
			if f == "" {
				return bad("")
			}
		}
	}
	var seconds int64
	for i, unit := range []int64{86400, 3600, 60, 1} {
		if parts[i] == "" {
			continue
		}
		n, err := strconv.ParseUint(parts[i], 10, 31)
		if err != nil {
			return bad("")
		}
		seconds += int64(n) * unit
	}
	if seconds > math.MaxInt32*60 {
		return bad(", it is too long")
	}
	return Duration(time.Duration(seconds) * time.Second), nil
}

// String is SLURM's form: D-HH:MM:SS, HH:MM:SS, UNLIMITED.
func (d Duration) String() string {
	if d == Forever {
		return "UNLIMITED"
	}
	s := int64(time.Duration(d) / time.Second)
	days := ""
	if s >= 86400 {
		days = fmt.Sprintf("%d-", s/86400)
	}
	return fmt.Sprintf("%s%02d:%02d:%02d", days, s/3600%24, s/60%60, s%60)
}

// Memory is an amount of memory in MB (2²⁰ bytes), SLURM's unit. In text it is a number with a unit.
type Memory int64

var memoryText = regexp.MustCompile(`(?i)^(\d+)(?:\.(\d+))?\s*([KMGT]?)(?:i?B)?$`)

// ParseMemory reads an amount of memory: a number, with K, M (the default), G or T, and B or not.
func ParseMemory(text string) (Memory, error) {
	m := memoryText.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is no amount of memory; valid are a number of MB (16000) or a number with K, M, G or T (16G, 1.5T)", text)
	}
	n, err := strconv.ParseFloat(m[1]+"."+m[2]+"0", 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no amount of memory: %w", text, err)
	}
	n *= map[string]float64{"": 1, "K": 1.0 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}[strings.ToUpper(m[3])]
	if n > 1<<40 {
		return 0, fmt.Errorf("%q of memory is more than a machine can have", text)
	}
	return Memory(math.Ceil(n)), nil
}

// String is SLURM's form, in the largest unit that keeps it whole.
func (m Memory) String() string {
	switch {
	case m == 0:
		return "0"
	case m%(1024*1024) == 0:
		return fmt.Sprintf("%dT", m/1024/1024)
	case m%1024 == 0:
		return fmt.Sprintf("%dG", m/1024)
	}
	return fmt.Sprintf("%dM", m)
}

// A check says what is wrong with a text and what is valid.
type check func(text string) error

func matches(pattern, valid string) check {
	re := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return func(text string) error {
		if !re.MatchString(text) {
			return fmt.Errorf("%q: valid is %s", text, valid)
		}
		return nil
	}
}

// word is what names in SLURM are made of.
const word = `[A-Za-z0-9_][A-Za-z0-9_.+-]*`

var (
	checkWord  = matches(word, "a name of letters, digits, and . _ + -")
	checkWords = matches(word+`(?:,`+word+`)*`, "names separated by commas, without spaces")
	checkName  = matches(`[^\s=/"'\\%][^\s="'\\%]*`, "a name without spaces, quotes, =, % and \\")
	checkMail  = matches(`[^\s,"'\\]+`, "an address")
	checkGPUs  = matches(`(?:[A-Za-z][\w.-]*:)?[1-9]\d*`, "a number, or a type and a number (2, a100:2)")
	checkGRES  = matches(`(?:`+word+`(?::`+word+`)?(?::\d+[KMGT]?)?)(?:,`+word+`(?::`+word+`)?(?::\d+[KMGT]?)?)*`,
		"NAME, NAME:NUMBER or NAME:TYPE:NUMBER, several separated by commas (gpu:2, gpu:a100:1)")
	checkConstraint = matches(`[A-Za-z0-9_.+\-&|*()\[\],!]+`, `features joined by & or |, without spaces (a100|h100, [rack1|rack2])`)
	checkDependency = matches(`singleton|`+dependency+`(?:[,?]`+dependency+`)*`,
		"singleton, or afterok:JOB, afterany:JOB, afternotok:JOB, after:JOB[+MINUTES], aftercorr:JOB, afterburstbuffer:JOB, several separated by , (all) or ? (any)")
	checkMailType = matches(`(?i)`+mailType+`(?:,`+mailType+`)*`,
		"NONE, BEGIN, END, FAIL, REQUEUE, ALL, INVALID_DEPEND, STAGE_OUT, TIME_LIMIT, TIME_LIMIT_90, TIME_LIMIT_80, TIME_LIMIT_50, ARRAY_TASKS, several separated by commas")
	checkExclusive = matches(`true|false|user|mcs`, "true, false, user or mcs")
)

const (
	dependency = `(?:singleton|(?:after(?:any|ok|notok|corr|burstbuffer)?)(?::\d+(?:_\d+|_\*)?(?:\+\d+)?)+)`
	mailType   = `(?:NONE|BEGIN|END|FAIL|REQUEUE|ALL|INVALID_DEPEND|STAGE_OUT|TIME_LIMIT(?:_90|_80|_50)?|ARRAY_TASKS)`
)

// checkLine refuses what would end a line of a script.
func checkLine(text string) error {
	if strings.ContainsAny(text, "\n\r\x00") {
		return fmt.Errorf("%q holds a line break or a zero byte", text)
	}
	return nil
}

// checkNodes takes a list of nodes in brackets.
func checkNodes(text string) error {
	names, err := ExpandNodes(text)
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%q names no node", text)
	}
	return err
}
