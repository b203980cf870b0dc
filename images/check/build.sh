#!/bin/sh
# Build the image that runs `suite check`, from this checkout.
#
#   images/check/build.sh [NAME] [BUILD OPTION...]        default NAME: llm-conformance/check
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
name=${1:-llm-conformance/check}
[ $# -eq 0 ] || shift
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT INT TERM
cp "$here/images/check/Dockerfile" "$here/requirements.lock" "$context/"
make -s -C "$here" wheel
cp "$here"/dist/*.whl "$context/"
docker build -t "$name" "$@" "$context"
