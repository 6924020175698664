#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds and runs all tests: plain, with sanitizers, under valgrind, and the fuzz targets. The last line counts them.
# With --quick only the first of these.
set -eu

usage="Usage: tests/run.sh [--quick]"
quick=no
case ${1-} in
  '') ;;
  --quick) quick=yes ;;
  --help) echo "$usage"; exit 0 ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
[ $# -le 1 ] || { echo "$usage" >&2; exit 2; }

cd "$(dirname "$0")/.."
root=$PWD

# Debian's own tools, whatever else is first on PATH: only that python3 has GObject.
meson=meson
python=python3
[ ! -x /usr/bin/meson ] || meson=/usr/bin/meson
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3

log=$root/_build-tests.log
: >"$log"
n_passed=0
n_failed=0

count_failure ()
{
  n_failed=$((n_failed + 1))
  echo "  failed: $1; see $log"
}

finish ()
{
  echo "$n_passed passed, $n_failed failed"
  [ "$n_failed" -eq 0 ] && [ "$n_passed" -gt 0 ]
  exit
}

# build FOLDER OPTION...: configures, with these options also where it is configured already, and builds
build ()
{
  folder=$1
  shift

  if [ -e "$folder/build.ninja" ]
  then
    "$meson" configure "$folder" "$@" >>"$log" 2>&1 || return 1
  else
    "$meson" setup "$folder" "$root" "$@" >>"$log" 2>&1 || return 1
  fi
  "$meson" compile -C "$folder" >>"$log" 2>&1
}

# run_tests TITLE FOLDER LOG OPTION...: runs tests, whose log meson gives that name, and adds them to the sum
run_tests ()
{
  title=$1
  folder=$2
  testlog=$2/meson-logs/$3.json
  shift 3

  rm -f "$testlog"
  # Its status is left aside: the log says which failed, and that some ran at all.
  "$meson" test -C "$folder" --no-rebuild --print-errorlogs "$@" >>"$log" 2>&1 || :
  if [ ! -s "$testlog" ]
  then
    count_failure "$title ran no test"
    return
  fi

  sum=$("$python" "$root/tests/tools/sum-tests.py" "$testlog")
  counts=$(echo "$sum" | head -n 1)
  n_passed=$((n_passed + ${counts% *}))
  n_failed=$((n_failed + ${counts#* }))
  echo "$title: ${counts% *} passed, ${counts#* } failed"
  echo "$sum" | tail -n +2 | sed 's/^/  /'
}

"$root/demos/install-packages.sh" "$root/demos/packages-build.txt" "$root/tests/packages.txt" || {
  count_failure "packages are missing"
  finish
}

if build _build -Dtests=true -Dwerror=true -Dgtk_doc=true -Dviewer=enabled
then
  run_tests "tests" _build testlog
else
  count_failure "build"
fi

[ $quick = no ] || finish

# The thread-local memory of modules that are loaded late, such as that of TLS, makes the search for leaks crash.
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:intercept_tls_get_addr=0:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
if build _build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dintrospection=disabled
then
  run_tests "sanitizers" _build-asan testlog --suite unit
  # The interpreter leaks by itself, so leaks are for valgrind to find, which can be told what is Python's. The typelib
  # is that of the plain build.
  run_tests "model with sanitizers" _build testlog-env model-replay --timeout-multiplier 3 --wrap \
    "env CHARFLOW_MODEL_STEPS=3000 ASAN_OPTIONS=detect_leaks=0:strict_string_checks=1 LD_PRELOAD=$(${CC:-gcc} -print-file-name=libasan.so) LD_LIBRARY_PATH=$root/_build-asan/charflow-glib"
else
  count_failure "build with sanitizers"
fi

valgrind="valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite --suppressions=$root/tests/tools/valgrind.supp"
# G_SLICE is of the past; gc-friendly, which finds leaks better, is set by the tests themselves.
if [ -e _build/build.ninja ]
then
  run_tests "valgrind" _build testlog-valgrind --suite unit --timeout-multiplier 10 --wrap "$valgrind"
  export PYTHONMALLOC=malloc
  run_tests "model under valgrind" _build testlog-valgrind model-replay --timeout-multiplier 5 --wrap "$valgrind"
  unset PYTHONMALLOC
fi

if [ -d tests/fuzz ]
then
  if CC=clang build _build-fuzz -Dfuzz=true -Dintrospection=disabled -Db_sanitize=address,undefined -Db_lundef=false
  then
    run_tests "fuzz targets" _build-fuzz testlog --suite fuzz
  else
    count_failure "build of the fuzz targets"
  fi
fi

finish
