package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"neurosweep/slurm"
	"neurosweep/sweep"
)

// sharedSystems are the types of file systems (statfs(2)) that are made to be shared: NFS, Lustre, GPFS, BeeGFS, CephFS, PanFS, OrangeFS, SMB, 9p, AFS.
var sharedSystems = []uint32{0x6969, 0x0bd00bd0, 0x47504653, 0x19830326, 0x00c36400, 0xaad7aaea, 0x20030528, 0xfe534d42, 0xff534d42, 0x01021997, 0x5346414f}

// immediately is how many seconds a look from a node may wait for one.
const immediately = "2"

// visible refuses a folder that the nodes do not see. It looks only where the file system is not one of those made to be shared, from a node that is free at
// this moment; where there is none nobody knows, and the jobs' own state will tell.
func (o *order) visible(ctx context.Context, dir string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err == nil && slices.Contains(sharedSystems, uint32(fs.Type)) {
		return nil
	}
	args := []string{"--nodes=1", "--ntasks=1", "--cpus-per-task=1", "--mem=64M", "--time=1", "--job-name=sweep-look", "--chdir=/", "--input=none", "--immediate=" + immediately}
	for _, option := range []struct{ flag, value string }{{"--partition", o.options.Partition}, {"--account", o.options.Account}, {"--qos", o.options.QOS},
		{"--reservation", o.options.Reservation}, {"--constraint", o.options.Constraint}, {"--exclude", o.options.Exclude}} {
		if option.value != "" {
			args = append(args, option.flag+"="+option.value)
		}
	}
	args = append(args, "sh", "-c", `if test -e "$0"; then echo seen; else echo unseen; fi`, filepath.Join(dir, sweep.SpecFile))
	out, err := o.client.Run(ctx, "srun", args...)
	var failed *slurm.CommandError
	if errors.As(err, &failed) {
		return nil // no node is free, or the site does not let srun in
	}
	if err == nil && strings.Contains(out, "unseen") {
		return usage("submit: the nodes do not see %s: choose a folder on a file system that they mount, under the same name, with --dir; sweep doctor %[1]s looks closer", dir)
	}
	return err
}
