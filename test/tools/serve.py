"""usage: serve.py ENVOI TLS_DATA [sqlite]: `envoi serve` and clients of it, each a program of its own."""
import atexit, hashlib, os, pathlib, re, shutil, signal, socket, subprocess, sys, tempfile

import peer

ENVOI, DATA = sys.argv[1], pathlib.Path(sys.argv[2])
WORK = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, WORK)
CA = WORK / "ca.pem"


def ended(*options, status):
    """Run it to its end, and return what it has printed."""
    run = subprocess.run([ENVOI, "serve", *options], capture_output=True, text=True, timeout=peer.TIME_LIMIT)
    assert run.returncode == status, f"{options}: {run.returncode}, {run.stdout}{run.stderr}"
    return run.stdout + run.stderr


class Server:
    def __init__(self, *options):
        self.log = WORK / "log"
        self.process = subprocess.Popen(
            [ENVOI, "serve", "--domain", "example.org", "--listen", "127.0.0.1:0",
             "--server-scram-iterations", "4096", *options],
            stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True)
        atexit.register(self.process.kill)  # of a test that fails
        self.port = re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", self.process.stdout.readline())[1]

    def end(self, sent=signal.SIGTERM):
        self.process.send_signal(sent)
        assert self.process.wait(timeout=peer.TIME_LIMIT) == 0
        return self.log.read_text()


def client(server, jid, *command, ca=CA, password="secret"):
    return subprocess.Popen(
        [ENVOI, "--jid", jid, "--server", "127.0.0.1", "--port", server.port, "--ca-file", str(ca),
         "--no-tls-system-trust", *(["--wait", "300ms"] if command[0] == "send" else []), *command],
        env={**os.environ, "ENVOI_PASSWORD": password}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def status_of(process):
    out = process.communicate(timeout=peer.TIME_LIMIT)
    return process.returncode, "".join(out)


# What is missing or wrong is said in words.
(WORK / "accounts").write_text("# two\nalice:secret\n\nbob:secret\n")
enough = ["--domain", "example.org", "--listen", "127.0.0.1:0", "--ca-out", str(CA),
          "--account-file", str(WORK / "accounts"), "--server-scram-iterations", "4096"]
assert ended("--check", *enough, status=0) == "nothing is wrong\n"
assert not CA.exists(), "--check has written a file"
for left_out, words in (("--domain", "the domain is missing"), ("--listen", "the address is missing"),
                        ("--ca-out", "there is no certificate"), ("--account-file", "there is no account")):
    at = enough.index(left_out)
    assert words in ended("--check", *enough[:at], *enough[at + 2:], status=2), words
for more, words, status in ((["--listen", "127.0.0.1"], "is not ADDRESS:PORT", 2),
                            (["--listen", "192.0.2.1:0"], "--listen 192.0.2.1:0: ", 1),
                            (["--account", "carol"], "an account is NAME:PASSWORD", 2),
                            (["--account", "a b:x"], "is not allowed", 2),
                            (["--account", "Alice:x"], "given twice", 2),
                            (["--component", "c.example.org"], "a component is DOMAIN:SECRET", 2),
                            (["--component", "example.org:s"], "its domain is the server's", 2),
                            (["--check=1"], "--check takes no value", 2),
                            (["--certificate", str(WORK / "none")], "cannot be used", 1),
                            (["--certificate", str(DATA / "right.pem"), "--key", str(DATA / "ca-key.pem")],
                             "cannot be used", 1)):
    found = ended("--check", *enough, *more, status=status)
    assert words in found, f"{more}: {found}"

# Two clients over verified TLS, with an authority that was made.
server = Server("--ca-out", str(CA), "--account-file", str(WORK / "accounts"))
bot = client(server, "bob@example.org/bot", "echo")
assert bot.stdout.readline() == "ready bob@example.org/bot\n"
status, text = status_of(client(server, "alice@example.org", "send", "bob@example.org", "hello"))
assert status == 0, text
assert status_of(client(server, "alice@example.org", "send", "nobody@example.org", "hello"))[0] == 1
assert status_of(client(server, "alice@example.org", "send", "x@example.org", "y", password="wrong"))[0] == 5
status, text = status_of(client(server, "alice@example.org", "send", "x@example.org", "y", ca=DATA / "ca.pem"))
assert status == 4, text
log = server.end()
assert "alice logged in from 127.0.0.1 with SCRAM-SHA-" in log, log
assert "bob@example.org/bot is online\n" in log, log
assert "bob@example.org/bot left" in log, log
bot.kill()
bot.communicate()

# A certificate that was given, and is read again at SIGHUP.
server = Server("--certificate", str(DATA / "right.pem"), "--key", str(DATA / "server-key.pem"),
                "--account", "alice:secret")
server.process.send_signal(signal.SIGHUP)
status, text = status_of(client(server, "alice@example.org", "send", "alice@example.org", "note", ca=DATA / "ca.pem"))
assert status == 0, text
assert "certificates were read again\n" in server.end(signal.SIGINT)


# The web service: files, links, WebSocket; SIGHUP reads the files again.
def ask(port, path):
    with socket.create_connection(("127.0.0.1", port), peer.TIME_LIMIT) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode()


root = WORK / "root"
(root / "images").mkdir(parents=True)
(root / "index.html").write_text("<p>first")
(root / "images" / "a.png").write_text("image")
(root / "with space").write_text("none")
(root / "link").symlink_to(WORK / "accounts")
assert "is not an address of this host" in ended(
    "--check", *enough, "--web", "192.0.2.1:0", "--web-clear", status=2)
assert "--web-root: " in ended("--check", *enough, "--web-root", str(WORK / "nothing"), status=1)
server = Server("--ca-out", str(CA), "--account-file", str(WORK / "accounts"), "--web", "127.0.0.1:0", "--web-clear",
                "--web-root", str(root))
port = re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", server.process.stdout.readline())[1]
assert ask(port, "/").endswith("\r\n\r\n<p>first") and ask(port, "/index.html").endswith("<p>first")
assert "Content-Type: image/png\r\n" in ask(port, "/images/a.png")
for path in ("/link", "/with%20space", "/images/", "/images", "/../accounts", "/images/../index.html"):
    assert ask(port, path).startswith("HTTP/1.1 404 "), path
assert f"href='ws://127.0.0.1:{port}/xmpp-websocket'" in ask(port, "/.well-known/host-meta")
(root / "index.html").write_text("<p>second")
server.process.send_signal(signal.SIGHUP)
while not ask(port, "/").endswith("<p>second"):
    pass
web = [ENVOI, "--jid", "alice@example.org", "--url", f"ws://example.org:{port}/xmpp-websocket", "--server", "127.0.0.1",
       "--tls", "none", "--wait", "300ms", "send", "alice@example.org", "note"]
run = subprocess.run(web, env={**os.environ, "ENVOI_PASSWORD": "secret"}, capture_output=True, text=True,
                     timeout=peer.TIME_LIMIT)
assert run.returncode == 0, run.stderr
assert "alice logged in from 127.0.0.1 with SCRAM-SHA-" in server.end()


# A component.
(WORK / "components").write_text("# one\necho.example.org:s\n")
server = Server("--certificate", str(DATA / "right.pem"), "--key", str(DATA / "server-key.pem"),
                "--account", "alice:secret", "--component-file", str(WORK / "components"),
                "--listen-components", "127.0.0.1:0")
port = re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", server.process.stdout.readline())[1]
with socket.create_connection(("127.0.0.1", port), peer.TIME_LIMIT) as connection:
    component = peer.Peer(connection)
    component.send("<stream:stream xmlns='jabber:component:accept' to='echo.example.org'"
                   " xmlns:stream='http://etherx.jabber.org/streams'>")
    stream_id = component.expect("<stream:stream[^>]* id='([^']*)'")
    component.send(f"<handshake>{hashlib.sha1(f'{stream_id}s'.encode()).hexdigest()}</handshake>")
    component.expect("<handshake/>")
    status, text = status_of(client(server, "alice@example.org", "send", "x@echo.example.org", "to a component",
                                    ca=DATA / "ca.pem"))
    assert status == 0, text
    component.expect("<message [^>]*from='alice@example.org/.*<body>to a component</body>")
log = server.end()
assert "echo.example.org is online\n" in log, log

# A store in a file: accounts and messages are there at the next start, and a password can be changed.
def serves_store(name, *options):
    return Server("--certificate", str(DATA / "right.pem"), "--key", str(DATA / "server-key.pem"),
                  "--store", str(WORK / name), *options)


def send(server, sender, recipient, text, **more):
    return status_of(client(server, sender, "send", recipient, text, ca=DATA / "ca.pem", **more))[0]


store = WORK / "chat.db"
checked = ["--check", "--domain", "example.org", "--listen", "127.0.0.1:0", "--ca-out", str(CA), "--store", str(store)]
if sys.argv[3:] != ["sqlite"]:
    assert "built without SQLite" in ended(*checked, status=2)
    sys.exit()
assert ended(*checked, status=0) == "nothing is wrong\n"
assert not store.exists(), "--check has made the store"
server = serves_store("chat.db", "--account", "alice:secret", "--account", "bob:secret")
assert send(server, "alice@example.org", "bob@example.org", "stored") == 0
assert "another server uses it" in ended(*checked[1:], status=1)
assert ended(*checked, status=0) == "nothing is wrong\n"
server.end()
server = serves_store("chat.db")
bot = client(server, "bob@example.org/bot", "echo", "--xml", ca=DATA / "ca.pem")
assert any("<body>stored</body>" in line for line in iter(bot.stderr.readline, ""))
bot.send_signal(signal.SIGTERM)  # it acknowledges what it has
bot.communicate()
server.end()
server = serves_store("chat.db", "--account", "alice:new")
assert send(server, "alice@example.org", "bob@example.org", "x") == 5
assert send(server, "alice@example.org", "bob@example.org", "x", password="new") == 0
server.end()

# What is wrong with the file is said in words.
whole = store.read_bytes()
for name, content, words in (("damaged", b"x" * 4096, "it is damaged: put back a copy"),
                             ("newer", whole[:60] + (1000).to_bytes(4, "big") + whole[64:], "a newer program"),
                             ("foreign", whole[:68] + b"abcd" + whole[72:], "a database of another program")):
    store.write_bytes(content)
    for options in (checked, checked[1:]):
        found = ended(*options, status=1)
        assert f"the store {store} cannot be opened: " in found and words in found, f"{name}: {found}"
    assert store.read_bytes() == content, f"{name} is changed"
    for suffix in ("-wal", "-shm"):
        pathlib.Path(f"{store}{suffix}").unlink(missing_ok=True)
assert "No such file or directory" in ended(*checked[:-1], str(WORK / "none/chat.db"), status=1)
