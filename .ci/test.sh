#!/bin/sh
# Everything that can be tested on this machine (make test). It installs what the tests need where it may: a C compiler for the
# race detector, python3-venv and SLURM (Debian, as root), and Python packages into .venv. What could not run is listed by name at the
# end; with CI=true that list may hold only what needs a GPU or an instruction set that this processor lacks.
#
# A step that fails does not keep the others from running. Exit 0: every step passed.
set -u
cd "$(dirname "$0")/.." || exit 1

STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2
RACE='./agent/... ./command/... ./broker/... ./sweep/controller/... ./results/...'

scratch=$(mktemp -d "${TMPDIR:-/tmp}/sweep-test.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
: >"$scratch/failed"
: >"$scratch/missing"
begin=$(date +%s)

# step NAME COMMAND…: runs a command, says how long it took, and notes a failure.
step() {
	name=$1
	shift
	echo "=== $name"
	start=$(date +%s)
	if "$@"; then
		echo "--- ok: $name ($(($(date +%s) - start)) s)"
	else
		echo "--- FAILED: $name ($(($(date +%s) - start)) s)"
		echo "$name" >>"$scratch/failed"
	fi
}

# missing WHAT: WHY. A test that could not run here.
missing() { echo "$*" >>"$scratch/missing"; }

# install PACKAGE…: with apt, where that is possible without asking anybody.
install() {
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
	echo "installing $*"
	{ apt-get install -y -q "$@" || { apt-get update -q && apt-get install -y -q "$@"; }; } >"$scratch/apt.log" 2>&1
}

# python_environment makes .venv from python/requirements.txt, and keeps it until that file changes.
python_environment() {
	stamp=.venv/requirements.txt
	if cmp -s python/requirements.txt "$stamp" && .venv/bin/python -c 'import duckdb, pandas, polars, nbclient' 2>/dev/null; then
		return 0
	fi
	python3 -c 'import ensurepip, venv' 2>/dev/null || install python3 python3-venv || return 1
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || return 1
	rm -rf .venv
	python3 -m venv .venv && .venv/bin/pip install -q --disable-pip-version-check -r python/requirements.txt && cp python/requirements.txt "$stamp"
}

check_gofmt() {
	unformatted=$(gofmt -l .)
	[ -z "$unformatted" ] && return 0
	echo "gofmt -w these: $unformatted"
	return 1
}

# tagged TAG: the tests that a build tag holds back.
tagged() {
	grep -rl --include='*_test.go' "^//go:build.*$1" . | while read -r file; do
		sed -n "s|^func \(Test[A-Za-z0-9_]*\)(.*|$(dirname "$file") \1|p" "$file"
	done
}

# race_tests and plain_tests share the packages between them; results is in both, for its tests of damaged files are not for the race detector.
# shellcheck disable=SC2086
race_tests() { CGO_ENABLED=1 go test -race -tags "$tags" $RACE; }

# shellcheck disable=SC2086
plain_tests() {
	go list $RACE >"$scratch/race"
	go list ./... | grep -vxFf "$scratch/race" >"$scratch/plain"
	go test -tags "$tags" ./results $(cat "$scratch/plain")
}

# slurm_installed tells whether a cluster can be started on this machine (slurm/slurmtest), and installs what it needs where that is allowed.
slurm_installed() {
	PATH=$PATH:/usr/sbin:/sbin
	command -v slurmctld && command -v slurmd && command -v sbatch && command -v munged && return 0
	install --no-install-recommends slurmctld slurmd slurm-client munge && command -v slurmctld
}

# own_hosts COMMAND…: runs a command where this machine's hostname is 127.0.0.1, as SLURM's daemons on loopback want it: with an /etc/hosts of its own if
# the machine's says something else, which only root may do.
own_hosts() {
	host=$(hostname)
	[ "$(getent ahostsv4 "$host" | awk 'NR == 1 { print $1 }')" = 127.0.0.1 ] && { "$@"; return; }
	{ echo "127.0.0.1 $host"; cat /etc/hosts; } >"$scratch/hosts"
	unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$scratch/hosts" "$@"
}

# shellcheck disable=SC2046
slurm_tests() { own_hosts go test -tags "slurm${NEUROSWEEP_PYTHON:+,python}" -run "$(tagged slurm | awk '{ printf "%s%s", sep, $2; sep = "|" } END { print "" }' | sed 's/.*/^(&)$/')" $(tagged slurm | awk '{ print $1 }' | sort -u); }

small_demo() {
	bin/sweep run examples/delay_comparison.yaml --dir "$scratch/demo" \
		train.updates=300 train.lr=1e-3,3e-3 model.hidden=32,64 seeds=2 && bin/sweep verify "$scratch/demo"
}

notebook() { NEUROSWEEP_DIR="$scratch/demo" .venv/bin/python python/run_notebook.py notebooks/delay_comparison.ipynb; }

# A NumPy script that goes on from its own checkpoints, killed and compared.
soak_program() {
	PATH="$PWD/.venv/bin:$PATH" go run ./bench/soak -sweep bin/sweep -kills 4 -seed 1 -pause 1s -spec examples/numpy_rnn/sweep.yaml updates=1000 retries=100
}

queries() { .venv/bin/python python/run_queries.py docs/results.md "$scratch/demo"; }

# ---- what the tests need

python_environment >"$scratch/python.log" 2>&1 &
python_pid=$!

race=yes
if ! command -v "$(go env CC)" >/dev/null && ! install gcc libc6-dev; then
	race=no
	missing "go test -race $RACE: it needs a C compiler, and none could be installed (they were tested without it)"
fi

for isa in avx2 avx512f; do
	if [ -r /proc/cpuinfo ] && ! grep -qw "$isa" /proc/cpuinfo; then
		missing "the kernels of $isa, in every test of bits over instruction sets: it needs the instruction set $isa, which this processor lacks"
	fi
done

# ---- the code as text

step gofmt check_gofmt
step build make -s build
step vet go vet -tags python,tmpfs,netns,slurm ./...
step staticcheck go run "$STATICCHECK" -tags python,tmpfs,netns,slurm ./...
step 'assembly is what the generators write' models/kernel/gen/check.sh

# ---- tests

tags=
if wait "$python_pid"; then
	tags=python
	NEUROSWEEP_PYTHON=$PWD/.venv/bin/python
	export NEUROSWEEP_PYTHON
else
	cat "$scratch/python.log"
	for t in $(tagged python | tr ' ' '.'); do
		missing "$t: it needs Python 3.11 with the packages of python/requirements.txt, which could not be installed"
	done
fi
mkdir "$scratch/tmpfs"
if mount -t tmpfs -o size=1m tmpfs "$scratch/tmpfs" 2>/dev/null; then
	umount "$scratch/tmpfs"
	tags="$tags,tmpfs"
else
	for t in $(tagged tmpfs | tr ' ' '.'); do
		missing "$t: it needs the right to mount a small tmpfs"
	done
fi
probe=sweep$$
if { command -v ip >/dev/null || install iproute2; } && ip netns add "$probe" 2>/dev/null && ip link add probe7 netns "$probe" type veth peer name probe8 netns "$probe" 2>/dev/null; then
	tags="$tags,netns"
else
	for t in $(tagged netns | tr ' ' '.'); do
		missing "$t: it needs iproute2 and the right to make network namespaces"
	done
fi
ip netns delete "$probe" 2>/dev/null
slurm=no
if slurm_installed >"$scratch/slurm.log" 2>&1 && own_hosts true; then
	slurm=yes
else
	cat "$scratch/slurm.log"
	for t in $(tagged slurm | tr ' ' '.'); do
		missing "$t: it needs slurmctld, slurmd, slurm-client and munge, which could not be installed, or the right to let the hostname be 127.0.0.1"
	done
fi
if [ "$race" = yes ]; then
	step 'go test -race' race_tests
else
	RACE=./none/...
fi
step 'go test' plain_tests
if [ "$slurm" = yes ]; then
	step 'go test on a SLURM cluster' slurm_tests
fi

# ---- the real binary

step 'small demo' small_demo
step 'table of the notebook' go run ./bench/c6 "$scratch/demo"
if [ -n "${NEUROSWEEP_PYTHON:-}" ]; then
	step notebook notebook
	step 'queries of docs/results.md' queries
	step 'short soak of an external program' soak_program
else
	missing "notebooks/delay_comparison.ipynb, the soak of examples/numpy_rnn and the queries of docs/results.md: it needs Python 3.11 with the packages of python/requirements.txt, which could not be installed"
fi
step 'short soak' go run ./bench/soak -sweep bin/sweep -kills 4 -seed 1
step 'short dispatch benchmark' go run ./bench/dispatch -sweep bin/sweep -trials 500 -hold 0
step 'short benchmark of external programs' go run ./bench/dispatch -commands -sweep bin/sweep -trials 300 -metrics 20000 -repeats 1 -hold 0
step 'short benchmark of ranks' go run ./bench/comm -ranks 2,4 -rounds 1 -optional
step 'short benchmark of agents that join' go run ./bench/join -agents 8 -repeats 1 -optional
step 'short training benchmark' go run ./bench/train -sweep bin/sweep -rounds 1 -only '^(GRU-128 3BFF, B32|GEMM 16|exp)'

# ---- the result

echo "=== $(($(date +%s) - begin)) s in all"
status=0
if [ -s "$scratch/missing" ]; then
	echo 'could not run here:'
	sed 's/^/  /' "$scratch/missing"
	if [ "${CI:-}" = true ] && grep -qvE 'needs a GPU|needs the instruction set' "$scratch/missing"; then
		echo 'CI=true: only what needs a GPU or an instruction set may be missing'
		status=1
	fi
else
	echo 'nothing was left out'
fi
if [ -s "$scratch/failed" ]; then
	echo 'FAILED:'
	sed 's/^/  /' "$scratch/failed"
	status=1
fi
exit $status
