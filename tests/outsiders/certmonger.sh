#!/usr/bin/env bash
# SCEP with a stranger's client: certmonger enrols by the code of a slip and renews with a new key.
#
#   cargo build --workspace && tests/outsiders/certmonger.sh
#
# As root on a Debian 12 machine. Installs certmonger, and puts the city's root among those that the machine trusts, as its
# management would; both are taken back at the end. Prints what happened; ends with 1 if something did not.
set -euo pipefail
cd "$(dirname "$0")/../.."
sekisho=$PWD/target/debug/sekisho
folder=$(mktemp -d)
export SEKISHO_CA_PASSPHRASE='correct horse battery' SEKISHO_AS=city-clerk:Sato
export CERTMONGER_PVT_ADDRESS=unix:path=$folder/certmonger.sock
store=/usr/local/share/ca-certificates/sekisho-certmonger.crt
port=28460
url=https://care.sekisho.localhost:$((port + 7))/scep/pkiclient.exe
started=()

end() {
    getcert stop-tracking -i tablet >/dev/null 2>&1 || true
    getcert remove-ca -c sekisho >/dev/null 2>&1 || true
    for one in "${started[@]}"; do kill "$one" 2>/dev/null || true; done
    rm -f "$store" && update-ca-certificates >/dev/null 2>&1
    rm -rf "$folder"
}
trap end EXIT

city() { "$sekisho" --data "$folder/city" --json "$@"; }

# until "what" COMMAND...: for half a minute at most.
until_so() {
    local what=$1
    shift
    for _ in $(seq 150); do
        if "$@" >/dev/null 2>&1; then echo "$what"; return; fi
        sleep 0.2
    done
    echo "NOT: $what"
    getcert list -i tablet || true
    exit 1
}

serial() { openssl x509 -in "$folder/tablet.pem" -noout -serial; }
renewed() { [ -s "$folder/tablet.pem" ] && [ "$(serial)" != "$before" ]; }
opens() {
    [ "$(curl -s -o /dev/null -w '%{http_code}' --cert "$folder/tablet.pem" --key "$folder/tablet.key" \
        "https://care.sekisho.localhost:$port/.sekisho/connection")" = 200 ]
}

dpkg -s certmonger >/dev/null 2>&1 || apt-get install -y --no-install-recommends certmonger >/dev/null
city init --city 水花道市 --port-base $port >/dev/null
sed -i "s|^# enrolment = .*|enrolment = \"127.0.0.1:$((port + 7))\"|" "$folder/city/sekisho.toml"
city facility add --id F-1 --name Station --kind nursing-station --administrator K-9 --administrator-name Ono >/dev/null
city facility approve F-1 --reason complete >/dev/null
city user add --id K-1 --name Sato --facility F-1 --profession nurse --user-id U-1 >/dev/null
city device add --id D-1 --facility F-1 --holder K-1 --label Tablet --without-certificate >/dev/null
"$sekisho" --data "$folder/city" serve >"$folder/serve.log" 2>&1 & started+=($!)
cp "$folder/city/keys/root.pem" "$store"
update-ca-certificates >/dev/null 2>&1
certmonger -n -L -P "$folder/certmonger.sock" >"$folder/certmonger.log" 2>&1 & started+=($!)
until_so "the door is open" curl -sf "$url?operation=GetCACaps"
until_so "certmonger runs" getcert list
code=$(city device code D-1 | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["code"])')

certmonger -v 2>/dev/null || true
getcert add-scep-ca -c sekisho -u "$url" -R "$folder/city/keys/root.pem" >/dev/null
sleep 2
before=none
getcert request -I tablet -c sekisho -g 2048 -k "$folder/tablet.key" -f "$folder/tablet.pem" -N CN=D-1 -L "D-1:$code" >/dev/null
until_so "enrolled by the code of the slip" renewed
until_so "the certificate opens the care host" opens
openssl verify -CAfile "$folder/city/keys/root.pem" -untrusted "$folder/city/keys/issuing.pem" "$folder/tablet.pem" >/dev/null
before=$(serial)
getcert rekey -i tablet -g 2048 >/dev/null
until_so "renewed with a new key" renewed
until_so "the renewed certificate opens the care host" opens
city revoke --device D-1 --because stolen >/dev/null
if opens; then echo "NOT: revoked, it opens nothing"; exit 1; fi
echo "revoked, it opens nothing"
