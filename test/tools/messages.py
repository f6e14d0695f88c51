"""usage: messages.py ENVOI: `envoi send` to many, from standard input, and `envoi listen`, against `envoi serve`."""
import json, subprocess, sys

from program import WORK, Server, end_of, is_harmless, run, with_peer

ENVOI = sys.argv[1]
HOSTILE = "two\nlines\ttab \x7f\x9b31m \u202erev\u2028 \\ \" end"
PLAIN = "two\\nlines\\ttab \\u{7f}\\u{9b}31m \\u{202e}rev\\u{2028} \\\\ \" end"
NOW = ("--wait", "100ms")
server = Server(ENVOI)


def listener(who, *options):
    process = server.start(f"{who}@example.org/desk", "listen", *options)
    assert process.stderr.readline() == f"envoi: listening as {who}@example.org/desk\n"
    return process


bob, carol = listener("bob", "--count", "8"), listener("alice", "--json", "--count", "1")
server.run("alice@example.org/a", "send", *NOW, "bob@example.org/desk", "alice@example.org/desk", HOSTILE)
server.run("alice@example.org/a", "send", *NOW, "bob@example.org", "-", input="one\n\ntwo\n".encode())
lines = WORK / "lines"
lines.write_text("1\n\n2\n3")
with lines.open() as file:
    server.run("alice@example.org/a", "send", "--lines", *NOW, "bob@example.org", "bob@example.org/desk", stdin=file)
status, text, said = end_of(bob)
assert (status, said) == (0, ""), (status, said)
bodies = [PLAIN, "one\\n\\ntwo", "1", "1", "2", "2", "3", "3"]
assert text == "".join(f"alice@example.org/a: {body}\n" for body in bodies), text
status, text, said = end_of(carol)
assert status == 0 and text.count("\n") == 1 and is_harmless(text), text
message = json.loads(text)
assert message.pop("time").endswith("Z") and message.pop("id")
assert message == {"from": "alice@example.org/a", "to": "alice@example.org/desk", "type": "chat", "subject": None,
                   "body": HOSTILE, "error": None}, message

# A pipe, as lines come; it is ended by a signal.
bob = listener("bob")
sender = server.start("alice@example.org/a", "send", "--lines", *NOW, "bob@example.org", "-")
for body in ("first", "second"):
    sender.stdin.write(body + "\n")
    sender.stdin.flush()
    assert bob.stdout.readline() == f"alice@example.org/a: {body}\n"
sender.stdin.close()
sender.stdin = None
assert end_of(sender) == (0, "", "")
bob.terminate()
assert end_of(bob) == (0, "", "")

# No line at all: an empty pipe, and what is always ready.
server.run("alice", "send", "--lines", "bob@example.org", input=b"")
server.run("alice", "send", "--lines", "bob@example.org", stdin=subprocess.DEVNULL)

# Many: more than the outbox holds.
lines.write_text("".join(f"{i}\n" for i in range(300)))
bob = listener("bob", "--count", "300")
with lines.open() as file:
    server.run("alice@example.org/a", "send", "--limits-outbox-stanzas", "10", "--lines", "--wait", "0",
               "bob@example.org/desk", stdin=file)
assert end_of(bob)[1] == "".join(f"alice@example.org/a: {i}\n" for i in range(300))
bob = listener("bob", "--count", "300")
server.run("alice@example.org/a", "send", "--limits-outbox-stanzas", "10", "--wait", "0",
           *["bob@example.org/desk"] * 300, "same")
assert end_of(bob)[1] == "alice@example.org/a: same\n" * 300

# One of them is refused.
said = server.run("alice@example.org", "send", "--wait", "60s", "nobody@example.org", "x", status=1)[1]
assert said == "envoi: nobody@example.org refused the message: service-unavailable (the service is not available there)\n", said
# Nothing is sent when one is no address.
assert "TO: \"@\" is not an address" in run(
    ENVOI, "--jid", "a@b.test", "send", "c@b.test", "@", "x", status=2)[1]
assert "usage: envoi" in run(ENVOI, "--jid", "a@b.test", "send", "c@b.test", status=2)[1]
assert "usage: envoi" in run(ENVOI, "--jid", "a@b.test", "send", "--lines", "-", status=2)[1]
for options, given, words in ((("c@b.test", "-"), b"x" * (1 << 20) + b"y", "more than a message may have"),
                              (("c@b.test", "-"), b"a\0b", "a byte that no message may have")):
    said = run(ENVOI, "--jid", "a@b.test", "send", *options, input=given, status=1)[1]
    assert words in said, said
for given, words in ((b"x" * (2 << 20), "a line of standard input is too long"), (b"a\0b\n", "no message may have"),
                     (b"a\x01\n", "U+0001 at byte 1 is not allowed")):
    said = server.run("alice", "send", *NOW, "--lines", "bob@example.org", input=given, status=1)[1]
    assert words in said, said


# Subjects, errors, and the time of messages that waited.
def waiting(peer):
    peer.expect("<presence.*?>")
    peer.send("<message from='c@b.test/x' type='error' id='7'><error type='cancel'>"
              "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
              "<message from='c@b.test'><subject>s&#9;</subject></message>"
              "<message from='c@b.test'><x xmlns='urn:x'/></message>"
              "<message from='c@b.test'><body>b</body>"
              "<delay xmlns='urn:xmpp:delay' from='b.test' stamp='2020-01-02T03:04:05Z'/></message>")


text = with_peer(ENVOI, ("listen", "--count", "3"), waiting)[0]
assert text == ("c@b.test/x (error gone): \nc@b.test [s\\t]: \n2020-01-02T03:04:05Z c@b.test: b\n"), text

# A message for which the outbox has no room is sent when it has, whether or not it was nearly full before; one
# that is longer than all of it is refused.
LONG = b"x" * 60000
server.run("alice", "send", "--limits-outbox-bytes", "100000", *NOW, "bob@example.org", "alice@example.org",
           "carol@example.org", "bob@example.org", "-", input=LONG, status=1)
server.run("alice", "send", "--limits-outbox-bytes", "100000", "--lines", *NOW, "bob@example.org",
           input=(LONG + b"\n") * 4)
said = server.run("alice", "send", "--limits-outbox-bytes", "70000", *NOW, "bob@example.org", "-", input=LONG * 2,
                  status=1)[1]
assert "cannot be sent: it is longer than the --limits-... allow" in said, said
