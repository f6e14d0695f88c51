"""The examples unix_transport and pipe_transport, with a server of this machine, each within direct TLS, the
first with STARTTLS and in clear as well. A relay carries their bytes to the server's port.

usage: own_transports.py ENVOI UNIX_TRANSPORT PIPE_TRANSPORT
       own_transports.py relay PORT   standard input and output to that port
"""
import contextlib, os, socket, sys, threading


def copy(read, write, end):
    with contextlib.suppress(OSError):  # the other direction has ended
        while data := read(65536):
            write(data)
        end()


def relay(read, write, end, port):
    """Carry bytes in both directions, until both are at their end."""
    with socket.create_connection(("127.0.0.1", int(port))) as server:
        up = threading.Thread(target=copy, args=(read, server.sendall, lambda: server.shutdown(socket.SHUT_WR)))
        up.daemon = True
        up.start()
        copy(server.recv, write, end)


if sys.argv[1] == "relay":
    relay(lambda size: os.read(0, size), lambda data: os.write(1, data), lambda: os.close(1), sys.argv[2])
    os._exit(0)

from program import CA, WORK, Server, end_of, run

ENVOI, UNIX, PIPE = sys.argv[1:]
clear = Server(ENVOI, "--tls", "none")
other_ca = CA.rename(WORK / "other.pem")
server = Server(ENVOI, "--listen-tls", "127.0.0.1:0")  # CA is its authority, from now on
direct_port = server.process.stdout.readline().split()[-1]
PATH = str(WORK / "socket")
listener = socket.socket(socket.AF_UNIX)
listener.bind(PATH)
listener.listen()


def serve_once(port):
    with listener.accept()[0] as client:
        relay(client.recv, client.sendall, lambda: client.shutdown(socket.SHUT_WR), port)


for mode, at, port in (("none", clear, clear.port), ("starttls", server, server.port), ("direct", server, direct_port)):
    settings = [f"tls.mode={mode}", f"tls.ca-file={CA}", "tls.system-trust=no"]
    bob = at.start("bob", "listen", "--count", "1", *(["--tls", "none"] if at is clear else []))
    threading.Thread(target=serve_once, args=(port,), daemon=True).start()
    run(UNIX, "alice@example.org", PATH, "bob@example.org", f"by {mode}", *settings)
    status, out, said = end_of(bob)
    assert status == 0 and f"by {mode}" in out, (out, said)
out = run(PIPE, "alice@example.org", *settings, sys.executable, "-B", __file__, "relay", direct_port)[0]
assert out.startswith("available as alice@example.org/") and out.endswith("received: hello\n"), out

# A certificate of another authority is refused, and what cannot be connected to is named.
threading.Thread(target=serve_once, args=(direct_port,), daemon=True).start()
said = run(UNIX, "alice@example.org", PATH, "bob@example.org", "x", "tls.mode=direct",
           f"tls.ca-file={other_ca}", "tls.system-trust=no", status=1)[1]
assert "certificate" in said, said
said = run(UNIX, "alice@example.org", f"{PATH}-none", "bob@example.org", "x", status=1)[1]
assert "No such file or directory" in said, said
