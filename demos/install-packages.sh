#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs those packages that the lists name and the system does not have: install-packages.sh LIST...
set -eu

is_installed ()
{
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

command -v dpkg-query >/dev/null || {
  echo "This is no Debian: see to it that there is what these list: $*" >&2
  exit 0
}

missing=
# shellcheck disable=SC2013 # words are meant
for package in $(sed 's/#.*//' "$@")
do
  is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]
then
  as_root=
elif command -v sudo >/dev/null
then
  as_root=sudo
else
  echo "Please install as root:$missing" >&2
  exit 1
fi

echo "Installing$missing"
# shellcheck disable=SC2086 # lists of words
{
  $as_root apt-get -qq update
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $missing
} >/dev/null
