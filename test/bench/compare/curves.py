"""How costs grow: what test/bench/growth.c counts at several sizes, and pictures of it."""
import math
import re
import subprocess

# name: (what a round is, what SIZE is, sizes, whether the cost is that of one of SIZE, rounds)
CURVES = {
    "bytes": ("a message is received: instructions a byte", "bytes of text",
              (100, 1000, 10000, 100000, 1000000, 8000000), True, 2),
    "depth": ("a message is received: instructions an element", "elements within each other",
              (2, 10, 100, 1000, 9000), True, 3),
    "children": ("a message is received: instructions a child", "children",
                 (10, 100, 1000, 10000, 100000), True, 2),
    "attributes": ("an element is received: instructions an attribute", "attributes",
                   (8, 32, 64, 128, 255), True, 5),
    "prefixed": ("an element is received: instructions an attribute with a prefix", "attributes",
                 (8, 32, 64, 128, 255), True, 5),
    "set-attributes": ("an element is built: instructions an attribute", "attributes",
                       (8, 32, 128, 512, 2048), True, 3),
    "add-handlers": ("handlers with rising priority are added: instructions a handler", "handlers",
                     (10, 100, 1000, 4000), True, 2),
    "add-filters": ("filters of one priority are added: instructions a filter", "filters",
                    (10, 100, 1000, 4000), True, 2),
    "handlers": ("a message is received beside handlers for others: instructions", "handlers",
                 (1, 10, 100, 1000, 10000), False, 5),
    "filters": ("a message passes filters: instructions a filter", "filters", (10, 100, 1000, 10000), True, 5),
    "events": ("an event occurs beside handlers without events: instructions", "handlers",
               (1, 10, 100, 1000, 10000), False, 5),
    "requests": ("a request is sent and answered: instructions", "other requests without answer",
                 (1, 10, 100, 1000, 10000), False, 5),
    "deferred": ("a request is received, deferred and answered: instructions", "other deferred answers",
                 (1, 10, 100, 1000, 10000), False, 5),
    "outbox": ("a message is sent, with stream management: instructions", "messages without acknowledgement",
               (1, 10, 100, 1000, 10000), False, 5),
    "roster": ("a roster is fetched at a login: instructions a contact", "contacts",
               (100, 1000, 10000, 100000), True, 2),
    "push": ("a contact is changed: instructions", "contacts", (10, 100, 1000, 10000, 100000), False, 3),
    "logins": ("sessions are opened and stay: instructions a session", "sessions",
               (100, 1000, 10000), True, 2),
    "sessions": ("a message is received beside idle sessions: instructions", "sessions",
                 (1, 10, 100, 1000, 10000), False, 5),
    "timers": ("a timer is started and stopped: instructions", "running timers",
               (1, 10, 100, 1000, 10000, 100000), False, 5),
}


def count(build, name, size, rounds):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=bench_counted",
               "--toggle-collect=bench_server_speaks",
               "--toggle-collect=bench_server_speaks_to_many", str(build / "test" / "bench" / "bench-growth"), name,
               str(size), str(rounds)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(re.search(r"Collected : (\d+)", run.stderr).group(1))


def measure(build, name):
    """[[size, instructions]]: later rounds alone are counted."""
    _, _, sizes, is_each, rounds = CURVES[name]
    points = []
    for size in sizes:
        cost = (count(build, name, size, rounds) - count(build, name, size, 1)) / (rounds - 1)
        points.append([size, cost / size if is_each else cost])
    return points


def label(value):
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def picture(name, points):
    """An SVG: sizes on a logarithmic axis, instructions from 0 on a linear one."""

    width, height, left, right, top, bottom = 560, 240, 76, 20, 40, 46
    title, unit, _, _, _ = CURVES[name]
    low, high = math.log10(points[0][0]), math.log10(points[-1][0])
    most = max(cost for _, cost in points) * 1.15

    def x(size):
        return left + (math.log10(size) - low) / (high - low) * (width - left - right)

    def y(cost):
        return height - bottom - cost / most * (height - top - bottom)

    def text(at_x, at_y, content, anchor="middle"):
        return f'<text x="{at_x:.0f}" y="{at_y:.0f}" text-anchor="{anchor}">{content}</text>'

    line = " ".join(f"{x(size):.1f},{y(cost):.1f}" for size, cost in points)
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        text(left, 20, title, "start"),
        text((left + width - right) / 2, height - 8, unit),
        f'<path d="M{left} {top}V{height - bottom}H{width - right}" fill="none" stroke="#888"/>',
    ]
    for part in (0, 0.5, 1):
        cost = most / 1.15 * part
        rows.append(text(left - 6, y(cost) + 4, label(cost), "end"))
        rows.append(f'<path d="M{left} {y(cost):.1f}H{width - right}" stroke="#ddd"/>')
    for size, cost in points:
        rows.append(text(x(size), height - bottom + 16, label(size)))
        rows.append(f'<circle cx="{x(size):.1f}" cy="{y(cost):.1f}" r="3" fill="#1f5fa8"/>')
    rows.append(f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>')
    return "\n".join(rows + ["</svg>"]) + "\n"


def table(curves):
    rows = ["| what | sizes | instructions |", "| --- | --- | --- |"]
    for name, points in curves.items():
        sizes = "; ".join(label(size) for size, _ in points)
        costs = "; ".join(label(cost) for _, cost in points)
        rows.append(f"| {CURVES[name][0]} | {sizes} {CURVES[name][1]} | {costs} |")
    return rows
