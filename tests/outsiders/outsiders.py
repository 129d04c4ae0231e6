#!/usr/bin/env python3
"""Programs of other people against a real server: do they accept what we issue, and refuse what we revoked?

Run as root on a Debian 12 machine (it writes browser policies below /etc, and takes them away again):

    cargo build --workspace && python3 tests/outsiders/outsiders.py [--write]

Prints a table; `--write` puts it into docs/outsiders.md. Ends with 1 if a row is not as it should be. Not part of the test run:
Firefox and Java are heavy, and a policy is a file for the whole machine. What else strangers say runs among the tests.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEKISHO = ROOT / "target/debug/sekisho"
PASSPHRASE = "only for these trials"
HOST = "care.sekisho.localhost"
PORT = 28443
CLIENTS, OFFICE, ENROL = PORT, PORT + 2, PORT + 7
SIGN_IN = f"https://{HOST}:{CLIENTS}/.sekisho/sign-in"
PACKAGES = ["openssl", "curl", "gnutls-bin", "libnss3-tools", "chromium", "firefox-esr", "default-jre-headless", "python3-venv"]
CHROMIUM_POLICY = Path("/etc/chromium/policies/managed/sekisho-outsiders.json")
FIREFOX_POLICY = Path("/etc/firefox/policies/policies.json")


def run(*words, check=True, stdin=None, env=None, timeout=120):
    done = subprocess.run([str(word) for word in words], input=stdin, capture_output=True, env=env, timeout=timeout)
    said = (done.stdout + done.stderr).decode(errors="replace")
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {said}")
    return done.returncode, said


def version(*words):
    said = run(*words, check=False)[1]
    found = re.search(r"\d+\.[\d.]+(?:[-+][\w.]+)?", said)
    return found.group(0) if found else "?"


class City:
    """A data folder with one facility and terminals, and its server."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {**os.environ, "SEKISHO_CA_PASSPHRASE": PASSPHRASE, "SEKISHO_AS": "city-clerk:Sato"}
        self.say("init", "--city", "水花道市", "--port-base", PORT, "--list-url", f"http://127.0.0.1:{OFFICE}/crl/devices.crl")
        settings = folder / "sekisho.toml"
        text, switched = re.subn(r'# enrolment = "127\.0\.0\.1:\d+"', f'enrolment = "127.0.0.1:{ENROL}"', settings.read_text())
        assert switched == 1, "the settings have no example of an enrolment door"
        settings.write_text(text)
        self.say("facility", "add", "--id", "F-1", "--name", "Station", "--kind", "nursing-station", "--administrator", "K-9",
                 "--administrator-name", "Ono")
        self.say("facility", "approve", "F-1", "--reason", "complete")
        added = self.say("user", "add", "--id", "K-1", "--name", "Sato", "--facility", "F-1", "--profession", "nurse", "--user-id", "U-1")
        self.first_password = added[0]["first_password"]
        self.log = open(folder / "server.log", "wb")
        self.server = subprocess.Popen([str(SEKISHO), "--data", str(folder), "serve"], env=self.env, stdout=self.log, stderr=self.log)
        self.wait()

    def say(self, *words):
        out = subprocess.run([str(SEKISHO), "--data", str(self.folder), "--json", *map(str, words)], env=self.env, capture_output=True)
        if out.returncode != 0:
            raise RuntimeError(f"{words}: {out.stderr.decode()}")
        lines = out.stdout.decode().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def path(self, name):
        return self.folder / name

    def wait(self):
        for _ in range(100):
            if run("curl", "-sf", f"http://127.0.0.1:{OFFICE}/readyz", check=False)[0] == 0:
                return
            time.sleep(0.2)
        raise RuntimeError("the server does not become ready: " + self.path("server.log").read_text())

    def terminal(self, device):
        """A device with a key of its own and a container for key stores; gives the container's password."""
        said = self.say("device", "add", "--id", device, "--facility", "F-1", "--holder", "K-1", "--label", device, "--out", self.folder)[0]
        run("openssl", "x509", "-in", self.path(f"{device}.pem"), "-out", self.path(f"{device}.cer.pem"))
        return said["p12_password"]

    def lists(self, device):
        """The shard that the certificate names, in PEM."""
        said = run("openssl", "x509", "-in", self.path(f"{device}.pem"), "-noout", "-ext", "crlDistributionPoints")[1]
        url = re.search(r"URI:(\S+)", said).group(1)
        run("curl", "-sf", "-o", self.path("shard.der"), url)
        run("openssl", "crl", "-inform", "DER", "-in", self.path("shard.der"), "-out", self.path("shard.pem"))
        return self.path("shard.pem")

    def stop(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(timeout=30)


ROWS = []


NEVER = "-"


def row(who, what, before, after=NEVER):
    """A line of the table: what it says of a certificate that stands, and of the same once it is revoked."""
    ok = before is True and after in (True, NEVER)
    tell = {True: "as it should be", False: "**wrong**", None: "**not to be had**", NEVER: NEVER}
    ROWS.append((who, what, tell[before], tell[after], ok))
    print(f"{'ok  ' if ok else 'FAIL'} {who}: {what}", flush=True)


def tls(city, device):
    """What the gateway answers to the certificate."""
    code = run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", city.path("keys/root.pem"), "--cert",
               city.path(f"{device}.pem"), SIGN_IN, check=False)[1]
    return code


# One function for each stranger: gives whether it takes the certificate for one that stands.

def openssl_chain(city, device):
    return run("openssl", "verify", "-x509_strict", "-crl_check", "-purpose", "sslclient", "-CAfile", city.path("keys/root.pem"),
               "-untrusted", city.path("keys/issuing.pem"), "-CRLfile", city.lists(device), city.path(f"{device}.cer.pem"), check=False)[0] == 0


def openssl_ocsp(city, device):
    said = run("openssl", "ocsp", "-CAfile", city.path("keys/root.pem"), "-verify_other", city.path("keys/issuing.pem"), "-issuer",
               city.path("keys/issuing.pem"), "-cert", city.path(f"{device}.cer.pem"), "-url", f"http://127.0.0.1:{OFFICE}/crl/ocsp")[1]
    assert "Response verify OK" in said, said
    return ": good" in said


def openssl_handshake(city, device):
    said = run("openssl", "s_client", "-connect", f"127.0.0.1:{CLIENTS}", "-servername", HOST, "-verify_return_error", "-CAfile",
               city.path("keys/root.pem"), "-cert", city.path(f"{device}.pem"), "-quiet", check=False,
               stdin=f"GET /.sekisho/sign-in HTTP/1.1\r\nHost: {HOST}:{CLIENTS}\r\nConnection: close\r\n\r\n".encode())[1]
    return "HTTP/1.1 200" in said


def curl_handshake(city, device):
    return tls(city, device) == "200"


def gnutls_chain(city, device):
    chain = city.path("chain.pem")
    chain.write_bytes(city.path(f"{device}.cer.pem").read_bytes() + city.path("keys/issuing.pem").read_bytes())
    code, said = run("certtool", "--verify", "--load-ca-certificate", city.path("keys/root.pem"), "--load-crl", city.lists(device),
                     "--infile", chain, check=False)
    return code == 0 and "is trusted" in said


def gnutls_ocsp(city, device):
    said = run("ocsptool", f"--ask=http://127.0.0.1:{OFFICE}/crl/ocsp", "--load-cert", city.path(f"{device}.cer.pem"), "--load-issuer",
               city.path("keys/issuing.pem"), "--load-trust", city.path("keys/issuing.pem"), check=False)[1]
    assert "Verifying OCSP Response: Success" in said, said
    return "Certificate Status: good" in said


def gnutls_handshake(city, device):
    key = city.path(f"{device}.key.pem")
    run("openssl", "pkey", "-in", city.path(f"{device}.pem"), "-out", key)
    words = ["gnutls-cli", "--x509cafile", city.path("keys/root.pem"), "--x509certfile", city.path(f"{device}.cer.pem"), "--x509keyfile",
             key, "--sni-hostname", HOST, "--verify-hostname", HOST, "-p", CLIENTS, "127.0.0.1"]
    client = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        # It ends with its input, so that stays open until the answer can have come.
        client.stdin.write(f"GET /.sekisho/sign-in HTTP/1.1\r\nHost: {HOST}:{CLIENTS}\r\nConnection: close\r\n\r\n".encode())
        client.stdin.flush()
        time.sleep(2)
    except BrokenPipeError:
        pass
    said = client.communicate(timeout=20)[0].decode(errors="replace")
    return "HTTP/1.1 200" in said


def java_list(city, device):
    city.lists(device)
    serial = run("openssl", "x509", "-in", city.path(f"{device}.cer.pem"), "-noout", "-serial")[1].split("=")[1].strip().lower()
    said = run("keytool", "-printcrl", "-file", city.path("shard.der"))[1].lower()
    assert "crl" in said, said
    return serial not in said.replace(" ", "").replace(":", "")


def nss_store(city, device, password, name):
    store = city.path(f"nss-{name}")
    if not store.exists():
        store.mkdir()
        at = f"sql:{store}"
        run("certutil", "-d", at, "-N", "--empty-password")
        run("certutil", "-d", at, "-A", "-n", "root", "-t", "CT,C,", "-i", city.path("keys/root.pem"))
        run("certutil", "-d", at, "-A", "-n", "issuing", "-t", ",,", "-i", city.path("keys/issuing.pem"))
        run("pk12util", "-d", at, "-i", city.path(f"{device}.p12"), "-W", password, "-K", "")
    return store


def nss_chain(city, device, password):
    at = f"sql:{nss_store(city, device, password, device)}"
    city.lists(device)
    run("crlutil", "-d", at, "-I", "-i", city.path("shard.der"), "-B", check=False)
    run("curl", "-sf", "-o", city.path("whole.der"), f"http://127.0.0.1:{OFFICE}/crl/devices.crl")
    run("crlutil", "-d", at, "-I", "-i", city.path("whole.der"), "-B")
    listed = run("certutil", "-d", at, "-L")[1].splitlines()
    nickname = next(line for line in listed if re.search(r"\bu,u,u\b", line)).rsplit(None, 1)[0].strip()
    return "certificate is valid" in run("certutil", "-d", at, "-V", "-u", "C", "-n", nickname, check=False)[1]


def chromium_page(city, device, password):
    home = city.path(f"chromium-{device}")
    store = home / ".pki/nssdb"
    if not store.exists():
        store.parent.mkdir(parents=True)
        shutil.copytree(nss_store(city, device, password, device), store)
    env = {**os.environ, "HOME": str(home)}
    said = run("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home}/profile", "--dump-dom",
               "--virtual-time-budget=5000", SIGN_IN, check=False, env=env)[1]
    return 'name="password"' in said or "autocomplete=\"current-password\"" in said


MARIONETTE = """
import sys
from marionette_driver.marionette import Marionette
client = Marionette('127.0.0.1', port=28999)
client.start_session({'acceptInsecureCerts': False, 'pageLoadStrategy': 'normal'})
client.timeout.page_load = 20
try:
    client.navigate(sys.argv[1])
    print(client.page_source)
    open(sys.argv[2], 'wb').write(__import__('base64').b64decode(client.screenshot()))
except Exception as error:
    print('REFUSED', error)
"""


def firefox_page(city, device, password):
    profile = city.path(f"firefox-{device}")
    if not profile.exists():
        shutil.copytree(nss_store(city, device, password, device), profile)
        (profile / "user.js").write_text('user_pref("marionette.port", 28999);\nuser_pref("browser.shell.checkDefaultBrowser", false);\n')
    env = {**os.environ, "HOME": str(profile), "MOZ_HEADLESS": "1"}
    browser = subprocess.Popen(["firefox-esr", "--marionette", "--profile", str(profile), "--no-remote"], env=env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(6)
        python = ROOT / "target/outsiders-venv/bin/python"
        said = run(python, "-c", MARIONETTE, SIGN_IN, city.path("firefox.png"), check=False)[1]
    finally:
        browser.terminate()
        browser.wait(timeout=20)
    return 'name="password"' in said or "current-password" in said


def policies(city):
    """The files that `device policies` writes, where the browsers look for them."""
    written = city.path("policies")
    city.say("device", "policies", "--out", written)
    for path in (CHROMIUM_POLICY, FIREFOX_POLICY):
        if path.exists():
            raise RuntimeError(f"{path} is there already; it is not ours to replace")
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(written / "chromium-linux.json", CHROMIUM_POLICY)
    told = json.loads((written / "firefox-policies.json").read_text())
    told["policies"]["Certificates"]["Install"] = [str(written / "root.pem")]
    FIREFOX_POLICY.write_text(json.dumps(told))
    for path in (CHROMIUM_POLICY, FIREFOX_POLICY, written / "root.pem"):
        path.chmod(0o644)


def install():
    missing = [name for name in PACKAGES if run("dpkg", "-s", name, check=False)[0] != 0]
    if missing:
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, timeout=900)
    venv = ROOT / "target/outsiders-venv"
    if not (venv / "bin/python").exists():
        run("python3", "-m", "venv", venv)
    run(venv / "bin/pip", "install", "-q", "marionette_driver==3.4.0", timeout=300)


def containers(city):
    """PKCS#12 as the command line writes it, in everybody's key store."""
    password = city.terminal("D-P12")
    p12 = city.path("D-P12.p12")
    run("openssl", "pkcs12", "-in", p12, "-passin", f"pass:{password}", "-noout")
    row("openssl " + version("openssl", "version"), "PKCS#12 opens", True)
    said = run("certtool", "--p12-info", "--inder", "--infile", p12, "--password", password)[1]
    row("gnutls " + version("certtool", "--version"), "PKCS#12 opens", "PRIVATE KEY" in said)
    store = city.path("java.jks")
    run("keytool", "-importkeystore", "-noprompt", "-srckeystore", p12, "-srcstoretype", "PKCS12", "-srcstorepass", password,
        "-destkeystore", store, "-deststorepass", "changeit!")
    said = run("keytool", "-list", "-keystore", store, "-storepass", "changeit!")[1]
    row("Java keytool " + version("java", "-version"), "PKCS#12 imports as a private key", "PrivateKeyEntry" in said)
    nss_store(city, "D-P12", password, "p12")
    row("NSS pk12util", "PKCS#12 imports", True)


def taken(check, city, device):
    """What the check says; one that cannot be made is neither way as it should be."""
    try:
        return check(city, device)
    except (AssertionError, RuntimeError) as error:
        print(f"     {check.__name__}: {error}")
        return None


def opposite(said):
    return None if said is None else not said


def tls_clients(city):
    password = city.terminal("D-TLS")
    checks = [
        ("openssl " + version("openssl", "version"), "chain and shard of the list (`verify -x509_strict -crl_check`)", openssl_chain),
        ("openssl", "OCSP", openssl_ocsp),
        ("openssl", "TLS 1.3 handshake and page (`s_client`)", openssl_handshake),
        ("curl " + version("curl", "--version"), "TLS handshake and page", curl_handshake),
        ("gnutls " + version("certtool", "--version"), "chain and shard of the list (`certtool --verify`)", gnutls_chain),
        ("gnutls", "OCSP (`ocsptool`)", gnutls_ocsp),
        ("gnutls", "TLS 1.3 handshake and page (`gnutls-cli`)", gnutls_handshake),
        ("Java keytool " + version("java", "-version"), "shard of the list (`-printcrl`)", java_list),
        ("NSS certutil", "chain and list", lambda city, device: nss_chain(city, device, password)),
        ("Chromium " + version("chromium", "--version"), "sign-in page, certificate chosen by policy",
         lambda city, device: chromium_page(city, device, password)),
        ("Firefox " + version("firefox-esr", "--version"), "sign-in page, certificate chosen by policy",
         lambda city, device: firefox_page(city, device, password)),
    ]
    before = {}
    for who, what, check in checks:
        before[what, who] = taken(check, city, "D-TLS")
    city.say("revoke", "--device", "D-TLS", "--because", "stolen")
    time.sleep(1)
    for who, what, check in checks:
        row(who, what, before[what, who], opposite(taken(check, city, "D-TLS")))


def table():
    lines = ["| program | what | certificate that stands | the same, revoked |", "|---|---|---|---|"]
    lines += [f"| {who} | {what} | {before} | {after} |" for who, what, before, after, _ in ROWS]
    return "\n".join(lines) + "\n"


def main():
    install()
    folder = Path(tempfile.mkdtemp(prefix="sekisho-outsiders-"))
    folder.chmod(0o700)
    city = City(folder / "city")
    try:
        policies(city)
        containers(city)
        tls_clients(city)
    finally:
        city.stop()
        for path in (CHROMIUM_POLICY, FIREFOX_POLICY):
            path.unlink(missing_ok=True)
        if all(ok for *_, ok in ROWS):
            shutil.rmtree(folder)
        else:
            print(f"left for looking at: {folder}")
    print(table())
    if "--write" in sys.argv:
        page = ROOT / "docs/outsiders.md"
        head, rest = page.read_text().split("<!-- table -->")
        tail = rest.split("<!-- slip -->")[1]
        page.write_text(f"{head}<!-- table -->\n{table()}\n<!-- slip -->{tail}")
    sys.exit(0 if all(ok for *_, ok in ROWS) else 1)


if __name__ == "__main__":
    main()
