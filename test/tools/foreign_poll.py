"""The example foreign_poll: it answers, reads its own input meanwhile, and ends in order with it.

usage: foreign_poll.py EXAMPLE
"""
import os, socket, subprocess, sys

from peer import TIME_LIMIT, Peer

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)
program = subprocess.Popen(
    [sys.argv[1], "a@b.test/r", "tls.mode=none", "server=127.0.0.1",
     f"port={listener.getsockname()[1]}", "roster.fetch=no", "presence.initial=no"],
    env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdin=subprocess.PIPE,
    stdout=subprocess.PIPE, text=True)
try:
    server = Peer(listener.accept()[0])
    server.log_in("")
    for count in range(1, 4):
        server.send(f"<message from='c@b.test/x' type='chat'><body>hello {count}</body></message>")
        assert f"<body>hello {count}</body>" in server.expect("<message.*?</message>")
        program.stdin.write("\n")
        program.stdin.flush()
        assert program.stdout.readline() == f"messages answered: {count}\n", count
    program.stdin.close()
    server.expect("</stream:stream>")
    server.send("</stream:stream>")
    assert program.wait(TIME_LIMIT) == 0, program.returncode
finally:
    program.kill()
    program.wait()
