#!/bin/bash
#SBATCH --cpus-per-task=4
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --open-mode=append
#SBATCH --chdir=/scratch/d
#SBATCH --output=/scratch/d/log

# The payload runs in the background: a shell handles signals while it waits, but not while a command runs.
payload=
early=
trap 'if [ -n "$payload" ]; then kill -s USR1 "$payload" 2>/dev/null; else early=1; fi' USR1
trap : TERM INT
srun '--cpus-per-task=4' sweep agent &
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
