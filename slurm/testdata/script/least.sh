#!/bin/bash
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --open-mode=append
#SBATCH --chdir=/scratch/sweeps/a
#SBATCH --output=/scratch/sweeps/a/logs/agent-%A_%a.log

# The payload runs in the background: a shell handles signals while it waits, but not while a command runs.
payload=
early=
trap 'if [ -n "$payload" ]; then kill -s USR1 "$payload" 2>/dev/null; else early=1; fi' USR1
trap : TERM INT
/scratch/sweeps/a/bin/sweep agent &
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
exit "$code"
