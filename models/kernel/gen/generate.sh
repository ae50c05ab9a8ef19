#!/bin/sh
# Writes the assembly of package kernel into the folder above, or into the folder that is named (the test that compares the two).
# go generate ./models/kernel runs it.
set -eu
cd "$(dirname "$0")"
out=$(cd "${1:-..}" && pwd)
programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
go build -o "$programs" ./...
cd "$out"
for isa in avx512 avx2; do
	"$programs/gemm" -isa $isa -out gemm_${isa}_amd64.s -stubs gemm_${isa}_amd64.go -pkg kernel
	"$programs/element" -isa $isa -out element_${isa}_amd64.s -stubs element_${isa}_amd64.go -pkg kernel
done
