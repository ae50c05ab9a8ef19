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
trap 'signalled=1; if [ -n "$payload" ]; then kill -s USR1 "$payload" 2>/dev/null; else early=1; fi' USR1
trap 'signalled=1' TERM INT
srun '--cpus-per-task=4' sweep agent &
payload=$!
if [ -n "$early" ]; then kill -s USR1 "$payload" 2>/dev/null; fi
again=
while :; do
	signalled=
	wait "$payload"
	result=$?
	if [ -z "$again" ] || [ "$result" -ne 127 ]; then code=$result; fi
	[ -n "$signalled" ] || break
	again=1
done
exit "$code"
