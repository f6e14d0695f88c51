"""usage: stumbles.py ENVOI: mistakes that persons make, and what the program says about them."""
import signal, sys, termios

import peer
from program import ENVIRONMENT, Server, run, with_peer
from screen import Terminal

ENVOI = sys.argv[1]
ACCOUNT = ("--jid", "a@b.test")


def refused(*command, status=2, **given):
    said = run(ENVOI, *command, status=status, **given)[1]
    assert said.count("\n") == 1 and said.startswith("envoi: "), said
    return said[len("envoi: "):-1]


# Spelling.
for wrong, words in (("--cafile", "unknown option --cafile; --ca-file is one (see envoi -h)"),
                     ("--system-trust", "unknown option --system-trust; --tls-system-trust is one"),
                     ("-jid", "unknown option -jid; --jid is one"),
                     ("--passwordfile=x", "unknown option --passwordfile; --password-file is one"),
                     ("--nothing-like-it", "unknown option --nothing-like-it (see envoi -h)"),
                     ("-x", "unknown option -x (see envoi -h)")):
    assert refused(wrong, "x", "ping").startswith(words), (wrong, refused(wrong, "x", "ping"))
assert refused("pign") == "no such command: pign; one is ping (see envoi -h)"
assert refused("help", "sned") == "no such command: sned; one is send (see envoi -h)"
assert refused("unheard-of") == "no such command: unheard-of (see envoi -h)"
assert refused() == "a command is missing (see envoi -h)"
assert refused("ping") == "no account: give --jid alice@example.org, or jid in the configuration file"
assert refused("help", "settings", "tsl") == "there is no such group of settings: tsl (envoi -h lists them)"

# A body without quotes; one that is empty.
assert refused(*ACCOUNT, "send", "b@b.test", "how", "are", "you") == (
    'TO: "how" is no address of an account: a BODY of several words needs quotes')
assert refused(*ACCOUNT, "send", "b@b.test", "") == "BODY is empty"
assert refused(*ACCOUNT, "send", "b@b.test", "-", status=1, input=b"\n") == "standard input is empty: nothing is sent"

# A room.
assert refused(*ACCOUNT, "rooms", "join", "rooms.b.test").startswith(
    'ROOM: "rooms.b.test" is the address of a service; that of a room is ROOM@rooms.b.test, and envoi rooms list')
assert refused(*ACCOUNT, "rooms", "talk", "r@rooms.b.test/me") == (
    'ROOM: "r@rooms.b.test/me" has a resource: give the name in the room with --nick me')

server = Server(ENVOI)
said = server.run("alice", "send", "bob", "hello", status=1)[1]
assert said == ("envoi: bob refused the message: remote-server-not-found (the other server does not exist or cannot be"
                " reached); without @ it is the address of a server\n"), said
said = server.run("alice", "ping", "nobody@example.org/x", status=1)[1]
assert "answers with an error: service-unavailable (the service is not available there)" in said, said
assert "the archive of the account: there is no archive" in server.run("alice", "archive", status=1)[1]
assert "does not register accounts" in server.run("carol", "register", status=1)[1]

# Output and input that are closed.
for closed, status in (("0<&-", 0), ("1>&-", 1), ("2>&-", 0), ("0<&- 1>&- 2>&-", 1)):
    run("sh", "-c", f'"$0" "$@" {closed}', *server.command("alice", "--verbose", "disco"), status=status)
said = run("sh", "-c", '"$0" "$@" <&-', *server.command("alice", "send", "bob@example.org", "-"), status=1)[1]
assert said == "envoi: standard input cannot be read\n", said
said = run("sh", "-c", '"$0" "$@" >&-', *server.command("alice", "disco"), status=1)[1]
assert said == "envoi: the output cannot be written\n", said

# On a terminal what is said is wrapped between words; elsewhere a line is a line.
for columns in (80, 50, 200):
    terminal = Terminal([ENVOI, *ACCOUNT, "--server", "127.0.0.1", "--port", "1", "ping"], columns, environment=ENVIRONMENT)
    assert terminal.wait() == 3
    text = terminal.screen.text()
    assert max(len(line) for line in text.split("\n")) <= min(columns, 100), text
    assert " ".join(text.split()) == " ".join(run(
        ENVOI, *ACCOUNT, "--server", "127.0.0.1", "--port", "1", "ping", status=3)[1].split()), text
    assert "\n  what to do: check" in text, text
terminal = Terminal([ENVOI, *ACCOUNT, "archive", "--start", "yesterday"], 60, environment=ENVIRONMENT)
assert terminal.wait() == 2
assert terminal.screen.text().split("\n")[1].startswith("  "), terminal.screen.text()

# The prompt for the password. What is typed behind it is not lost, and a signal leaves the terminal as it was.
for keys, status in (("secret\r", 0), ("wrong\r", 5), ("\x04", 2), ("\x03", -signal.SIGINT)):
    terminal = Terminal(["env", "-u", "ENVOI_PASSWORD", *server.command("alice", "ping")], environment=ENVIRONMENT)
    terminal.expect("Password for alice@example.org:")
    terminal.type(keys)
    assert terminal.wait() == status, (keys, terminal.screen.text())
    assert termios.tcgetattr(terminal.end) == terminal.settings
    assert "secret" not in terminal.raw and "wrong\r" not in terminal.raw

# The server is gone, and again.
terminal = Terminal(server.command("alice", "--reconnect-first", "1ms", "listen"), 200, environment=ENVIRONMENT)
terminal.expect("listening as alice@example.org")
server.process.kill()
terminal.expect("the connection is lost, next attempt in 0 s: ")
terminal.expect("the connection is still lost, next attempt in 0 s: ")
terminal.type("\x03")
assert terminal.wait() == 0


# The server has accepted a message: what is waited for is said.
def accept(script_peer):
    script_peer.expect("<message ")
    identifier = script_peer.expect("<iq(?=[^>]*type='get')[^>]* id='([^']*)'.*?</iq>")
    script_peer.send(f"<iq type='result' id='{identifier}' from='b.test'/>")


assert with_peer(ENVOI, ("send", "--wait", "1ms", "c@b.test", "x"), accept) == ("", "")
