"""Two clients of slixmpp at `envoi serve`: roster, subscriptions, presence, messages, resumption.

usage: slixmpp_serve.py PORT CA_FILE

Ends with 0 when all has come that should.
"""
import asyncio, sys

import slixmpp

PORT, CA_FILE = sys.argv[1:]
TIME_LIMIT = 20


class Client(slixmpp.ClientXMPP):
    def __init__(self, name):
        super().__init__(f"{name}@example.org/{name}", f"secret-{name}")
        self.ca_certs = CA_FILE
        self.auto_authorize = self.auto_subscribe = None
        self.register_plugin("xep_0198")
        self.events = asyncio.Queue()
        self.note("session_start", lambda _: "start")
        self.note("session_resumed", lambda _: "resumed")
        self.note("message", lambda message: ("message", str(message["from"]), message["body"]))
        self.note("presence_subscribe", lambda presence: ("subscribe", str(presence["from"])))
        self.note("changed_status", lambda presence: ("presence", str(presence["from"]), presence["type"]))

    def note(self, event, describe):
        self.add_event_handler(event, lambda data: self.events.put_nowait(describe(data)))

    async def expect(self, wanted):
        """Other events are skipped."""
        async def search():
            while await self.events.get() != wanted:
                pass
        await asyncio.wait_for(search(), TIME_LIMIT)

    def open(self):
        self.connect(("127.0.0.1", int(PORT)), force_starttls=True)


async def befriend(one, other):
    name = other.boundjid.user
    await one.update_roster(f"{name}@example.org", name=name.title(), groups=["friends"])
    one.send_presence_subscription(f"{name}@example.org")
    await other.expect(("subscribe", one.boundjid.bare))
    other.send_presence_subscription(one.boundjid.bare, ptype="subscribed")
    await one.expect(("presence", other.boundjid.full, "available"))


async def main():
    alice, bob = Client("alice"), Client("bob")
    for client in (alice, bob):
        client.open()
        await client.expect("start")
        await client.get_roster()
        client.send_presence()
    await befriend(alice, bob)
    await befriend(bob, alice)
    await alice.get_roster()
    contact = alice.client_roster["bob@example.org"]
    assert (contact["subscription"], contact["name"], contact["groups"]) == ("both", "Bob", ["friends"]), contact
    bob.send_presence(pshow="away")
    await alice.expect(("presence", "bob@example.org/bob", "away"))
    alice.send_message(mto="bob@example.org", mbody="to the account", mtype="chat")
    await bob.expect(("message", "alice@example.org/alice", "to the account"))
    bob.send_message(mto="alice@example.org/alice", mbody="to the resource", mtype="chat")
    await alice.expect(("message", "bob@example.org/bob", "to the resource"))
    alice.transport.abort()  # the connection is lost
    await alice.wait_until("disconnected", TIME_LIMIT)
    bob.send_message(mto="alice@example.org", mbody="while it is lost", mtype="chat")
    alice.open()
    await alice.expect("resumed")
    await alice.expect(("message", "bob@example.org/bob", "while it is lost"))
    await alice.disconnect()
    await bob.expect(("presence", "alice@example.org/alice", "unavailable"))
    await bob.disconnect()


asyncio.get_event_loop().run_until_complete(main())
