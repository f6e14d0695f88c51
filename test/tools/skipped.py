"""usage: skipped.py ENVOI: `envoi echo` reports a stanza beyond a limit, and goes on."""
import os, socket, subprocess, sys

import peer

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(peer.TIME_LIMIT)
program = subprocess.Popen(
    [sys.argv[1], "--jid", "a@b.test", "--tls", "none", "--server", "127.0.0.1",
     "--port", str(listener.getsockname()[1]), "--no-roster-fetch", "echo"],
    env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdout=subprocess.PIPE, text=True)
server = peer.Peer(listener.accept()[0])
server.log_in()
assert program.stdout.readline() == "ready a@b.test/r\n"


def poison(attributes, names):
    children = "".join(f"<n{i} xmlns='urn:x'/>" for i in range(names))
    return f"<message type='chat'{attributes}><body>not read</body>{children}</message>"


def is_skipped(stanza, sender, limit):
    server.send(stanza)
    line = program.stdout.readline()
    assert line == f"skipped {len(stanza)} bytes from {sender}: {limit}\n", line


is_skipped(poison(" from='c@b.test/x'", 5000), "c@b.test/x", "too many distinct names")
is_skipped(poison("", 5000), "the server", "too many distinct names")
server.send("<message type='chat' from='c@b.test/x'><body>still there</body></message>")
assert "not read" not in server.expect(".*<body>still there</body>")
program.terminate()
server.send("</stream:stream>")
server.expect("</stream:stream>")
server.connection.close()
assert program.communicate(timeout=peer.TIME_LIMIT)[0] == ""
assert program.returncode == 0, program.returncode
