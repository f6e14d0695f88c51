"""The examples small_server and component_server, with scripted clients and components.

usage: accepting.py SMALL_SERVER COMPONENT_SERVER GATEWAY FOLDER-OF-CERTIFICATES
"""
import base64, hashlib, os, re, socket, ssl, subprocess, sys

from peer import BIND, SASL, TIME_LIMIT, Peer

SMALL_SERVER, COMPONENT_SERVER, GATEWAY, CERTIFICATES = sys.argv[1:]
NS = "xmlns:stream='http://etherx.jabber.org/streams'"
HEADER = f"<stream:stream xmlns='jabber:client' {NS} to='example.org' version='1.0'>"
TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
ERRORS = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"


def start(*arguments):
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def line_of(process, pattern):
    for line in process.stdout:
        if match := re.search(pattern, line):
            return match
    raise AssertionError(f"{process.args[0]}: no line {pattern}")


def connect(port):
    return Peer(socket.create_connection(("127.0.0.1", port), TIME_LIMIT))


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


# --- clients ---

def start_tls(port, server_name, certificate=None):
    """STARTTLS; without a name the handshake has no SNI, and the stream's domain decides."""
    clear = connect(port)
    clear.send(HEADER)
    clear.expect("<starttls")
    clear.send(f"<starttls {TLS}/>")
    clear.expect("<proceed[^>]*>")
    tls = ssl.create_default_context(cafile=f"{CERTIFICATES}/ca.pem")
    tls.check_hostname = False
    if certificate:
        tls.load_cert_chain(f"{CERTIFICATES}/{certificate}.pem",
                            f"{CERTIFICATES}/{certificate}-key.pem")
    secured = Peer(tls.wrap_socket(clear.connection, server_hostname=server_name))
    names = [name for kind, name in secured.connection.getpeercert()["subjectAltName"]
             if kind == "DNS"]
    assert "example.org" in names, names
    secured.send(HEADER)
    secured.expect("</stream:features>")
    return secured


def log_in(peer, mechanism, first, resource):
    peer.send(f"<auth {SASL} mechanism='{mechanism}'>{first}</auth>")
    peer.expect("<success")
    peer.send(HEADER)
    peer.expect("</stream:features>")
    peer.send(f"<iq type='set' id='b'><bind {BIND}><resource>{resource}</resource></bind></iq>")
    return peer.expect("<jid>([^<]*)</jid></bind></iq>")


def plain(user, password):
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def clients_log_in_without_a_server_name_and_with_a_certificate(port):
    alice = start_tls(port, None)
    jid = log_in(alice, "PLAIN", plain("alice", "secret"), "a")
    assert jid == "alice@example.org/a", jid
    certified = start_tls(port, "example.org", "client")
    jid = log_in(certified, "EXTERNAL", "=", "c")
    assert jid == "alice@example.org/c", jid
    alice.send("<message to='alice@example.org/c' type='chat'><body>hi</body></message>")
    message = certified.expect("<message[^>]*><body>hi</body></message>")
    assert "from='alice@example.org/a'" in message, message
    alice.send("<message id='1' to='nobody@example.org'><body>hi</body></message>")
    error = alice.expect("<message[^>]*type='error'.*?</message>")
    assert f"<item-not-found {ERRORS}/>" in error, error


def a_receiver_that_does_not_read_is_reported_as_one_that_may_later(port):
    """The kernel's buffers, the transport's and the outbox fill first."""
    bob = start_tls(port, "example.org")
    jid = log_in(bob, "PLAIN", plain("bob", "secret"), "b")
    silent = start_tls(port, "example.org")
    silent_jid = log_in(silent, "PLAIN", plain("alice", "secret"), "silent")
    body = "x" * 10000
    for i in range(2000):
        bob.send(f"<message id='{i}' to='{silent_jid}'><body>{body}</body></message>")
        if select_readable(bob):
            break
    error = bob.expect("<message[^>]*type='error'.*?</message>")
    assert f"<resource-constraint {ERRORS}/>" in error and "type='wait'" in error, error[-300:]
    assert f"to='{jid}'" in error, error[-300:]


def select_readable(peer):
    peer.connection.setblocking(False)
    try:
        peer.read += peer.connection.recv(65536)
    except ssl.SSLWantReadError:
        pass
    peer.connection.settimeout(TIME_LIMIT)
    return peer.read != b""


def test_clients():
    server = start(SMALL_SERVER, "example.org", f"{CERTIFICATES}/right.pem",
                   f"{CERTIFICATES}/server-key.pem", "alice:secret", "bob:secret",
                   f"tls.ca-file={CERTIFICATES}/ca.pem", "limits.outbox-stanzas=10",
                   "limits.output-bytes=64k", "throttle.timeout=100ms")
    try:
        port = int(line_of(server, "ports ([0-9]+)")[1])
        clients_log_in_without_a_server_name_and_with_a_certificate(port)
        a_receiver_that_does_not_read_is_reported_as_one_that_may_later(port)
    finally:
        end(server)


# --- components ---

def begin_component(port, domain, secret):
    peer = connect(port)
    peer.send(f"<stream:stream xmlns='jabber:component:accept' {NS} to='{domain}'>")
    stream_id = peer.expect("<stream:stream[^>]* id='([^']*)'")
    digest = hashlib.sha1((stream_id + secret).encode()).hexdigest()
    peer.send(f"<handshake>{digest}</handshake>")
    return peer


def component(port, domain, secret):
    peer = begin_component(port, domain, secret)
    peer.expect("<handshake */>")
    return peer


def assert_answered(sender, to, condition):
    sender.send(f"<message id='1' from='x@one.example.org' to='{to}'><body>b</body></message>")
    error = sender.expect("<message[^>]*type='error'.*?</message>")
    assert f"<{condition} {ERRORS}/>" in error, error


def components_talk(port):
    one, two = component(port, "one.example.org", "1"), component(port, "two.example.org", "2=:2")
    one.send("<message from='x@one.example.org' to='y@two.example.org'><body>hi</body></message>")
    message = two.expect("<message.*?</message>")
    assert "from='x@one.example.org'" in message and "<body>hi</body>" in message, message
    assert_answered(one, "y@gw.example.org", "remote-server-timeout")
    assert_answered(one, "y@example.net", "remote-server-not-found")
    one.send("<iq type='get' id='2' from='one.example.org' to='example.org'>"
             "<ping xmlns='urn:xmpp:ping'/></iq>")
    answer = one.expect("<iq.*?(?:</iq>|/>)")
    assert "type='result'" in answer and "from='example.org'" in answer, answer
    wrong = begin_component(port, "two.example.org", "wrong")
    wrong.expect("<stream:error><not-authorized")
    gateway_answers(port, one)


def gateway_answers(port, one):
    gateway = subprocess.Popen(
        [GATEWAY, "gw.example.org", "a", "10", "server=127.0.0.1", f"port={port}"],
        env={**os.environ, "ENVOI_SECRET": "secret"}, stdout=subprocess.PIPE, text=True)
    try:
        line_of(gateway, "ready gw.example.org")
        one.send("<message type='chat' from='x@one.example.org' to='user1@gw.example.org'>"
                 "<body>hi</body></message>")
        one.expect("<body>user1 at a: hi</body>")
        gateway.terminate()
        line_of(gateway, "stopped after 1 messages")
    finally:
        end(gateway)


def test_components():
    server = start(COMPONENT_SERVER, "example.org", "one.example.org:1", "two.example.org:2=:2",
                   "gw.example.org:secret", "listener.per-address=30")
    try:
        components_talk(int(line_of(server, "port ([0-9]+)")[1]))
    finally:
        end(server)


test_clients()
test_components()
