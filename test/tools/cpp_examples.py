"""The examples in C++: the bot echoes, and the payload is decoded and checked.

usage: cpp_examples.py ECHO_BOT WEATHER
"""
import contextlib, os, socket, subprocess, sys

from peer import TIME_LIMIT, Peer

ECHO_BOT, WEATHER = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)


@contextlib.contextmanager
def logged_in(program):
    with subprocess.Popen(
            [program, "a@b.test/r", "tls.mode=none", "server=127.0.0.1",
             f"port={listener.getsockname()[1]}", "roster.fetch=no", "presence.initial=no",
             "reconnect.enabled=no"],
            env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdout=subprocess.PIPE, text=True) as run:
        try:
            server = Peer(listener.accept()[0])
            server.log_in()
            yield run, server
        finally:
            run.kill()


def send(server, content):
    server.send(f"<message from='c@d/e' type='chat' xml:lang='de'>{content}<thread>t</thread></message>")


with logged_in(ECHO_BOT) as (run, server):
    send(server, "<body>Gr\u00fc\u00dfe</body>")
    reply = server.expect("<message.*?</message>")
    for part in ("to='c@d/e'", "xml:lang='de'", "<body>Gr\u00fc\u00dfe</body>", "<thread>t</thread>"):
        assert part in reply, reply

with logged_in(WEATHER) as (run, server):
    place = "<report xmlns='urn:example:weather' place="
    send(server, f"{place}'Nowhere'><celsius>101</celsius></report>")
    send(server, f"{place}'{'x' * 201}'><celsius>1</celsius></report>")
    send(server, f"{place}'Oslo'><celsius>-3</celsius><rain/></report>")
    assert "Thank you." in server.expect("<message.*?</message>")
    server.send("</stream:stream>")
    server.expect("</stream:stream>")
    server.connection.close()
    out = run.communicate(timeout=TIME_LIMIT)[0]
    assert out == "Oslo: -3 degrees, rain\n1 reports\n", out
    assert run.returncode == 0, run.returncode
