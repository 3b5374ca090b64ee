#!/bin/sh
# sh deploy/prometheus/install.sh: put Debian's Prometheus, with promtool, under .prometheus/, unless this machine has it.
# The package is unpacked and not installed, which would start a service on :9090; that also needs no root, but for
# `apt-get update` where apt has no lists yet. Where it cannot be had one line says so, and nothing fails: the tests that
# need it are skipped by name, and the demo runs without it.
set -eu

programs='prometheus promtool'
folder=.prometheus

there() {
    for program in $programs; do
        [ -x "$folder/usr/bin/$program" ] || command -v "$program" >/dev/null || return 1
    done
}

download() { (cd "$folder/package" && apt-get -qq download prometheus >/dev/null 2>&1); }

fetch() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
    rm -rf "$folder/package"
    mkdir -p "$folder/package"
    # Lists that are old name a version that is gone.
    download || { [ "$(id -u)" = 0 ] && apt-get -qq update >/dev/null 2>&1 && download; } || return 1
    dpkg -x "$folder"/package/prometheus_*.deb "$folder"
    rm -rf "$folder/package"
    there
}

there && exit 0
echo '安装 / installing: Prometheus → .prometheus'
fetch || echo 'Prometheus 未安装，需要它的测试将跳过 / no Prometheus: the tests that need it are skipped; install prometheus (Debian, Ubuntu) to run them'
