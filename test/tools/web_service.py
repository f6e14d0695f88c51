"""The example web_service: what becomes of messages, contacts with presence, the inbox, the end.

usage: web_service.py EXAMPLE
"""
import os, signal, socket, subprocess, sys, threading, urllib.error, urllib.request

from peer import TIME_LIMIT, Peer

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)
program = subprocess.Popen(
    [sys.argv[1], "0", "a@b.test/r", "tls.mode=none", "server=127.0.0.1",
     f"port={listener.getsockname()[1]}"],
    env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdout=subprocess.PIPE, text=True)
base = program.stdout.readline().strip()


def fetch(path, body=None):
    data = None if body is None else body.encode()
    try:
        with urllib.request.urlopen(base + path, data, timeout=TIME_LIMIT) as page:
            return page.status, page.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()


class Fetching(threading.Thread):
    """A request whose answer depends on what the server does."""
    def __init__(self, *request):
        super().__init__(daemon=True)
        self.request, self.answer = request, None
        self.start()

    def run(self):
        self.answer = fetch(*self.request)

    def wanted(self, *answer):
        self.join(TIME_LIMIT)
        assert self.answer == answer, (self.request, self.answer)


def answer(server, request, content=""):
    server.send(f"<iq type='result' id='{server.expect(request)}'>{content}</iq>")


try:
    server = Peer(listener.accept()[0])
    server.log_in()
    answer(server, "<iq [^>]*id='([^']*)'[^>]*><query xmlns='jabber:iq:roster'.*?</iq>",
           "<query xmlns='jabber:iq:roster'><item jid='bob@b.test' subscription='both'/></query>")
    server.expect("<presence[^>]*>")
    server.send("<presence from='bob@b.test/x'><show>dnd</show><status>Busy</status></presence>"
                "<message from='bob@b.test/x' type='chat'><body>Hello</body></message>")
    sending = Fetching("send?to=bob@b.test", "Hi")
    assert "<body>Hi</body>" in server.expect("<message.*?</message>")
    answer(server, "<iq [^>]*id='([^']*)'[^>]*><ping .*?</iq>")
    sending.wanted(200, "accepted by the server")
    sending = Fetching("send?to=nobody@b.test", "Hi")
    number = server.expect("<message [^>]*id='([^']*)'.*?</message>")
    server.send(f"<message from='nobody@b.test' type='error' id='{number}'><error type='cancel'>"
                "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
    sending.wanted(502, "item-not-found")
    assert fetch("send?to=@", "Hi")[0] == 503
    assert fetch("send", "Hi")[0] == 400
    assert fetch("state") == (200, "online")
    assert fetch("contacts") == (200, "bob@b.test dnd Busy")
    assert fetch("inbox") == (200, "bob@b.test/x: Hello")
    assert fetch("presence?show=away&status=lunch", "") == (200, "set")
    server.expect("<presence><show>away</show><status>lunch</status><c ")
    assert fetch("presence?show=gone", "")[0] == 503
    program.send_signal(signal.SIGTERM)
    server.expect("</stream:stream>")
    server.send("</stream:stream>")
    assert program.wait(TIME_LIMIT) == 0, program.returncode
finally:
    program.kill()
