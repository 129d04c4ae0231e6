#!/usr/bin/env bash
# Puts the solver for `sekisho policy prove` and `diff` where the tests look for it: target/solver/cvc5. Needs python3 with
# venv, and the package index once.
set -euo pipefail
cd "$(dirname "$0")/.."

home=target/solver
if ! "$home/cvc5" --version >/dev/null 2>&1 </dev/null; then
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check cvc5==1.3.1
  # By its own place, so that a copied or moved tree takes its solver along.
  cat >"$home/cvc5" <<'END'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/bin/python" "$here/../../workbench/solver/program.py" "$@"
END
  chmod +x "$home/cvc5"
fi
printf '(set-logic ALL)\n(check-sat)\n' | "$home/cvc5" | grep -qx sat
