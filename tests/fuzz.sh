#!/usr/bin/env bash
# Fuzzes every target for so many seconds: `bash tests/fuzz.sh 60`, or some of them: `bash tests/fuzz.sh 600 request_head`. As many run
# at once as there are cores. It needs a C++ compiler, and no other Rust than the tests do.
#
# An input that breaks a target lies in `fuzz/artifacts` and makes this fail; what is learned on the way lies under `target`, so that the
# tree stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?seconds for each target}
shift
mapfile -t known < <(sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | grep -vx fuzz)
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=("${known[@]}")
chosen=()
for target in "${targets[@]}"; do
  printf '%s\n' "${known[@]}" | grep -qx -- "$target" || { echo "no target: $target (there are: ${known[*]})" >&2; exit 2; }
  chosen+=(--bin "$target")
done

# Beside the tests, whose dependencies are taken.
folder=target/debug
RUSTC_WRAPPER="$PWD/tests/fuzz/rustc.sh" CARGO_TARGET_DIR=target \
  cargo build --manifest-path fuzz/Cargo.toml --locked "${chosen[@]}"

# One target: what it says stands in its log, and one line of it here.
fuzz() {
  local target=$1 seconds=$2 folder=$3
  local learned="target/fuzz-corpus/$target" artifacts="fuzz/artifacts/$target" log="target/fuzz-corpus/$target.log"
  mkdir -p "$learned" "$artifacts"
  if "$folder/$target" "$learned" "fuzz/corpus/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$artifacts/" -print_final_stats=1 >"$log" 2>&1; then
    local runs covered
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    covered=$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\) .*/\1 edges, \2 features/p' "$log" | tail -n 1)
    printf '%-18s %s runs in %s s, %s\n' "$target" "${runs:-no}" "$seconds" "$covered"
    # Seeds alone prove nothing: a target that cannot be run is no target that holds.
    [ "${runs:-0}" -gt 1000 ] || { echo "$target: it hardly ran; see $log" >&2; return 1; }
  else
    printf '\n%s: an input breaks it (all of it: %s)\n' "$target" "$log" >&2
    tail -n 40 "$log" >&2
    printf '%s: to see it again: %s %s/FILE; mended, the file belongs into fuzz/corpus/%s\n\n' \
      "$target" "$folder/$target" "$artifacts" "$target" >&2
    return 1
  fi
}
export -f fuzz

printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I {} bash -c 'fuzz "$@"' fuzz {} "$seconds" "$folder"
