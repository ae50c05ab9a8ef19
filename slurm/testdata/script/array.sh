#!/bin/bash
#SBATCH --job-name=delay
#SBATCH --partition=gpu,gpu-long
#SBATCH --account=lab
#SBATCH --qos=low
#SBATCH --reservation=course
#SBATCH --constraint=a100&ib
#SBATCH --exclude=gpu[03,07-09]
#SBATCH --dependency=afterok:12:13,singleton
#SBATCH --mail-user=me@lab.org
#SBATCH --mail-type=FAIL,TIME_LIMIT_80
#SBATCH --time=04:00:00
#SBATCH --time-min=00:30:00
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --gres=gpu:a100:1
#SBATCH --array=0-7%3
#SBATCH --requeue
#SBATCH --signal=B:USR1@300
#SBATCH --open-mode=append
#SBATCH --chdir=/scratch/sweeps/b
#SBATCH --output=/scratch/sweeps/b/logs/agent-%A_%a.log
#SBATCH --licenses=matlab:1
#SBATCH --hint=nomultithread
#SBATCH --contiguous

# setup
module load cuda/12
export OMP_NUM_THREADS="$SLURM_CPUS_PER_TASK"

# The payload runs in the background: a shell handles signals while it waits, but not while a command runs.
payload=
early=
trap 'if [ -n "$payload" ]; then kill -s USR1 "$payload" 2>/dev/null; else early=1; fi' USR1
trap : TERM INT
/scratch/sweeps/b/bin/sweep agent --dir /scratch/sweeps/b &
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
