#!/bin/sh
# guard.sh SIGNAL GRACE CMD... : runs CMD and sends it SIGNAL when standard input closes (the parent died) or on TERM/INT. What has not ended GRACE seconds later,
# because it hangs or is stopped, is killed with its children. Portable: no prctl.
signal=$1
grace=$2
shift 2
exec 3<&0
"$@" </dev/null 3<&- & child=$!
end() {
  # $! is known as soon as there is a sleeper, a variable of ours a moment later. Before that it is the child or the watcher, which end as well.
  trap 'kill $! 2>/dev/null; exit' TERM
  kill -"$signal" "$child" 2>/dev/null
  sleep "$grace" &
  wait $!
  below=$(ps -A -o pid= -o ppid= | while read -r pid parent; do [ "$parent" = "$child" ] && echo "$pid"; done)
  kill -KILL "$child" $below 2>/dev/null
}
ender=
trap '[ -n "$ender" ] || { end 3<&- & ender=$!; }' TERM INT HUP
{ while read -r _ <&3; do :; done; end; } & watcher=$!
exec 3<&-
wait $child
status=$?
while kill -0 $child 2>/dev/null; do
  wait $child
  status=$?
done
kill $watcher $ender 2>/dev/null
exit $status
