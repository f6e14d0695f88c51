"""The example dice, both sides, with a server of this machine: a roll, what is refused, and what service
discovery shows.

usage: dice.py ENVOI DICE
"""
import json, re, subprocess, sys

from program import CA, ENVIRONMENT, Server, run

ENVOI, DICE = sys.argv[1:]
server = Server(ENVOI, "--server-iqs-of-strangers")
settings = ["server=127.0.0.1", f"port={server.port}", f"tls.ca-file={CA}", "tls.system-trust=no"]
PEER = "bob@example.org/table"


def ask(peer, sides, status=0):
    return run(DICE, "alice@example.org", peer, sides, *settings, status=status)[0].splitlines()[-1]


with subprocess.Popen([DICE, PEER, *settings], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as table:
    try:
        assert table.stdout.readline() == f"available as {PEER}\n"
        answer = re.fullmatch(f"{PEER}: ([1-6])", ask(PEER, "6"))
        shown = table.stdout.readline()
        assert answer and shown.endswith(f" has rolled {answer[1]}\n"), (answer, shown)
        assert shown.startswith("alice@example.org/"), shown
        assert "service-unavailable" in ask("bob@example.org/away", "6", status=1)
        features = json.loads(server.run("alice", "disco", "--json", PEER)[0])["features"]
        assert "urn:example:dice" in features, features
    finally:
        table.kill()
said = run(DICE, "alice@example.org", PEER, "1", *settings, status=1)[1]
assert "sides" in said, said
