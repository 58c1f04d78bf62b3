#!/bin/sh
# Says of a job in one word, as the executor wants it: running, success or failed. Written for Slurm; for another
# scheduler put its command and its names of states here. What is not known for sure counts as running, so that a
# scheduler that does not answer for a while ends no run; a job that it has forgotten has failed.
state=$(squeue --noheader --states=all --jobs="$1" --format=%T 2>&1)
case $state in
COMPLETED) echo success ;;
BOOT_FAIL | CANCELLED | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | TIMEOUT) echo failed ;;
"" | *"Invalid job id"*) echo failed ;;
*) echo running ;;
esac
