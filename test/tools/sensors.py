"""The example sensors: each alarm is reported, the first reading once, and "stop" ends it.

usage: sensors.py EXAMPLE
"""
import os, socket, subprocess, sys

from peer import TIME_LIMIT, Peer


def reading(name, state):
    return f"<message from='c@b.test/x'><reading xmlns='urn:example:sensor' name='{name}' state='{state}'/></message>"


def text(body):
    return f"<message from='c@b.test/x' type='chat'><body>{body}</body></message>"


listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)
program = subprocess.Popen(
    [sys.argv[1], "a@b.test/r", "tls.mode=none", "server=127.0.0.1",
     f"port={listener.getsockname()[1]}", "roster.fetch=no", "presence.initial=no"],
    env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdout=subprocess.PIPE, text=True)
try:
    server = Peer(listener.accept()[0])
    server.log_in("")
    server.send(text("go on") + reading("window", "closed") + reading("door", "alarm") +
                reading("roof", "alarm") + text("stop"))
    server.expect("</stream:stream>")
    server.send("</stream:stream>")
    out, _ = program.communicate(timeout=TIME_LIMIT)
    assert program.returncode == 0, program.returncode
    assert out == "sensors are there\nalarm: door\nalarm: roof\n", out
finally:
    program.kill()
    program.wait()
