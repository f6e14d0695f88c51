"""usage: proxied.py ENVOI: with a proxy no question about the server leaves this machine, on any route.

A name server counts the questions; a SOCKS5 proxy notes the names that it is asked for (RFC 1928, section 4).
"""
import atexit, os, pathlib, re, shutil, signal, socket, struct, subprocess, sys, tempfile, threading

import peer

ENVOI = sys.argv[1]
WORK = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, WORK)
CA = WORK / "ca.pem"
questions, asked_for = [], []


def name_of(question):
    at, labels = 12, []
    while question[at] != 0:
        labels.append(question[at + 1:at + 1 + question[at]].decode())
        at += 1 + question[at]
    return ".".join(labels), question[12:at + 5]


def serve_names():
    """Every name is on loopback."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve():
        while True:
            question, asker = server.recvfrom(4096)
            name, asked = name_of(question)
            questions.append(name)
            is_a = asked[-4:-2] == b"\0\1"
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 1]) if is_a else b""
            server.sendto(question[:2] + struct.pack(">HHHHH", 0x8180, 1, int(is_a), 0, 0) + asked + answer, asker)
    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"


def read(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def forward(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy_one(connection, ports):
    read(connection, read(connection, 2)[1])
    connection.sendall(b"\5\0")
    kind = read(connection, 4)[3]
    assert kind == 3, f"an address of type {kind} in place of a name"
    name = read(connection, read(connection, 1)[0]).decode()
    port = struct.unpack(">H", read(connection, 2))[0]
    asked_for.append(f"{name}:{port}")
    if port not in ports:
        connection.sendall(b"\5\5\0\1" + bytes(6))
        connection.close()
        return
    server = socket.create_connection(("127.0.0.1", ports[port]))
    connection.sendall(b"\5\0\0\1" + bytes(6))
    threading.Thread(target=forward, args=(server, connection), daemon=True).start()
    forward(connection, server)


def serve_proxy(ports):
    """ports: those that it leads to"""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            threading.Thread(target=proxy_one, args=(listener.accept()[0], ports), daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    return str(listener.getsockname()[1])


def send(*options):
    questions.clear()
    asked_for.clear()
    run = subprocess.run(
        [ENVOI, "--jid", "alice@example.test", "--ca-file", str(CA), "--no-tls-system-trust", "--resolve-servers", names,
         "--proxy-type", "socks5", *options, "send", "--wait", "0", "alice@example.test", "hello"],
        env={**os.environ, "ENVOI_PASSWORD": "secret"}, text=True, capture_output=True, timeout=peer.TIME_LIMIT)
    return run.returncode, run.stdout + run.stderr


server = subprocess.Popen(
    [ENVOI, "serve", "--domain", "example.test", "--account", "alice:secret", "--ca-out", str(CA),
     "--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0", "--server-scram-iterations", "4096"],
    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
atexit.register(server.kill)
starttls, direct = (int(re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", server.stdout.readline())[1])
                    for _ in range(2))
names = serve_names()

# Direct TLS, STARTTLS where its port is refused, and host-meta where both are: the proxy has all names.
for ports, status, wanted in (
        ({5223: direct, 5222: starttls}, 0, ["example.test:5223"]),
        ({5222: starttls}, 0, ["example.test:5223", "example.test:5222"]),
        ({}, 3, ["example.test:5223", "example.test:5222", "example.test:443", "example.test:443"])):
    got, said = send("--proxy-host", "127.0.0.1", "--proxy-port", serve_proxy(ports))
    assert (got, asked_for) == (status, wanted), f"{got} {asked_for}\n{said}"
    assert questions == [], questions

# A URL and a server that the user names.
port = serve_proxy({})
for options, wanted in ((["--url", "wss://chat.example.test/ws"], "chat.example.test:443"),
                        (["--url", "https://chat.example.test/bosh"], "chat.example.test:443"),
                        (["--server", "xmpp.example.test", "--port", "5269"], "xmpp.example.test:5269")):
    got, said = send("--proxy-host", "127.0.0.1", "--proxy-port", port, *options)
    assert got == 3 and set(asked_for) == {wanted}, f"{got} {asked_for}\n{said}"
    assert questions == [], questions

# The proxy's own name is looked up, and no other.
got, said = send("--proxy-host", "proxy.test", "--proxy-port", serve_proxy({5223: direct}))
assert got == 0 and set(questions) == {"proxy.test"}, f"{got} {questions}\n{said}"

server.send_signal(signal.SIGTERM)
assert server.wait(timeout=peer.TIME_LIMIT) == 0
