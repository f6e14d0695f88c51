"""The libraries and floors that tools/bench compares, and one run of their programs."""
import os
import pathlib
import resource
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCES = ROOT / "test" / "bench" / "peers"
STANZA = str(SOURCES / "stanza.xml")
TLS = ROOT / "test" / "data" / "tls"
PYTHON = "/usr/bin/python3"  # the one that Debian's packages are for
TIMEOUT_S = 600

# name: (in tables, Debian's package or "", module of Python or "")
PEERS = {
    "sax2": ("floor: SAX2", "", ""),
    "expat": ("floor: expat", "libexpat1-dev", ""),
    "envoi": ("Envoi", "", ""),
    "iksemel": ("iksemel", "libiksemel-dev", ""),
    "libstrophe": ("libstrophe", "libstrophe-dev", ""),
    "loudmouth": ("loudmouth", "libloudmouth1-dev", ""),
    "gloox": ("gloox", "libgloox-dev", ""),
    "qxmpp": ("QXmpp", "libqxmpp-dev", ""),
    "slixmpp": ("slixmpp", "python3-slixmpp", "slixmpp"),
    "aioxmpp": ("aioxmpp", "python3-aioxmpp", "aioxmpp"),
}


class Failed(Exception):
    """A run that did not do all it should; the text is the reason."""


class Peer:
    def __init__(self, name, build):
        self.name = name
        self.title, self.package, self.module = PEERS[name]
        self.is_python = self.module != ""
        program = build / "test" / "bench" / "peers" / f"bench-{name}"
        self.command = [PYTHON, "-B", str(SOURCES / f"{name}_peer.py")] if self.is_python else [str(program)]

    def why_absent(self):
        """None if it can run, else the reason."""
        if self.is_python:
            has_module = pathlib.Path(PYTHON).exists() and subprocess.run(
                [PYTHON, "-W", "ignore", "-c", f"import {self.module}"], capture_output=True).returncode == 0
            return None if has_module else f"{self.package} is not installed"
        if pathlib.Path(self.command[0]).exists():
            return None
        return f"{self.package} is not installed"

    def version(self):
        if not self.package:
            return ""
        out = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", self.package], capture_output=True, text=True)
        return out.stdout if out.returncode == 0 else "?"


class Server:
    """The scripted server, for one run of one program."""

    def __init__(self, build, line, count, has_tls):
        command = [str(build / "test" / "bench" / "peers" / "bench-stand-in"), line, str(count), STANZA]
        if has_tls:
            command += [str(TLS / "right.pem"), str(TLS / "server-key.pem")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().split()[1]

    def stop(self):
        """What it has counted, by name."""
        self.process.stdin.close()
        printed = self.process.stdout.read()
        self.process.wait()
        return {name: int(value) for name, value in (row.split() for row in printed.splitlines())}


class Run:
    """One run of one program: its CPU time, what it and the server printed."""

    def __init__(self, build, peer, line, count, has_tls=False, wrapped_by=()):
        self.server = {}
        server = None if line == "parse" else Server(build, line, count, has_tls)
        command = [*wrapped_by, *peer.command, line, str(count), server.port if server else STANZA]
        if has_tls:
            command.append(str(TLS / "ca.pem"))
        try:
            self._run(command)
        finally:
            if server:
                self.server = server.stop()

    def _run(self, command):
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
            status, usage = self._wait(process)
            out.seek(0)
            err.seek(0)
            self.printed = dict(row.split() for row in out.read().splitlines() if len(row.split()) == 2)
            complaint = [line for line in err.read().splitlines() if line.strip() and line[:2] != "=="]
        self.cpu_s = usage.ru_utime + usage.ru_stime
        self.is_complete = status == 0
        self.reason = (complaint[-1] if complaint else "no reason") + f" (status {status})"

    @staticmethod
    def _wait(process):
        ends_at = time.monotonic() + TIMEOUT_S
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid != 0:
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode, usage
            if time.monotonic() > ends_at:
                process.kill()
                os.wait4(process.pid, 0)
                process.returncode = -9
                return "timeout", resource.getrusage(resource.RUSAGE_CHILDREN)
            time.sleep(0.002)

    def require(self):
        if not self.is_complete:
            raise Failed(self.reason)
        return self
