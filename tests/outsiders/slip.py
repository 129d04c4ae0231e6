#!/usr/bin/env python3
"""From a printed slip to the first page, as a care-office worker does it on a Linux terminal that is looked after.

    cargo build --workspace && python3 tests/outsiders/slip.py [--keep DIR]

As root on a Debian 12 machine, like outsiders.py beside it. The office prints a slip; the worker's terminal knows the city's root
and the browser policy (`sekisho device policies`), as device management puts them there. Counts what she has to do, takes the time
of every step but her reading and typing, and keeps a picture of each page. Ends with 1 if it takes longer than a minute, or if a
page is not the one it should be.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import outsiders as o  # noqa: E402

WORDS_PER_MINUTE = 25  # of one who types slowly: 125 characters


class Browser:
    """Chromium by its debugging protocol."""

    def __init__(self, home):
        import websocket

        self.env = {**os.environ, "HOME": str(home)}
        words = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--window-size=1100,900",
                 f"--user-data-dir={home}/profile", "--remote-allow-origins=*", "--lang=ja", "--accept-lang=ja", "about:blank"]
        self.process = subprocess.Popen(words, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "DevTools listening on" in line:
                port = line.split("127.0.0.1:")[1].split("/")[0]
                break
        listed = o.run("curl", "-s", f"http://127.0.0.1:{port}/json/list")[1]
        page = next(one for one in json.loads(listed) if one["type"] == "page")
        self.socket = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=20)
        self.number = 0
        self.call("Page.enable")

    def call(self, method, **params):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            said = json.loads(self.socket.recv())
            if said.get("id") == self.number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, expression, what):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            if self.value(expression):
                return
            time.sleep(0.05)
        raise RuntimeError(f"{what} does not come: {self.value('document.title')} {self.value('location.href')}")

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'", url)

    def picture(self, path):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def fill(self, values):
        for name, value in values.items():
            self.value(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)


class Watch:
    """Time that machines take, and what a person does."""

    def __init__(self):
        self.steps = []

    def step(self, who, what, characters, work):
        begun = time.monotonic()
        result = work()
        taken = time.monotonic() - begun
        typing = characters * 60 / (WORDS_PER_MINUTE * 5)
        self.steps.append((who, what, taken, typing))
        print(f"{who}: {what}: {taken:.1f} s" + (f", and {typing:.0f} s of typing" if typing else ""), flush=True)
        return result

    def total(self):
        return sum(taken + typing for who, _, taken, typing in self.steps if who == "worker")


def main():
    o.install()
    o.run(o.ROOT / "target/outsiders-venv/bin/pip", "install", "-q", "websocket-client==1.8.0", timeout=300)
    venv = next((o.ROOT / "target/outsiders-venv/lib").glob("python3*/site-packages"))
    sys.path.insert(0, str(venv))
    keep = Path(sys.argv[sys.argv.index("--keep") + 1]) if "--keep" in sys.argv else None
    folder = Path(tempfile.mkdtemp(prefix="sekisho-slip-"))
    city = o.City(folder / "city")
    pictures = folder / "pictures"
    pictures.mkdir()
    home = folder / "home"
    store = home / ".pki/nssdb"
    store.mkdir(parents=True)
    browser = None
    watch = Watch()
    try:
        o.policies(city)
        first = city.first_password
        # What device management has done before: the root is trusted, the certificate will be chosen by policy.
        o.run("certutil", "-d", f"sql:{store}", "-N", "--empty-password")
        o.run("certutil", "-d", f"sql:{store}", "-A", "-n", "sekisho", "-t", "C,,", "-i", city.path("keys/root.pem"))
        city.say("device", "add", "--id", "D-7", "--facility", "F-1", "--holder", "K-1", "--label", "訪看PC 7", "--without-certificate")
        slip = watch.step("office", "print the slip", 0, lambda: city.say("device", "code", "D-7")[0])
        gateway, code = f"https://{o.HOST}:{o.ENROL}", slip["code"]
        words = [str(o.SEKISHO), "--json", "enrol", "--gateway", gateway, "--root", city.path("keys/root.pem"), "--device", "D-7", "--code", code,
                 "--out", home]
        # The command stands on the slip; on a terminal without a camera the code is what is typed of it.
        given = watch.step("worker", "run the command on the slip, typing the code", len(code),
                           lambda: json.loads(o.run(*words)[1].strip().splitlines()[-1]))
        watch.step("worker", "put the certificate into the browser", 0,
                   lambda: o.run("pk12util", "-d", f"sql:{store}", "-i", home / "D-7.p12", "-W", given["p12_password"], "-K", ""))
        browser = watch.step("worker", "start the browser", 0, lambda: Browser(home))
        watch.step("worker", "open the care host", 0, lambda: browser.open(o.SIGN_IN))
        browser.wait("document.querySelector('[name=password]') !== null", "the sign-in page")
        browser.picture(pictures / "1-sign-in.png")
        chosen = "U-1", first
        watch.step("worker", "sign in with the password from the envelope", sum(map(len, chosen)), lambda: sign_in(browser, chosen))
        browser.picture(pictures / "2-new-password.png")
        watch.step("worker", "choose a password", 2 * len(PASSWORD), lambda: new_password(browser, first))
        browser.picture(pictures / "3-first-page.png")
        total = watch.total()
        print(f"\nfrom the slip to the first page: {total:.0f} s, of which {sum(step[3] for step in watch.steps):.0f} s are typing")
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            for picture in sorted(pictures.iterdir()):
                shutil.copy(picture, keep)
        sys.exit(0 if total <= 60 else 1)
    finally:
        if browser:
            browser.close()
        city.stop()
        for path in (o.CHROMIUM_POLICY, o.FIREFOX_POLICY):
            path.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


PASSWORD = "plum rain 37 Kinu"


def sign_in(browser, chosen):
    user_id, password = chosen
    browser.fill({"user_id": user_id, "password": password})
    browser.value("document.querySelector('form button, form [type=submit]').click()")
    browser.wait("document.querySelector('[name=new]') !== null", "the page for a new password")


def new_password(browser, first):
    browser.fill({"current": first, "new": PASSWORD})
    browser.fill({"again": PASSWORD})
    browser.value("document.querySelector('[name=new]').form.querySelector('button, [type=submit]').click()")
    browser.wait("document.querySelector('[name=new]') === null && document.readyState === 'complete'", "the first page")


if __name__ == "__main__":
    main()
