#!/usr/bin/env bash
# Runs every fuzz target for so many seconds: `bash tests/fuzz.sh 60`, or some of them: `bash tests/fuzz.sh 600 request_head`.
# Needs a nightly compiler; installs cargo-fuzz by itself. What it finds lies in `fuzz/artifacts`, what it learns in a copy of the
# seeds under `target`, so that the tree stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?seconds for each target}
shift
targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
  mapfile -t targets < <(sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | grep -v '^fuzz$')
fi
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
for target in "${targets[@]}"; do
  printf '\n== %s (%s)\n' "$target" "$(date +%T)"
  learned="target/fuzz-corpus/$target"
  mkdir -p "$learned"
  cargo +nightly fuzz run --fuzz-dir fuzz "$target" "$learned" "fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048
done
