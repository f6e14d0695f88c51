"""usage: signals.py ENVOI: the second signal ends `envoi echo` at once, whatever the server does."""
import os, signal, socket, subprocess, sys

import peer

SILENT_BYTES = 8 << 20  # of messages that are echoed to a server that does not read

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(peer.TIME_LIMIT)
program = subprocess.Popen(
    [sys.argv[1], "--jid", "a@b.test", "--tls", "none", "--server", "127.0.0.1",
     "--port", str(listener.getsockname()[1]), "--close-timeout", "3600s", "--no-roster-fetch",
     "echo"],
    env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdout=subprocess.PIPE)
server = peer.Peer(listener.accept()[0])
server.log_in()
assert program.stdout.readline().startswith(b"ready"), "the program did not log in"
message = f"<message type='chat' from='c@b.test/x'><body>{'x' * 8000}</body></message>"
for _ in range(SILENT_BYTES // len(message)):
    server.send(message)
# Different ones: two of a kind may arrive as one.
program.send_signal(signal.SIGINT)
program.send_signal(signal.SIGTERM)
status = program.wait(timeout=peer.TIME_LIMIT)
assert status == 0, f"exit status {status}"
