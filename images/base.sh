#!/bin/sh
# Make a local base image where no image registry answers: Debian bookworm with Python 3.11, by debootstrap.
#
#   images/base.sh [NAME]        default NAME: suite-base:bookworm
#
# Idempotent: does nothing when the image is there. Needs root (or sudo without a password), debootstrap and a
# Docker engine. MIRROR overrides the Debian mirror, CACHE keeps the downloaded packages for the next time.
# The packages are those of the official python:3.11-slim-bookworm image that our Dockerfiles count on, and what
# they would install on top of it, so that a build needs no Debian mirror.
set -eu

name=${1:-suite-base:bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}
cache=${CACHE:-$HOME/.cache/llm-conformance/debian}
label=llm-conformance.packages
packages=ca-certificates,python3,python3-venv,python3-dev,libnuma1,libtcmalloc-minimal4,g++

fail() { echo "base.sh: $*" >&2; exit 1; }

docker version >/dev/null 2>&1 || fail "no Docker engine answers"
# One that was made with other packages is made again.
made=$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$name" 2>/dev/null || true)
if [ "$made" = "$packages" ]; then exit 0; fi
command -v debootstrap >/dev/null 2>&1 || fail "debootstrap is missing: apt-get install debootstrap"

root=
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || fail "debootstrap needs root, or sudo without a password"
  root="sudo -n"
fi

directory=$(mktemp -d)
trap '$root rm -rf "$directory"' EXIT INT TERM
mkdir -p "$cache"
log="$directory.log"
if ! $root debootstrap --variant=minbase --cache-dir="$cache" --include="$packages" \
    bookworm "$directory/root" "$mirror" >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  fail "debootstrap failed (log: $log)"
fi
rm -f "$log"
# Nothing that differs from one making to the next, and no package lists.
$root rm -rf "$directory/root/var/cache/apt" "$directory/root/var/lib/apt/lists" "$directory/root/var/log"
$root mkdir -p "$directory/root/var/cache/apt/archives/partial" "$directory/root/var/lib/apt/lists/partial" \
  "$directory/root/var/log"
$root tar -C "$directory/root" -c . | docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'ENV LANG=C.UTF-8' --change "LABEL $label=$packages" - "$name" >/dev/null
echo "base.sh: made $name"
