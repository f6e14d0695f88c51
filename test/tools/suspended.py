"""usage: suspended.py ENVOI: `envoi echo` lives through ends of connections, prints each, and ends by
itself where connecting again does not help."""
import os, re, socket, subprocess, sys

import peer

STREAMS = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(peer.TIME_LIMIT)
program = subprocess.Popen(
    [sys.argv[1], "--jid", "a@b.test", "--tls", "none", "--server", "127.0.0.1",
     "--port", str(listener.getsockname()[1]), "--no-roster-fetch", "--reconnect-first", "20ms",
     "echo"],
    env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    text=True)


def log_in():
    server = peer.Peer(listener.accept()[0])
    server.log_in()
    line = program.stdout.readline()
    assert line.startswith("ready a@b.test/r"), line
    server.send("<message type='chat' from='c@b.test/x'><body>still there</body></message>")
    server.expect("<body>still there</body>")
    return server


def is_suspended(words):
    line = program.stdout.readline()
    assert re.match(r"suspended, next attempt in \d+\.\d s: ", line) and words in line, line


server = log_in()  # the server closes the stream
server.send("</stream:stream>")
server.expect("</stream:stream>")
server.connection.close()
is_suspended("closed")

server = log_in()  # the connection is lost
server.connection.close()
is_suspended("disconnected")

server = peer.Peer(listener.accept()[0])  # it is lost before the login
server.connection.close()
is_suspended("disconnected")

server = log_in()  # the server resets the connection
server.send(f"<stream:error><reset {STREAMS}/></stream:error></stream:stream>")
server.connection.close()
is_suspended("error")

server = log_in()  # another client takes the resource
server.send(f"<stream:error><conflict {STREAMS}/></stream:error></stream:stream>")
server.expect("</stream:stream>")
server.connection.close()
said = program.communicate(timeout=peer.TIME_LIMIT)
assert program.returncode == 6, program.returncode
assert said[0] == "" and "condition: conflict" in said[1], said
