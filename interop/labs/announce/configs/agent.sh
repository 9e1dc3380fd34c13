# A node agent in a few lines: keeps what the node announces equal to a file. usage: agent.sh FILE; SIGHUP reads the file again.
#
# It says its whole set (a minimal diff at the daemon's end, so repeating it costs nothing), then holds a watch: when the
# daemon goes the watch ends, and the set is said again as soon as the daemon is back.
echo $$ >/run/agent.pid
watch=
trap '[ -z "$watch" ] || kill "$watch" 2>/dev/null' HUP
while :; do
  until podbgp replace -f "$1" --owner cni; do sleep 0.2; done
  podbgp watch peers >/dev/null &
  watch=$!
  wait "$watch"
  watch=
done
