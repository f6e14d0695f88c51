"""What callgrind has counted: instructions by object and function."""
import collections
import pathlib
import re
import tempfile

from peers import Run

NAME = re.compile(r"c?(ob|fn)=\((\d+)\) ?(.*)")


def read(path):
    """{(object, function): instructions of itself}. A line behind `calls=` repeats what a callee cost."""
    names, costs = {}, collections.Counter()
    place = {"ob": "?", "fn": "?"}
    is_call = False
    for line in path.read_text(errors="replace").split("\n"):
        found = NAME.match(line)
        if found:
            kind, number, name = found.groups()
            if name:
                names[kind, number] = name
            if line[0] != "c":
                place[kind] = names[kind, number]
        elif line.startswith("calls="):
            is_call = True
        elif line and line[0] in "+-*0123456789":
            if not is_call:
                costs[pathlib.Path(place["ob"]).name, place["fn"]] += int(line.split()[1])
            is_call = False
    return costs


def run(build, peer, line, count, has_tls):
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "callgrind.out"
        Run(build, peer, line, count, has_tls,
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]).require()
        return read(out)


def each(build, peer, line, few, many, has_tls):
    """Instructions of one round by object and function: those of a run of few rounds are taken from those
    of a run of many, so that what happens once is left out."""
    costs = run(build, peer, line, many, has_tls)
    costs.subtract(run(build, peer, line, few, has_tls))
    return {place: cost / (many - few) for place, cost in costs.items() if cost != 0}


def table(costs, most=40):
    """The dearest objects and functions, as lines of text."""
    total = sum(costs.values())
    objects = collections.Counter()
    for (name, _), cost in costs.items():
        objects[name] += cost
    rows = [f"{total:12,.0f}  all"]
    rows += [f"{cost:12,.0f}  {name}" for name, cost in objects.most_common(12)]
    rows.append("")
    for (name, function), cost in collections.Counter(costs).most_common(most):
        rows.append(f"{cost:12,.0f}  {name}: {function}")
    return rows
