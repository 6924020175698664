#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is missing, builds Charflow and serves a demo console to this machine.
# With --check it then connects to itself, and ends. With --listen=URI it is served elsewhere.
set -eu

usage="Usage: demos/quickstart.sh [--check | --listen=URI]"
check=no
listen=spice://127.0.0.1:5930
case ${1-} in
  '') ;;
  --check) check=yes ;;
  --listen=*) listen=${1#--listen=} ;;
  --help) echo "$usage"; exit 0 ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
[ $# -le 1 ] || { echo "$usage" >&2; exit 2; }

cd "$(dirname "$0")/.."
root=$PWD
build=$root/_build
charflow=$build/demos/charflow/charflow
port=org.qemu.console.serial.0

work=$(mktemp -d)
server_pid=
device_pid=

clean_up ()
{
  trap '' EXIT INT TERM HUP
  for pid in $device_pid $server_pid
  do
    kill "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
  rm -rf "$work"
}
trap clean_up EXIT
# Until the console is there, an interruption means that it did not work.
interrupted=1
trap 'exit $interrupted' INT TERM HUP

fail ()
{
  echo "quickstart: $1" >&2
  [ ! -s "$work/log" ] || tail -n 20 "$work/log" >&2
  exit 1
}

# Debian's own meson, whatever else is first on PATH.
meson=meson
[ ! -x /usr/bin/meson ] || meson=/usr/bin/meson

"$root/demos/install-packages.sh" "$root/demos/packages-build.txt" || fail "packages are missing"

echo "Building in $build"
if [ ! -e "$build/build.ninja" ]
then
  "$meson" setup "$build" "$root" -Dtests=false >"$work/log" 2>&1 || fail "the set-up failed"
fi
"$meson" compile -C "$build" >"$work/log" 2>&1 || fail "the build failed"
: >"$work/log"

# Port 0 is a free one.
[ $check = no ] || listen=spice://127.0.0.1:0

# A password of its own is made and printed by the server; one of the environment would be kept secret.
unset CHARFLOW_PASSWORD
mkfifo "$work/server" "$work/device"
"$charflow" serve "--listen=$listen" --chardev=pty,id=console \
  "--channel=port,name=$port,chardev=console" >"$work/server" 2>"$work/log" &
server_pid=$!
# Open from now on, so that the server never writes to nobody.
exec 3<"$work/server"

uri=
terminal=
password=
while [ -z "$password" ]
do
  read -r word rest <&3 || fail "the server did not start"
  case $word in
    listening) uri=${rest#on } ;;
    pty) terminal=${rest#console } ;;
    password) password=$rest ;;
  esac
done

setsid "$root/demos/demo-device.sh" "$terminal" >"$work/device" 2>>"$work/log" &
device_pid=$!
read -r _ <"$work/device" || fail "the demo device did not start"

CHARFLOW_PASSWORD=$password
export CHARFLOW_PASSWORD

if [ $check = yes ]
then
  printf 'hello from %s\n' "$$" |
    "$charflow" connect "$uri" "--port=$port" >"$work/answer" 2>>"$work/log" || fail "charflow connect failed"
  grep -q "You said: hello from $$" "$work/answer" || fail "the demo device did not answer: $(cat "$work/answer")"
  "$charflow" list "$uri" >"$work/list" 2>>"$work/log" || fail "charflow list failed"
  grep -q "^port .*$port  *open\$" "$work/list" || fail "charflow list does not show the port: $(cat "$work/list")"
  echo "quickstart: works"
  exit 0
fi

cat <<EOF
A demo console is served to this machine. Connect from another terminal:

  CHARFLOW_PASSWORD=$password $charflow connect $uri --port=$port

or with a viewer (menu View, password $password):

  remote-viewer $uri

Ctrl-C here ends it.
EOF

interrupted=0
tail -f "$work/log" >&2 --pid="$server_pid" &
wait "$server_pid" || fail "the server ended"
