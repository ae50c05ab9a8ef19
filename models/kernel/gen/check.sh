#!/bin/sh
# Generates the assembly anew and compares it with the files of package kernel. Exit 0: they are the same.
set -eu
cd "$(dirname "$0")"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
./generate.sh "$fresh"
status=0
for file in "$fresh"/*; do
	if ! cmp "$file" "../$(basename "$file")"; then
		echo "$(basename "$file") is not what gen/generate.sh writes: run go generate ./models/kernel" >&2
		status=1
	fi
done
exit $status
