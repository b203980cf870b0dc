#!/bin/sh
# Make a Docker engine answer on a Debian or Ubuntu machine, without systemd.
#
# Idempotent and quiet: prints nothing when an engine answers already, one line when it had to start one,
# and the reason on stderr (status 1) when it cannot. Needs root, or sudo without a password.
# The daemon it starts outlives the script; its log is $DOCKERD_LOG (default /tmp/dockerd.log).
set -eu

log=${DOCKERD_LOG:-/tmp/dockerd.log}
wait_s=${DOCKERD_WAIT_S:-60}

fail() { echo "docker.sh: $*" >&2; exit 1; }
answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

if command -v docker >/dev/null 2>&1 && answers; then exit 0; fi

root=
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || fail "not root and no sudo without a password: cannot start a Docker engine"
  root="sudo -n"
fi

missing=
command -v dockerd >/dev/null 2>&1 || missing="$missing docker.io"
command -v iptables >/dev/null 2>&1 || missing="$missing iptables"
command -v debootstrap >/dev/null 2>&1 || missing="$missing debootstrap"
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null 2>&1 || fail "missing:$missing, and this is no Debian machine: install a Docker engine by hand"
  aptlog=$(mktemp)
  # The lists may be absent or too old: update only when a first try fails.
  install() { $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$aptlog" 2>&1; }
  if ! install; then
    $root apt-get update >"$aptlog" 2>&1 || { tail -n 5 "$aptlog" >&2; fail "apt-get update failed"; }
    install || { tail -n 5 "$aptlog" >&2; fail "apt-get install$missing failed"; }
  fi
  rm -f "$aptlog"
fi

# Installing the package may have started the daemon; a dead one may have left its pid file behind.
if ! answers; then
  if ! pgrep -x dockerd >/dev/null 2>&1; then
    $root rm -f /var/run/docker.pid
    # setsid and nohup: the daemon must survive the shell (and the CI step) that started it.
    $root setsid nohup dockerd >"$log" 2>&1 </dev/null &
  fi
  n=0
  until answers; do
    n=$((n + 1))
    if [ "$n" -ge "$wait_s" ]; then
      tail -n 5 "$log" >&2 2>/dev/null || true
      fail "dockerd does not answer after ${wait_s} s (log: $log)"
    fi
    sleep 1
  done
  echo "docker.sh: engine started, log in $log"
fi
