"""An XMPP server for one client and one script, on standard input and output.

usage: pipe_server.py
"""
import os, re, sys

HEAD = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' from='example.org'"
        " version='1.0' xmlns:stream='http://etherx.jabber.org/streams'>")
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
BIND = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"
heard = b""


def expect(pattern):
    global heard
    while not (match := re.search(pattern.encode(), heard, re.S)):
        data = os.read(0, 65536)
        if not data:
            sys.exit("the client has closed")
        heard += data
    heard = heard[match.end():]
    return match.group(match.lastindex or 0).decode()


def say(xml):
    data = xml.encode()
    while data:
        data = data[os.write(1, data):]


expect("<stream:stream[^>]*>")
say(f"{HEAD}<stream:features><mechanisms {SASL}><mechanism>PLAIN</mechanism></mechanisms>"
    "</stream:features>")
expect("</auth>")
say(f"<success {SASL}/>")
expect("<stream:stream[^>]*>")
say(f"{HEAD}<stream:features><bind {BIND}/></stream:features>")
request = expect("<iq[^>]* id='([^']*)'.*?</iq>")
say(f"<iq type='result' id='{request}'><bind {BIND}><jid>alice@example.org/pipe</jid></bind></iq>")
request = expect("<iq[^>]* id='([^']*)'.*?</iq>")
say(f"<iq type='result' id='{request}'><query xmlns='jabber:iq:roster'/></iq>")
body = expect("<body>([^<]*)</body></message>")
say(f"<message type='chat' from='alice@example.org/pipe'><body>{body}</body></message>")
expect("</stream:stream>")
say("</stream:stream>")
