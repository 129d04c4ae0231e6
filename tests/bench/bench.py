"""Everything that runs for a measurement, and where it lies."""

import datetime
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import gateways
import machine
from city import CARE, City
from install import ROOT
from machine import REST_CORE, Ports, stop
from pki import Pki
from store import Store, memory

RELEASE = ROOT / "target/release"
KEPT = ROOT / "target/bench"
# What is measured as ours, where no other binary is named.
OURS = RELEASE


def build(sekisho=True):
    """Builds what is measured and what measures; not ours where another binary was named."""
    command = ["cargo", "build", "--release", "--locked", "-p", "backend-stub", "-p", "tests", "--bins", "--example", "load", "--example", "bare"]
    subprocess.run(command + (["-p", "sekisho"] if sekisho else []), cwd=ROOT, check=True)


class Bench:
    """Gateways by name, in front of one store; all of them halted. `sekisho` names binaries of ours: pairs of name and path."""

    def __init__(self, wanted, sekisho=()):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.gateways, self.running = [], []
        self.folder = Path(tempfile.mkdtemp(prefix="sekisho-bench-"))
        # Whatever runs as another user must reach its own files in it.
        self.folder.chmod(0o755)
        try:
            self.begin(wanted, list(sekisho) or [("full", OURS / "sekisho")])
        except BaseException:
            self.stop()
            raise

    def begin(self, wanted, ours):
        self.programs, self.versions = gateways.found(wanted)
        cities = [City(self.folder, f"city-{name}", program) for name, program in ours]
        self.city = cities[0]
        self.pki = Pki(self.folder / "pki", CARE)
        self.ports = Ports(20)
        self.store = Store(self.folder, self.ports.first, REST_CORE, self.city.records)
        self.running.append(self.store.process)
        port = self.ports.first + 1
        for kind in gateways.PEERS:
            if kind.name in wanted and kind.needs in self.programs:
                self.add(kind(self, port))
                port += 2
        if "bare" in wanted:
            self.add(gateways.Bare(self, port))
        if "full" in wanted:
            for (name, _), city in zip(ours, cities):
                self.add(gateways.Full(self, city, name))

    def add(self, gateway):
        self.gateways.append(gateway)
        self.running += gateway.processes
        machine.freeze(gateway.processes)

    @staticmethod
    def bare():
        return OURS / "examples/bare"

    def load(self, gateway, who, mode, count, seconds, paths, *more):
        """Starts terminals (certificate and cookie of each) that ask a gateway for paths; says in JSON what came of it."""
        command = ["taskset", "-c", REST_CORE, RELEASE / "examples/load", "--to", f"127.0.0.1:{gateway.port}", "--host", CARE]
        command += ["--root", gateway.root(), "--mode", mode, "--count", count, "--seconds", seconds]
        for certificate, cookie in who:
            command += ["--as", f"{certificate}={cookie}"]
        for path in paths:
            command += ["--path", path]
        return subprocess.Popen(list(map(str, [*command, *more])), stdout=subprocess.PIPE, text=True)

    def stop(self):
        for process in reversed(self.running):
            stop(process)
        for place in (memory(self.folder), self.folder):
            shutil.rmtree(place, ignore_errors=True)


def keep(found, name="", path=None):
    """Figures as they were found, so that they can be told again."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = Path(path or KEPT / f"{name}{datetime.datetime.now():%Y-%m-%d-%H%M%S}.json")
    path.write_text(json.dumps(found, indent=1) + "\n")
    print(f"kept in {path}", file=sys.stderr)


def commit():
    """What was measured, as git names it."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return said.stdout.strip()
