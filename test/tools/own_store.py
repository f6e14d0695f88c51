"""The example own_store: a message is in the store before it is acknowledged, and is there once.

usage: own_store.py EXAMPLE
"""
import contextlib, os, signal, socket, subprocess, sys, tempfile

from peer import SM, TIME_LIMIT, Peer

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)


@contextlib.contextmanager
def running(store):
    program = subprocess.Popen(
        [sys.argv[1], "a@b.test/r", store, "tls.mode=none", "server=127.0.0.1",
         f"port={listener.getsockname()[1]}", "roster.fetch=no", "presence.initial=no"],
        env={**os.environ, "ENVOI_PASSWORD": "secret"})
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def log_in():
    server = Peer(listener.accept()[0])
    server.log_in(f"<sm {SM}/>")
    server.expect("<enable ")
    server.send(f"<enabled {SM}/>")
    return server


def deliver(server, number):
    server.send(f"<message from='c@b.test/x' id='m{number}' type='chat'><body>no. {number} &lt;"
                "message</body></message>")


def lines(store):
    with open(store) as file:
        return file.read().splitlines()


def acknowledges(server, count, store, stored):
    """Each acknowledgement up to COUNT is of messages that are in the store."""
    server.send(f"<r {SM}/>")
    while (h := int(server.expect("<a [^>]*h='([0-9]+)'"))) < count:
        assert len(lines(store)) >= h, h
    assert h == count and len(lines(store)) == stored, (h, len(lines(store)))


with tempfile.TemporaryDirectory() as folder:
    store = f"{folder}/store"
    with running(store) as program:
        server = log_in()
        for number in range(250):
            deliver(server, number)
        acknowledges(server, 250, store, 250)
        program.kill()
    server.connection.close()

    with running(store) as program:
        server = log_in()
        for number in range(240, 260):  # the server has not received the last acknowledgement
            deliver(server, number)
        acknowledges(server, 20, store, 260)
        deliver(server, 260)
        program.send_signal(signal.SIGTERM)
        server.expect("</stream:stream>")
        server.send("</stream:stream>")
        server.connection.close()
        assert program.wait(TIME_LIMIT) == 0, program.returncode
    assert all(f">no. {number} &lt;message<" in line
               for number, line in enumerate(lines(store)[:260]))
