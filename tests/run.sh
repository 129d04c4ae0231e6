#!/usr/bin/env bash
# Installs what the tests need, then runs all of them: format, lints, unit, property and end-to-end tests, doc tests.
# Runs as root (installs by itself) or as a user on a machine that has the packages below.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(gcc g++ cmake openssl curl nghttp2-client postgresql sqlite3 libnss3-tools default-jre-headless libnss-myhostname chromium python3-venv xz-utils softhsm2 opensc strace haproxy pebble testssl.sh sslscan nginx-light)
# The corpora of other people's data (records/src/tests/fetched.rs) come by npm and pip, wherever those are from.
command -v npm >/dev/null || packages+=(npm)
python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "missing packages: ${missing[*]} (install them, or run as root)" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

step() { printf '\n== %s (%s)\n' "$1" "$(date +%T)"; }

step 'format'
cargo fmt --all --check
step 'lints'
cargo clippy --workspace --all-targets --locked -- -D warnings
step 'what is built in'
bash tests/supply_chain.sh
step 'build'
cargo build --workspace --locked
step 'solver'
bash tests/solver.sh
step 'clients of others'
bash tests/acme/install.sh
bash tests/live/install.sh
step 'tests'
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --locked --no-fail-fast
else
  cargo test --workspace --locked --no-fail-fast
fi
step 'certificates, as pkilint judges them'
bash tests/pki/lint.sh
step 'handshakes, as testssl.sh and sslscan judge them'
bash tests/tls/scan.sh
step 'doc tests'
cargo test --workspace --doc --locked
if [ -z "${SEKISHO_WITHOUT_FUZZING:-}" ]; then
  step 'fuzzing'
  bash tests/fuzz.sh 60 request_head chunked_body canonical_target translated scrubbed_fields session_cookie proxy_header \
    http2_frames store_answers tunnel_frames
fi
step 'done'
