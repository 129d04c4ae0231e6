#!/usr/bin/env bash
# Installs strangers' clients for the enrolment door from PyPI, into target/tools: certbot (ACME) and PyScep (SCEP).
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=target/tools/acme
[ -x "$tools/bin/certbot" ] && exit 0
python3 -m venv "$tools"
"$tools/bin/pip" -q install 'certbot==5.8.0' 'PyScep==0.0.14'
