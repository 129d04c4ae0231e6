#!/usr/bin/env bash
# Has pkilint (PyPI) judge one of everything that the authority makes. Prints what it finds, from NOTICE up; ends with 1 if
# that is anything at all. What it printed last stands in docs/pki.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=target/pki-venv/bin
made=$PWD/target/pki-artefacts
[ -x "$bin/lint_pkix_cert" ] || python3 -m venv target/pki-venv
"$bin/pip" install -q 'pkilint==0.13.3'
rm -rf "$made" && mkdir -p "$made"
PKI_ARTEFACTS=$made cargo test --workspace --lib -q one_of_everything_is_made >/dev/null

status=0
judge() {
  local file=$1 found
  shift
  # The linter's own status counts findings of every kind; what is printed decides.
  found=$("$@" -s NOTICE "$made/$file" 2>&1) || true
  if [ -z "${found//[[:space:]]/}" ]; then
    printf '%s: 0 findings\n' "$file"
  else
    printf '%s:\n%s\n' "$file" "$found"
    status=1
  fi
}
for file in root issuing issuing-servers device-attested device-tpm device-software device-container server responder registrar; do
  judge "$file.cer" "$bin/lint_pkix_cert" lint
done
for file in devices shard empty-shard root; do
  judge "$file.crl" "$bin/lint_crl" lint -t CRL -p PKIX
done
for file in good revoked unknown; do
  judge "$file.ocsp" "$bin/lint_ocsp_response" lint
done
exit "$status"
