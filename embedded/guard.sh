#!/bin/sh
# guard.sh SIGNAL CMD... : runs CMD and sends it SIGNAL when standard input closes (the parent died) or on TERM/INT. Portable: no prctl.
signal=$1
shift
exec 3<&0
"$@" </dev/null 3<&- & child=$!
trap 'kill -$signal $child 2>/dev/null' TERM INT HUP
{ cat <&3 >/dev/null; kill -$signal $child 2>/dev/null; } & watcher=$!
exec 3<&-
wait $child
status=$?
while kill -0 $child 2>/dev/null; do
  wait $child
  status=$?
done
kill $watcher 2>/dev/null
exit $status
