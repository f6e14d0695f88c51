"""envoi send and echo: how they end when the server does not do its part.

usage: end_status.py ENVOI
"""
import base64, hashlib, hmac, os, re, socket, subprocess, sys, threading

HEAD = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0'"
        " xmlns:stream='http://etherx.jabber.org/streams'>")
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
BIND = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"


class Peer:
    def __init__(self, connection):
        self.connection, self.read = connection, b""
        connection.settimeout(20)

    def send(self, xml):
        self.connection.sendall(xml.encode())

    def expect(self, pattern):
        while not (match := re.search(pattern.encode(), self.read, re.S)):
            data = self.connection.recv(65536)
            assert data, "the client closed"
            self.read += data
        self.read = self.read[match.end():]
        return match.group(match.lastindex or 0).decode()

    def authenticate(self):
        first = base64.b64decode(self.expect("<auth[^>]*>([^<]*)<")).decode()
        bare = first[3:]  # behind "n,,"
        asked = f"r={bare.split('r=')[1]}x,s={base64.b64encode(b'salt').decode()},i=4096"
        self.send(f"<challenge {SASL}>{base64.b64encode(asked.encode()).decode()}</challenge>")
        answer = base64.b64decode(self.expect("<response[^>]*>([^<]*)<")).decode()
        message = f"{bare},{asked},{answer[:answer.rindex(',p=')]}"
        salted = hashlib.pbkdf2_hmac("sha1", b"secret", b"salt", 4096)
        key = hmac.digest(salted, b"Server Key", "sha1")
        proof = "v=" + base64.b64encode(hmac.digest(key, message.encode(), "sha1")).decode()
        self.send(f"<success {SASL}>{base64.b64encode(proof.encode()).decode()}</success>")

    def log_in(self):
        self.expect("<stream:stream[^>]*>")
        self.send(f"{HEAD}<stream:features><mechanisms {SASL}><mechanism>SCRAM-SHA-1</mechanism>"
                  "</mechanisms></stream:features>")
        self.authenticate()
        self.expect("<stream:stream[^>]*>")
        self.send(f"{HEAD}<stream:features><bind {BIND}/></stream:features>")
        request = self.expect("<iq[^>]* id='([^']*)'.*?</iq>")
        self.send(f"<iq type='result' id='{request}'><bind {BIND}><jid>a@b.test/r</jid></bind></iq>")


def take_message(peer):
    peer.expect("<message.*</message>")
    return peer.expect("<iq[^>]* id='([^']*)'.*?</iq>")


def confirm(peer):
    peer.send(f"<iq type='result' id='{take_message(peer)}'/>")
    peer.expect("</stream:stream>")
    peer.send("</stream:stream>")


def close_the_stream(peer):
    take_message(peer)
    peer.send("</stream:stream>")
    peer.expect("</stream:stream>")


def cut(peer):
    take_message(peer)


def be_silent(peer):
    take_message(peer)
    peer.expect("</stream:stream>")
    peer.send("</stream:stream>")


def close_on_the_bot(peer):
    peer.expect("<iq.*jabber:iq:roster.*</iq>")
    peer.send("</stream:stream>")
    peer.expect("</stream:stream>")


def run(program, command, end):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener.accept()[0] as connection:
            peer = Peer(connection)
            peer.log_in()
            end(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    done = subprocess.run(
        [program, "--jid", "a@b.test", "--server", "127.0.0.1", "--tls", "none", "--port",
         str(listener.getsockname()[1]), "--request-timeout", "1s", *command],
        env={**os.environ, "ENVOI_PASSWORD": "secret"}, stderr=subprocess.PIPE, text=True,
        timeout=25)
    thread.join(25)
    listener.close()
    return done.returncode, done.stderr


SEND = ("send", "c@b.test", "hi")
failed = 0
for command, end, status, words in (
        (SEND, confirm, 0, ""),
        (SEND, close_the_stream, 6, "closed the stream before it confirmed"),
        (SEND, cut, 6, "disconnected (online)"),
        (SEND, be_silent, 7, "did not confirm the message in time"),
        (("echo",), close_on_the_bot, 6, "closed the stream")):
    got, said = run(sys.argv[1], command, end)
    if got != status or words not in said or (status == 0) != (said == ""):
        print(f"{end.__name__}: exit status {got}, expected {status}; it said {said!r}")
        failed = 1
sys.exit(failed)
