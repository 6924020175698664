#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a fuzz target for a short while, on a copy of its seeds: run-fuzz.sh TARGET CORPUS DICTIONARY SECONDS
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/corpus"
cp "$2"/* "$folder/corpus/"
"$1" -max_total_time="${FUZZ_SECONDS:-$4}" -rss_limit_mb=512 -timeout=10 -dict="$3" \
  -artifact_prefix="${FUZZ_ARTIFACTS:-./}" "$folder/corpus"
