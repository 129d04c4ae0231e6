"""The attackers' process: `attacker.py JSON`, told what to do by attack.py. Says `ready` when all are there, and at the end in JSON what
became of them."""

import json
import os
import sys
import time

import flood
import slow
from wire import Watch, Wire

# A flood that is cut comes again, so many times.
COMES_AGAIN_MAX = 300


def main():
    told = json.loads(sys.argv[1])
    # The honest neighbour and the store share the core: they come first, whenever they have anything to do.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    who = [tuple(one) for one in told["who"]]
    run = flooding if told["kind"] in flood.KINDS else crawling
    print(json.dumps(run(told, who)))


def crawling(told, who):
    """So many slow clients, until all are cut or the time is over."""
    kind, watch, open_, refused = slow.KINDS[told["kind"]], Watch(), [], 0
    for number in range(told["count"]):
        try:
            one = kind(told["port"], told["root"], who[number % len(who)], told["source"])
        except OSError:
            refused += 1
            continue
        watch.add(one.wire)
        open_.append(one)
    print("ready", flush=True)
    begun = next_second = time.monotonic()
    while any(one.wire.cut is None for one in open_) and time.monotonic() < begun + told["seconds"]:
        for _ in watch.look(0.02):
            pass
        if time.monotonic() >= next_second:
            next_second += 1
            for one in open_:
                if one.wire.cut is None:
                    one.second()
    times = sorted(one.wire.cut - one.wire.begun for one in open_ if one.wire.cut is not None)
    return {"opened": len(open_), "refused": refused, "cut": len(times), "alive": alive(open_), **quantiles(times)}


def flooding(told, who):
    """So many floods at once; each that is cut comes again."""
    kind, times, sent, opened, refused = flood.KINDS[told["kind"]], [], 0, 0, 0
    open_ = []

    def come():
        nonlocal opened, refused
        certificate, cookie = who[opened % len(who)]
        try:
            wire = Wire(told["port"], told["root"], certificate, told["source"], "h2").open()
        except OSError:
            refused += 1
            return
        opened += 1
        one = kind(cookie)
        one.wire, one.turns = wire, 0
        wire.begun = time.monotonic()
        wire.send(one.first())
        open_.append(one)

    print("ready", flush=True)
    end = time.monotonic() + told["seconds"]
    while time.monotonic() < end:
        while len(open_) < told["count"] and opened + refused < COMES_AGAIN_MAX and time.monotonic() < end:
            come()
        moved = False
        for one in list(open_):
            if len(one.wire.out) < 1 << 16:
                octets = one.turn(one.turns)
                one.turns += 1
                one.wire.send(octets)
                sent, moved = sent + len(octets), moved or bool(octets)
            else:
                one.wire.send(b"")
            if one.reads:
                one.wire.receive()
            else:
                one.wire.look()
            if one.wire.cut is not None:
                times.append(one.wire.cut - one.wire.begun)
                one.wire.close()
                open_.remove(one)
        if not moved:
            time.sleep(0.002)
            if not open_:
                break
    times.sort()
    return {"opened": opened, "refused": refused, "cut": len(times), "alive": alive(open_), "mib": sent / 2**20, **quantiles(times)}


def alive(clients):
    """Seconds that the oldest of those that were not cut has been there; none when all were."""
    ages = [time.monotonic() - one.wire.begun for one in clients if one.wire.cut is None]
    return max(ages, default=None)


def quantiles(times):
    if not times:
        return {"cut_p50": None, "cut_last": None}
    return {"cut_p50": times[len(times) // 2], "cut_last": times[-1]}


if __name__ == "__main__":
    main()
