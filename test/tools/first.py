"""The first program of README, with a server of this machine: each message is answered with its text, what
has no text is not answered, and a wrong password is explained.

usage: first.py ENVOI FIRST CHAT
  CHAT  the example chat, which is the contact
"""
import subprocess, sys

from program import CA, ENVIRONMENT, Server
from peer import TIME_LIMIT

ENVOI, FIRST, CHAT = sys.argv[1:]
server = Server(ENVOI)
settings = ["server=127.0.0.1", f"port={server.port}", f"tls.ca-file={CA}", "tls.system-trust=no"]


def start(*arguments, password="secret"):
    return subprocess.Popen([FIRST, *arguments], env={**ENVIRONMENT, "ENVOI_PASSWORD": password},
                            stderr=subprocess.PIPE, text=True)


with start("bob@example.org", *settings) as bot:
    try:
        with subprocess.Popen([CHAT, "alice@example.org", "bob@example.org", *settings], env=ENVIRONMENT,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as alice:
            assert alice.stdout.readline() == "ready\n"
            for text in ("Gr\u00fc\u00dfe", "and again"):
                print(text, file=alice.stdin, flush=True)
                answer = alice.stdout.readline()
                assert answer == f"< {text}\n", answer
                print("/react \U0001f44d", file=alice.stdin, flush=True)
            alice.stdin.close()
    finally:
        bot.kill()

for arguments, password, reason in (
        (["bob@example.org", *settings], "wrong", "bob@example.org: wrong name or password"),
        (["bob@example.org", "tls.ca-fil=x"], "secret", "tls.ca-fil"),
        (["@"], "secret", "not the address")):
    bot = start(*arguments, password=password)
    said = bot.communicate(timeout=TIME_LIMIT)[1]
    assert bot.returncode == 1 and reason in said and said.count("\n") == 1, (arguments, said)
