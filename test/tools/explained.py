"""What envoi prints when a login fails, advice included: all lines.

usage: explained.py ENVOI DATA
"""
import os, socket, ssl, struct, subprocess, sys, threading

PROGRAM = os.path.abspath(sys.argv[1])
os.chdir(sys.argv[2])  # the text of a failure has room for short paths
DATA = "."
HEAD = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0'"
        " xmlns:stream='http://etherx.jabber.org/streams'>")
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
DOMAIN = "example.org"
TIME_LIMIT = 120  # seconds

# --- servers: each takes one connection


def read_until(connection, end):
    data = b""
    while end not in data:
        more = connection.recv(4096)
        if not more:
            return
        data += more


def says(text, hears=b""):
    def behave(connection):
        read_until(connection, hears)
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        read_until(connection, b"</stream:stream>")
    return behave


def leaves(connection):
    read_until(connection, b"version='1.0'>")


def is_silent(connection):
    while connection.recv(4096):
        pass


def hear(secured):
    secured.recv(4096)


def shake_hands(connection, certificate, version, then=hear):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    if then != hear:  # it asks for our certificate, too
        context.load_verify_locations(f"{DATA}/tls/ca.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
    context.load_cert_chain(f"{DATA}/tls/{certificate}.pem", f"{DATA}/tls/server-key.pem")
    try:
        with context.wrap_socket(connection, server_side=True) as secured:
            then(secured)
    except (ssl.SSLError, OSError):
        pass


def shows(certificate, version=ssl.TLSVersion.TLSv1_3):
    def behave(connection):
        read_until(connection, b"version='1.0'>")
        connection.sendall(f"{HEAD}<stream:features><starttls {TLS}/></stream:features>".encode())
        read_until(connection, b"/>")
        connection.sendall(f"<proceed {TLS}/>".encode())
        shake_hands(connection, certificate, version)
    return behave


def shows_directly(certificate, then=hear):
    return lambda connection: shake_hands(connection, certificate, ssl.TLSVersion.TLSv1_3, then)


def refuses_external(secured):
    read_until(secured, b"version='1.0'>")
    secured.sendall(f"{HEAD}<stream:features><mechanisms {SASL}><mechanism>EXTERNAL</mechanism>"
                    "</mechanisms></stream:features>".encode())
    read_until(secured, b"<auth")
    secured.sendall(f"<failure {SASL}><not-authorized/></failure></stream:stream>".encode())
    read_until(secured, b"</stream:stream>")


def listen(behave):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as connection:
            connection.settimeout(TIME_LIMIT)
            try:
                behave(connection)
            except OSError:
                pass  # the client has gone: what it says is looked at
    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


# --- a name server: what it answers to every question


def answer_with(rcode, records=()):
    """records: bodies of SRV records"""
    def answer(question):
        sections = struct.pack(">HHHH", 1, len(records), 0, 0)
        asked = question[12:question.index(b"\0", 12) + 5]
        answers = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 33, 1, 60, len(r)) + r for r in records)
        return question[:2] + struct.pack(">H", 0x8180 | rcode) + sections + asked + answers
    return answer


def serve_names(answer):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve():
        while True:
            question, asker = server.recvfrom(4096)
            if answer is not None:
                server.sendto(answer(question), asker)
    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"


deaf = socket.socket()  # reserves a port and does not listen
deaf.bind(("127.0.0.1", 0))


# --- the table: what there is, options, exit status, lines behind "envoi: alice@example.org: "

TRUST = ("--ca-file", f"{DATA}/tls/ca.pem", "--no-tls-system-trust")
NEVER_MIND_TLS = ("nothing is sent without TLS: check --server and --port, and whether --tls"
                  " starttls or --tls direct is right there; if the server should offer TLS,"
                  " an attacker on the way may be hiding it")
CHECK_NAMES = ("check --server where it is given, else the domain of --jid; if that is right, try"
               " again later, or name the server with --server")
CHECK_NETWORK = ("check that the server runs and that the network leads there, or name another with"
                 " --server and --port")
CHECK_DOMAIN = ("check the domain of --jid: the certificate must be for that, whatever --server"
                " says; if it is right, the server needs another certificate")
CHECK_CLOCK = ("check this computer's clock; if it is right, the server needs a new"
               " certificate")
CHECK_FILES = "check --ca-file, --cert-file and --key-file"
NO_XMPP = "this may be no XMPP server: check --server, --port and --tls; --xml shows what it says"
AT = "at 127.0.0.1 port PORT"
WHERE = "tried 127.0.0.1 port PORT: "
SRV_DOT = struct.pack(">HHH", 0, 0, 0) + b"\0"

NAMES = (
    (answer_with(3), (), 3,
     ["server not reachable (resolve): the server has no address",
      "tried example.org: no such name", CHECK_NAMES]),
    (answer_with(2), (), 3,
     ["server not reachable (resolve): the services of example.org could not be looked up",
      "tried _xmpps-client._tcp.example.org: no name server is reachable, or none has an answer",
      "tried _xmpp-client._tcp.example.org: no name server is reachable, or none has an answer",
      "tried example.org: no name server is reachable, or none has an answer",
      CHECK_NAMES]),
    (None, ("--resolve-timeout", "300ms"), 7,
     ["timed out (resolve): the services of example.org could not be looked up",
      "tried _xmpp-client._tcp.example.org: no answer from the name server",
      "tried _xmpps-client._tcp.example.org: no answer from the name server",
      "tried example.org: no answer from the name server",
      "no name server answers: check the network, or name the server's address with --server"]),
    (answer_with(0, [SRV_DOT]), (), 3,
     ["server not reachable (resolve): example.org says that it does not offer this service",
      "tried example.org: no address", CHECK_NAMES]),
    (answer_with(3), ("--server", "chat.example.org"), 3,
     ["server not reachable (resolve): the server has no address",
      "tried chat.example.org: no such name", CHECK_NAMES]),
)

SERVERS = (
    (None, (), 3,
     ["server not reachable (connect): no address of the server could be connected to",
      WHERE + "connection refused", CHECK_NETWORK]),
    (says("HTTP/1.1 400 Bad Request\r\n\r\n", b"version='1.0'>"), (), 6,
     ["XML not well-formed or not allowed (stream): text before the stream header",
      "condition sent: not-well-formed", AT, NO_XMPP]),
    (says("220 mail.example.org ESMTP\r\n"), (), 6,
     ["XML not well-formed or not allowed (stream): text before the stream header",
      "condition sent: not-well-formed", AT, NO_XMPP]),
    (says("HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16"), ("--tls", "direct"), 4,
     ["TLS failed (tls): the peer does not speak TLS", AT, NEVER_MIND_TLS]),
    (is_silent, ("--stream-timeout", "300ms"), 7,
     ["timed out (stream): the peer did not answer within 300 ms",
      "condition sent: connection-timeout", AT,
      "the server takes too long: check --server and --port, or try again later"]),
    (is_silent, ("--tls-timeout", "300ms", "--tls", "direct"), 7,
     ["timed out (tls): the handshake did not end in the time allowed", AT,
      "the server takes too long: check --server and --port, or try again later"]),
    (is_silent, ("--login-timeout", "4s"), 7,
     ["timed out (stream): the login took too long",
      "the server takes too long: check --server and --port, or try again later"]),
    (is_silent, ("--login-timeout", "2s", "--tls", "direct"), 7,
     ["timed out (connect): no server answered in the time allowed",
      WHERE + "pending at the end of the time allowed",
      CHECK_NETWORK]),
    (leaves, (), 6,
     ["disconnected (stream): the connection ended without the end of the stream", AT,
      "check --port and --tls: where TLS is expected from the first byte, nothing else is answered;"
      " --xml shows what was said before"]),
    (says("", b"\x16"), ("--tls", "direct"), 6,
     ["disconnected (tls): the peer ended the connection in the TLS handshake", AT,
      "check --port and --tls; if they are right, try again later"]),
    (says(f"{HEAD}<stream:features/>", b"version='1.0'>"), (), 4,
     ["TLS failed (tls): the server offers no TLS", AT, NEVER_MIND_TLS]),
    (says(f"{HEAD}<stream:features><starttls {TLS}><required/></starttls></stream:features>",
          b"version='1.0'>"), ("--tls", "none"), 6,
     ["protocol violation (stream): the peer requires"
      " <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
      "condition sent: unsupported-feature", AT,
      "the server requires it: see --tls, or use another server"]),
    (shows("expired"), (), 4,
     ["certificate not trusted (tls): the server's certificate has expired on 2021-01-01", AT,
      CHECK_CLOCK]),
    (shows("future"), (), 4,
     ["certificate not trusted (tls): the server's certificate is not valid before 2118-01-01", AT,
      CHECK_CLOCK]),
    (shows("other-name"), (), 4,
     ["certificate not trusted (tls): the server's certificate is for other.example, not for"
      " example.org", AT, CHECK_DOMAIN]),
    (shows_directly("other-name"), ("--tls", "direct"), 4,
     ["certificate not trusted (tls): the server's certificate is for other.example, not for"
      " example.org", AT, CHECK_DOMAIN]),
    (shows("cn-only"), (), 4,
     ["certificate not trusted (tls): the server's certificate is for no name (a common name does"
      " not count), not for example.org", AT, CHECK_DOMAIN]),
    (shows("self-signed"), (), 4,
     ["certificate not trusted (tls): the server's certificate is self-signed and not trusted", AT,
      "if you have this certificate from the server's administrators, give it with --ca-file FILE, or"
      " its key with --pin"]),
    (shows("right"), ("--ca-file", f"{DATA}/tls/other-ca.pem"), 4,
     ["certificate not trusted (tls): the server's certificate was issued by an unknown"
      " certification authority, \"Envoi test CA\", whose certificate is neither trusted nor"
      " presented", AT,
      "if you trust the server, give the CA that issued its certificate with --ca-file FILE"]),
    (shows("client-purpose"), (), 4,
     ["certificate not trusted (tls): the server's certificate is not for servers", AT,
      "the server needs another certificate"]),
    (shows("right"), ("--pin", "sha256:" + "00" * 32), 4,
     ["certificate not trusted (tls): the server's key is not one of the pinned keys: the server"
      " has a new key, or this is another server", AT,
      "ask the server's administrators whether it has a new key: then give that one with --pin"]),
    (shows("right", ssl.TLSVersion.TLSv1_2), ("--tls-min-version", "1.3"), 4,
     ["TLS failed (tls): the peer does not support TLS 1.3 or newer", AT, NEVER_MIND_TLS]),
    (leaves, ("--ca-file", "/nowhere/ca.pem"), 2,
     ["invalid argument (tls): cannot read tls.ca-file: /nowhere/ca.pem", CHECK_FILES]),
    (leaves, ("--ca-file", f"{DATA}/tls/server-key.pem"), 2,
     [f"invalid argument (tls): no certificate in tls.ca-file: {DATA}/tls/server-key.pem",
      CHECK_FILES]),
    (leaves, ("--cert-file", "/nowhere/alice.pem"), 2,
     ["invalid argument (tls): cannot read tls.cert-file: /nowhere/alice.pem", CHECK_FILES]),
    (leaves, ("--cert-file", f"{DATA}/tls/client.pem", "--key-file", "/nowhere/alice.key"), 2,
     [f"invalid argument (tls): cannot read tls.cert-file or tls.key-file: {DATA}/tls/client.pem,"
      " /nowhere/alice.key", CHECK_FILES]),
    (leaves, ("--key-file", f"{DATA}/tls/client-key.pem"), 2,
     [f"invalid argument (tls): tls.key-file without tls.cert-file: {DATA}/tls/client-key.pem",
      CHECK_FILES]),
    (leaves, ("--cert-file", f"{DATA}/tls/client-key.pem"), 2,
     ["invalid argument (tls): no certificate, or not its key, in tls.cert-file:"
      f" {DATA}/tls/client-key.pem", CHECK_FILES]),
    (leaves, ("--cert-file", f"{DATA}/tls/client.pem", "--key-file", f"{DATA}/tls/server-key.pem"),
     2, ["invalid argument (tls): no certificate in tls.cert-file, or not its key in tls.key-file:"
      f" {DATA}/tls/client.pem, {DATA}/tls/server-key.pem", CHECK_FILES]),
    (leaves, ("--cert-file", f"{DATA}/tls/client.pem", "--key-file",
              f"{DATA}/tls/client-locked-key.pem"), 5,
     ["authentication failed (tls): the client certificate's key needs a password",
      "give the password of the certificate's key with ENVOI_KEY_PASSWORD"]),
    (shows_directly("right", refuses_external),
     ("--tls", "direct", "--sasl-mechanisms", "EXTERNAL", "--cert-file", f"{DATA}/tls/client.pem",
      "--key-file", f"{DATA}/tls/client-key.pem"), 5,
     ["certificate not accepted for this account (sasl): EXTERNAL refused by the server",
      "condition: not-authorized (certificate not accepted for this account)",
      "check that the certificate of --cert-file is for the account of --jid"]),
)

A_HOST = "; expected: a host name or an IP address; its port is the setting port"
USAGE = (
    (("--port", "70000"), "--port: more than 65535"),
    (("--port", "http"), "--port: not a whole number"),
    (("--tls", "off"), "--tls: not one of starttls, direct, none, either"),
    (("--tls-timeout", "5 s"), "--tls-timeout: not a time such as 500ms, 20s or 5min"),
    (("--server", "a b"), '--server: not accepted: "a b"' + A_HOST),
    (("--server", "127.0.0.1:5222"), '--server: not accepted: "127.0.0.1:5222"' + A_HOST),
    (("--server", "chat.example.org:5222"), '--server: not accepted: "chat.example.org:5222"' + A_HOST),
    (("--jid", "a b@c"),
     '--jid: "a b@c" is not an address: localpart has a character that is not allowed'),
    (("--jid", "example.org"),
     '--jid: "example.org" is not the address of an account, such as alice@example.org'),
    (("--sevrer", "chat.example.org"), "unknown option --sevrer; --server is one (see envoi -h)"),
    (("--password-file", "/nowhere/password"), "cannot read /nowhere/password"),
)


def login(*options, to=f"bob@{DOMAIN}"):
    done = subprocess.run(
        [PROGRAM, "--jid", f"alice@{DOMAIN}", *TRUST, *options, "send", to, "hello"],
        env={**os.environ, "ENVOI_PASSWORD": "secret"}, stderr=subprocess.PIPE, text=True,
        timeout=TIME_LIMIT)
    return done.returncode, done.stderr


def check(got, status, lines, port=None):
    said = got[1] if port is None else got[1].replace(f"port {port}", "port PORT")
    first, *between, advice = lines
    wanted = "\n  ".join([f"envoi: alice@{DOMAIN}: {first}", *between, f"what to do: {advice}"]) + "\n"
    if (got[0], said) != (status, wanted):
        print(f"exit status {got[0]}, {status} expected; it said\n{said}in place of\n{wanted}")
        return 1
    return 0


failed = 0
for answer, options, status, lines in NAMES:
    failed += check(login("--resolve-servers", serve_names(answer), *options), status, lines)
for behave, options, status, lines in SERVERS:
    port = deaf.getsockname()[1] if behave is None else listen(behave)
    got = login("--server", "127.0.0.1", "--port", str(port), *options)
    failed += check(got, status, lines, port)
for options, line in USAGE:
    status, said = login(*options)
    if status != 2 or said.split("\n")[0] != "envoi: " + line:
        print(f"exit status {status}, 2 expected; it said\n{said}in place of\n{line}")
        failed += 1
status, said = login(to="a b@c")
line = 'envoi: TO: "a b@c" is not an address: localpart has a character that is not allowed\n'
if (status, said) != (2, line):
    print(f"exit status {status}, 2 expected; it said\n{said}in place of\n{line}")
    failed += 1
sys.exit(failed > 0)
