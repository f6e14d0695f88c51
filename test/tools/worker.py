"""The example worker: answers of threads, the limit on jobs, and an end while jobs are running.

usage: worker.py EXAMPLE
"""
import os, socket, subprocess, sys

from peer import TIME_LIMIT, Peer

MOST_JOBS = 8


def question(limit):
    return f"<message from='c@b.test/x' type='chat'><body>{limit}</body></message>"


listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)
program = subprocess.Popen(
    [sys.argv[1], "a@b.test/r", "tls.mode=none", "server=127.0.0.1",
     f"port={listener.getsockname()[1]}", "roster.fetch=no", "presence.initial=no",
     "reconnect.enabled=no"],
    env={**os.environ, "ENVOI_PASSWORD": "secret"})
try:
    server = Peer(listener.accept()[0])
    server.log_in("")
    for limit, primes in (100, 25), (0, 0), (1000, 168):
        server.send(question(limit))
        answer = server.expect("<message.*?</message>")
        assert f"<body>{primes} primes are below {limit}</body>" in answer, answer
        assert "to='c@b.test/x'" in answer, answer
    # These do not end before the test does.
    server.send(question(10**12) * (MOST_JOBS + 1))
    assert "busy" in server.expect("<message.*?</message>")
    server.send("</stream:stream>")
    server.expect("</stream:stream>")
    assert program.wait(TIME_LIMIT) == 0, program.returncode
finally:
    program.kill()
    program.wait()
