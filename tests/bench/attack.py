#!/usr/bin/env python3
"""Slow and hostile clients: within what time they are cut, what an honest neighbour notices, and what memory it takes.

    python3 tests/bench/attack.py                            everything, some twenty minutes, as root, on two cores
    python3 tests/bench/attack.py --docs                     the same, and docs/performance.md's part about it
    python3 tests/bench/attack.py --only rapid-reset,idle    some kinds
    python3 tests/bench/attack.py --gateway nginx-bare       a peer instead

300 slow clients of each kind at once; floods on four connections at once, each of which comes again when it is cut; 10,000 idle
connections. All of them have a terminal's certificate and a session, as a stolen tablet has, and come from another address than the neighbour,
who asks for records 200 times a second, evenly spaced. Attackers, neighbour and store share a core (the neighbour goes first), the
gateway has the other. Limits of requests are open, so that nothing but the gateway's own bounds holds a flood. Exit code 1 if a bound was missed.

slow: {slow}
floods: {floods}
"""

import argparse
import datetime
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import flood
import gateways
import machine
import report
import slow
from bench import Bench, build, commit, keep
from city import RECORDS
from machine import REST_CORE

HERE = Path(__file__).resolve().parent
ATTACKERS = "127.0.0.9"
IDLE, IDLE_COUNT = "10,000 idle", 10_000
RATE, QUIET_SECONDS, DURING_SECONDS, FLOODS_AT_ONCE = 200, 4, 6, 4
# What is promised: the neighbour's p99, and memory.
P99_TIMES_MAX, GROWTH_MIB_MAX = 2.0, 64
# Below this a p99 is not told apart from what the machine does by itself.
P99_FLOOR_US = 5000


def main():
    options = read_arguments()
    if not options.no_build:
        build(not options.sekisho)
    ours = [("full", Path(options.sekisho).resolve())] if options.sekisho else []
    bench = Bench([options.gateway], ours)
    rows = []
    try:
        gateway = bench.gateways[0]
        machine.thaw(gateway.processes)
        for kind in options.kinds:
            rows.append(Attack(bench, gateway, kind, options).row())
            print(line(rows[-1]), flush=True)
            if gateway.processes[-1].poll() is not None:
                sys.exit(f"{gateway.title} ended under {kind}")
    finally:
        bench.stop()
    found = {"date": f"{datetime.date.today()}", "commit": commit(), "gateway": gateway.title, "machine": machine.describe(), "rows": rows}
    keep(found, "attack-")
    if options.docs:
        report.write_between("attack.py", text(found))
    sys.exit(0 if all(good(row) for row in rows) else 1)


def read_arguments():
    kinds = [*slow.KINDS, *flood.KINDS, IDLE]
    told = __doc__.format(slow=", ".join(slow.KINDS), floods="; ".join(flood.KINDS))
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="KIND[,KIND]", help="`slow`, `floods`, or names; a flood by the first of its words too")
    parser.add_argument("--gateway", default="full", choices=gateways.NAMES)
    parser.add_argument("--sekisho", metavar="PATH", help="a binary of ours instead of the built one")
    parser.add_argument("--count", type=int, default=300, help="slow clients of each kind")
    parser.add_argument("--longest", type=float, default=80, help="seconds after which a slow client counts as never cut")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md's part")
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    groups = {"slow": list(slow.KINDS), "floods": list(flood.KINDS)}
    named = {kind for name in wanted for kind in groups.get(name, [one for one in kinds if one == name or one.split(":")[0] == name])}
    if wanted and not named:
        parser.error("no such kind")
    options.kinds = [kind for kind in kinds if not wanted or kind in named]
    return options


class Attack:
    """One kind, against a gateway that is running."""

    def __init__(self, bench, gateway, kind, options):
        self.bench, self.gateway, self.kind, self.options = bench, gateway, kind, options
        who = gateway.terminals()
        # Bounds by user ID are not what is looked at: neighbour and attackers are others.
        self.honest, self.hostile = who[:2], who[2:]
        self.most = 0

    def row(self):
        machine.quiet(limit=0.3, seconds=20)
        # Known to the gateway, and the way to the store open.
        self.neighbour(1)
        quiet = self.neighbour(QUIET_SECONDS)
        before = machine.memory_kib(self.gateway.processes)
        attackers = self.start()
        assert attackers.stdout.readline().strip() == "ready"
        sampling = threading.Thread(target=self.sample, args=(attackers,))
        sampling.start()
        cpu, begun = machine.cpu_seconds(self.gateway.processes), time.monotonic()
        during = self.neighbour(DURING_SECONDS)
        busy = (machine.cpu_seconds(self.gateway.processes) - cpu) / (time.monotonic() - begun)
        said = json.loads(attackers.communicate()[0].splitlines()[-1])
        sampling.join()
        return {
            "kind": self.kind,
            "within": self.within(),
            "quiet_p99_us": quiet["p99_us"],
            "during_p99_us": during["p99_us"],
            "during_failed": during["failed"],
            "busy": busy,
            "growth_mib": (self.most - before) / 1024,
            **said,
        }

    def within(self):
        if self.kind in flood.KINDS:
            return flood.KINDS[self.kind].within
        return slow.KINDS[self.kind].within if self.kind in slow.KINDS else None

    def start(self):
        if self.kind == IDLE:
            return self.load("idle", IDLE_COUNT, 30, "--from", "6")
        seconds = flood.KINDS[self.kind].seconds if self.kind in flood.KINDS else self.options.longest
        told = {"kind": self.kind, "port": self.gateway.port, "root": str(self.gateway.root()), "source": ATTACKERS, "seconds": seconds}
        told["who"] = [(str(certificate), cookie) for certificate, cookie in self.hostile]
        told["count"] = FLOODS_AT_ONCE if self.kind in flood.KINDS else self.options.count
        command = ["taskset", "-c", REST_CORE, sys.executable, HERE / "attacker.py", json.dumps(told)]
        return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)

    def neighbour(self, seconds):
        return json.loads(self.load(f"even:{RATE}", 8, seconds).communicate()[0])

    def load(self, mode, count, seconds, *more):
        return self.bench.load(self.gateway, self.honest, mode, count, seconds, RECORDS[:1], *more)

    def sample(self, attackers):
        """The most memory while they are there."""
        while attackers.poll() is None:
            self.most = max(self.most, machine.memory_kib(self.gateway.processes))
            time.sleep(0.1)


def good(row):
    return not missed(row)


def missed(row):
    """What of a row is not as it should be."""
    found = []
    # Whom the gateway never let in has shown nothing.
    if (row["done"] < IDLE_COUNT) if row["kind"] == IDLE else not row["opened"]:
        found.append("attackers missing")
    if row.get("within") and max(row["cut_last"] or 0, row["alive"] or 0) > row["within"]:
        found.append("not cut in time")
    if row["during_failed"]:
        found.append("neighbour refused")
    elif row["during_p99_us"] > max(P99_TIMES_MAX * row["quiet_p99_us"], P99_FLOOR_US):
        found.append("neighbour slowed")
    if row["growth_mib"] > GROWTH_MIB_MAX:
        found.append("memory")
    return found


def line(row):
    """A row of the table."""
    if row["kind"] == IDLE:
        cut = f"{row['done']} open"
    elif row["cut"] == 0:
        cut = f"none of {row['opened']} in {row['alive'] or 0:.0f}"
    else:
        cut = f"{row['cut']} of {row['opened']}: {row['cut_p50']:.2f}, {row['cut_last']:.2f}"
    p99 = f"{row['quiet_p99_us'] / 1000:.1f} -> {row['during_p99_us'] / 1000:.1f}"
    within = f"{row['within']:g}" if row["within"] else ""
    return f"| {row['kind']} | {cut} | {within} | {p99} | {row['busy']:.2f} | {row['growth_mib']:.1f} | {', '.join(missed(row)) or 'held'} |"


def text(found):
    processor, kernel = found["machine"]["processor"], found["machine"]["kernel"]
    lines = [
        f"{found['date']}, commit {found['commit']}, {found['gateway']}; {found['machine']['cores']} cores of {processor}, Linux {kernel}.",
        "",
        "| kind | cut: p50, last (s) | within (s) | neighbour's p99, ms | cores used | memory, MiB | |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join(lines + [line(row) for row in found["rows"]])


if __name__ == "__main__":
    main()
