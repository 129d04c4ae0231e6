"""Certificates for the peers: one authority on P-256 that signs servers and terminals itself, and a list of 1,000 it revoked.

Ours come from the city's own authority. What is checked in a handshake is the same on both sides: one signature on the terminal's
certificate (we trust the issuing authority itself) and one of the terminal. The root of ours signs on P-384, which would cost OpenSSL a
millisecond more where it is asked to follow the chain up to there; so the peers are not asked to.
"""

import subprocess

REVOKED = 1000
TERMINALS = 4

CONFIG = """
[ca]
default_ca = it
[it]
dir = {place}
database = {place}/index.txt
serial = {place}/serial
crlnumber = {place}/crlnumber
new_certs_dir = {place}
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:{host}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[terminal]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
[dn]
"""


class Pki:
    """`ca.pem`, `crl.pem`, `server.pem` with its key in `server.key.pem` and with both in `server.both.pem`, `terminal-N.pem`."""

    def __init__(self, place, host):
        place.mkdir()
        self.place = place
        self.config = place / "openssl.cnf"
        self.config.write_text(CONFIG.format(place=place, host=host))
        self.key("ca")
        self.openssl(
            *["req", "-new", "-x509", "-key", place / "ca.key.pem", "-subj", "/CN=peers", "-days", "30"],
            *["-extensions", "authority", "-out", place / "ca.pem"],
        )
        # Lines as `openssl ca` writes them: revoked, ends, revoked when, number, file, name.
        lines = [f"R\t491231235959Z\t250101000000Z\t{number:032X}\tunknown\t/CN=gone\n" for number in range(1, REVOKED + 1)]
        (place / "index.txt").write_text("".join(lines))
        (place / "serial").write_text(f"{1 << 100:026X}\n")
        (place / "crlnumber").write_text("01\n")
        self.issue("server", host, "server")
        for number in range(TERMINALS):
            self.issue(f"terminal-{number}", f"terminal {number}", "terminal")
        self.ca("-gencrl", "-out", place / "crl.pem")

    def terminal(self, number):
        return self.place / f"terminal-{number}.pem"

    def key(self, name):
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.place / f"{name}.sec1.pem")
        self.openssl("pkcs8", "-topk8", "-nocrypt", "-in", self.place / f"{name}.sec1.pem", "-out", self.place / f"{name}.key.pem")

    def issue(self, name, subject, extensions):
        place = self.place
        self.key(name)
        request = place / f"{name}.csr"
        self.openssl("req", "-new", "-key", place / f"{name}.key.pem", "-subj", f"/CN={subject}", "-out", request)
        self.ca("-batch", "-notext", "-in", request, "-extensions", extensions, "-out", place / f"{name}.crt.pem")
        certificate, key = (place / f"{name}.crt.pem").read_text(), (place / f"{name}.key.pem").read_text()
        both = certificate + key
        if name == "server":
            (place / "server.both.pem").write_text(both)
            (place / "server.pem").write_text(certificate)
        else:
            (place / f"{name}.pem").write_text(both)

    def ca(self, *words):
        keys = ["-cert", self.place / "ca.pem", "-keyfile", self.place / "ca.key.pem"]
        self.openssl("ca", *keys, *words)

    def openssl(self, verb, *words):
        config = ["-config", self.config] if verb in ("req", "ca") else []
        subprocess.run(["openssl", verb, *config, *words], check=True, capture_output=True)
