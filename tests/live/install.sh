#!/usr/bin/env bash
# Installs strangers' clients and servers of what goes on, from PyPI, into target/tools: WebSockets (websockets, wsproto; h2 for
# RFC 8441) and gRPC (grpcio).
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=target/tools/live
[ -x "$tools/bin/python3" ] && "$tools/bin/python3" -c 'import websockets, wsproto, h2, grpc' 2>/dev/null && exit 0
python3 -m venv "$tools"
"$tools/bin/pip" -q install 'websockets==17.4' 'wsproto==1.3.2' 'h2==4.4.1' 'grpcio==1.85.3'
