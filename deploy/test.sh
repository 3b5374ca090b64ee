#!/bin/sh
# The test suite in three processes side by side: what shares brokers, shown as it goes; what has clusters of its own, and what needs none,
# shown when all are done.
# Usage: sh deploy/test.sh PYTHON MARKS [pytest arguments]
set -u
python=$1 marks=$2
shift 2
mkdir -p .run

"$python" -m pytest -m "$marks and not kafka" -p no:cacheprovider "$@" > .run/test-without-brokers.log 2>&1 &
without=$!
"$python" -m pytest -m "$marks and kafka and world" -p no:cacheprovider "$@" > .run/test-worlds.log 2>&1 &
worlds=$!
trap 'kill "$without" "$worlds" 2> /dev/null' INT TERM
echo "two other processes run beside; their reports follow those with shared brokers, and are in .run/test-*.log"
"$python" -m pytest -m "$marks and kafka and not world" "$@"
shared=$?
wait "$worlds"
worlds=$?
wait "$without"
without=$?
cat .run/test-worlds.log .run/test-without-brokers.log
# 5: nothing was asked for that is on this side.
for status in "$shared" "$worlds" "$without"; do
	[ "$status" -eq 0 ] || [ "$status" -eq 5 ] || exit "$status"
done
[ "$shared" -eq 0 ] || [ "$worlds" -eq 0 ] || [ "$without" -eq 0 ]
