#!/usr/bin/env bash
# testssl.sh and sslscan look at a running gateway, as anybody could from outside. Fails for whatever testssl.sh calls other than good,
# and for whatever sslscan finds that docs/tls.md does not offer. Some minutes.
#
#   bash tests/tls/scan.sh [PROFILE]      "standard" (usual) or "compatibility"
set -euo pipefail
cd "$(dirname "$0")/../.."
profile=${1:-standard}
for program in testssl sslscan; do
  command -v "$program" >/dev/null || { echo "missing: $program (Debian packages testssl.sh, sslscan)" >&2; exit 1; }
done
program=${SEKISHO:-target/debug/sekisho}
[ -x "$program" ] || cargo build --quiet --package sekisho

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
export SEKISHO_CA_PASSPHRASE='only for this scan'
"$program" --data "$folder/d" init --city Test >/dev/null
sed -i -e 's|^\(clients\|store_door\|office\) = .*|\1 = "127.0.0.1:0"|' -e "s|^profile = .*|profile = \"$profile\"|" "$folder/d/sekisho.toml"
"$program" --data "$folder/d" serve --role edge >"$folder/doors" 2>"$folder/log" &
server=$!
for _ in $(seq 200); do grep -q 'clients on' "$folder/doors" && break; sleep 0.1; done
port=$(sed -n 's|.*clients on https://[^:]*:\([0-9]*\).*|\1|p' "$folder/doors")
[ -n "$port" ] || { cat "$folder/log" >&2; exit 1; }
host=www.sekisho.localhost

# What testssl.sh calls other than good although it is meant: each line a finding's name, and why.
cat >"$folder/meant" <<'MEANT'
cert_revocation  the authority of servers signs one certificate and its key is thrown away (docs/pki.md): there is no list of it
DNS_CAArecord    a matter of the city's DNS
MEANT

failed=0
echo "== testssl.sh, profile $profile"
testssl --quiet --color 0 --warnings off --openssl-timeout 10 --ip 127.0.0.1 --add-ca "$folder/d/keys/root.pem" \
  --protocols --server-defaults --server-preference --fs --vulnerable --each-cipher --headers \
  --jsonfile "$folder/found.json" "$host:$port" >"$folder/testssl.txt" 2>&1 || true
[ -s "$folder/found.json" ] || { cat "$folder/testssl.txt" >&2; exit 1; }
python3 - "$folder/found.json" "$folder/meant" <<'PYTHON' || failed=1
import json, sys
found = json.load(open(sys.argv[1]))
meant = {line.split()[0] for line in open(sys.argv[2]) if line.strip()}
bad = [one for one in found if one["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL") and one["id"].split()[0] not in meant]
fatal = [one for one in found if one["severity"] == "FATAL"]
excused = {one["id"] for one in found if one["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL")} - {one["id"] for one in bad}
print("meant:", ", ".join(sorted(excused)) or "nothing")
for one in bad + fatal:
    print("NOT ok:", one["id"], one["severity"], one["finding"])
offered = [one["id"] for one in found if one["severity"] == "OK"]
print(f"{len(found)} findings, {len(offered)} good, {len(bad)} not, {len(fatal)} not to be had")
sys.exit(bool(bad or fatal) or len(offered) < 20)
PYTHON

echo "== sslscan, profile $profile"
sslscan --no-colour --sni-name="$host" --xml="$folder/sslscan.xml" "127.0.0.1:$port" >"$folder/sslscan.txt"
python3 - "$folder/sslscan.xml" docs/tls.md "$profile" <<'PYTHON' || failed=1
import re, sys
import xml.etree.ElementTree as tree
found = tree.parse(sys.argv[1]).getroot()
listed = open(sys.argv[2]).read()
part = listed.split(f'### `profile = "{sys.argv[3]}"`', 1)[1]
accepted = {(one.get("sslversion"), one.get("cipher")) for one in found.iter("cipher")}
groups = {one.get("name").lower() for one in found.iter("group")}
enabled = {one.get("version") for one in found.iter("protocol") if one.get("enabled") == "1" and one.get("type") in ("ssl", "tls")}
names = {"ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
         "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
         "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}
wrong = [f"suite {cipher}" for _, cipher in accepted if names.get(cipher, cipher) not in part]
wrong += [f"group {name}" for name in groups if name.split(" ")[0].replace("prime256v1", "secp256r1") not in part.lower()]
allowed = {"1.3"} if sys.argv[3] == "standard" else {"1.2", "1.3"}
wrong += [f"version {version}" for version in enabled - allowed]
print(f"{sorted(enabled)}; {len(accepted)} suites, {len(groups)} groups")
for one in wrong:
    print("not in docs/tls.md:", one)
sys.exit(bool(wrong) or not accepted)
PYTHON
[ "$failed" = 0 ] && echo "nothing is wrong" || { cat "$folder/testssl.txt" "$folder/sslscan.txt"; exit 1; }
