#!/usr/bin/env bash
# Installs what strangers' clients for the enrolment door are made of, from PyPI, into target/tools: certbot (ACME), and
# asn1crypto and cryptography for a client of SCEP (tests/scep/client.py; PyScep itself stops at OpenSSL 3 and at EC authorities).
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=target/tools/acme
[ -x "$tools/bin/certbot" ] && "$tools/bin/python3" -c 'import asn1crypto' 2>/dev/null && exit 0
python3 -m venv "$tools"
"$tools/bin/pip" -q install 'certbot==5.8.0' 'asn1crypto==1.5.1'
