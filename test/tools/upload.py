"""usage: upload.py ENVOI DATA: a file is uploaded to a scripted service."""
import re, socket, ssl, sys, threading

import peer
from name_server import serve_names
from program import ENVIRONMENT, WORK, run, with_peer
from screen import Terminal

ENVOI, DATA = sys.argv[1:]
NS = "urn:xmpp:http:upload:0"
DISCO = "http://jabber.org/protocol/disco#"
A = 1
FILE = WORK / "a <b>.txt"
CONTENT = b"0123456789" * 50000
FILE.write_bytes(CONTENT)
names = serve_names({("example.org", A): [bytes([127, 0, 0, 1])]})
OPTIONS = ("--ca-file", f"{DATA}/tls/ca.pem", "--no-tls-system-trust", "--resolve-servers", names)


def store(listener, answer, received, may_answer=None):
    """A service that takes one file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{DATA}/tls/right.pem", f"{DATA}/tls/server-key.pem")
    with listener.accept()[0] as connection:
        connection.settimeout(peer.TIME_LIMIT)
        with context.wrap_socket(connection, server_side=True) as secured:
            request = b""
            while b"\r\n\r\n" not in request:
                request += secured.recv(65536)
            head, body = request.split(b"\r\n\r\n", 1)
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            while len(body) < length:
                body += secured.recv(65536)
            received += [head.decode(), body]
            if may_answer:
                assert may_answer.wait(peer.TIME_LIMIT)
            secured.sendall(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())


def reply(script_peer, to, name, payload, kind="result"):
    identifier = script_peer.expect(f"<iq(?=[^>]* to='{to}')[^>]* id='([^']*)'[^>]*><{name}.*?</iq>")
    script_peer.send(f"<iq type='{kind}' id='{identifier}' from='{to}'>{payload}</iq>")


def find(script_peer, *items):
    listed = "".join(f"<item jid='{item}'/>" for item, _ in items)
    reply(script_peer, "b.test", "query", f"<query xmlns='{DISCO}items'>{listed}</query>")
    for item, feature in items:
        reply(script_peer, item, "query", f"<query xmlns='{DISCO}info'><identity category='store' type='file'/>"
              f"<feature var='{feature}'/></query>")


def slot(port, got="https://example.org/get/&#x9b;a"):
    return (f"<slot xmlns='{NS}'><put url='https://example.org:{port}/put/a'><header name='Cookie'>c=1</header></put>"
            f"<get url='{got}'/></slot>")


def upload(script, *options, status=0):
    return with_peer(ENVOI, (*OPTIONS, "upload", str(FILE), *options), script, status=status)


def with_store(answer="201 Created", service="files.b.test", finds=True, may_answer=None):
    listener, received = socket.create_server(("127.0.0.1", 0)), []
    threading.Thread(target=store, args=(listener, answer, received, may_answer), daemon=True).start()

    def script(script_peer):
        if finds:
            find(script_peer, ("rooms.b.test", "x"), (service, NS))
        reply(script_peer, service, "request", slot(listener.getsockname()[1]))
    return script, received


# The service is found among the items; the URL is printed harmlessly.
script, received = with_store()
assert upload(script, "--type", "text/plain") == ("https://example.org/get/\\u{9b}a\n", "")
assert received[0].startswith("PUT /put/a HTTP/1.1\r\n") and received[1] == CONTENT, received[0]
assert re.search("(?im)^content-type: text/plain\r?$", received[0]) and re.search("(?im)^cookie: c=1\r?$", received[0])
# Or it is given. The keys that the XMPP server may have are not those of the service.
script, received = with_store(service="other.test", finds=False)
upload(script, "--service", "other.test", "--pin", "sha256:" + "A" * 43 + "=")
assert received[1] == CONTENT

# No service; a file that is too large; an error; a refusal of the PUT.
assert "b.test has no service for uploads (XEP-0363)" in upload(lambda it: find(it, ("rooms.b.test", "x")), status=1)[1]
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
ERROR = f"<error type='modify'><not-acceptable xmlns='{STANZAS}'/>%s</error>"
for error, words in ((f"<file-too-large xmlns='{NS}'><max-file-size>20000</max-file-size></file-too-large>",
                      "the file is too large: s.test accepts up to 20000 bytes"),
                     (f"<text xmlns='{STANZAS}'>two&#10;lines</text>", "s.test answers with an error: not-acceptable: two\n  lines")):
    said = upload(lambda it: reply(it, "s.test", "request", ERROR % error, "error"), "--service", "s.test", status=1)[1]
    assert words in said, said
script, received = with_store("413 Payload Too Large", finds=False)
said = upload(script, "--service", "files.b.test", status=1)[1]
assert "the file is not uploaded: " in said and "413" in said, said
said = upload(lambda it: reply(it, "s.test", "request", slot(1)), "--service", "s.test", status=3)[1]
assert "the file is not uploaded: " in said, said

# What cannot be uploaded is not.
for path, status, words in (("/nonexistent", 3, "/nonexistent: No such file or directory"),
                            (str(WORK), 1, "is not a file"), ("/dev/null", 1, "/dev/null is not a file")):
    assert words in run(ENVOI, "--jid", "a@b.test", "upload", path, status=status)[1]
(WORK / "empty").write_bytes(b"")
assert "is empty" in run(ENVOI, "--jid", "a@b.test", "upload", str(WORK / "empty"), status=1)[1]
assert "--service: \"@\" is not an address" in run(
    ENVOI, "--jid", "a@b.test", "upload", str(FILE), "--service", "@", status=2)[1]

# Progress on a terminal, while the service has not answered.
answers = threading.Event()
script, received = with_store(finds=False, may_answer=answers)
listener = socket.create_server(("127.0.0.1", 0))
terminal = Terminal([ENVOI, "--jid", "a@b.test", "--server", "127.0.0.1", "--tls", "none", "--port",
                     str(listener.getsockname()[1]), *OPTIONS, "upload", str(FILE), "--service", "files.b.test"],
                    environment=ENVIRONMENT)
server = peer.Peer(listener.accept()[0])
server.log_in()
script(server)
terminal.expect("488 of 488 KiB uploaded ...")
answers.set()
server.expect("</stream:stream>")
server.send("</stream:stream>")
server.connection.close()
assert terminal.wait() == 0
assert terminal.screen.text() == "https://example.org/get/\\u{9b}a\n", terminal.screen.text()
