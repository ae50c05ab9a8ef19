package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"neurosweep/broker"
	"neurosweep/slurm"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

// An order is so many agents, checked against what the cluster offers, and not submitted yet.
type order struct {
	spec    *sweep.Spec
	s       *submission
	options slurm.Options
	arrays  []slurm.Array
	client  *slurm.Client
	leftOut []string // nodes that are under quarantine
}

// usualArray is MaxArraySize as SLURM has it if nobody changes it: for a dry run where there is no cluster.
const usualArray = 1001

// order checks what a submission for the sweep in dir, which need not exist yet, asks of the cluster. Nothing is written or queued. dry: where there is no cluster, it is only noted.
func (a *app) order(ctx context.Context, dir string, spec *sweep.Spec, s *submission, agents int, dry bool) (*order, error) {
	o := &order{spec: spec, s: s, client: &slurm.Client{}}
	var err error
	if o.options, err = s.options(spec); err != nil {
		return nil, refuse(err)
	}
	quarantined, err := quarantinedNodes(dir)
	if err != nil {
		return nil, err
	}
	largest := usualArray
	_, missing := exec.LookPath("sbatch")
	switch {
	case missing != nil && !dry:
		return nil, usage("submit: sbatch is not on the path: go to a login node of the cluster, or load its SLURM module; sweep run works on this machine alone")
	case missing != nil:
		fmt.Fprintf(a.stderr, "sbatch is not on the path: the scripts are as a cluster with MaxArraySize=%d would have them, and nothing was checked against one\n", largest)
		if err := o.leaveOut(quarantined, nil); err != nil {
			return nil, err
		}
	default:
		facts, err := o.client.Facts(ctx)
		if err != nil {
			return nil, usage("submit: the cluster cannot be asked what it offers: %w; nothing was submitted; sweep doctor looks closer", err)
		}
		if err := facts.Fits(o.options); err != nil {
			return nil, usage("submit: the cluster has no such place: %w\nnothing was submitted; ask for less, or for another partition: sinfo -N -o '%%P %%N %%c %%m %%G %%l' lists what there is", err)
		}
		largest = facts.Config.MaxArraySize
		if err := o.leaveOut(quarantined, &facts); err != nil {
			return nil, err
		}
	}
	if len(o.leftOut) > 0 {
		fmt.Fprintf(a.stderr, "these nodes are under quarantine, and left out until sweep retry --node NODE: %s\n", strings.Join(o.leftOut, ", "))
	}
	if agents > 0 {
		o.arrays, err = slurm.Split(agents, o.options.Throttle, largest)
	}
	return o, refuse(err)
}

// firstSubmission submits a sweep that has no agents yet.
func (a *app) firstSubmission(ctx context.Context, dir string, o *order, accept bool) error {
	release, err := lockSubmission(dir)
	if err != nil {
		return err
	}
	defer release()
	former, err := readSubmission(dir)
	if err != nil {
		return err
	}
	if former != nil {
		alive, err := a.alive(ctx, o.client, dir, former)
		if err != nil {
			return err
		}
		if len(alive) > 0 {
			return usage("%s: this sweep was submitted already, and %d of its agents wait or run: sweep scale N changes their number, sweep status shows them", dir, len(alive))
		}
		o.s.Jobs, o.s.Controllers = former.Jobs, former.Controllers
	} else if err := inUse(dir); err != nil {
		return err
	}
	return a.place(ctx, dir, o, accept)
}

// place submits an order, after the controller where that is not in the agents, and says what it has done. The submission must be locked.
func (a *app) place(ctx context.Context, dir string, o *order, accept bool) error {
	id, err := broker.Prepare(dir)
	if err != nil {
		return err
	}
	if err := a.acceptBinary(ctx, dir, o, accept); err != nil {
		return err
	}
	if err := o.visible(ctx, dir); err != nil {
		return err
	}
	if _, err := installBinary(dir, o.s.Binary); err != nil {
		return err
	}
	for _, folder := range []string{scriptDir(dir), jobLogDir(dir)} {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return fmt.Errorf("submit: %w", err)
		}
	}
	if err := o.s.write(dir); err != nil {
		return err
	}
	if err := reopen(dir); err != nil {
		return err
	}
	if err := a.launch(ctx, dir, id.ID, o); err != nil {
		return err
	}
	r := receipt{Dir: dir, Agents: o.s.Agents, Controller: o.s.Controller, Jobs: []int64{}}
	for _, array := range o.arrays {
		mark := newMark(id.ID)
		job, err := o.submit(ctx, dir, o.s.agentScript(dir, o.options, array, mark), submittedJob{Tasks: array.Tasks, Mark: mark}, &o.s.Jobs)
		if err != nil {
			return err
		}
		r.Jobs = append(r.Jobs, job)
		r.Submitted += array.Tasks
	}
	return a.printReceipt(r)
}

// reopen lets agents go on with a sweep that was stopped: without a word they would take it that nobody needs them.
func reopen(dir string) error {
	d, err := openDataset(dir)
	if err != nil || d.SweepState() != controller.StateStopped {
		return err
	}
	return controller.Submit(dir, controller.Request{Want: controller.WantResume})
}

// A receipt is what was submitted, as it is printed.
type receipt struct {
	Dir        string  `json:"dir"`
	Agents     int     `json:"agents"`    // wanted in all
	Submitted  int     `json:"submitted"` // by this command
	Jobs       []int64 `json:"jobs"`      // arrays
	Controller string  `json:"controller"`
}

func (a *app) printReceipt(r receipt) error {
	if a.json {
		return a.printJSON(r)
	}
	fmt.Fprintln(a.stdout, r.Dir)
	for _, j := range r.Jobs {
		fmt.Fprintf(a.stdout, "job %d\n", j)
	}
	fmt.Fprintf(a.stderr, "%d agents were submitted, %d are wanted; how they do: sweep status --watch %s\n", r.Submitted, r.Agents, slurm.Quote(relative(r.Dir)))
	return nil
}

// acceptBinary refuses a sweep that another program has run so far, or has that accepted in the sweep's log.
func (a *app) acceptBinary(ctx context.Context, dir string, o *order, accept bool) error {
	err := controller.CheckBinary(dir, o.s.Binary)
	var other *controller.BinaryError
	if err == nil || !errors.As(err, &other) {
		return err
	}
	if !accept {
		return refuse(err)
	}
	_, err = controller.Run(ctx, controller.Options{Dir: dir, Spec: o.spec, RequestsOnly: true, Binary: o.s.Binary, AcceptBinary: true, Log: a.logger().Level(quiet)})
	var held *controller.HeldError
	if errors.As(err, &held) {
		return refuse(err)
	}
	return err
}
