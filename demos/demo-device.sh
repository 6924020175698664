#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A harmless device on a terminal: answers a few words, and echoes everything else. demo-device.sh TERMINAL
set -eu

exec 3>&1 0<>"$1" 1>&0 2>&0
# Keys are shown and lines can be edited, as at a login; none of them ends anything.
stty sane intr undef quit undef susp undef eof undef
echo ready >&3
exec 3>&-

greet ()
{
  echo "Hello! This is a demo of Charflow; 'help' says what it understands."
}

greet
while printf '> ' && IFS= read -r line
do
  case $line in
    '') greet ;;
    date) date ;;
    uptime) uptime ;;
    help) echo "date, uptime, help; all else comes back." ;;
    *) printf 'You said: %s\n' "$line" ;;
  esac
done
