#!/bin/sh
# The test suite in two processes side by side: what needs brokers, shown as it goes, and what needs none, shown when both are done.
# Usage: sh deploy/test.sh PYTHON MARKS [pytest arguments]
set -u
python=$1 marks=$2
shift 2
mkdir -p .run
report=.run/test-without-brokers.log

"$python" -m pytest -m "$marks and not kafka" -p no:cacheprovider "$@" > "$report" 2>&1 &
beside=$!
trap 'kill "$beside" 2> /dev/null' INT TERM
echo "tests without brokers run beside; their report follows those with brokers, and is in $report"
"$python" -m pytest -m "$marks and kafka" "$@"
with=$?
wait "$beside"
without=$?
cat "$report"
# 5: nothing was asked for that is on this side.
for status in "$with" "$without"; do
	[ "$status" -eq 0 ] || [ "$status" -eq 5 ] || exit "$status"
done
[ "$with" -eq 0 ] || [ "$without" -eq 0 ]
