"""The example journal_file: the next process continues the session of one that was killed, and SIGTERM
waits for acknowledgements.

usage: journal_file.py EXAMPLE
"""
import contextlib, os, signal, socket, subprocess, sys, tempfile

from peer import SM, TIME_LIMIT, Peer

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)


@contextlib.contextmanager
def running(journal):
    program = subprocess.Popen(
        [sys.argv[1], "a@b.test/r", "c@b.test", journal, "tls.mode=none", "server=127.0.0.1",
         f"port={listener.getsockname()[1]}", "roster.fetch=no", "presence.initial=no"],
        env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def say(program, server, text):
    program.stdin.write(text + "\n")
    program.stdin.flush()
    server.expect(f"<body>{text}</body>")


def prints(program, line):
    printed = program.stdout.readline()
    assert printed == line + "\n", printed


def is_open(server):
    """Two rounds: a signal that was sent before has been handled by the end of the second."""
    for ping in ("p1", "p2"):
        server.send(f"<iq type='get' id='{ping}' from='b.test'><ping xmlns='urn:xmpp:ping'/></iq>")
        server.expect(f"^((?!</stream:stream>).)*<iq[^>]* id='{ping}'")


with tempfile.TemporaryDirectory() as folder:
    journal = f"{folder}/journal"
    with running(journal) as program:  # it is killed
        server = Peer(listener.accept()[0])
        server.log_in(f"<sm {SM}/>")
        server.expect("<enable [^>]*resume='true'[^>]*/>")
        server.send(f"<enabled {SM} id='one' resume='true'/>")
        say(program, server, "first")
        server.send(f"<a {SM} h='1'/>")
        prints(program, "accepted: first")
        say(program, server, "second")
        program.kill()
    server.connection.close()

    with running(journal) as program:
        server = Peer(listener.accept()[0])
        server.offer()
        server.authenticate()
        server.offer_session(f"<sm {SM}/>")
        server.expect("<resume [^>]*previd='one'[^>]*/>")
        server.send(f"<resumed {SM} previd='one' h='1'/>")
        server.expect("<body>second</body>")
        say(program, server, "third")
        program.send_signal(signal.SIGTERM)
        is_open(server)
        server.send(f"<a {SM} h='5'/>")  # two messages and two answers since
        prints(program, "accepted: third")
        server.expect("</stream:stream>")
        server.send("</stream:stream>")
        server.connection.close()
        assert program.wait(TIME_LIMIT) == 0, program.returncode
