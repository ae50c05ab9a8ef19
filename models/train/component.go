package train

import "neurosweep/sweep"

// ReferenceMachine is the value of train.machine that names Gorgonia's TapeMachine.
const ReferenceMachine = "reference"

// scanName is the value of train.machine that names the scan machine.
const scanName = "scan"

// maxLength bounds the steps of an update.
const maxLength = 100_000

func bound(v float64) *float64 { return &v }

// component declares the keys of a spec's train section.
//
// Revision 2: the default machine is scan, and the reference machine computes one time step at a time, with other bits.
var component = sweep.Component{
	Name:     "train",
	Revision: 2,
	Doc:      "Supervised training by the task's loss.",
	Params: []sweep.Param{
		{Name: "updates", Type: sweep.Int, Default: int64(1000), Min: bound(1), Unit: "updates", Doc: "Training steps of a trial.", NotKey: true},
		{Name: "batch", Type: sweep.Int, Default: int64(16), Min: bound(1), Max: bound(65536), Unit: "sequences", Doc: "Sequences of an update."},
		{Name: "length", Type: sweep.Int, Default: int64(100), Min: bound(1), Max: bound(maxLength), Unit: "steps", Doc: "Time steps of an update, of which each begins with the network's initial state. Not for a task whose task trials have their own length: there it is task.length."},
		{Name: "truncate", Type: sweep.Int, Default: int64(0), Min: bound(0), Max: bound(maxLength), Unit: "steps", Doc: "Gradients go back over windows of so many time steps, counted from the first; 0: over all."},

		{Name: "optimizer", Type: sweep.String, Default: adamName, Choices: optimizerNames(), Doc: "How weights follow from gradients."},
		{Name: "lr", Type: sweep.Float, Default: 1e-3, Above: bound(0), Doc: "Learning rate."},
		{Name: "beta1", Type: sweep.Float, Default: 0.9, Min: bound(0), Max: bound(1), Doc: "adam, adamw, adabelief: decay of the mean gradient, below 1."},
		{Name: "beta2", Type: sweep.Float, Default: 0.999, Min: bound(0), Max: bound(1), Doc: "adam, adamw, adabelief: decay of the mean square, below 1."},
		{Name: "alpha", Type: sweep.Float, Default: 0.99, Min: bound(0), Max: bound(1), Doc: "rmsprop: decay of the mean square, below 1."},
		{Name: "epsilon", Type: sweep.Float, Default: 1e-8, Above: bound(0), Doc: "all but sgd: added to the root of the mean square; adabelief also adds it to the mean square, and its authors take 1e-16 for recurrent networks."},
		{Name: "epsilon_form", Type: sweep.String, Default: uncorrectedName, Choices: []string{uncorrectedName, correctedName},
			Doc: "adam: whether epsilon is added to the root before its bias is corrected (uncorrected), or after, as PyTorch does (corrected)."},
		{Name: "momentum", Type: sweep.Float, Default: 0.0, Min: bound(0), Max: bound(1), Doc: "sgd, rmsprop: decay of the velocity, below 1."},
		{Name: "weight_decay", Type: sweep.Float, Default: 0.0, Min: bound(0), Doc: "adamw: part of a weight that is taken away, times the learning rate (PyTorch's default is 0.01). All others: times the weight, added to the gradient."},
		{Name: "clip", Type: sweep.Float, Default: 0.0, Min: bound(0), Doc: "Largest norm of the gradient, over all weights; a longer one is scaled down to it. 0: no limit."},
		{Name: "no_decay", Type: sweep.List, Default: []any{}, Doc: "Parameter groups without weight decay: patterns of names of the model's parameters, such as b_*; the first that matches counts."},
		{Name: "lr_factors", Type: sweep.List, Default: []any{}, Doc: "Parameter groups with another learning rate: pattern=factor, such as w_rec=0.1; the first that matches counts."},

		{Name: "schedule.kind", Type: sweep.String, Default: constantName, Choices: []string{constantName, cosineName, stepName}, Doc: "How the learning rate changes after the warm-up."},
		{Name: "schedule.warmup", Type: sweep.Int, Default: int64(0), Min: bound(0), Unit: "updates", Doc: "Over so many updates the learning rate rises linearly to lr."},
		{Name: "schedule.updates", Type: sweep.Int, Default: int64(0), Min: bound(0), Unit: "updates", Doc: "The schedule's horizon, where cosine ends; 0: train.updates. In the trial's key if there is a schedule."},
		{Name: "schedule.final", Type: sweep.Float, Default: 0.0, Min: bound(0), Max: bound(1), Doc: "cosine: what is left of the learning rate at the horizon, as a part of lr."},
		{Name: "schedule.every", Type: sweep.Int, Default: int64(1000), Min: bound(1), Unit: "updates", Doc: "step: updates between steps."},
		{Name: "schedule.factor", Type: sweep.Float, Default: 0.1, Above: bound(0), Doc: "step: what the learning rate is multiplied by."},

		{Name: "machine", Type: sweep.String, Default: scanName, Choices: []string{scanName, ReferenceMachine}, Doc: "What computes the network: scan, or Gorgonia's TapeMachine as a slow reference."},
		{Name: "threads", Type: sweep.Int, Default: sweep.Auto, Auto: true, Min: bound(1), Max: bound(maxThreads), Unit: "threads", Doc: "Threads of a trial. auto: sweep run measures whether more than one pays. The reference machine has one.", NotKey: true},
	},
}

// maxThreads is more than any processor has.
const maxThreads = 1024
