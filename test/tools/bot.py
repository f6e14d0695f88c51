"""The example bot, with a server of this machine: its commands, what becomes of what it sends, its contacts,
and its end.

usage: bot.py ENVOI BOT CHAT
  CHAT  the example chat, which is the contact
"""
import signal, subprocess, sys

from program import CA, ENVIRONMENT, Server
from peer import TIME_LIMIT

ENVOI, BOT, CHAT = sys.argv[1:]
server = Server(ENVOI)
settings = ["server=127.0.0.1", f"port={server.port}", f"tls.ca-file={CA}", "tls.system-trust=no"]


def start(program, *arguments):
    return subprocess.Popen([program, *arguments, *settings], env=ENVIRONMENT, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def say(chat, text, *answers):
    print(text, file=chat.stdin, flush=True)
    shown = [chat.stdout.readline() for _ in answers]
    assert all(part in line for part, line in zip(answers, shown)), (text, shown)


def printed(program, *lines):
    for line in lines:
        read = program.stdout.readline()
        assert line in read, (read, line)


with start(BOT, "bob@example.org") as bot, \
        start(CHAT, "alice@example.org", "bob@example.org", "subscription.policy=known") as alice:
    try:
        printed(bot, "available as bob@example.org/")
        printed(alice, "ready\n")
        say(alice, "what?", "< who | tell ADDRESS TEXT | status TEXT\n")
        say(alice, "who", "< available:\n")
        say(alice, "tell alice@example.org hi there", "< hi there\n", "< accepted by the server\n")
        say(alice, "tell carol@example.org hi", "< service-unavailable\n")
        say(alice, "tell @ hi", "< message: attribute to: ")
        say(alice, "tell me", "< tell ADDRESS TEXT\n")
        # Each sees the other: alice asks, the bot approves and asks, and alice's client approves.
        server.run("alice", "roster", "add", "bob@example.org", "--subscribe")
        printed(bot, "alice@example.org requests to see the bot\n", "alice@example.org/")
        say(alice, "status at work", "< changed\n")
        say(alice, "who", "< available:\n", "alice@example.org/")
        alice.stdin.close()
        printed(bot, " is unavailable\n")
        bot.send_signal(signal.SIGTERM)
        out, said = bot.communicate(timeout=TIME_LIMIT)
        assert (bot.returncode, out, said) == (0, "", ""), (bot.returncode, out, said)
    finally:
        bot.kill()
        alice.kill()
