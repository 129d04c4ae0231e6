"""What was measured, as tables, as a picture and as the part of docs/performance.md that is about it."""

import statistics

import picture
from install import ROOT

DOCS = ROOT / "docs/performance.md"

# Figure, what it is called, digits after the point.
ROWS = [
    ("h1.cpu_us", "small GET, HTTP/1.1, {connections} connections: CPU us", 1),
    ("h1.per_second", "the same: requests/s", 0),
    ("h1.busy", "the same: cores the proxy used", 2),
    ("h1.p50_us", "the same: p50 us", 0),
    ("h1.p99_us", "the same: p99 us", 0),
    ("h2.cpu_us", "small GET, HTTP/2, 32 connections of 4 streams: CPU us", 1),
    ("h2.per_second", "the same: requests/s", 0),
    ("h2.p99_us", "the same: p99 us", 0),
    ("bundle.cpu_us", "search that finds 20, HTTP/1.1: CPU us", 1),
    ("bundle.per_second", "the same: requests/s", 0),
    ("even.cpu_us", "{rate}/s evenly, HTTP/1.1: CPU us", 1),
    ("even.p50_us", "the same: p50 us", 0),
    ("even.p99_us", "the same: p99 us", 0),
    ("handshake.cpu_us", "full handshake and a request: CPU us", 0),
    ("resumption.cpu_us", "resumed handshake and a request: CPU us", 0),
    ("down.cpu_ms_per_gib", "download: CPU ms per GiB", 0),
    ("down.mib_per_second", "the same: MiB/s", 0),
    ("up.cpu_ms_per_gib", "upload: CPU ms per GiB", 0),
    ("up.mib_per_second", "the same: MiB/s", 0),
    ("idle.kib_before", "memory (PSS) at rest, MiB", 1),
    ("idle.kib_each", "memory (PSS) for each idle connection, KiB", 1),
    ("calls.per_request", "system calls per request, all threads", 2),
]
SCALED = {"idle.kib_before": 1 / 1024}

# Whose figure, held against whose, must be at most so many times as much; and what would be better still.
AIMS = [
    ("h1.cpu_us", "bare", "nginx-bare", 0.95, 0.8),
    ("h2.cpu_us", "bare", "nginx-bare", 1.0, 0.9),
    ("h1.cpu_us", "full", "nginx-full", 0.7, 0.5),
    ("h1.cpu_us", "full", "envoy-full", 0.4, 0.25),
    ("h1.cpu_us", "full", "nginx-bare", None, 1.0),
    ("handshake.cpu_us", "bare", "nginx-bare", 0.55, None),
    ("handshake.cpu_us", "full", "nginx-full", 0.55, None),
    ("resumption.cpu_us", "bare", "nginx-bare", 0.55, None),
    ("resumption.cpu_us", "full", "nginx-full", 0.55, None),
    ("down.cpu_ms_per_gib", "bare", "nginx-bare", 0.8, None),
    ("down.cpu_ms_per_gib", "full", "nginx-full", 0.8, None),
    ("up.cpu_ms_per_gib", "bare", "nginx-bare", 1.0, None),
    ("up.cpu_ms_per_gib", "full", "nginx-full", 1.0, None),
    ("even.p99_us", "bare", "nginx-bare", 1.0, None),
    ("even.p99_us", "full", "nginx-full", 1.0, None),
]
# Absolute ones.
BOUNDS = [("idle.kib_each", "full", 24.0), ("calls.per_request", "full", 4.3)]


class Told:
    """The figures of a run."""

    def __init__(self, found):
        self.found, self.names = found, list(found["titles"])

    def values(self, gateway, figure):
        values = [one[gateway][figure] for one in self.found["rounds"] if figure in one.get(gateway, {})]
        return [value * SCALED.get(figure, 1) for value in values if value is not None]

    def median(self, gateway, figure):
        values = self.values(gateway, figure)
        return statistics.median(values) if values else None

    def cell(self, gateway, figure, digits):
        values = self.values(gateway, figure)
        if not values:
            return ""
        middle = f"{statistics.median(values):.{digits}f}"
        if len(values) > 1 and min(values) != max(values):
            middle += f" ({min(values):.{digits}f}-{max(values):.{digits}f})"
        # Others were at work in the quietest round even.
        disturbed = [one[gateway].get(f"{figure.split('.')[0]}.others", 0) for one in self.found["rounds"] if figure in one.get(gateway, {})]
        return middle + (" !" if statistics.median(disturbed) > self.found["options"]["others"] else "")


def text(found):
    """The tables, in Markdown."""
    told = Told(found)
    lines = [about(found), ""]
    lines += ["| median (smallest-largest) | " + " | ".join(found["titles"].values()) + " |", "|---" * (len(told.names) + 1) + "|"]
    for figure, title, digits in ROWS:
        cells = [told.cell(name, figure, digits) for name in told.names]
        if any(cells):
            lines.append(f"| {title.format(**found['options'])} | " + " | ".join(cells) + " |")
    if any("!" in line for line in lines[2:]):
        lines += ["", f"\\! others took more than {found['options']['others']:g} of a core meanwhile."]
    aims = held(told)
    if aims:
        lines += ["", "| held against | ratio | aim | better still | |", "|---|---|---|---|---|", *aims]
    return "\n".join(lines)


def about(found):
    machine, versions, options = found["machine"], found["versions"], found["options"]
    peers = ", ".join(versions[name] for name in ("nginx", "haproxy", "envoy") if name in versions)
    return (
        f"{found['date']}, commit {found['commit']}; {peers}; {machine['cores']} cores of {machine['processor']}, "
        f"{machine['memory_gib']} GiB, Linux {machine['kernel']}; {options['rounds']} interleaved rounds of {options['seconds']:g} s."
    )


def whole_titles():
    """Titles that say without the row above what they are about."""
    titles, above = {}, ""
    for figure, title, _ in ROWS:
        above = above if title.startswith("the same") else title.partition(":")[0]
        titles[figure] = title.replace("the same", above)
    return titles


def held(told):
    titles = whole_titles()
    lines = []
    for figure, ours, theirs, aim, better in AIMS:
        one, other = told.median(ours, figure), told.median(theirs, figure)
        if one is None or not other:
            continue
        ratio, options = one / other, told.found["options"]
        title = titles[figure].format(**options)
        verdict = "" if aim is None else "met" if ratio <= aim else "**missed**"
        better_met = better is not None and ratio <= better
        lines.append(
            f"| {title}: {told.found['titles'][ours]} / {told.found['titles'][theirs]} | {ratio:.2f} | "
            f"{'' if aim is None else f'{aim:g}'} | {'' if better is None else f'{better:g}'} | {verdict}{', and better' if better_met and aim else 'met' if better_met else ''} |"
        )
    for figure, ours, aim in BOUNDS:
        one = told.median(ours, figure)
        if one is not None:
            lines.append(f"| {titles[figure]}: {told.found['titles'][ours]} | {one:.2f} | {aim:g} | | {'met' if one <= aim else '**missed**'} |")
    return lines


def write_docs(found):
    """Writes the part of docs/performance.md that is about the peers, and the picture beside it."""
    picture.draw(Told(found), DOCS.parent / "performance-peers.svg")
    write_between("run.py", f"{text(found)}\n\n![CPU time for each request](performance-peers.svg)")


def write_between(script, part):
    """Writes docs/performance.md's part between the marks of a script of ours."""
    begin, end = f"<!-- tests/bench/{script} writes from here -->", "<!-- to here -->"
    before, mark, rest = DOCS.read_text().partition(begin)
    _, end_mark, after = rest.partition(end)
    assert mark and end_mark, f"{DOCS} has no place for it: {begin} ... {end}"
    DOCS.write_text(f"{before}{begin}\n{part}\n{end}{after}")
