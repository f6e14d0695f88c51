"""usage: console.py ENVOI [libedit]: the XML console, from a pipe and on a terminal, against `envoi serve` and
scripted servers."""
import os, re, signal, socket, sys, termios, threading

import peer
from program import ENVIRONMENT, WORK, Server, end_of, is_harmless, run, with_peer
from screen import Terminal

ENVOI, HAS_EDITOR = sys.argv[1], "libedit" in sys.argv[2:]
ROSTER = "<iq type='get' id='{}'><query xmlns='jabber:iq:roster'/></iq>"


def typed(command, text, status=0, **given):
    """Run the console on a pipe against the server. @return standard output, standard error"""
    return run(*command, status=status, input=text.encode(), **given)


server = Server(ENVOI)


def console(text, *options, status=0, who="alice", **given):
    return typed(server.command(who, "console", *options), text, status, **given)


# --- a pipe ---

# What is typed is sent as it is; what comes and goes is shown, an element a line.
out, said = console("<presence/>\n\n" + ROSTER.format("mine") + "\n/ping\n")
assert re.search("^>> <presence>$", out, re.M), out
assert "\n>> <iq type='get' id='mine'>\n     <query xmlns='jabber:iq:roster'/>\n   </iq>\n" in out, out
assert re.search("^<< <iq type='result' to='alice@example.org/[^']*' id='mine'>\n     <query", out, re.M), out
assert re.search("^<< <iq type='result'[^>]* from='example.org'[^>]*/>$", out, re.M), out
assert out.rstrip().endswith("<< </stream:stream>") and is_harmless(out) and "secret" not in out
assert ">[redacted]</auth>" in out
assert re.fullmatch("envoi: online as alice@example.org/[^ ]*\n", said), said

# An element of several lines; several in a line; the last line without its end.
out = console("<message to='alice@example.org'\n  type='chat'>\n<body>a &lt; b</body></message>"
              "<presence/>\n<presence><show>away</show></presence>")[0]
assert re.search("^>> <message to='alice@example.org' type='chat'[^>]*>$", out, re.M), out
assert "<body>a &lt; b</body>" in out and out.count(">> <presence") == 3, out
out = console(ROSTER.format("c"), "--compact")[0]
assert ">> <iq type='get' id='c'><query xmlns='jabber:iq:roster'/></iq>\n" in out and "\n  " not in out, out

# An error is the answer; what is wrong is not sent, nor is what follows.
out, said = console("/ping nobody@example.org/x\n", status=1)
assert "<service-unavailable" in out and said.count("\n") == 1, said
for wrong, place in (
        ("<message><bdy>x</body></message>", "line 1, column 22: Opening and ending tag mismatch"),
        ("<message>\n<body>a & b</body>\n</message>", 'a & b</body>" (write &amp; for &)'),
        ("<message>\n<body>\n&nbsp;</body>\n</message>", "line 3, column 13: Entity 'nbsp' not defined"),
        ("<message to=x/>", "line 1, column 15: AttValue"),
        ("<!-- x -->", "line 1, column 3: comment"),
        ("<presence/> x <presence/>", "line 1, column 13: text between stanzas"),
        ("</stream:stream>", "line 1, column 16: the stream is ended with /quit"),
        ("hello", "an element begins with <"),
        ("<mesage/>", "<mesage> is none of message, presence and iq; an element of another namespace needs its xmlns"),
        ("<iq id='a'><ping xmlns='urn:xmpp:ping'/></iq>", "an iq needs a type: get, set, result or error"),
        ("<iq type='get'/>", "not sent: "),
        ("<iq type='result'/>", "an answer needs the id of its request"),
        ("<message to='a@@b'/>", 'to: "a@@b" is not an address'),
        ("<presence>", "the input ends within an element"),
        ("/nothing", "there is no /nothing (see /help)"),
        ("/message bob@example.org", "/message needs an address and a text"),
        ("/presence asleep", "the first word is one of available"),
        ("<presence>" + "x" * (1 << 20) + "</presence>", "too large"),
        ("<presence>" + "x" * (2 << 20), "a line of standard input is too long"),
        ("<presence>\n" + ("y" * 1000 + "\n") * 1100, "too large"),
        ("\0", "a byte that no message may have, 0")):
    out, said = console(wrong + "\n<message to='bob@example.org'/>\n", status=1)
    assert place in said, (wrong[:80], said)
    assert "bob@example.org" not in out and ">> <message to='bob" not in out, wrong[:80]
    assert is_harmless(said), said
assert "line 2, column" in console("<presence>\n\u202e&x</presence>", status=1)[1]

# Colour: where it is asked for, and nowhere else.
assert "\x1b[" not in console("")[0]
out = console("<presence/>", "--color", "always")[0]
assert "\x1b[1;32m>>\x1b[0m \x1b[1m<presence" in out, out
assert is_harmless(re.sub("\x1b\\[[0-9;]*m", "", out))
assert "--color: x is not one of always, never, auto" in console("", "--color", "x", status=2)[1]
assert "--wait: x is not a time" in console("", "--wait", "x", status=2)[1]

# Many requests: none is lost, and each is answered.
count = 3000
out = console("".join(f"/ping\n{ROSTER.format(i)}\n" for i in range(count)), "--wait", "60s")[0]
for i in range(count):
    assert f" id='{i}'" in out
assert len(re.findall("^<< <iq type='result'", out, re.M)) == 2 * count + 1
# An outbox that is full is waited for.
console("".join(f"<message to='alice@example.org'><body>{i}</body></message>\n" for i in range(500)),
        "--limits-outbox-stanzas", "20")

# One that is longer than all of it is refused.
long = "<message to='alice@example.org'><body>" + "x" * 90000 + "</body></message>\n"
assert "it is longer than the --limits-... allow" in console(long, "--limits-outbox-bytes", "70000", status=1)[1]
console(long * 3, "--limits-outbox-bytes", "120000")

# The help, and the end by a shortcut.
out = console("/help\n/quit\n<presence/>")[0]
assert "  /disco [JID [NODE]]: ask an entity" in out and ">> <presence" not in out.replace("'unavailable'", ""), out

# Signals end it in order.
for number in (signal.SIGINT, signal.SIGTERM):
    process = server.start("alice", "console")
    while "online as" not in process.stderr.readline():
        pass
    process.send_signal(number)
    assert process.stdout.read().rstrip().endswith("<< </stream:stream>")
    assert end_of(process)[0] == 0

# --- scripted servers ---

HOSTILE = "two&#10;lines&#9;tab \x7f\x9b31m \u202erev\u2028 end"


def harmful(script_peer):
    script_peer.expect("<presence[^>]*>")
    script_peer.send(f"<message from='x@b.test'><body>{HOSTILE}</body><x xmlns='{HOSTILE}'>a<b/>c</x></message>"
                     "<iq type='result' id='r' from='a@b.test'/>")


def unanswered(script_peer):
    script_peer.expect("id='u'")
    script_peer.send("<iq type='result' id='u' from='eve@b.test'/><iq type='result' id='other'/>")


out = with_peer(ENVOI, ("console",), harmful, input=("<presence/>" + ROSTER.format("r")).encode())[0]
assert is_harmless(out), out
assert "<body>two&#10;lines&#x9;tab &#x7f;&#x9b;31m &#x202e;rev&#x2028; end</body>" in out, out
assert ">a<b/>c</x>" in out, out
said = with_peer(ENVOI, ("console", "--wait", "100ms"), unanswered, status=7, input=ROSTER.format("u").encode())[1]
assert "a request was not answered in time" in said, said
# Without a connection from the beginning: the usual status and explanation.
said = run(ENVOI, "--jid", "a@b.test", "--server", "127.0.0.1", "--port", "1", "console", status=3, input=b"<presence/>")[1]
assert "what to do" in said, said


class Listener:
    """A scripted server that keeps its sessions (XEP-0198)."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(peer.TIME_LIMIT)
        self.command = [ENVOI, "--jid", "a@b.test", "--server", "127.0.0.1", "--tls", "none", "--port",
                        str(self.socket.getsockname()[1]), "--reconnect-first", "1ms", "console"]

    def accept(self):
        return peer.Peer(self.socket.accept()[0])

    def first(self):
        it = self.accept()
        it.log_in(f"<sm {peer.SM}/>")
        it.expect("<enable [^>]*>")
        it.send(f"<enabled {peer.SM} id='s' resume='true'/>")
        return it

    def again(self, received):
        it = self.accept()
        it.offer()
        it.authenticate()
        it.offer_session(f"<sm {peer.SM}/>")
        it.expect("<resume [^>]*>")
        it.send(f"<resumed {peer.SM} previd='s' h='{received}'/>")
        return it


def lost():
    """The connection is lost behind the first request, and the session is resumed."""
    it = listener.first()
    it.expect("<iq [^>]*id='a'.*?</iq>")
    it.connection.close()
    it = listener.again(1)
    it.expect("<iq [^>]*id='b'.*?</iq>")
    it.send("<iq type='result' id='a'/><iq type='result' id='b'/>")
    it.expect("</stream:stream>")
    it.send("</stream:stream>")
    it.connection.close()


listener = Listener()
thread = threading.Thread(target=lost, daemon=True)
thread.start()
out, said = typed(listener.command, ROSTER.format("a") + "\n" + ROSTER.format("b"))
assert "envoi: the connection is lost" in said and "envoi: connected again as a@b.test/r\n" in said, said
assert out.index(">> <resume") < out.index("<< <resumed") and "<< <iq type='result' id='b'/>" in out, out
thread.join(peer.TIME_LIMIT)

# --- a terminal ---


def at_prompt(text="", prompt="envoi>"):
    """What is on the screen ends with the line that is edited."""
    wanted = f"{prompt} {text}".rstrip()
    return lambda shown: shown.endswith(wanted)


def on_terminal(command, columns=80, **more):
    terminal = Terminal(command, columns, environment={**ENVIRONMENT, **more})
    terminal.expect("(/help prints help)")
    return terminal


def end_in_order(terminal, status=0):
    """The end: the status, and a terminal as it was."""
    assert terminal.wait() == status, terminal.screen.text()
    assert termios.tcgetattr(terminal.end) == terminal.settings


# Without an editor, lines are read as the terminal gives them; a mistake ends nothing.
terminal = on_terminal(server.command("alice", "console"), TERM="dumb")
terminal.type("wrong\n")
terminal.expect("an element begins with <")
terminal.type("/ping\n")
terminal.expect(lambda shown: re.search("<< <iq type='result'[^>]*from='example.org'", shown.replace("\n", "")))
assert "\x1b" not in terminal.raw
terminal.type("\x04")
end_in_order(terminal)

if not HAS_EDITOR:
    sys.exit(0)

# Colours on a terminal; none with NO_COLOR.
terminal = on_terminal(server.command("alice", "console"), NO_COLOR="1")
terminal.expect(at_prompt())
assert "\x1b[1" not in terminal.raw
terminal.type("/quit\r")
end_in_order(terminal)



def shows(terminal, text):
    """Wait until the line that is edited, and that may be wrapped, is there once and whole."""
    wanted = f"envoi> {text}"
    terminal.expect(lambda shown: shown.replace("\n", "").endswith(wanted.rstrip()))
    return terminal.screen.text()


listener = Listener()
for columns in (80, 200, 41):
    terminal = Terminal(listener.command, columns, environment=ENVIRONMENT)
    it = listener.first()
    terminal.expect(at_prompt())
    assert "\x1b[1;34m<<" in terminal.raw
    # What comes while a line is edited is printed above it, wherever its cursor is.
    line = "<message to='b@b.test'><body>" + "0123456789" * 22 + "\u4e00\u4e8c\u00e9</body></message>"
    used = 0
    for number, length in enumerate((5, columns - 8, columns - 7, columns - 6, 2 * columns - 7, 2 * columns, len(line))):
        if not used < length <= len(line):
            continue
        terminal.type(line[used:length])
        used = length
        shows(terminal, line[:used])
        it.send(f"<message from='x@b.test'><body>number {number}</body></message>")
        terminal.expect(f"number {number}</body>")
        shown = shows(terminal, line[:used]).replace("\n", "")
        assert shown.count("envoi> <") == 1, terminal.screen.text()
    terminal.type("\x01")
    it.send("<message from='x@b.test'><body>at the begin</body></message>")
    terminal.expect("at the begin</body>")
    shows(terminal, line)
    # Keys: right, left, delete, the end of the line; and those that are none.
    terminal.type("\x1b[C\x1bOC \x1b[D\x1b[3~\x1b[5~\x1b[200~\x16\x18\x1b[F\r")
    assert it.expect("<body>[^<]*</body>") == line[line.index("<body>"):-len("</message>")]
    terminal.expect(at_prompt())
    terminal.type("\x04")
    it.expect("</stream:stream>")
    it.send("</stream:stream>")
    it.connection.close()
    end_in_order(terminal)

terminal = Terminal(listener.command, environment=ENVIRONMENT)
it = listener.first()
terminal.expect(at_prompt())
# An element of several lines; what is wrong is explained, and the next line begins another.
terminal.type("<message to='b@b.test'>\r")
terminal.expect(at_prompt("", "  ...>"))
terminal.type("<body>one</body>\r</message>\r")
it.expect("<body>one</body>.*?</message>")
terminal.expect(at_prompt())
terminal.type("<message><body>a & b</body></message>\r")
terminal.expect("not sent: line 1, column")
terminal.expect(at_prompt())
# The history, and what in it begins as the line does.
terminal.type("\x1b[A")
shows(terminal, "<message><body>a & b</body></message>")
terminal.type("\x10")
shows(terminal, "</message>")
terminal.type("\x1b[B\x1b[B<message t\x12")
shows(terminal, "<message to='b@b.test'>")
# SIGINT drops the line, then the element, and then ends.
terminal.type("\r")
terminal.expect(at_prompt("", "  ...>"))
terminal.type("<body>\x03")
terminal.expect("dropped: the element")
terminal.expect(at_prompt())
terminal.type("dropped")
terminal.expect(at_prompt("dropped"))
terminal.type("\x03")
terminal.expect(at_prompt())
# Shortcuts are completed.
terminal.type("/pi\t")
terminal.expect(at_prompt("/ping"))
terminal.type("b@b.test\r")
it.expect("<iq [^>]*to='b@b.test'.*?<ping .*?</iq>")
terminal.type("/p\t")
terminal.expect("/ping  /presence")
terminal.expect(at_prompt("/p"))
terminal.type("re\taway at lunch\r")
it.expect("<presence.*?<show>away</show><status>at lunch</status>.*?</presence>")
terminal.expect(at_prompt())
# A flood does not reach the line.
terminal.type("<presence/>")
shows(terminal, "<presence/>")
it.send("".join(f"<message from='x@b.test'><body>flood {number} \x9b31m</body></message>" for number in range(2000)))
terminal.expect("flood 1999 &#x9b;31m</body>")
assert shows(terminal, "<presence/>").count("envoi> <presence/>") == 1
# Another width.
terminal.resize(60)
it.send("<message from='x@b.test'><body>narrow</body></message>")
terminal.expect("narrow</body>")
shows(terminal, "<presence/>")
# Stopped and continued; the terminal is then as it was, and the line is shown again.
terminal.type("\x1a")
assert os.waitpid(terminal.process.pid, os.WUNTRACED)[1] == 0x7f | signal.SIGSTOP << 8
assert termios.tcgetattr(terminal.end) == terminal.settings
terminal.expect(lambda shown: not shown.endswith("<presence/>"))
terminal.process.send_signal(signal.SIGCONT)
shows(terminal, "<presence/>")
assert termios.tcgetattr(terminal.end) != terminal.settings
# The connection is lost and comes again.
it.connection.close()
terminal.expect("the connection is lost, next attempt")
it = listener.again(3)
terminal.expect("connected again as a@b.test/r")
shows(terminal, "<presence/>")
terminal.type("\r")
it.expect("<presence>")
terminal.type("x" * 17000)
terminal.expect("the line is longer than 16384 characters")
terminal.expect(at_prompt())
terminal.process.terminate()
it.expect("</stream:stream>")
it.send("</stream:stream>")
it.connection.close()
end_in_order(terminal)

# A history in a file, which other users cannot read.
history = WORK / "history"
for keys in ("/ping\r/quit\r", "\x10\x10\r\x04"):
    terminal = on_terminal(server.command("alice", "console", "--history-file", str(history)))
    terminal.expect(at_prompt())
    terminal.type(keys)
    end_in_order(terminal)
    assert re.search("^>> <iq type='get' to='example.org'[^>]*>\n     <ping", terminal.screen.text(), re.M)
assert history.stat().st_mode & 0o77 == 0
