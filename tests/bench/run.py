#!/usr/bin/env python3
"""Sekisho side by side with nginx, HAProxy and Envoy, as mutual-TLS gateways in front of one store, in one run.

    python3 tests/bench/run.py                                  everything; some forty minutes, as root, on two cores
    python3 tests/bench/run.py --docs                           the same, and docs/performance.md's part about it
    python3 tests/bench/run.py --only full,nginx-full,h1        some gateways, some measurements
    python3 tests/bench/run.py --only h1 --sekisho old=PATH --sekisho new=PATH     two binaries of ours
    python3 tests/bench/run.py --from FILE --docs               what was measured before, told again

Installs the peers it can. Each proxy is held on one core with one worker, load and store on the other; whoever is not measured is
halted. Rounds are interleaved; of each figure the median is told, with the smallest and the largest. What other
processes took of the machine meanwhile is noted with every measurement, and told where it was more than --others cores.

gateways: {gateways}
measurements: {measurements}
"""

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

import gateways
import machine
import measure
import report
import bench as benches
from bench import Bench, build, commit, keep
from install import ROOT


def main():
    options = read_arguments()
    if options.told_again:
        return tell(options, json.loads(Path(options.told_again).read_text()))
    if not options.no_build:
        build(not options.sekisho and not options.pgo)
    if options.pgo:
        benches.OURS = ROOT / "target/pgo/release"
        if not (benches.OURS / "sekisho").exists():
            sys.exit("there is no such build: tests/bench/pgo.py makes it")
    bench = Bench(options.gateways, options.sekisho)
    try:
        found = measured(bench, options)
    finally:
        bench.stop()
    keep(found, path=options.json)
    tell(options, found)


def read_arguments():
    text = __doc__.format(gateways=", ".join(gateways.NAMES), measurements=", ".join(measure.NAMES))
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="NAME[,NAME]", help="gateways and measurements; all of a kind if none is named")
    parser.add_argument("--sekisho", action="append", default=[], metavar="[NAME=]PATH", help="a binary of ours instead of the built one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=48, help="over HTTP/1.1")
    parser.add_argument("--rate", type=int, default=1000, help="requests a second, evenly spaced")
    parser.add_argument("--idle", type=int, default=1000, help="idle connections")
    parser.add_argument("--patience", type=int, default=0, help="how often a disturbed measurement is taken again")
    parser.add_argument("--others", type=float, default=0.1, help="cores that others may take before it counts as disturbed")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--pgo", action="store_true", help="ours as `pgo.py` has built it")
    parser.add_argument("--json", help="where the figures of all rounds go")
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md's part")
    parser.add_argument("--from", dest="told_again", metavar="FILE", help="tell figures that were kept")
    options = parser.parse_args()
    named = [name for name in options.only.split(",") if name]
    for name in named:
        if name not in gateways.NAMES + measure.NAMES:
            parser.error(f"{name} is neither a gateway nor a measurement")
    options.gateways = [name for name in gateways.NAMES if name in named] or gateways.NAMES
    options.measures = [name for name in measure.NAMES if name in named] or measure.NAMES
    if options.sekisho and not set(named) & set(gateways.NAMES):
        options.gateways = ["full"]
    options.sekisho = [binary(number, text) for number, text in enumerate(options.sekisho)]
    return options


def binary(number, text):
    """NAME=PATH, or PATH."""
    name, _, path = text.rpartition("=")
    return name or ("full" if number == 0 else f"full-{number + 1}"), Path(path).resolve()


def measured(bench, options):
    measures = measure.Measures(bench, options)
    rounds = []
    for number in range(options.rounds):
        names = [name for name in options.measures if number == 0 or name not in measure.ONCE]
        if "calls" in names and not machine.Calls.possible():
            print("system calls cannot be counted here", file=sys.stderr)
            names.remove("calls")
        order = bench.gateways if number % 2 == 0 else reversed(bench.gateways)
        rounds.append({gateway.name: measures.of(gateway, names) for gateway in order if names})
        print(f"round {number + 1} of {options.rounds} is done; load average {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return {
        "date": f"{datetime.date.today()}",
        "commit": commit(),
        "machine": machine.describe(),
        "versions": bench.versions | gateways.crates(ROOT),
        "options": {name: getattr(options, name) for name in ("rounds", "seconds", "connections", "rate", "idle", "others")},
        "titles": {gateway.name: gateway.title for gateway in bench.gateways},
        "rounds": rounds,
    }


def tell(options, found):
    print(report.text(found))
    if options.docs:
        report.write_docs(found)


if __name__ == "__main__":
    main()
