"""envoi with a client certificate: SASL EXTERNAL to a server that asks for one (XEP-0178).

usage: external.py ENVOI FOLDER-OF-CERTIFICATES
"""
import base64, os, socket, ssl, subprocess, sys, threading

from peer import SASL, Peer

PROGRAM, CERTIFICATES = sys.argv[1:]
MARKER = "m4rker-Of-A-Pa55word-X9"
ENDING = "</stream:stream>"


class Server:
    def __init__(self, version):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = self.tls.maximum_version = version
        self.tls.load_cert_chain(f"{CERTIFICATES}/right.pem", f"{CERTIFICATES}/server-key.pem")
        self.tls.load_verify_locations(f"{CERTIFICATES}/ca.pem")
        self.tls.verify_mode = ssl.CERT_OPTIONAL
        self.tls.set_alpn_protocols(["xmpp-client"])
        self.said = self.shown = None

    def serve(self):
        try:
            plain, _ = self.listener.accept()
            with self.tls.wrap_socket(plain, server_side=True) as connection:
                self.talk(Peer(connection), connection)
        except (AssertionError, OSError):
            pass  # the client has disconnected: its output has the reason

    def talk(self, peer, connection):
        peer.jid = "alice@example.org/r"
        peer.offer("EXTERNAL</mechanism><mechanism>X-OTHER")
        self.said = peer.expect("<auth[^>]*mechanism='EXTERNAL'[^>]*>([^<]*)<")
        self.shown = connection.getpeercert()
        peer.send(f"<success {SASL}/>")
        peer.bind()
        peer.expect("<message.*</message>")
        peer.send(f"<iq type='result' id='{peer.expect(PING)}'/>")
        peer.expect(ENDING)
        peer.send(ENDING)


PING = "<iq[^>]* id='([^']*)'.*?</iq>"


def run(version, arguments, password):
    server = Server(version)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    environment = {**os.environ, "ENVOI_KEY_PASSWORD": password}
    if password is None:
        del environment["ENVOI_KEY_PASSWORD"]
    done = subprocess.run(
        [PROGRAM, "--xml", "--verbose", "--jid", "alice@example.org", "--server", "127.0.0.1",
         "--port", str(server.listener.getsockname()[1]), "--tls", "direct", "--ca-file",
         f"{CERTIFICATES}/ca.pem", *arguments, "send", "bob@example.org", "hi", "--wait", "0"],
        env=environment, capture_output=True, text=True, timeout=25)
    server.listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
    server.listener.close()
    thread.join(25)
    return done, server


def files(certificate, key=None):
    return (["--cert-file", f"{CERTIFICATES}/{certificate}"] +
            (["--key-file", f"{CERTIFICATES}/{key}"] if key else []))


# The certificate has one address, which is the account's: nothing needs to be said; and the other
# way round where the setting says so, or the certificate has two.
NOTHING, ALICE = "=", base64.b64encode(b"alice@example.org").decode()
PEM, LOCKED, P12 = (files("client.pem", "client-key.pem"),
                    files("client.pem", "client-marked-key.pem"), files("client-marked.p12"))
failed = 0
for name, version, arguments, password, status, said in (
        ("PEM, TLS 1.3", ssl.TLSVersion.TLSv1_3, PEM, None, 0, NOTHING),
        ("PEM, TLS 1.2", ssl.TLSVersion.TLSv1_2, PEM, None, 0, NOTHING),
        ("locked PEM", ssl.TLSVersion.TLSv1_3, LOCKED, MARKER, 0, NOTHING),
        ("PKCS#12", ssl.TLSVersion.TLSv1_3, P12, MARKER, 0, NOTHING),
        ("two addresses", ssl.TLSVersion.TLSv1_3, files("client-two.pem", "client-key.pem"), None,
         0, ALICE),
        ("always an address", ssl.TLSVersion.TLSv1_3, PEM + ["--sasl-external-authzid", "always"], None,
         0, ALICE),
        ("wrong password", ssl.TLSVersion.TLSv1_3, LOCKED, "wrong", 5, None),
        ("no password", ssl.TLSVersion.TLSv1_3, P12, None, 5, None)):
    done, server = run(version, arguments, password)
    output = done.stdout + done.stderr
    if done.returncode != status or server.said != said or (said and not server.shown):
        print(f"{name}: exit status {done.returncode}, expected {status}; it sent {server.said!r} "
              f"and showed {server.shown!r}; it said {output!r}")
        failed = 1
    if MARKER in output:
        print(f"{name}: the password leaks: {output!r}")
        failed = 1
sys.exit(failed)
