#!/bin/bash
#SBATCH --nodelist=n[1-2]
#SBATCH --time=UNLIMITED
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=2G
#SBATCH --gpus-per-task=1
#SBATCH --exclusive
#SBATCH --no-requeue
#SBATCH --signal=B:USR1@120
#SBATCH --open-mode=append
#SBATCH --chdir=/scratch/c
#SBATCH --output=/scratch/c/log

# The payload runs in the background: a shell handles signals while it waits, but not while a command runs.
payload=
early=
trap 'if [ -n "$payload" ]; then kill -s USR1 "$payload" 2>/dev/null; else early=1; fi' USR1
trap : TERM INT
srun '--cpus-per-task=2' '--kill-on-bad-exit=0' sweep run &
payload=$!
if [ -n "$early" ]; then kill -s USR1 "$payload" 2>/dev/null; fi
wait "$payload"
code=$?
if [ "$code" -gt 128 ]; then
	while kill -0 "$payload" 2>/dev/null; do sleep 0.2; done
fi
wait "$payload"
result=$?
if [ "$result" -ge 0 ] && [ "$result" -ne 127 ]; then code=$result; fi

# teardown
date
exit "$code"
