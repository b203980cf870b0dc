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
cp "$here/images/check/Dockerfile" "$context/"
make -s -C "$here" .venv/.run
python="$here/.venv/bin/python"
"$python" -m suite.base.uv build --quiet --wheel --out-dir "$context/wheels" "$here"
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --require-hashes \
  --wheel-dir "$context/wheels" -r "$here/requirements.lock"
docker build -t "$name" "$@" "$context"
