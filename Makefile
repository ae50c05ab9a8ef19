# make build   bin/sweep
# make demo    the example sweep: 18 trials of 2,000 updates, half a minute on two cores (make demo-small: seconds)
# make bff     the 3-bit flip-flop: 10 trials of 500 updates, and whether the GRUs do what they are held to
# make test    everything that can be tested on this machine; at the end, what could not be
# make bench   trials a second beside the machine's raw JetStream rate; messages between ranks beside Open MPI, where it is installed; how soon agents begin; training steps beside PyTorch's, JAX's and the processor's peak
# make cluster a real SLURM cluster on this machine to try things on: prints the line to export; make cluster-stop ends it
# make goldens the golden curves of the tests, by PyTorch
# make soak    the same sweep killed at thirty random moments and left alone, compared; the same on a SLURM cluster under ten kinds of disturbance; the kernels' functions for all 2^32 arguments
# make clean   what the above made

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)

.PHONY: build demo demo-small c6 bff test bench cluster cluster-stop goldens soak clean

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/sweep ./cmd/sweep

demo: build
	bin/sweep run examples/delay_comparison.yaml

# A fifteenth of the demo, for a first look: 8 trials of 300 updates, where learning has just begun.
SMALL := train.updates=300 train.lr=1e-3,3e-3 model.hidden=32,64 seeds=2
demo-small: build
	@echo 'demo-small: 8 trials of 300 updates instead of 18 of 2,000. For the whole sweep: make demo'
	bin/sweep run examples/delay_comparison.yaml --dir runs/demo-small $(SMALL)

# The notebook's table beside ours: five seeds of one cell, the one that the notebook trained.
c6: build
	bin/sweep run examples/delay_comparison.yaml --dir runs/c6 train.lr=1e-3 model.hidden=64 seeds=5
	go run ./bench/c6 -hold runs/c6

# GRU and NODE on the 3-bit flip-flop as the CtD benchmark trains them, beside the Bayes filter: 10 trials of 500 updates.
bff: build
	bin/sweep run examples/three_bit_flip_flop.yaml --dir runs/bff train.lr=3e-3
	go run ./bench/bff -hold runs/bff

test:
	.ci/test.sh

# PyTorch and JAX, 5 GB on disk, for bench and goldens.
PEERS := .cache/peers
$(PEERS)/requirements.txt: bench/peers/requirements.txt
	rm -rf $(PEERS)
	python3 -m venv $(PEERS)
	$(PEERS)/bin/pip install -q --disable-pip-version-check -r $<
	cp $< $@

bench: build $(PEERS)/requirements.txt
	go run ./bench/dispatch -sweep bin/sweep
	go run ./bench/dispatch -commands -sweep bin/sweep -trials 3000 -hold 0.8
	go run ./bench/comm -optional
	go run ./bench/join -optional -hold -sweep bin/sweep
	go run ./bench/train -hold -sweep bin/sweep -python $(PEERS)/bin/python
	go test -run '^$$' -bench . ./models/...

# eval "$(make -s cluster)" tells the shell at once.
cluster:
	@go run ./slurm/slurmtest/playground start

cluster-stop:
	@go run ./slurm/slurmtest/playground stop

goldens: $(PEERS)/requirements.txt
	PYTHONDONTWRITEBYTECODE=1 $(PEERS)/bin/python bench/peers/goldens.py models/train/testdata/goldens

# SEED=n repeats a soak; KILLS=n changes the number of moments.
SEED ?= 0
KILLS ?= 30
soak: build
	go test -tags soak -run Exhaustively -v -timeout 2h ./models/kernel ./models/graph
	go run ./bench/soak -sweep bin/sweep -kills $(KILLS) -seed $(SEED)
	go run ./bench/soak -sweep bin/sweep -kills $(KILLS) -seed $(SEED) -spec examples/numpy_rnn/sweep.yaml updates=1500 retries=100
	go run ./bench/cluster -sweep bin/sweep -seed $(SEED)
	go run ./bench/cluster -sweep bin/sweep -seed $(SEED) -together

clean:
	rm -rf bin .venv .cache
	@echo 'clean: the sweeps under runs/ are left alone'
