"""envoi at its most talkative: nothing that it says or logs has the password in it.

usage: no_secrets.py ENVOI FOLDER-OF-CERTIFICATES
"""
import base64, os, socket, ssl, subprocess, sys, threading

from peer import SASL, TIME_LIMIT, Peer

MARKER = b"m4rker-Of-A-Pa55word-X9"
SENT = base64.b64encode(b"\0alice\0" + MARKER).decode()
ENDING = "</stream:stream>"


def forms():
    """As it is, in hex, and in base64 wherever it begins."""
    yield MARKER
    yield MARKER.hex().encode()
    yield MARKER.hex().upper().encode()
    for before in range(3):
        whole = base64.b64encode(b"." * before + MARKER)
        yield whole[4 if before else 0:len(whole) // 4 * 4 - 4]


def finish(peer):
    peer.bind()
    peer.expect("<message.*</message>")
    peer.send(f"<iq type='result' id='{peer.expect(PING)}'/>")
    peer.expect(ENDING)
    peer.send(ENDING)


PING = "<iq[^>]* id='([^']*)'.*?</iq>"


def scram(peer):
    peer.offer()
    peer.authenticate(MARKER)
    finish(peer)


def scram_refused(peer):
    peer.offer()
    peer.expect("<auth")
    peer.send(f"<failure {SASL}><not-authorized/></failure>")
    peer.expect(ENDING)


def plain(peer):
    peer.offer("PLAIN")
    assert peer.expect("<auth[^>]*>([^<]*)<") == SENT
    peer.send(f"<success {SASL}/>")
    finish(peer)


def plain_repeated(peer):
    """A server that says what it got."""
    peer.offer("PLAIN")
    peer.expect("<auth")
    peer.send(f"<failure {SASL}><not-authorized/><text>not {MARKER.decode()}, nor {SENT}</text>"
              "</failure>")
    peer.expect(ENDING)


def plain_as_a_challenge(peer):
    peer.offer("PLAIN")
    peer.expect("<auth")
    peer.send(f"<challenge {SASL}>{SENT}</challenge>")
    peer.expect(ENDING)


def run(program, certificates, act):
    listener = socket.create_server(("127.0.0.1", 0))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{certificates}/right.pem", f"{certificates}/server-key.pem")
    tls.set_alpn_protocols(["xmpp-client"])

    def serve():
        with tls.wrap_socket(listener.accept()[0], server_side=True) as connection:
            peer = Peer(connection)
            peer.jid = "alice@example.org/r"
            act(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    done = subprocess.run(
        [program, "--xml", "--verbose", "--jid", "alice@example.org", "--server", "127.0.0.1",
         "--port", str(listener.getsockname()[1]), "--tls", "direct", "--ca-file",
         f"{certificates}/ca.pem", "send", "bob@example.org", "hi", "--wait", "0"],
        env={**os.environ, "ENVOI_PASSWORD": MARKER.decode()}, capture_output=True, timeout=TIME_LIMIT)
    thread.join(TIME_LIMIT)
    listener.close()
    return done


failed = 0
for act, status in ((scram, 0), (scram_refused, 5), (plain, 0), (plain_repeated, 5),
                    (plain_as_a_challenge, 6)):
    done = run(sys.argv[1], sys.argv[2], act)
    said = done.stdout + done.stderr
    if done.returncode != status or b"redacted" not in said or b"-- sasl: " not in said:
        print(f"{act.__name__}: exit status {done.returncode}; it said {said!r}")
        failed = 1
    for form in forms():
        if form in said:
            print(f"{act.__name__}: the password leaks: {form!r} in {said!r}")
            failed = 1
sys.exit(failed)
