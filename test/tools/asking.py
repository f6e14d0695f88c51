"""usage: asking.py ENVOI: roster, disco, ping, version and time, against `envoi serve` and scripted answers."""
import json, sys

from program import Server, end_of, is_harmless, run, with_peer

ENVOI = sys.argv[1]
HOSTILE = "two\nlines\ttab \x7f\x9b31m \u202erev\u2028 \\ \" end"
PLAIN = "two\\nlines\\ttab \\u{7f}\\u{9b}31m \\u{202e}rev\\u{2028} \\\\ \" end"
XML = HOSTILE.replace("\n", "&#10;").replace("\t", "&#9;").replace('"', "&quot;")
server = Server(ENVOI)


def as_json(text):
    assert text.count("\n") == 1 and is_harmless(text), text
    return json.loads(text)


# The server is asked where no address is given.
found = as_json(server.run("alice", "disco", "--json")[0])
assert list(found) == ["jid", "identities", "features", "items"], found
assert found["jid"] == "example.org" and found["items"] == []
assert found["identities"] == [{"category": "server", "type": "im", "name": None}]
assert "urn:xmpp:ping" in found["features"]
assert as_json(server.run("alice", "disco", "--json", "--items", "example.org")[0]) == {"jid": "example.org", "items": []}
lines = server.run("alice", "disco")[0].splitlines()
assert lines[0] == "identity  server/im" and "feature   urn:xmpp:ping" in lines, lines
assert "item-not-found" in server.run("alice", "disco", "--node", "none", status=1)[1]
assert server.run("alice", "ping")[0].startswith("example.org: answers after ")
assert as_json(server.run("alice", "ping", "--json", "example.org")[0])["jid"] == "example.org"
assert "nobody@example.org/x answers with an error: service-unavailable" in server.run(
    "alice", "ping", "nobody@example.org/x", status=1)[1]
assert server.run("alice", "version")[0].startswith("example.org: Envoi ")
assert as_json(server.run("alice", "version", "--json")[0])["name"] == "Envoi"
assert as_json(server.run("alice", "time", "--json")[0])["zone"] == "Z"
assert ", time zone Z\n" in server.run("alice", "time")[0]

# The contact list.
assert server.run("alice", "roster", "list")[0] == ""
assert as_json(server.run("alice", "roster", "list", "--json")[0]) == []
server.run("alice", "roster", "add", "bob@example.org", "--name", HOSTILE, "--group", "b\nc", "--group", "a")
server.run("alice", "roster", "add", "carol@example.org")
contacts = as_json(server.run("alice", "--json", "roster", "list")[0])
assert sorted(contacts[1].pop("groups")) == ["a", "b\nc"]
assert contacts == [
    {"jid": "carol@example.org", "name": None, "subscription": "none", "groups": [], "presence": []},
    {"jid": "bob@example.org", "name": HOSTILE, "subscription": "none", "presence": []}], contacts
# What is not named stays.
server.run("alice", "roster", "add", "bob@example.org", "--group", "d")
changed = as_json(server.run("alice", "roster", "list", "--json")[0])[1]
assert changed["name"] == HOSTILE and sorted(changed["groups"]) == ["a", "b\nc", "d"]
text = server.run("alice", "roster", "list")[0]
assert text.count("\n") == 2 and PLAIN in text and is_harmless(text), text
assert server.run("alice", "roster", "remove", "carol@example.org") == ("", "")
assert "carol@example.org is not in the contact list" in server.run(
    "alice", "roster", "remove", "carol@example.org", status=1)[1]
assert "group is empty" in server.run("alice", "roster", "add", "bob@example.org", "--group=", status=2)[1]

# Presence: it ends the wait.
bot = server.start("bob@example.org/desk", "--subscription-policy", "all", "echo")
assert bot.stdout.readline() == "ready bob@example.org/desk\n"
server.run("bob", "roster", "add", "alice@example.org")
server.run("alice", "roster", "add", "bob@example.org", "--subscribe")
listed = as_json(server.run("alice", "roster", "list", "--json", "--wait", "60s")[0])
assert listed[0]["subscription"] == "to", listed
assert listed[0]["presence"] == [{"resource": "desk", "show": None, "status": None, "priority": 0}]
assert "    desk: available, priority 0\n" in server.run("alice", "roster", "list")[0]
bot.terminate()
assert end_of(bot)[0] == 0


# What peers write stays in its line, and is printed by no terminal as it is.
def answer(payload, kind="result"):
    def script(peer):
        identifier = peer.expect("<iq(?=[^>]* to='x@b.test')[^>]* id='([^']*)'.*?</iq>")
        peer.send(f"<iq type='{kind}' id='{identifier}' from='x@b.test'>{payload}</iq>")
    return script


def both(*scripts):
    def script(peer):
        for one in scripts:
            one(peer)
    return script


INFO = answer("<query xmlns='http://jabber.org/protocol/disco#info'>"
              f"<identity category='{XML}' type='t' name='{XML}'/><feature var='{XML}'/></query>")
ITEMS = answer(f"<query xmlns='http://jabber.org/protocol/disco#items'><item jid='y.test' node='{XML}' name='{XML}'/></query>")
REFUSED = answer("<error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                 f"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>{XML}</text></error>", "error")
text = with_peer(ENVOI, ("disco", "x@b.test"), both(INFO, ITEMS))[0]
assert text == f"identity  {PLAIN}/t  {PLAIN}\nfeature   {PLAIN}\nitem      y.test  node {PLAIN}  {PLAIN}\n", text
found = as_json(with_peer(ENVOI, ("disco", "--json", "x@b.test"), both(INFO, ITEMS))[0])
assert found == {"jid": "x@b.test", "identities": [{"category": HOSTILE, "type": "t", "name": HOSTILE}],
                 "features": [HOSTILE], "items": [{"jid": "y.test", "node": HOSTILE, "name": HOSTILE}]}, found
# An entity that lists no items has none.
found = as_json(with_peer(ENVOI, ("disco", "--json", "x@b.test"), both(INFO, REFUSED))[0])
assert found["items"] == []
said = with_peer(ENVOI, ("disco", "--items", "x@b.test"), REFUSED, status=1)[1]
assert said.startswith("envoi: x@b.test answers with an error: not-allowed: two\n  lines") and is_harmless(said), said
said = with_peer(ENVOI, ("version", "x@b.test"), answer(""), status=6)[1]
assert "something else than was asked for" in said, said
text = with_peer(ENVOI, ("version", "x@b.test"), answer(
    f"<query xmlns='jabber:iq:version'><name>{XML}</name><version>1</version><os>{XML}</os></query>"))[0]
assert text == f"x@b.test: {PLAIN} 1, {PLAIN}\n", text

# Bytes of the command line that are no text.
assert run(ENVOI, b"x\x9b31m\xc3", status=2)[1] == "envoi: no such command: x?31m? (see envoi -h)\n"

# The same status for the same mistake.
for command, words in ((("ping", "a@@b"), "JID: \"a@@b\" is not an address"),
                       (("roster", "add", "@"), "JID: \"@\" is not an address"),
                       (("roster", "add"), "usage: envoi [OPTION...] roster add JID"),
                       (("roster",), "roster needs one of these words: list, add, remove"),
                       (("ping", "a", "b"), "usage: envoi [OPTION...] ping [JID]"),
                       (("ping", "--node", "x"), "ping has no option --node"),
                       (("disco", "--node", "x", "--node", "y"), "--node is given twice"),
                       (("disco", "--node"), "--node needs a value"),
                       (("disco", "--items=1"), "--items takes no value"),
                       (("roster", "list", "--wait", "x"), "--wait: x is not a time")):
    said = run(ENVOI, "--jid", "a@b.test", *command, status=2)[1]
    assert words in said, f"{command}: {said}"
