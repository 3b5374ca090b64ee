#!/bin/sh
# sh deploy/prerequisites.sh [PYTHON]: make sure of Python 3.11 with venv, Java 17 and Maven.
# Says nothing and takes 0.2 s when all are there. What is missing is installed by apt-get if this is root on Debian or
# Ubuntu; else one line says what to install, exit status 1.
set -eu

python=${1:-python3}
java_least=17

has_python() { "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
has_java() {
    java=java
    [ -z "${JAVA_HOME:-}" ] || [ ! -x "$JAVA_HOME/bin/java" ] || java=$JAVA_HOME/bin/java
    # openjdk version "17.0.15" 2025-04-15
    release=$("$java" -version 2>&1 | sed -n 's/^[^"]*version "\([0-9]*\).*/\1/p') || return 1
    [ "${release:-0}" -ge "$java_least" ]
}
has_maven() { command -v mvn >/dev/null; }

# What apt calls this Python: only those that Debian and Ubuntu ship.
python_package() {
    case $python in
        python3 | python3.[0-9]*) echo "$python" ;;
        *) return 1 ;;
    esac
}

# The oldest Java that serves and that this release has: 17 on Debian 12, 21 on Debian 13.
java_package() {
    for package in openjdk-17-jre-headless openjdk-21-jre-headless openjdk-25-jre-headless; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            echo "$package"
            return
        fi
    done
    echo default-jre-headless
}

# Sets `packages` (for apt) and `names` (for people) to what is missing.
look() {
    packages='' names=''
    if ! command -v "$python" >/dev/null; then
        names="$names Python>=3.11,"
        package=$(python_package) && packages="$packages $package $package-venv"
    elif ! has_python; then
        names="$names Python>=3.11 (make PYTHON=python3.11),"
    elif ! has_venv; then
        names="$names venv,"
        package=$(python_package) && packages="$packages $package-venv"
    fi
    has_java || { names="$names Java>=$java_least,"; packages="$packages $(java_package)"; }
    has_maven || { names="$names Maven,"; packages="$packages maven"; }
    names=${names%,}
}

refuse() {
    echo "缺少 / missing:$names${packages:+. 请以 root 安装 / install as root: apt-get install --no-install-recommends$packages}" >&2
    exit 1
}

look
[ -n "$names" ] || exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -n "$packages" ] || refuse
echo "安装 / installing:$names"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
look
# shellcheck disable=SC2086 -- a list of words
apt-get -qq -o Dpkg::Use-Pty=0 install --no-install-recommends -y $packages >/dev/null </dev/null
look
[ -z "$names" ] || refuse
