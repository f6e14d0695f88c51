"""Two clients of aioxmpp at `envoi serve`: roster, subscriptions, presence, messages, resumption.

usage: aioxmpp_serve.py PORT CA_FILE

Ends with 0 when all has come that should.
"""
import asyncio, socket, sys

import aioxmpp
import aioxmpp.connector
import aioxmpp.security_layer
import OpenSSL.SSL

PORT, CA_FILE = sys.argv[1:]
TIME_LIMIT = 20


def tls_context():
    context = OpenSSL.SSL.Context(OpenSSL.SSL.SSLv23_METHOD)
    context.load_verify_locations(CA_FILE)
    return context


class Client:
    def __init__(self, name):
        async def password(_jid, attempt):
            return f"secret-{name}" if attempt == 0 else None
        security = aioxmpp.security_layer.SecurityLayer(
            tls_context, aioxmpp.security_layer.PKIXCertificateVerifier, True,
            (aioxmpp.security_layer.PasswordSASLProvider(password),))
        self.jid = aioxmpp.JID.fromstr(f"{name}@example.org/{name}")
        self.client = aioxmpp.PresenceManagedClient(
            self.jid, security, override_peer=[("127.0.0.1", int(PORT), aioxmpp.connector.STARTTLSConnector())])
        self.events = asyncio.Queue()
        self.roster = self.client.summon(aioxmpp.RosterClient)
        presence = self.client.summon(aioxmpp.PresenceClient)
        dispatcher = self.client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        dispatcher.register_callback(aioxmpp.MessageType.CHAT, None, lambda message: self.note(
            ("message", str(message.from_), message.body.any())))
        self.client.on_stream_established.connect(lambda: self.note("start"))
        self.client.on_stream_resumed.connect(lambda: self.note("resumed"))
        self.client.on_failure.connect(lambda error: self.note(("failure", error)))
        self.roster.on_subscribe.connect(lambda stanza: self.note(("subscribe", str(stanza.from_))))
        presence.on_available.connect(lambda jid, stanza: self.note(("available", str(jid), stanza.show)))
        presence.on_changed.connect(lambda jid, stanza: self.note(("available", str(jid), stanza.show)))
        presence.on_unavailable.connect(lambda jid, _: self.note(("unavailable", str(jid))))

    def note(self, event):
        self.events.put_nowait(event)

    async def expect(self, wanted):
        """Other events are skipped."""
        async def search():
            while (event := await self.events.get()) != wanted:
                assert event[0] != "failure", event
        await asyncio.wait_for(search(), TIME_LIMIT)

    def show(self, show):
        self.client.presence = aioxmpp.PresenceState(available=True, show=show)

    async def send(self, to, text):
        message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=aioxmpp.JID.fromstr(to))
        message.body[None] = text
        await self.client.send(message)

    def lose_connection(self):
        self.client.stream._xmlstream.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


async def befriend(one, other):
    await one.roster.set_entry(other.jid.bare(), name=other.jid.localpart.title(), add_to_groups={"friends"})
    one.roster.subscribe(other.jid.bare())
    await other.expect(("subscribe", str(one.jid.bare())))
    other.roster.approve(one.jid.bare())
    await one.expect(("available", str(other.jid), aioxmpp.PresenceShow.NONE))


async def main():
    alice, bob = Client("alice"), Client("bob")
    for client in (alice, bob):
        client.show(aioxmpp.PresenceShow.NONE)
        await client.expect("start")
    await befriend(alice, bob)
    await befriend(bob, alice)
    contact = alice.roster.items[bob.jid.bare()]
    assert (contact.subscription, contact.name, contact.groups) == ("both", "Bob", {"friends"}), contact
    bob.show(aioxmpp.PresenceShow.AWAY)
    await alice.expect(("available", "bob@example.org/bob", aioxmpp.PresenceShow.AWAY))
    await alice.send("bob@example.org", "to the account")
    await bob.expect(("message", "alice@example.org/alice", "to the account"))
    await bob.send("alice@example.org/alice", "to the resource")
    await alice.expect(("message", "bob@example.org/bob", "to the resource"))
    alice.lose_connection()
    await bob.send("alice@example.org", "while it is lost")
    await alice.expect("resumed")
    await alice.expect(("message", "bob@example.org/bob", "while it is lost"))
    alice.client.presence = aioxmpp.PresenceState(available=False)
    await bob.expect(("unavailable", "alice@example.org/alice"))
    bob.client.presence = aioxmpp.PresenceState(available=False)
    await asyncio.sleep(0.2)


asyncio.get_event_loop().run_until_complete(main())
