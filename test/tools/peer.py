"""A scripted server's half of one connection, in clear or within TLS."""
import base64, hashlib, hmac, os, re

os.environ["XDG_CONFIG_HOME"] = "/nonexistent"  # the program reads no configuration of the user's

HEAD = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0'"
        " xmlns:stream='http://etherx.jabber.org/streams'>")
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
BIND = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"
SM = "xmlns='urn:xmpp:sm:3'"
TIME_LIMIT = 120  # seconds


class Peer:
    jid = "a@b.test/r"

    def __init__(self, connection):
        self.connection, self.read = connection, b""
        connection.settimeout(TIME_LIMIT)

    def send(self, xml):
        self.connection.sendall(xml.encode())

    def expect(self, pattern):
        while not (match := re.search(pattern.encode(), self.read, re.S)):
            data = self.connection.recv(65536)
            assert data, "the client closed"
            self.read += data
        self.read = self.read[match.end():]
        return match.group(match.lastindex or 0).decode()

    def authenticate(self, password=b"secret"):
        first = base64.b64decode(self.expect("<auth[^>]*>([^<]*)<")).decode()
        bare = first[3:]  # behind "n,," or "y,,"
        asked = f"r={bare.split('r=')[1]}x,s={base64.b64encode(b'salt').decode()},i=4096"
        self.send(f"<challenge {SASL}>{base64.b64encode(asked.encode()).decode()}</challenge>")
        answer = base64.b64decode(self.expect("<response[^>]*>([^<]*)<")).decode()
        message = f"{bare},{asked},{answer[:answer.rindex(',p=')]}"
        salted = hashlib.pbkdf2_hmac("sha1", password, b"salt", 4096)
        key = hmac.digest(salted, b"Server Key", "sha1")
        proof = "v=" + base64.b64encode(hmac.digest(key, message.encode(), "sha1")).decode()
        self.send(f"<success {SASL}>{base64.b64encode(proof.encode()).decode()}</success>")

    def offer_session(self, features=""):
        self.expect("<stream:stream[^>]*>")
        self.send(f"{HEAD}<stream:features><bind {BIND}/>{features}</stream:features>")

    def bind(self, features=""):
        self.offer_session(features)
        request = self.expect("<iq[^>]* id='([^']*)'.*?</iq>")
        self.send(f"<iq type='result' id='{request}'><bind {BIND}><jid>{self.jid}</jid></bind></iq>")

    def offer(self, mechanism="SCRAM-SHA-1"):
        self.expect("<stream:stream[^>]*>")
        self.send(f"{HEAD}<stream:features><mechanisms {SASL}><mechanism>{mechanism}</mechanism>"
                  "</mechanisms></stream:features>")

    def log_in(self, features=""):
        self.offer()
        self.authenticate()
        self.bind(features)
