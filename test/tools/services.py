"""usage: services.py ENVOI: `envoi` register, commands, rooms and archive, against `envoi serve` and scripted answers."""
import json, re, sys

from program import Server, is_harmless, run, with_peer

ENVOI = sys.argv[1]
HOSTILE = "two\nlines\ttab \x7f\x9b31m \u202erev\u2028 \\ \" end"
PLAIN = "two\\nlines\\ttab \\u{7f}\\u{9b}31m \\u{202e}rev\\u{2028} \\\\ \" end"
XML = HOSTILE.replace("\n", "&#10;").replace("\t", "&#9;").replace('"', "&quot;")
NS = "http://jabber.org/protocol/"

# An account is made, exists, and is removed. The server's rule for names is its answer.
server = Server(ENVOI, "--server-registration")
assert server.run("carol", "register") == ("registered carol@example.org\n", "")
assert "refused: conflict (the account exists)" in server.run("carol", "register", status=1)[1]
assert server.run("carol", "ping")[0].startswith("example.org: answers")
assert server.run("carol", "register", "--remove") == ("", "")
server.run("carol", "ping", status=5)
assert "--field: x is not NAME=VALUE" in server.run("carol", "register", "--field", "x", status=2)[1]
closed = Server(ENVOI)
assert "the server does not register accounts" in closed.run("carol", "register", status=1)[1]


def requested(peer, payload, to="x@b.test"):
    """@return the id of a request to an entity, whose payload matches"""
    return peer.expect(f"<iq(?=[^>]* to='{to}')[^>]* id='([^']*)'[^>]*>{payload}")


def answer(peer, identifier, payload, sender="x@b.test", kind="result"):
    peer.send(f"<iq type='{kind}' id='{identifier}' from='{sender}'>{payload}</iq>")


def form(kind, *fields, more=""):
    return f"<x xmlns='jabber:x:data' type='{kind}'>{more}{''.join(fields)}</x>"


def field(var, *values, kind="text-single", label="", required=False, options=()):
    return (f"<field var='{var}' type='{kind}' label='{label}'>{'<required/>' if required else ''}"
            + "".join(f"<value>{value}</value>" for value in values)
            + "".join(f"<option><value>{value}</value></option>" for value in options) + "</field>")


# A service asks for fields.
def gateway(peer):
    identifier = requested(peer, "<query xmlns='jabber:iq:register'")
    answer(peer, identifier, f"<query xmlns='jabber:iq:register'><instructions>{XML}</instructions><nick/><email/></query>")


def gateway_registers(peer):
    gateway(peer)
    identifier = requested(peer, "<query xmlns='jabber:iq:register'>")
    sent = peer.expect("(.*?)</query>")
    assert sent in ("<nick>n=1</nick><email>&lt;e></email>", "<nick>n=1</nick><email>&lt;e&gt;</email>"), sent
    answer(peer, identifier, "")


text, said = with_peer(ENVOI, ("register", "x@b.test", "--field", "nick=n"), gateway, status=1)
assert text == f"{PLAIN}\n  nick\n  email\n", text
assert said == "envoi: the field email is asked for: give it with --field email=...\n", said
assert with_peer(ENVOI, ("register", "x@b.test", "--field", "nick=n=1", "--field", "email=<e>"),
                 gateway_registers) == ("", "")


# Commands: the list, a command of one stage, and one that asks.
def command(peer, status, children=""):
    identifier = requested(peer, "<command [^>]*node='do'")
    answer(peer, identifier, f"<command xmlns='{NS}commands' node='do' sessionid='s' status='{status}'>{children}</command>")


def list_of_commands(peer):
    identifier = requested(peer, f"<query [^>]*node='{NS}commands'")
    answer(peer, identifier, f"<query xmlns='{NS}disco#items' node='{NS}commands'><item jid='x@b.test' node='do' name='{XML}'/></query>")


assert with_peer(ENVOI, ("commands", "x@b.test"), list_of_commands)[0] == f"do  {PLAIN}\n"
text = with_peer(ENVOI, ("commands", "--json", "x@b.test"), list_of_commands)[0]
assert is_harmless(text) and json.loads(text) == [{"jid": "x@b.test", "node": "do", "name": HOSTILE}]
RESULT = f"<note type='warn'>{XML}</note>" + form(
    "result", field("v", "1", XML, label=XML), more=f"<title>{XML}</title>")


def one_stage(peer):
    command(peer, "completed", RESULT)


assert with_peer(ENVOI, ("commands", "x@b.test", "do"), one_stage)[0] == (
    f"warn: {PLAIN}\n{PLAIN}\n{PLAIN}: 1 | {PLAIN}\n")
text = with_peer(ENVOI, ("commands", "--json", "x@b.test", "do"), one_stage)[0]
assert is_harmless(text)
assert json.loads(text) == {
    "node": "do", "status": "completed", "notes": [{"type": "warn", "text": HOSTILE}],
    "form": {"title": HOSTILE, "instructions": [], "fields": [
        {"name": "v", "type": "text-single", "label": HOSTILE, "required": False, "values": ["1", HOSTILE],
         "options": []}], "items": []}}, text
with_peer(ENVOI, ("commands", "x@b.test", "do"),
          lambda peer: command(peer, "completed", "<note type='error'>no</note>"), status=1)

QUESTION = form("form", field("who", kind="text-single", required=True, label="Who"),
                field("size", "m", kind="list-single", options=("s", "m")),
                field("FORM_TYPE", "urn:x", kind="hidden"))


def asks(peer):
    command(peer, "executing", QUESTION)
    identifier = requested(peer, "<command [^>]*action='cancel'")
    answer(peer, identifier, f"<command xmlns='{NS}commands' node='do' sessionid='s' status='canceled'/>")


text, said = with_peer(ENVOI, ("commands", "x@b.test", "do"), asks, status=1)
assert text == "  who (text-single, required) Who\n  size (list-single): s | m = m\n", text
assert "give them with --field NAME=VALUE" in said
for wrong in ("size=xl", "nobody=x"):
    said = with_peer(ENVOI, ("commands", "x@b.test", "do", "--field", wrong), asks, status=1)[1]
    assert "the form is not filled in: --field " in said, said


def filled(peer):
    command(peer, "executing", QUESTION)
    identifier = peer.expect("<iq(?=[^>]* to='x@b.test')[^>]* id='([^']*)'")
    sent = peer.expect("<command .*?</command>(?=</iq>)")
    for part in ("type='submit'", "<value>me</value>", "<value>s</value>", "<value>urn:x</value>", "sessionid='s'"):
        assert part in sent, sent
    answer(peer, identifier, f"<command xmlns='{NS}commands' node='do' sessionid='s' status='completed'/>")


assert with_peer(ENVOI, ("commands", "x@b.test", "do", "--field", "who=me", "--field=size=s"), filled) == ("", "")


# A responder that never ends is left.
def endless(peer):
    for _ in range(21):
        command(peer, "executing", "<actions><next/></actions>")
    answer(peer, requested(peer, "<command [^>]*action='cancel'"), "", kind="result")


assert "more than 20 stages" in with_peer(ENVOI, ("commands", "x@b.test", "do"), endless, status=1)[1]


# An archive, of which two items have a body.
def archive(peer, stamps=True):
    identifier = peer.expect(f"<iq[^>]* id='([^']*)'[^>]*><query xmlns='{NS}disco#info'.*?</iq>")
    peer.send(f"<iq type='result' id='{identifier}'><query xmlns='{NS}disco#info'><feature var='urn:xmpp:mam:2'/></query></iq>")
    request = peer.expect("<iq.*?<query .*?(?:</iq>)")
    identifier, query = re.search(" id='([^']*)'", request)[1], re.search("queryid='([^']*)'", request)[1]
    for number, content in enumerate((f"<body>{XML}</body>", "<x xmlns='urn:x'/>", "<body>b</body>")):
        peer.send(f"<message><result xmlns='urn:xmpp:mam:2' queryid='{query}' id='{number}'>"
                  "<forwarded xmlns='urn:xmpp:forward:0'>"
                  + f"<delay xmlns='urn:xmpp:delay' stamp='2020-01-02T03:04:0{number}Z'/>" * stamps +
                  f"<message xmlns='jabber:client' from='c@b.test/x' to='a@b.test' type='chat'>{content}</message>"
                  "</forwarded></result></message>")
    peer.send(f"<iq type='result' id='{identifier}'><fin xmlns='urn:xmpp:mam:2' complete='true'>"
              "<set xmlns='http://jabber.org/protocol/rsm'><first>0</first><last>2</last></set></fin></iq>")


assert with_peer(ENVOI, ("archive",), archive)[0] == (
    f"2020-01-02T03:04:00Z c@b.test/x: {PLAIN}\n2020-01-02T03:04:02Z c@b.test/x: b\n")
text = with_peer(ENVOI, ("archive", "--json", "--with", "c@b.test", "--start", "2020-01-01", "--end",
                         "2020-02-01T00:00:00Z"), archive)[0]
assert is_harmless(text)
found = [json.loads(line) for line in text.splitlines()]
assert found[0] == {"id": "0", "from": "c@b.test/x", "to": "a@b.test", "type": "chat",
                    "time": "2020-01-02T03:04:00Z", "subject": None, "body": HOSTILE, "error": None}, found
assert [message["body"] for message in found] == [HOSTILE, None, "b"]
text = with_peer(ENVOI, ("archive", "--json"), lambda peer: archive(peer, False))[0]
assert [json.loads(line)["time"] for line in text.splitlines()] == [None] * 3, text


# Rooms.
def rooms(peer):
    answer(peer, requested(peer, f"<query xmlns='{NS}disco#items'"),
           f"<query xmlns='{NS}disco#items'><item jid='r@b.test' name='{XML}'/><item jid='s@b.test'/></query>")


assert with_peer(ENVOI, ("rooms", "list", "x@b.test"), rooms)[0] == f"r@b.test  {PLAIN}\ns@b.test\n"
assert json.loads(with_peer(ENVOI, ("rooms", "list", "--json", "x@b.test"), rooms)[0]) == [
    {"jid": "r@b.test", "name": HOSTILE}, {"jid": "s@b.test", "name": None}]


def presence(nick, *codes, kind=""):
    codes = "".join(f"<status code='{code}'/>" for code in codes)
    return (f"<presence from='r@b.test/{nick}'{kind}><x xmlns='{NS}muc#user'><item affiliation='none' role='participant'/>"
            f"{codes}</x></presence>")


def room(peer):
    answer(peer, requested(peer, f"<query xmlns='{NS}disco#info'", to="r@b.test"), f"<query xmlns='{NS}disco#info'/>",
           sender="r@b.test")
    peer.expect("<presence[^>]* to='r@b.test/me'.*?</presence>")
    peer.send(presence("me", 110) + f"<message type='groupchat' from='r@b.test'><subject>{XML}</subject></message>"
              + presence("you") + f"<message type='groupchat' from='r@b.test/you'><body>{XML}</body></message>")
    said = peer.expect("<message[^>]* to='r@b.test'.*?<body>(.*?)</body>")
    peer.send(f"<message type='groupchat' from='r@b.test/me'><body>{said}</body></message>"
              + presence("you", kind=" type='unavailable'"))
    ping = peer.expect("<iq[^>]* id='([^']*)'[^>]*><ping")
    peer.send(f"<iq type='result' id='{ping}'/>")
    peer.expect("<presence[^>]* type='unavailable'.*?>")
    peer.send(presence("me", 110, kind=" type='unavailable'"))


text, said = with_peer(ENVOI, ("rooms", "talk", "r@b.test", "--nick", "me"), room, input=b"\nhello\n")
assert said == "envoi: in r@b.test as me\n", said
assert text == f"* subject: {PLAIN}\n* you comes\nyou: {PLAIN}\nme: hello\n* you leaves\n", text


# A message that the room does not take.
def silences(peer):
    answer(peer, requested(peer, f"<query xmlns='{NS}disco#info'", to="r@b.test"), f"<query xmlns='{NS}disco#info'/>",
           sender="r@b.test")
    peer.expect("<presence[^>]* to='r@b.test/a'.*?</presence>")
    peer.send(presence("a", 110) + "<message type='groupchat' from='r@b.test'><subject/></message>")
    identifier = peer.expect("<message(?=[^>]* to='r@b.test')[^>]* id='([^']*)'.*?</message>")
    peer.send(f"<message type='error' from='r@b.test' id='{identifier}'><error type='auth'>"
              "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
    peer.expect("<presence[^>]* type='unavailable'.*?>")
    peer.send(presence("a", 110, kind=" type='unavailable'"))


said = with_peer(ENVOI, ("rooms", "talk", "r@b.test"), silences, status=1, input=b"hello\n")[1]
assert said == "envoi: in r@b.test as a\nenvoi: r@b.test refused the message: forbidden\n", said


def refuses(peer):
    answer(peer, requested(peer, f"<query xmlns='{NS}disco#info'", to="r@b.test"), f"<query xmlns='{NS}disco#info'/>",
           sender="r@b.test")
    peer.expect("<presence[^>]* to='r@b.test/a'.*?</presence>")
    peer.send("<presence type='error' from='r@b.test/a'><error type='auth'>"
              "<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>")


said = with_peer(ENVOI, ("rooms", "join", "r@b.test"), refuses, status=1)[1]
assert said.startswith("envoi: r@b.test: "), said

for command, words in ((("archive", "--start", "x"), "--start: x is not a time"),
                       (("archive", "--limit", "0"), "--limit: 0 is not a number"),
                       (("archive", "--with", "@"), "--with: \"@\" is not an address"),
                       (("rooms", "join", "@"), "ROOM: \"@\" is not an address"),
                       (("rooms", "talk", "r@b.test", "--history", "x"), "--history: x is not a number"),
                       (("commands", "@"), "JID: \"@\" is not an address"),
                       (("rooms",), "rooms needs one of these words: list, join, talk")):
    said = run(ENVOI, "--jid", "a@b.test", *command, status=2)[1]
    assert words in said, f"{command}: {said}"
