"""The example client, two of it with a server of this machine: contacts, presence, messages, what became of
them, service discovery, and what is typed wrongly.

usage: client.py ENVOI CLIENT
"""
import subprocess, sys

from program import CA, ENVIRONMENT, Server
from peer import TIME_LIMIT

ENVOI, CLIENT = sys.argv[1:]
server = Server(ENVOI)
settings = ["server=127.0.0.1", f"port={server.port}", f"tls.ca-file={CA}", "tls.system-trust=no"]


class Person:
    def __init__(self, name):
        self.jid = f"{name}@example.org"
        self.process = subprocess.Popen([CLIENT, self.jid, *settings], env=ENVIRONMENT, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.sees(f"* online as {self.jid}/")

    def types(self, *lines):
        print(*lines, sep="\n", file=self.process.stdin, flush=True)

    def sees(self, *parts):
        """The next line has all of them."""
        line = self.process.stdout.readline()
        assert all(part in line for part in parts), (line, parts)


alice, bob = Person("alice"), Person("bob")
try:
    # Each sees the other.
    alice.types("/add bob@example.org")
    bob.sees("* alice@example.org asks to see you")
    bob.types("/yes alice@example.org")
    alice.sees("* bob@example.org/", " is online\n")
    bob.types("/add alice@example.org")
    alice.sees("* bob@example.org asks to see you")
    alice.types("/yes bob@example.org")
    bob.sees("* alice@example.org/", " is online\n")
    bob.types("/away gone fishing")
    alice.sees("* bob@example.org/", " is away\n")
    alice.types("/list")
    alice.sees("  bob@example.org: away gone fishing\n")
    # Messages, several lines at once.
    alice.types("to nobody", "/to bob@example.org", "hello", "and again")
    alice.sees("* to whom?")
    for text in ("hello", "and again"):
        bob.sees("alice@example.org/", f": {text}\n")
        alice.sees("* received by bob@example.org/")
    alice.types("/to nobody@example.org", "lost")
    alice.sees("* the message: service-unavailable\n")
    # What is asked, and what is typed wrongly.
    alice.types("/what example.org")
    alice.sees("  is server/im\n")
    while not (line := alice.process.stdout.readline()).startswith("  has urn:xmpp:ping"):
        assert line.startswith("  has "), line
    bob.types("/no alice@example.org", "/dance", "/to @", "/yes")
    bob.sees("* subscriptions: alice@example.org has no open request\n")
    bob.sees("* /dance ")
    bob.sees("* /to @")
    bob.sees("* /yes ")
    bob.types("/remove alice@example.org", "/quit")
    bob.process.communicate(timeout=TIME_LIMIT)
    assert bob.process.returncode == 0, bob.process.returncode
    alice.process.stdin.close()
    assert alice.process.wait(TIME_LIMIT) == 0
finally:
    for person in (alice, bob):
        person.process.kill()
