package main

// A workload is a training step that is timed, with the programs that do the same.
type workload struct {
	name    string
	spec    []string // the arguments of sweep bench: a file, and what is set in it
	threads int
	updates int // of ours in a slice
	peers   []peer

	// Goals; 0: none.
	fraction float64 // least fraction of the peak
	best     ratio   // to the fastest peer
	memory   float64 // most megabytes of the process
	planned  float64 // most relative difference between planned and measured memory
}

// A peer is another program for a workload.
type peer struct {
	name    string
	program []string // of bench/peers, with its arguments
	steps   int      // in a slice
	goal    ratio
}

// A ratio is a goal in terms of another program's speed: the least ratio, and what it would be at the peak of the machine on which the goal was set (AVX-512 at 153
// GFLOP/s a core), where the other program was slower beside that peak.
type ratio struct{ least, limit float64 }

// share is the part of the limit that the goal is.
func (r ratio) share() float64 {
	if r.limit == 0 {
		return 0
	}
	return r.least / r.limit
}

const (
	delayComparison = "examples/delay_comparison.yaml"
	flipFlop        = "examples/three_bit_flip_flop.yaml" // its first trial is a GRU
	nodeModel       = "model={name: node, latent: 3, hidden: 64}"
)

// workloads are what training is held to. Each slice of a program takes about a second.
var workloads = []workload{
	{
		name: "DelayComparison RNN, B16 H64 T100", spec: []string{delayComparison, "model.hidden=64", "train.batch=16", "train.length=100"}, threads: 1, updates: 1000,
		peers: []peer{
			{"PyTorch loop", []string{"delay_comparison.py", "--peer=torch-eager", "--warmup=5"}, 60, ratio{45, 102}},
			{"PyTorch loop, hoisted", []string{"delay_comparison.py", "--peer=torch-hoisted", "--warmup=5"}, 100, ratio{}},
			{"PyTorch nn.RNN", []string{"delay_comparison.py", "--peer=torch-nn.RNN", "--warmup=5"}, 100, ratio{}},
			{"JAX jit", []string{"delay_comparison.py", "--peer=jax-jit", "--warmup=5"}, 400, ratio{7, 12.1}},
		},
	},
	{name: "GRU-128 3BFF, B32 T500", spec: []string{flipFlop, "train.batch=32"}, threads: 1, updates: 20, fraction: 0.6},
	{name: "GRU-128 3BFF, B64 T500, 2 threads", spec: []string{flipFlop, "train.batch=64"}, threads: 2, updates: 20, fraction: 0.6},
	{
		name: "GRU-128 3BFF, B64 T500", spec: []string{flipFlop, "train.batch=64"}, threads: 1, updates: 10, best: ratio{5, 8},
		peers: []peer{
			{"PyTorch nn.GRU", []string{"gru.py", "--batch=64", "--peer=torch-nn.GRU"}, 3, ratio{}},
			{"PyTorch nn.GRU, heap kept", []string{"gru.py", "--batch=64", "--peer=torch-nn.GRU", "--keep-heap"}, 3, ratio{}},
			{"PyTorch GRUCell loop", []string{"gru.py", "--batch=64", "--peer=torch-GRUCell"}, 3, ratio{}},
			{"PyTorch GRUCell loop, heap kept", []string{"gru.py", "--batch=64", "--peer=torch-GRUCell", "--keep-heap"}, 3, ratio{}},
			{"JAX jit", []string{"gru.py", "--batch=64", "--peer=jax-jit"}, 3, ratio{}},
		},
	},
	{
		name: "GRU-128 3BFF, B800 T500, 2 threads", spec: []string{flipFlop}, threads: 2, updates: 2, memory: 150, planned: 0.05,
		peers: []peer{
			{"PyTorch nn.GRU, heap kept", []string{"gru.py", "--peer=torch-nn.GRU", "--keep-heap", "--warmup=1"}, 1, ratio{}},
			{"PyTorch GRUCell loop", []string{"gru.py", "--peer=torch-GRUCell", "--warmup=1"}, 1, ratio{4, 6.7}},
			{"PyTorch GRUCell loop, heap kept", []string{"gru.py", "--peer=torch-GRUCell", "--keep-heap", "--warmup=1"}, 1, ratio{3, 4.8}},
			{"JAX jit", []string{"gru.py", "--peer=jax-jit", "--warmup=1"}, 1, ratio{7, 15.1}},
		},
	},
	{
		name: "NODE 3-64×3 3BFF, B800 T500", spec: []string{flipFlop, nodeModel}, threads: 1, updates: 6, best: ratio{4.5, 8.8},
		peers: []peer{
			{"PyTorch loop", []string{"node.py", "--peer=torch-loop", "--warmup=1"}, 2, ratio{}},
			{"PyTorch loop, heap kept", []string{"node.py", "--peer=torch-loop", "--keep-heap", "--warmup=1"}, 2, ratio{}},
			{"JAX jit", []string{"node.py", "--peer=jax-jit", "--warmup=1"}, 2, ratio{}},
		},
	},
}
