"""The measurements. Each gives figures of one gateway, by name."""

import json
import resource
import time

import machine
from city import RECORDS
from store import DOCUMENT, SEARCH, UPLOAD, UPLOAD_OCTETS

GIB = 2**30
# Known to the gateway, its rooms made and its ways open, before what is measured.
WARM_SECONDS = 1


class Measures:
    """How the load is run, against one gateway at a time."""

    def __init__(self, bench, options):
        self.bench, self.options = bench, options

    def load(self, gateway, mode, count, seconds, paths, *more):
        return self.bench.load(gateway, self.terminals, mode, count, seconds, paths, *more)

    def run(self, gateway, mode, count, paths, *more, seconds=None):
        """Runs a load to its end: its own figures, the proxy's time for each answer, and what others took of the machine meanwhile."""
        seconds = seconds or self.options.seconds
        begun, before, ours, all_ = time.monotonic(), machine.cpu_seconds(gateway.processes), self.own(), machine.all_cpu_seconds()
        out, _ = self.load(gateway, mode, count, seconds, paths, *more).communicate()
        used = machine.cpu_seconds(gateway.processes) - before
        others = machine.all_cpu_seconds() - all_ - used - (self.own() - ours)
        figures = json.loads(out)
        assert figures["failed"] == 0 and figures["done"] > 0, f"{gateway.name} {mode}: {figures}"
        figures["cpu_us"] = used / figures["done"] * 1e6
        figures["busy"] = used / (time.monotonic() - begun)
        figures["others"] = max(others, 0) / (time.monotonic() - begun)
        return figures

    def own(self):
        """What the load and the store have used."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime + machine.cpu_seconds([self.bench.store.process])

    def of(self, gateway, names):
        """All these measurements of one gateway, in turn."""
        machine.thaw(gateway.processes)
        self.terminals = gateway.terminals()
        found = {}
        for name in names:
            figures = self.undisturbed(gateway, name)
            found.update({f"{name}.{figure}": value for figure, value in figures.items()})
        machine.freeze(gateway.processes)
        return found

    def undisturbed(self, gateway, name):
        """A measurement, again when others were at work meanwhile and there is patience for it; the quietest counts."""
        tries = []
        for _ in range(1 + self.options.patience):
            if self.options.patience:
                machine.quiet()
            figures = getattr(self, name)(gateway)
            tries.append(figures)
            if figures.get("others", 0) < self.options.others:
                break
        return min(tries, key=lambda one: one.get("others", 0))

    # --- the measurements ---------------------------------------------------------------------------------------------

    def h1(self, gateway):
        return pick(self.run(gateway, "h1", self.options.connections, RECORDS))

    def h2(self, gateway):
        return pick(self.run(gateway, "h2:4", 32, RECORDS))

    def bundle(self, gateway):
        return pick(self.run(gateway, "h1", self.options.connections, [SEARCH]))

    def even(self, gateway):
        return pick(self.run(gateway, f"even:{self.options.rate}", 32, RECORDS), "cpu_us", "p50_us", "p99_us", "p999_us")

    def handshake(self, gateway):
        figures = self.run(gateway, "full", 8, RECORDS[:1])
        assert figures["resumed"] == 0, f"{gateway.name}: {figures}"
        return pick(figures)

    def resumption(self, gateway):
        figures = self.run(gateway, "resumed", 8, RECORDS[:1])
        assert figures["resumed"] == figures["done"], f"{gateway.name}: {figures}"
        return pick(figures)

    def down(self, gateway):
        return self.bulk(self.run(gateway, "down", 4, [DOCUMENT]))

    def up(self, gateway):
        return self.bulk(self.run(gateway, "up", 4, [UPLOAD], "--body", UPLOAD_OCTETS))

    @staticmethod
    def bulk(figures):
        gib = figures["octets"] / GIB
        per_gib = figures["cpu_us"] * figures["done"] / 1e3 / gib
        return {"cpu_ms_per_gib": per_gib, "mib_per_second": gib * 1024 / figures["seconds"], "others": figures["others"]}

    def calls(self, gateway):
        """On its own, for counting costs."""
        self.run(gateway, "h1", self.options.connections, RECORDS, seconds=WARM_SECONDS)
        counting = machine.Calls(gateway.processes, self.bench.folder / "calls.txt")
        figures = self.run(gateway, "h1", self.options.connections, RECORDS, seconds=2)
        return {"per_request": counting.stop() / figures["done"], "others": figures["others"]}

    def idle(self, gateway):
        """Memory at rest, and for each of the connections that are held open after one request."""
        count = self.options.idle
        self.run(gateway, "h1", self.options.connections, RECORDS, seconds=WARM_SECONDS)
        before = machine.memory_kib(gateway.processes)
        held = self.load(gateway, "idle", count, 20, RECORDS)
        assert held.stdout.readline().strip() == "ready"
        time.sleep(1)
        after = machine.memory_kib(gateway.processes)
        figures = json.loads(held.communicate()[0])
        assert figures["failed"] == 0 and figures["done"] == count, f"{gateway.name} idle: {figures}"
        return {"kib_before": before, "kib_each": (after - before) / count}


NAMES = ["idle", "h1", "h2", "bundle", "even", "handshake", "resumption", "down", "up", "calls"]
# Taken in the first round only: memory that was used once is not given back; and calls are counted.
ONCE = ["idle", "calls"]


def pick(figures, *names):
    names = names or ("cpu_us", "per_second", "p50_us", "p99_us")
    return {name: figures[name] for name in [*names, "busy", "others"]}
