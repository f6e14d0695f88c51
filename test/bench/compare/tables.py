"""The result of tools/bench as Markdown."""
from measure import METRICS
from peers import PEERS


def text_of(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cell(figure):
    if figure is None or "skipped" in figure:
        return "-"
    text = text_of(figure["median"])
    least, most = text_of(figure["min"]), text_of(figure["max"])
    return text if least == most else f"{text} ({least} to {most})"


def ratio(figures, name, of):
    base, own = figures.get(of), figures.get(name)
    if not base or not own or "skipped" in base or "skipped" in own or base["median"] <= 0:
        return "-"
    return f"{own['median'] / base['median']:.2f}"


def metric_table(title, figures, peers):
    head = ["", "median (least to most)", "beside SAX2", "beside Envoi"]
    rows = [f"### {title}", "", "| " + " | ".join(head) + " |", "| --- | --- | --- | --- |"]
    for name, peer in peers.items():
        figure = figures.get(name)
        if figure is not None:
            rows.append(f"| {peer} | {cell(figure)} | {ratio(figures, name, 'sax2')} "
                        f"| {ratio(figures, name, 'envoi')} |")
    notes = [f"{peers[name]}: {figure['skipped']}" for name, figure in figures.items() if "skipped" in figure]
    return rows + [""] + ([f"Not measured: {'; '.join(notes)}.", ""] if notes else [])


def summary(result, peers):
    rows = ["| | " + " | ".join(peers.values()) + " |", "| --- |" + " --- |" * len(peers)]
    for line in result["lines"].values():
        for metric, figures in line["metrics"].items():
            cells = [cell({**figure, "min": figure["median"], "max": figure["median"]})
                     if figure and "skipped" not in figure else "-"
                     for figure in (figures.get(name) for name in peers)]
            rows.append(f"| {line['title']}: {METRICS[metric]} | " + " | ".join(cells) + " |")
    return rows + [""]


def markdown(result):
    known = {name: result["peers"][name] for name in PEERS if name in result["peers"]}
    peers = {name: peer["title"] for name, peer in known.items() if "absent" not in peer}
    rows = [f"Measured {result['date']} at {result['commit']}, {result['machine']}.", ""]
    rows += [f"{peer['title']}: {peer['absent']}." for peer in known.values() if "absent" in peer]
    versions = [f"{peer['title']} {peer['version']}" for peer in known.values() if peer.get("version")]
    rows += [f"Versions: {', '.join(versions)}.", ""] + summary(result, peers)
    for line in result["lines"].values():
        for metric, figures in line["metrics"].items():
            rows += metric_table(f"{line['title']}: {METRICS[metric]}", figures, peers)
    return "\n".join(rows).rstrip() + "\n"
