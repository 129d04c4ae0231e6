"""A city with people, terminals and records, made by `sekisho demo`, which is then stopped: what ours is measured on."""

import json
import re
import socket
import ssl
import subprocess

from machine import REST_CORE, Ports, stop, wait

CARE = "care.sekisho.localhost"
# All of one person's team, each with a terminal: the load takes turns in who it is, as no user ID may have more than 64
# requests going.
PEOPLE = ["sato", "nakamura", "kobayashi", "yamamoto"]
RECORDS = [f"/fhir/Observation/o-0001-{number:03}" for number in range(1, 9)]
FOUND = 20


class City:
    """Its data folder is `data`, its ports lie from `port` on: clients, store's door, office, store."""

    def __init__(self, folder, name, program):
        self.folder, self.data, self.program = folder, folder / name, program
        self.ports = Ports(4)
        self.port = self.ports.first
        ready, said = folder / f"{name}.ready", folder / f"{name}.txt"
        command = ["taskset", "-c", REST_CORE, program, "--data", self.data, "demo", "--port-base", str(self.port)]
        with open(said, "w") as out:
            # The demo would build its store; what is there is good enough.
            demo = subprocess.Popen(
                [*command, "--ready-file", ready], stdout=out, stderr=subprocess.STDOUT, env={"CARGO": "true", "PATH": "/usr/bin:/bin"}
            )
        try:
            wait(lambda: ready.exists() or demo.poll() is not None, "the demo is up", 120)
            if demo.poll() is not None:
                raise SystemExit(f"the demo did not come up: {said.read_text()}")
            self.password = re.search(r'"password":"([^"]+)"', said.read_text()).group(1)
            cookie = self.sign_in(PEOPLE[0])
            self.records = {path: self.ask(PEOPLE[0], "GET", path, {"cookie": cookie})[2].decode() for path in RECORDS}
        finally:
            stop(demo)
        self.open_limits()

    def open_limits(self):
        """One worker, and rates that no load here reaches: they are counted all the same."""
        settings = self.data / "sekisho.toml"
        text = re.sub(r"(?m)^workers = .*$", "workers = 1", settings.read_text())
        text = re.sub(r"(?m)^(per_\w+) = .*$", r"\1 = { count = 1000000, seconds = 1, burst = 1000000 }", text)
        settings.write_text(text)

    def point_at(self, store_port):
        """Another store than the demo's."""
        settings = self.data / "sekisho.toml"
        lead = r'(?ms)(^\[store\].*?^address = )"[^"]*"'
        settings.write_text(re.sub(lead, rf'\1"127.0.0.1:{store_port}"', settings.read_text(), count=1))

    def root(self):
        return self.data / "keys/root.pem"

    def terminal(self, person):
        return self.data / f"terminals/D-{person}.pem"

    def ask(self, person, method, path, headers, body=b""):
        """One request on a connection of its own."""
        context = ssl.create_default_context(cafile=self.root())
        context.load_cert_chain(self.terminal(person))
        with socket.create_connection(("127.0.0.1", self.port)) as plain:
            with context.wrap_socket(plain, server_hostname=CARE) as stream:
                lines = [f"{method} {path} HTTP/1.1", f"host: {CARE}", "connection: close", f"content-length: {len(body)}"]
                lines += [f"{name}: {value}" for name, value in headers.items()]
                stream.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
                answer = b""
                while piece := stream.recv(65536):
                    answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        head = head.decode().split("\r\n")
        assert head[0].split()[1] == "200", answer
        return head[0], head[1:], body

    def sign_in(self, person):
        body = json.dumps({"user_id": f"U-{person}", "password": self.password}).encode()
        _, headers, _ = self.ask(person, "POST", "/.sekisho/session", {"content-type": "application/json"}, body)
        cookie = next(line for line in headers if line.lower().startswith("set-cookie: __host-sekisho="))
        return cookie.split(": ", 1)[1].split(";")[0]
