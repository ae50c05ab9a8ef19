package slurm

import (
	"context"
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// CanonicalName is the name of an option that has several: "mem", "slurm_mem" and "memory" are memory. The error is an *OptionError with what is valid.
func CanonicalName(name string) (string, error) {
	k, err := find(name)
	return k.Name, err
}

// CommentSeparator stands between what a user writes into a job's comment and the mark by which Marked finds the job.
const CommentSeparator = " | "

// Mark puts a mark behind a comment.
func Mark(comment, mark string) string {
	if comment == "" {
		return mark
	}
	return comment + CommentSeparator + mark
}

// Marked finds this user's jobs (arrays once) whose comment ends in a mark: an sbatch whose answer was lost may have been obeyed.
func (c *Client) Marked(ctx context.Context, mark string) ([]int64, error) {
	who, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("find the jobs marked %s: %w", mark, err)
	}
	out, err := c.query(ctx, "squeue", "-h", "-t", "all", "-u", who.Username, "-o", "%F|%k")
	if err != nil {
		return nil, err
	}
	var ids []int64
	for line := range strings.Lines(out) {
		number, comment, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok || comment != mark && !strings.HasSuffix(comment, CommentSeparator+mark) {
			continue
		}
		id, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("squeue printed %q: %q is no job id", line, number)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// CancelWaiting cancels those of the jobs that have not begun. Others are left alone.
func (c *Client) CancelWaiting(ctx context.Context, tasks ...Task) error {
	return c.cancel(ctx, []string{"--state=PENDING"}, tasks)
}
