#!/usr/bin/env python3
"""Sekisho and nginx side by side, as mutual-TLS gateways in front of the same store.

    python3 tests/bench/side_by_side.py            (about five minutes; needs nginx, taskset, two cores)

Both at TLS 1.3 with the same server certificate, the same terminal certificate and the same store: an nginx that answers
one FHIR Observation from memory and asks nobody who they are. The gateway is held on core 0 with one worker, load and
store on core 1. Rounds are interleaved, the median is printed with the smallest and largest.

nginx does what a proxy with device certificates does: `ssl_verify_client on`, a keep-alive pool to the store, an access
log. Sekisho does its whole job: certificate known to the registry, session, policy, an audit entry durable before the
answer is released, the answer read and checked, an identity token for the store. So the figures do not compare equals:
they say what the whole job costs on top of a bare proxy.
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "target" / "release"
CARE = "care.sekisho.localhost"
GATEWAY_CORE, REST_CORE = "0", "1"
USER, TERMINAL = "U-sato", "D-sato"
RECORD = "/fhir/Observation/o-0001-001"
TICKS = os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--rate", type=int, default=300, help="requests a second, evenly spaced")
    parser.add_argument("--idle", type=int, default=1000, help="idle connections")
    parser.add_argument("--no-build", action="store_true")
    options = parser.parse_args()
    if not options.no_build:
        build()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    folder = Path(tempfile.mkdtemp(prefix="sekisho-bench-"))
    # Whatever runs as another user (a worker of nginx) must reach its own files in it.
    folder.chmod(0o755)
    running = []
    try:
        city = City(folder)
        running.append(store(city))
        sides = [Sekisho(city), Nginx(city)]
        running += [side.process for side in sides]
        report(options, sides, measure(options, city, sides))
    finally:
        for process in running:
            stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def build():
    subprocess.run(
        ["cargo", "build", "--release", "--locked", "-p", "sekisho", "-p", "backend-stub", "-p", "tests"]
        + ["--bins", "--example", "load"],
        cwd=ROOT,
        check=True,
    )


# --- what runs --------------------------------------------------------------------------------------------------------


class City:
    """A data folder with people, terminals and their certificates, made by the demo, which is then stopped."""

    def __init__(self, folder):
        self.folder, self.data = folder, folder / "city"
        # Held as long as this is there, so that no other run is given them.
        self.port, self.held = hold_ports(6)
        self.store_port, self.nginx_port = self.port + 3, self.port + 4
        ready = folder / "ready"
        with open(folder / "demo.txt", "w") as out:
            demo = subprocess.Popen(
                [PROGRAMS / "sekisho", "--data", self.data, "demo", "--port-base", str(self.port), "--ready-file", ready],
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            wait(ready.exists, "the demo is up", 60)
            self.record = self.fetch_record(demo)
        stop(demo)
        settings = self.data / "sekisho.toml"
        text = settings.read_text()
        text = re.sub(r"(?m)^workers = .*$", "workers = 1", text)
        text = re.sub(r"(?m)^(per_\w+) = .*$", r"\1 = { count = 1000000, seconds = 1, burst = 1000000 }", text)
        settings.write_text(text)

    def fetch_record(self, demo):
        """The record as the demo's store gives it, and the password for later."""
        guide = (self.folder / "demo.txt").read_text()
        self.password = re.search(r'"password":"([^"]+)"', guide).group(1)
        cookie = self.sign_in()
        return self.ask("GET", RECORD, {"cookie": cookie})[2]

    def tls(self):
        context = ssl.create_default_context(cafile=self.data / "keys/root.pem")
        context.load_cert_chain(self.terminal())
        return context

    def terminal(self):
        return self.data / f"terminals/{TERMINAL}.pem"

    def ask(self, method, path, headers, body=b""):
        with socket.create_connection(("127.0.0.1", self.port)) as plain:
            with self.tls().wrap_socket(plain, server_hostname=CARE) as stream:
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

    def sign_in(self):
        body = json.dumps({"user_id": USER, "password": self.password}).encode()
        _, headers, _ = self.ask("POST", "/.sekisho/session", {"content-type": "application/json"}, body)
        cookie = next(line for line in headers if line.lower().startswith("set-cookie: __host-sekisho="))
        return cookie.split(": ", 1)[1].split(";")[0]


def nginx(city, name, core, body):
    """An nginx of its own with one worker on one core."""
    place = city.folder / name
    place.mkdir()
    config = place / "nginx.conf"
    config.write_text(
        f"""
worker_processes 1;
user root;
pid {place}/nginx.pid;
error_log {place}/error.log warn;
daemon off;
events {{ worker_connections 8192; }}
http {{
  client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
  uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
  keepalive_requests 100000000;
  keepalive_timeout 300s;
  tcp_nodelay on;
  {body}
}}
"""
    )
    return start(core, ["nginx", "-p", place, "-c", config], place / "out.log")


def store(city):
    """One record from memory, whoever asks; for `?_elements=subject` too."""
    record = city.record.decode().replace("\\", "\\\\").replace("'", "\\'")
    assert "$" not in record
    process = nginx(
        city,
        "store",
        REST_CORE,
        f"""
  access_log off;
  server {{
    listen 127.0.0.1:{city.store_port} backlog=4096;
    location = {RECORD} {{
      types {{ }} default_type application/fhir+json;
      add_header ETag 'W/"1"';
      return 200 '{record}';
    }}
  }}""",
    )
    wait_port(city.store_port)
    return process


class Nginx:
    """nginx as a proxy with device certificates."""

    name = "nginx"

    def __init__(self, city):
        self.port, keys = city.nginx_port, city.data / "keys"
        self.process = nginx(
            city,
            "proxy",
            GATEWAY_CORE,
            f"""
  access_log {city.folder}/access.log;
  upstream store {{ server 127.0.0.1:{city.store_port}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{self.port} ssl http2 backlog=4096;
    server_name {CARE};
    ssl_protocols TLSv1.3;
    ssl_certificate {keys}/server.pem;
    ssl_certificate_key {keys}/server.key.pem;
    ssl_client_certificate {keys}/root.pem;
    ssl_verify_client on;
    ssl_verify_depth 2;
    ssl_session_cache shared:sessions:16m;
    location / {{
      proxy_pass http://store;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header Client-Serial $ssl_client_serial;
    }}
  }}""",
        )
        wait_port(self.port)


class Sekisho:
    """The whole job."""

    name = "Sekisho"

    def __init__(self, city):
        self.port = city.port
        command = [PROGRAMS / "sekisho", "--data", city.data, "serve", "--role", "edge"]
        self.process = start(GATEWAY_CORE, command, city.folder / "sekisho.log")
        wait_port(self.port)


def start(core, command, log):
    return subprocess.Popen(["taskset", "-c", core, *command], stdout=open(log, "a"), stderr=subprocess.STDOUT)


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(holds, what, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"in vain: {what}")
        time.sleep(0.02)


def wait_port(port):
    def open_():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait(open_, f"port {port} answers")


def hold_ports(count):
    """Neighbouring ports, and the sockets that hold them; see tests/src/world/ports.rs."""
    for first in range(21000, 29000, 10):
        held = [socket.socket() for _ in range(count)]
        try:
            for offset, one in enumerate(held):
                one.bind(("127.0.0.1", first + offset))
        except OSError:
            for one in held:
                one.close()
            continue
        for one in held:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return first, held
    sys.exit("no ports are free")


# --- what is measured -------------------------------------------------------------------------------------------------


def family(process):
    """The process and its children."""
    pids, found = [process.pid], []
    while pids:
        pid = pids.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").iterdir():
            pids += [int(child) for child in (task / "children").read_text().split()]
    return found


def cpu_seconds(process):
    total = 0
    for pid in family(process):
        # After the name, which may hold spaces: utime and stime are the 12th and 13th.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def pss_kib(process):
    total = 0
    for pid in family(process):
        total += int(re.search(r"(?m)^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text()).group(1))
    return total


def load(city, side, cookie, mode, count, seconds, **popen):
    keys = city.data / "keys"
    command = ["taskset", "-c", REST_CORE, PROGRAMS / "examples/load", f"127.0.0.1:{side.port}", CARE]
    command += [keys / "root.pem", city.terminal(), city.terminal(), mode, count, seconds, cookie, RECORD]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, **popen)


def under_load(city, side, cookie, mode, count, seconds):
    before = cpu_seconds(side.process)
    process = load(city, side, cookie, mode, count, seconds)
    out, _ = process.communicate()
    used = cpu_seconds(side.process) - before
    figures = json.loads(out)
    assert figures["failed"] == 0, f"{side.name} {mode}: {figures}"
    figures["cpu_us"] = used / max(figures["done"], 1) * 1e6
    figures["resumed"] /= max(figures["done"], 1)
    return figures


def idle_kib(city, side, cookie, count):
    """Memory of the side for each idle connection."""
    before = pss_kib(side.process)
    process = load(city, side, cookie, "idle", count, 15)
    assert process.stdout.readline().strip() == "ready"
    time.sleep(1)
    after = pss_kib(side.process)
    figures = json.loads(process.communicate()[0])
    assert figures["failed"] == 0 and figures["done"] == count, f"{side.name} idle: {figures}"
    return (after - before) / count


def measure(options, city, sides):
    found = {side.name: {} for side in sides}

    def note(side, name, value):
        found[side.name].setdefault(name, []).append(value)

    cookie = city.sign_in()
    # The first thousand connections of a fresh process: memory that was used once is not given back.
    for side in sides:
        under_load(city, side, cookie, "h1", options.connections, 1)
        note(side, "memory per idle connection, KiB", idle_kib(city, side, cookie, options.idle))
    for number in range(options.rounds):
        cookie = city.sign_in()
        for side in sides if number % 2 == 0 else reversed(sides):
            for mode, name in [("h1", "HTTP/1.1"), ("h2", "HTTP/2")]:
                figures = under_load(city, side, cookie, mode, options.connections, options.seconds)
                note(side, f"{name} saturated: requests/s", figures["per_second"])
                note(side, f"{name} saturated: CPU us per request", figures["cpu_us"])
                note(side, f"{name} saturated: p50 us", figures["p50_us"])
                note(side, f"{name} saturated: p99 us", figures["p99_us"])
            figures = under_load(city, side, cookie, f"even:{options.rate}", 32, options.seconds)
            note(side, f"HTTP/1.1, {options.rate}/s evenly: CPU us per request", figures["cpu_us"])
            note(side, f"HTTP/1.1, {options.rate}/s evenly: p50 us", figures["p50_us"])
            note(side, f"HTTP/1.1, {options.rate}/s evenly: p99 us", figures["p99_us"])
            for mode, name in [("full", "full handshake"), ("resumed", "resumed handshake")]:
                figures = under_load(city, side, cookie, mode, 8, options.seconds)
                assert figures["resumed"] == (1 if mode == "resumed" else 0), f"{side.name} {mode}: {figures}"
                note(side, f"{name} and a request: CPU us", figures["cpu_us"])
        print(f"round {number + 1} of {options.rounds} is done", file=sys.stderr)
    return found


def report(options, sides, found):
    version = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip()
    cores = len(os.sched_getaffinity(0))
    print(f"{version}; {cores} cores; {options.rounds} rounds of {options.seconds:g} s; load average {os.getloadavg()[0]:.1f}")
    first, second = [side.name for side in sides]
    print(f"| median (smallest - largest) | {first} | {second} | {first} / {second} |")
    print("|---|---|---|---|")
    for name in found[first]:
        ours, theirs = found[first][name], found[second][name]
        ratio = statistics.median(ours) / max(statistics.median(theirs), 1e-9)
        print(f"| {name} | {spread(ours)} | {spread(theirs)} | {ratio:.2f} |")


def spread(values):
    digits = 1 if max(values) < 100 else 0
    text = f"{statistics.median(values):.{digits}f}"
    return text if len(values) == 1 else f"{text} ({min(values):.{digits}f} - {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
