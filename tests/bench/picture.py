"""Bars of CPU time for each request and each handshake, as SVG: no library needed, and no script in it."""

from html import escape

PANELS = [
    ("h1.cpu_us", "small GET, HTTP/1.1, us"),
    ("h2.cpu_us", "small GET, HTTP/2, us"),
    ("bundle.cpu_us", "search that finds 20, us"),
    ("handshake.cpu_us", "full handshake and a request, us"),
    ("resumption.cpu_us", "resumed handshake and a request, us"),
    ("down.cpu_ms_per_gib", "download, ms per GiB"),
    ("up.cpu_ms_per_gib", "upload, ms per GiB"),
]
LINE, GAP, LEFT, WIDTH, ROOM = 18, 30, 190, 420, 110
OURS, THEIRS = "#1f6f8b", "#b9b9b9"


def draw(told, path):
    """One panel a figure, one bar a gateway; a thin line shows smallest and largest."""
    parts, y = [], 10
    for figure, title in PANELS:
        bars = [(name, told.values(name, figure)) for name in told.names]
        bars = [(name, values) for name, values in bars if values]
        if not bars:
            continue
        most = max(max(values) for _, values in bars)
        parts.append(label(0, y + 12, f"CPU time: {title}", "bold"))
        y += LINE + 4
        for name, values in bars:
            parts += bar(told, figure, name, values, most, y)
            y += LINE
        y += GAP - LINE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + ROOM}" height="{y + 10}" font-family="sans-serif" font-size="12">'
    ground = f'<rect width="{LEFT + WIDTH + ROOM}" height="{y + 10}" fill="white"/>'
    path.write_text("\n".join([head, ground, *parts, "</svg>"]) + "\n")


def bar(told, figure, name, values, most, y):
    middle, title = told.median(name, figure), told.found["titles"][name]
    x = [LEFT + WIDTH * value / most for value in (min(values), middle, max(values))]
    colour = OURS if title.startswith("Sekisho") else THEIRS
    return [
        label(0, y + 12, title),
        f'<rect x="{LEFT}" y="{y + 2}" width="{x[1] - LEFT:.1f}" height="{LINE - 5}" fill="{colour}"/>',
        f'<line x1="{x[0]:.1f}" x2="{x[2]:.1f}" y1="{y + 8}" y2="{y + 8}" stroke="black"/>',
        label(max(x[1:]) + 6, y + 12, f"{middle:.1f}" if middle < 100 else f"{middle:.0f}"),
    ]


def label(x, y, text, weight="normal"):
    return f'<text x="{x:.1f}" y="{y}" font-weight="{weight}">{escape(text)}</text>'
