"""Counts of an instrumented program (LLVM's raw profile, `InstrProfData.inc`), written as text (`llvm-profdata`, "Profile Data Format")."""

import struct
import zlib
from collections import defaultdict
from hashlib import md5

MAGIC = 0xFF6C70726F667281
VERSION, VARIANTS = 10, 0xFF << 56
HEADER = struct.Struct("<16Q")
# Name, hash, where the counters are, bitmap, function, values, how many counters, three kinds of values, octets of the bitmap.
FUNCTION = struct.Struct("<QQQQQQI3HxxI")
EACH = 2**64


def write_text(raws, to):
    """Adds up the counts of several runs; gives how many functions have any."""
    counts = {}
    for raw in raws:
        for key, found in functions(raw.read_bytes()):
            before = counts.setdefault(key, [0] * len(found))
            if len(before) == len(found):
                counts[key] = [one + other for one, other in zip(before, found)]
    counts = {key: found for key, found in counts.items() if any(found)}
    with open(to, "w") as out:
        out.write(":ir\n")
        for (name, shape), found in sorted(counts.items()):
            out.write("\n".join([name, str(shape), str(len(found)), *map(str, found)]) + "\n\n")
    return len(counts)


def functions(raw):
    """Of each function its name, the hash of its shape, and its counts."""
    fields = HEADER.unpack_from(raw)
    magic, version, ids, number, gap, counters, gap_behind, bitmap, bitmap_gap, names, counters_delta, *_ = fields
    if magic != MAGIC or version & ~VARIANTS != VERSION:
        raise SystemExit(f"counts of a version that is not known here: {version & ~VARIANTS}")
    at = HEADER.size + ids
    counters_at = at + number * FUNCTION.size + gap
    names_at = counters_at + counters * 8 + gap_behind + bitmap + bitmap_gap
    known = by_hash(raw[names_at:names_at + names])
    for index in range(number):
        place = at + index * FUNCTION.size
        name, shape, counter, _, _, _, count, *_ = FUNCTION.unpack_from(raw, place)
        # It is told from the function's own place, whose distance from the counters is told of the first.
        offset = (counter - (counters_delta - index * FUNCTION.size)) % EACH
        if name in known and offset + count * 8 <= counters * 8:
            yield (known[name], shape), list(struct.unpack_from(f"<{count}Q", raw, counters_at + offset))


def by_hash(section):
    """Names by the number that stands for them. They lie in pieces, packed or not."""
    known, at = defaultdict(str), 0
    while at < len(section):
        plain, at = number(section, at)
        packed, at = number(section, at)
        length = packed or plain
        piece = section[at:at + length]
        at += length
        # Pieces begin where the linker likes them to.
        while at < len(section) and section[at] == 0:
            at += 1
        for name in (zlib.decompress(piece) if packed else piece).split(b"\x01"):
            known[int.from_bytes(md5(name).digest()[:8], "little")] = name.decode()
    return known


def number(octets, at):
    """A number in LEB128, and where it ends."""
    value = shift = 0
    while True:
        octet, at = octets[at], at + 1
        value |= (octet & 0x7F) << shift
        if octet < 0x80:
            return value, at
        shift += 7
