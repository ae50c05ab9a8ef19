package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"neurosweep/agent"
	"neurosweep/slurm"
	"neurosweep/sweep"
	"neurosweep/sweep/controller"
)

func newSubmit(a *app) *cobra.Command {
	var flags submitFlags
	var dir string
	c := &cobra.Command{
		Use:   "submit " + specArguments + " --agents N",
		Short: "Run a sweep on a SLURM cluster: submit its agents as a job array",
		Long: `submit checks the spec and what it asks the cluster for, freezes it in the sweep's folder, copies this program there, submits a job array of agents,
and returns at once. The folder must be on a file system that the nodes share. Everything else happens there:
sweep status --watch, sweep logs -f TRIAL, sweep scale N, sweep stop, sweep resume, from any machine that sees it.

Options of SLURM come from the spec's section resources; a flag wins over it. An agent trains a trial on all its CPUs (with
train.threads: 1 in the spec a trial on each), or one on each of its GPUs. The controller lives in one of the agents; when that one goes, another takes over.`,
		Example: `  sweep submit sweep.yaml --agents 8 --time 4:00:00 --partition gpu
  sweep submit sweep.yaml train.lr=1e-4,1e-3 seeds=5 --agents 8 --time 4h --cpus-per-task 4 --memory 8G --dry-run`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.submit(c, args, dir, &flags) },
	}
	c.Flags().IntVar(&flags.agents, "agents", 0, "how many agents to submit, each a task of a job array")
	flags.add(c)
	c.Flags().BoolVar(&flags.accept, "accept-binary", false, "go on with a sweep that another binary has run so far; an event says so")
	c.Flags().StringVar(&dir, "dir", "", "the sweep's folder, on a file system that the nodes share (default runs/NAME)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// submit checks a spec and all that is asked for, and submits it.
func (a *app) submit(c *cobra.Command, args []string, dir string, flags *submitFlags) error {
	spec, err := a.readSpec(args[0], args[1:])
	if err != nil {
		return err
	}
	if err := runnable(spec); err != nil {
		return err
	}
	if err := locate(spec, args[0]); err != nil {
		return err
	}
	plan, err := openPlan(spec)
	if err != nil {
		return err
	}
	if !c.Flags().Changed("agents") {
		return usage("sweep submit: say how many agents: --agents N (sweep plan %s shows how many trials there are)", args[0])
	}
	if err := flags.check(c); err != nil {
		return err
	}
	if dir == "" {
		dir = filepath.Join("runs", spec.Name)
	}
	s, err := flags.submission(c, spec.Resources)
	if err != nil {
		return err
	}
	s.Agents = flags.agents
	order, err := a.order(c.Context(), dir, spec, s, s.Agents, flags.dryRun)
	if err != nil {
		return err
	}
	if flags.dryRun {
		return a.dryRun(dir, order)
	}
	folder, err := prepareFolder(dir, spec, plan)
	if err != nil {
		return err
	}
	return a.firstSubmission(c.Context(), folder, order, flags.accept)
}

// submission is what the flags ask for, over what base does.
func (f *submitFlags) submission(c *cobra.Command, base sweep.Values) (*submission, error) {
	binary, err := agent.BinaryDigest()
	if err != nil {
		return nil, err
	}
	n := f.hosting.nats
	return &submission{Controller: f.place, Resources: f.asked.over(c, base), Idle: f.idle.String(), Binary: binary, NATS: n.url, Creds: n.creds, SigningKey: n.signingKey,
		Listen: f.hosting.listen, Advertise: f.hosting.advertise, Still: f.hosting.still.String()}, nil
}

// change lays flags that were given over an earlier submission.
func (s *submission) change(c *cobra.Command, f *submitFlags) error {
	given, err := f.submission(c, s.Resources)
	if err != nil {
		return err
	}
	set := func(name string, to *string, value string) {
		if c.Flags().Changed(name) {
			*to = value
		}
	}
	set("controller", &s.Controller, given.Controller)
	set("idle-timeout", &s.Idle, given.Idle)
	set("nats", &s.NATS, given.NATS)
	set("creds", &s.Creds, given.Creds)
	set("nats-signing-key", &s.SigningKey, given.SigningKey)
	set("listen", &s.Listen, given.Listen)
	set("still", &s.Still, given.Still)
	if c.Flags().Changed("advertise") {
		s.Advertise = given.Advertise
	}
	s.Resources, s.Binary = given.Resources, given.Binary
	return nil
}

// dryRun prints the batch scripts that an order would submit.
func (a *app) dryRun(dir string, o *order) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	const mark = "neurosweep:ID:MARK" // made at submission
	var scripts []slurm.Script
	if o.s.Controller == controllerJob {
		scripts = append(scripts, o.s.controllerScript(dir, o.options, mark))
	}
	for _, array := range o.arrays {
		scripts = append(scripts, o.s.agentScript(dir, o.options, array, mark))
	}
	var texts []string
	for _, s := range scripts {
		text, err := s.Text()
		if err != nil {
			return refuse(err)
		}
		texts = append(texts, text)
	}
	if a.json {
		return a.printJSON(struct {
			Dir     string   `json:"dir"`
			Scripts []string `json:"scripts"`
		}{dir, texts})
	}
	for _, text := range texts {
		fmt.Fprint(a.stdout, text)
	}
	return nil
}

// inUse refuses a sweep that somebody runs already in another way.
func inUse(dir string) error {
	holder, live, err := controller.LiveHolder(dir)
	if err != nil || !live {
		return err
	}
	return refuse(&controller.HeldError{Dir: dir, Holder: holder})
}
