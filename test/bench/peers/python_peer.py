"""What the programs of Python's libraries have in common: see peer.c.

usage: LIBRARY_peer.py echo|blast|latency|roster|login|idle COUNT PORT [CA_FILE]
"""
import asyncio
import os
import re
import sys

AT_A_TIME = 16  # logins of idle sessions


class Peer:
    def __init__(self):
        self.line, self.count, self.port = sys.argv[1], int(sys.argv[2]), sys.argv[3]
        self.ca_file = sys.argv[4] if len(sys.argv) > 4 else None
        if self.line == "parse":
            sys.exit("no public parser of streams")
        self.echoes = self.line in ("echo", "latency")
        self.has_roster = self.line == "roster"
        self.sessions = self.count if self.line in ("login", "idle") else 1
        self.online = self.closed = self.messages = self.contacts = 0
        self.changed = None

    def _note(self, name, number=1):
        setattr(self, name, getattr(self, name) + number)
        self.changed.set()

    def is_online(self):
        self._note("online")

    def has_closed(self):
        if self.line == "idle":
            sys.exit("an idle session has ended")
        self._note("closed")

    def has_roster_of(self, contacts):
        self._note("contacts", contacts)

    def has_message(self):
        self.messages += 1
        if self.messages == self.count:
            self.changed.set()

    def _is_done(self):
        name = {"idle": "online", "blast": "messages", "roster": "contacts"}.get(self.line, "closed")
        wanted = self.count if self.line in ("blast", "roster") else self.sessions
        return getattr(self, name) == wanted

    def _can_open(self, opened):
        if self.line == "idle":
            return opened < self.sessions and opened - self.online < AT_A_TIME
        return opened < self.sessions and opened == self.closed

    async def _run(self, open_session):
        opened, sessions = 0, []
        self.changed = asyncio.Event()
        while not self._is_done():
            while self._can_open(opened):
                opened += 1
                sessions = sessions if self.line == "idle" else []
                sessions.append(open_session(self))
            await self.changed.wait()
            self.changed.clear()
        if self.line == "idle":
            pages = int(open("/proc/self/statm").read().split()[1])
            print("resident", pages * os.sysconf("SC_PAGESIZE"))

    def run(self, open_session):
        """OPEN_SESSION begins a session and returns what keeps it."""
        asyncio.get_event_loop().run_until_complete(self._run(open_session))
        if self.online != self.sessions or (self.echoes and self.messages != self.count):
            sys.exit("not all of it has arrived")
        status = open("/proc/self/status").read()
        print("peak", int(re.search(r"VmHWM:\s*(\d+)", status).group(1)) * 1024, flush=True)
        os._exit(0)
