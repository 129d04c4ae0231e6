#!/usr/bin/env python3
"""Builds ours with what a run of it has shown (profile-guided optimisation), into target/pgo/release.

    python3 tests/bench/pgo.py           some twenty minutes, as root, on two cores
    python3 tests/bench/run.py --pgo     measures that build

First it is built so that it counts which way each of its branches goes; then the benchmark's loads run against it, full job and bare
forwarding; then it is built once more with the counts. The toolchain's own `llvm-profdata` is no part of a plain installation, and
Debian's is older than the counts: `counts.py` writes them as text, which every version reads.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bench
import counts
import machine
import measure
from bench import Bench
from install import ROOT, debian

COUNTS, PROFILE = ROOT / "target/pgo/counts", ROOT / "target/pgo/sekisho.profdata"
COUNTING, GUIDED = ROOT / "target/pgo/counting", ROOT / "target/pgo"
# Each as much of the profile as it is of a day's work, more or less.
LOADS = ["h1", "h2", "bundle", "even", "up", "down", "resumption", "handshake"]


class Options:
    """How long the loads run, and how wide."""

    seconds, connections, rate, idle, patience, others = 4.0, 48, 1000, 0, 0, 9.0


def main():
    bench.build(False)
    profdata = debian("llvm-profdata", "llvm") or sys.exit("llvm-profdata cannot be had here")
    build(COUNTING, f"-Cprofile-generate={COUNTS}")
    count()
    found = sorted(COUNTS.glob("*.profraw"))
    if not found:
        sys.exit("nothing was counted")
    text = PROFILE.with_suffix(".txt")
    functions = counts.write_text(found, text)
    print(f"{functions} functions were counted in {len(found)} programs", file=sys.stderr)
    subprocess.run([profdata, "merge", "-o", PROFILE, text], check=True)
    build(GUIDED, f"-Cprofile-use={PROFILE}")


def build(target, flag):
    """The product and its bare forwarding. What is built for the build itself, scripts and macros, is built without the flag."""
    host = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout.split("host: ")[1].split()[0]
    command = ["cargo", "build", "--release", "--locked", "--target", host, "--target-dir", target]
    command += ["-p", "sekisho", "-p", "tests", "--bin", "sekisho", "--example", "bare"]
    # A profile of one program names no function of another's: that is no fault.
    flags = f"{flag} -Cllvm-args=-pgo-warn-missing-function=0 -Cllvm-args=-no-pgo-warn-mismatch"
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "RUSTFLAGS": flags})
    shutil.rmtree(target / "release", ignore_errors=True)
    (target / "release/examples").mkdir(parents=True)
    for name in ["sekisho", "examples/bare"]:
        shutil.copy2(target / host / "release" / name, target / "release" / name)
    # The demonstration's store stands beside the program.
    shutil.copy2(bench.RELEASE / "backend-stub", target / "release")


def count():
    """Runs the loads. The programs write their counts when they end."""
    shutil.rmtree(COUNTS, ignore_errors=True)
    bench.OURS = COUNTING / "release"
    running = Bench(["bare", "full"])
    try:
        measures = measure.Measures(running, Options)
        for gateway in running.gateways:
            measures.of(gateway, LOADS)
            machine.stop(gateway.processes[0])
    finally:
        running.stop()


if __name__ == "__main__":
    main()
