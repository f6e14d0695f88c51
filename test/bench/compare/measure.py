"""The lines of the comparison: what is run, how often, and what is taken from it."""
import re
import statistics
import tempfile

import profile
from peers import Failed, Run


class Line:
    """A line of the table. FEW and MANY are rounds of a run; a figure is the difference of the two runs, by
    round. Python's programs run fewer rounds."""

    def __init__(self, name, title, run, few, many, timed=None, has_tls=False, metrics=()):
        self.name, self.title, self.run = name, title, run
        self.few, self.many, self.has_tls = few, many, has_tls
        self.timed = timed or (few, many)  # of runs without valgrind
        self.metrics = metrics

    def rounds(self, peer, kind):
        few, many = self.timed if kind != "instructions" else (self.few, self.many)
        return (max(few // 5, 2), max(many // 5, 6)) if peer.is_python and self.run != "roster" else (few, many)


LINES = [
    Line("echo", "echo, a stanza", "echo", 500, 2500, (10000, 60000),
         metrics=("instructions", "cpu_us", "calls", "peak_kb")),
    Line("blast", "blast, a stanza that is read", "blast", 500, 2500, (10000, 60000),
         metrics=("instructions", "cpu_us", "calls", "peak_kb")),
    Line("parse", "parse to a tree, a stanza", "parse", 500, 2500, (10000, 60000),
         metrics=("instructions", "cpu_us")),
    Line("roster", "roster of 10,000, a contact", "roster", 1000, 10000,
         metrics=("instructions", "cpu_us", "growth_kb")),
    Line("login", "login with TLS 1.3 and PLAIN", "login", 5, 15, (20, 120), has_tls=True,
         metrics=("instructions", "cpu_us", "calls")),
    Line("login-clear", "login in clear", "login", 20, 60, (200, 1200),
         metrics=("instructions", "cpu_us", "calls")),
    Line("idle", "idle session in clear", "idle", 100, 900, metrics=("resident_kb",)),
    Line("idle-tls", "idle session in TLS 1.3", "idle", 100, 900, has_tls=True, metrics=("resident_kb",)),
    Line("latency", "round trip of a message", "latency", 0, 5000, metrics=("median_us", "p99_us")),
    Line("sessions", "sessions at once in a process, of 10,000 tried", "idle", 0, 10000,
         metrics=("online", "session_cpu_us")),
]

METRICS = {
    "instructions": "instructions",
    "cpu_us": "CPU time, us",
    "calls": "system calls",
    "peak_kb": "largest memory of the process, KB",
    "growth_kb": "memory, KB",
    "resident_kb": "resident memory, KB",
    "median_us": "median, us",
    "p99_us": "99th percentile, us",
    "online": "sessions",
    "session_cpu_us": "CPU time of a login, us",
}


class Bench:
    def __init__(self, build, is_quick):
        self.build, self.is_quick = build, is_quick

    def repeats(self, metric):
        if self.is_quick or metric == "online":
            return 1
        return {"instructions": 3, "calls": 1}.get(metric, 5)

    def figure(self, line, peer, metric):
        """Median, least and most of all repeats, or the reason why there is none."""
        take = getattr(self, f"take_{metric}")
        try:
            values = [take(line, peer) for _ in range(self.repeats(metric))]
        except Failed as why:
            return {"skipped": str(why)}
        return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}

    def runs(self, line, peer, wrapped_by=()):
        few, many = self.rounds(line, peer, "timed")
        return [Run(self.build, peer, line.run, count, line.has_tls, wrapped_by).require()
                for count in (few, many)] + [many - few]

    def rounds(self, line, peer, kind):
        few, many = line.rounds(peer, kind)
        is_shorter = self.is_quick and kind != "instructions" and line.run in ("echo", "blast", "parse", "login")
        return (few // 4, many // 4) if is_shorter else (few, many)

    def take_instructions(self, line, peer):
        few, many = self.rounds(line, peer, "instructions")
        return sum(profile.each(self.build, peer, line.run, few, many, line.has_tls).values())

    def take_cpu_us(self, line, peer):
        first, second, rounds = self.runs(line, peer)
        return (second.cpu_s - first.cpu_s) * 1e6 / rounds

    def take_peak_kb(self, line, peer):
        _, many = self.rounds(line, peer, "timed")
        return int(Run(self.build, peer, line.run, many, line.has_tls).require().printed["peak"]) / 1024

    def take_growth_kb(self, line, peer):
        first, second, rounds = self.runs(line, peer)
        return (int(second.printed["peak"]) - int(first.printed["peak"])) / 1024 / rounds

    def take_resident_kb(self, line, peer):
        first, second, rounds = self.runs(line, peer)
        return (int(second.printed["resident"]) - int(first.printed["resident"])) / 1024 / rounds

    def take_calls(self, line, peer):
        few, many = line.rounds(peer, "instructions")
        counts = []
        for rounds in (few, many):
            with tempfile.NamedTemporaryFile("r") as out:
                Run(self.build, peer, line.run, rounds, line.has_tls,
                    ["strace", "-f", "-c", "-U", "calls,name", "-o", out.name]).require()
                counts.append(int(re.search(r"^ *(\d+) +total$", out.read(), re.M).group(1)))
        return (counts[1] - counts[0]) / (many - few)

    def latency(self, line, peer, name):
        _, many = self.rounds(line, peer, "timed")
        return Run(self.build, peer, line.run, many, line.has_tls).require().server[name] / 1000

    def take_median_us(self, line, peer):
        return self.latency(line, peer, "median_ns")

    def take_p99_us(self, line, peer):
        return self.latency(line, peer, "p99_ns")

    def many_sessions(self, line, peer):
        count = line.many // 10 if peer.is_python or self.is_quick else line.many
        return count, Run(self.build, peer, line.run, count, line.has_tls)

    def take_online(self, line, peer):
        """A program that fails has the sessions that were online before."""
        count, run = self.many_sessions(line, peer)
        return count if run.is_complete else run.server["online"]

    def take_session_cpu_us(self, line, peer):
        count, run = self.many_sessions(line, peer)
        return run.require().cpu_s * 1e6 / count
