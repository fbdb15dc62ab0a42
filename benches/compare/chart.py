"""Draws wall time and peak memory over the number of rows, as one SVG that reads on light and dark pages alike.
Reads lines `rows seconds mebibytes`; writes the SVG. Usage: chart.py <scaling.txt >scaling.svg"""

import math
import sys

WIDTH, HEIGHT, TOP, BOTTOM = 760, 340, 56, 48
MEMORY_TARGET = 256

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #57606a }
  .title { font-size: 14px; font-weight: 600; fill: #1f2328 }
  .value { fill: #1f2328 }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .limit { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 5 4 }
  .line { fill: none; stroke: #0969da; stroke-width: 2 }
  .dot { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 } .title, .value { fill: #f0f6fc }
    .grid { stroke: #3d444d } .limit { stroke: #656c76 }
    .line { stroke: #4493f8 } .dot { fill: #4493f8 }
  }
"""


def row_label(rows):
    """100000 as 100 k, 30000000 as 30 M."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if rows >= size:
            return f"{rows / size:g} {unit}"
    return f"{rows:g}"


def decades(values):
    """The powers of ten around the values."""
    return [10.0**power for power in range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)]


def panel(left, width, title, points, y_of, y_ticks, y_label, value_label, limit=None):
    """One diagram: `y_of` maps a value to 0..1 from the bottom; ticks and labels are given in values."""
    low, high = (math.log10(pick(rows for rows, _ in points)) for pick in (min, max))
    span = (high - low) or 1

    def x(rows):
        return left + 16 + (width - 32) * (math.log10(rows) - low) / span

    def y(value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y_of(value)

    yield f'<text class="title" x="{left}" y="24">{title}</text>'
    for tick in y_ticks:
        yield f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        yield f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{y_label(tick)}</text>'
    if limit:
        yield f'<line class="limit" x1="{left}" x2="{left + width}" y1="{y(limit):.1f}" y2="{y(limit):.1f}"/>'
        yield f'<text x="{left + 4}" y="{y(limit) - 6:.1f}">target: at most {limit} MiB</text>'
    path = " ".join(f"{x(rows):.1f},{y(value):.1f}" for rows, value in points)
    yield f'<polyline class="line" points="{path}"/>'
    for rows, value in points:
        yield f'<circle class="dot" cx="{x(rows):.1f}" cy="{y(value):.1f}" r="4"/>'
        yield f'<text class="value" x="{x(rows):.1f}" y="{y(value) - 10:.1f}" text-anchor="middle">{value_label(value)}</text>'
        yield f'<text x="{x(rows):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{row_label(rows)}</text>'
    yield f'<text x="{left + width / 2}" y="{HEIGHT - 8}" text-anchor="middle">rows on each side</text>'


def draw(measures):
    measures = sorted(measures)
    ticks = decades([seconds for _, seconds, _ in measures])
    lowest, highest = math.log10(ticks[0]), math.log10(ticks[-1])
    top = max([MEMORY_TARGET * 1.2] + [memory * 1.15 for _, _, memory in measures])
    wall = panel(
        60, 290, "Wall time, seconds (both axes logarithmic)", [(rows, seconds) for rows, seconds, _ in measures],
        lambda v: (math.log10(v) - lowest) / ((highest - lowest) or 1), ticks, lambda v: f"{v:g}", lambda v: f"{v:.2g} s" if v < 10 else f"{v:.0f} s",
    )
    memory = panel(
        440, 290, "Peak memory, MiB", [(rows, mebibytes) for rows, _, mebibytes in measures],
        lambda v: v / top, range(0, int(top) + 1, 64 if top < 640 else 256), lambda v: f"{v}", lambda v: f"{v:.0f}", MEMORY_TARGET,
    )
    body = "\n".join([*wall, *memory])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Wall time and peak memory over the number of rows">\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )


sys.stdout.write(draw([tuple(map(float, line.split())) for line in sys.stdin if line.strip()]))
