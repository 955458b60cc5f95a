#!/bin/sh
# What building and running on one machine needs beside the Rust toolchain. On Debian as root it is installed; elsewhere it is named in one line.
missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
# to run, as `mxtr doctor` looks for it too
need java openjdk-17-jre-headless
need mvn maven
need tar tar
need xz xz-utils
need unzip unzip
need ps procps
# to build
need pkg-config pkg-config
need cc build-essential
pkg-config --exists openssl 2>/dev/null || missing="$missing libssl-dev"
pkg-config --exists zlib 2>/dev/null || missing="$missing zlib1g-dev"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing:$missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "please install (Debian's names):$missing" >&2
echo "macOS: brew install openjdk@17 maven pkg-config openssl xz unzip" >&2
exit 1
