#!/usr/bin/env bash
# Stands before the compiler (RUSTC_WRAPPER): our own crates are built so that libFuzzer sees which of their branches an input takes,
# all others as ever, so that those that the tests were built with are taken. These are the flags of cargo-fuzz without a sanitizer,
# which a stable compiler knows.
set -euo pipefail

own=' model journal policy records anomaly ca registry audit enrolment gateway '
coverage=(
  -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
  -Cllvm-args=-sanitizer-coverage-stack-depth
)
compiler=$1
shift
case "$*" in
  *'--crate-name '*)
    name=${*#*--crate-name }
    name=${name%% *}
    if [[ "$own" == *" $name "* || "${CARGO_PKG_NAME:-}" == fuzz ]]; then
      exec "$compiler" "$@" "${coverage[@]}"
    fi
    ;;
esac
exec "$compiler" "$@"
