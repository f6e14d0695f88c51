"""usage: bosh_server.py EXAMPLE ENVOI: BOSH in a program with an HTTP server of its own, and clients of it."""
import atexit, os, re, subprocess, sys

import peer

EXAMPLE, ENVOI = sys.argv[1:]
server = subprocess.Popen([EXAMPLE, "example.org", "alice:secret", "bob:secret"], stdout=subprocess.PIPE, text=True)
atexit.register(server.kill)
port = re.fullmatch(r"port (\d+)\n", server.stdout.readline())[1]


def client(jid, *command):
    return subprocess.Popen(
        [ENVOI, "--jid", jid, "--url", f"http://example.org:{port}/http-bind", "--server", "127.0.0.1", "--tls", "none",
         *command],
        env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


bot = client("bob@example.org/bot", "echo")
atexit.register(bot.kill)
assert bot.stdout.readline() == "ready bob@example.org/bot\n"
for _ in range(2):
    sender = client("alice@example.org", "--wait", "300ms", "send", "bob@example.org/bot", "hello")
    out = sender.communicate(timeout=peer.TIME_LIMIT)
    assert sender.returncode == 0, out
bot.terminate()
bot.communicate(timeout=peer.TIME_LIMIT)
assert server.poll() is None
