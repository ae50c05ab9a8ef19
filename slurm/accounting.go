package slurm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrNoAccounting says that a cluster keeps no accounts, so sacct knows nothing.
var ErrNoAccounting = errors.New("this cluster has no accounting (AccountingStorageType=accounting_storage/none)")

// A Run is one incarnation of a job in the accounts: a job that was requeued has several.
type Run struct {
	Task       Task
	State      State
	ExitCode   int // what the script ended with
	Signal     int // that ended it, 0 for none
	Begin, End time.Time
	Elapsed    time.Duration
	Nodes      string // a node list
	Resources  string // AllocTRES: "cpu=4,gres/gpu=1,mem=16G,node=1"
}

// accountFormat is sacct --format for parseAccounts. All fields exist since 20.11.
const accountFormat = "JobID,State,ExitCode,Start,End,ElapsedRaw,NodeList,AllocTRES"

func parseAccounts(text string, zone *time.Location) ([]Run, error) {
	var runs []Run
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		f := strings.Split(line, "|")
		if len(f) != 8 {
			return nil, fmt.Errorf("sacct printed %q, which is not in the format %s", line, accountFormat)
		}
		tasks, err := ParseTasks(f[0])
		if err != nil {
			return nil, fmt.Errorf("sacct printed %q: %w", line, err)
		}
		r := Run{State: ParseState(f[1]), Begin: ParseTime(f[3], zone), End: ParseTime(f[4], zone), Nodes: f[6], Resources: f[7]}
		code, signal, _ := strings.Cut(f[2], ":")
		r.ExitCode, _ = strconv.Atoi(code) // empty for what has not ended
		r.Signal, _ = strconv.Atoi(signal)
		if seconds, err := strconv.Atoi(f[5]); err == nil {
			r.Elapsed = time.Duration(seconds) * time.Second
		}
		for _, r.Task = range tasks {
			runs = append(runs, r)
		}
	}
	return runs, nil
}

// Accounts asks the accounts for jobs by their ids (of arrays, for all their tasks): every incarnation of each, oldest first. The error is ErrNoAccounting
// where the cluster keeps none.
func (c *Client) Accounts(ctx context.Context, ids ...int64) ([]Run, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.FormatInt(id, 10)
	}
	out, err := c.query(ctx, "sacct", "-X", "-D", "-P", "-n", "-j", strings.Join(list, ","), "--format="+accountFormat)
	if says(err, "accounting storage is disabled") {
		return nil, fmt.Errorf("sacct: %w", ErrNoAccounting)
	}
	if err != nil {
		return nil, err
	}
	return parseAccounts(out, time.Local)
}
