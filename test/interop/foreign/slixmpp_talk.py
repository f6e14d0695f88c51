"""Two clients of slixmpp log in to a server and write to each other.

usage: slixmpp_talk.py PORT CA_FILE (starttls|direct) [CERTIFICATES]

With a folder of certificates the clients log in with them, without password. That of alice names her
alone, that of bob both accounts.

Ends with 0 when both messages have come from the right addresses.
"""
import asyncio, sys

import slixmpp

PORT, CA_FILE, ROUTE, *CERTIFICATES = sys.argv[1:]
TIME_LIMIT = 20


class Client(slixmpp.ClientXMPP):
    def __init__(self, name, loop):
        super().__init__(f"{name}@example.org/{name}", "" if CERTIFICATES else f"secret-{name}")
        self.ca_certs = CA_FILE
        if CERTIFICATES:
            self.certfile = f"{CERTIFICATES[0]}/{'client' if name == 'alice' else 'client-two'}.pem"
            self.keyfile = f"{CERTIFICATES[0]}/client-key.pem"
            self.credentials["authzid"] = "" if name == "alice" else f"{name}@example.org"
        self.online, self.received = loop.create_future(), loop.create_future()
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("message", lambda message: self.received.done() or self.received.set_result(
            (str(message["from"]), message["body"])))
        self.add_event_handler("failed_all_auth", lambda _: self.online.done() or self.online.set_exception(
            AssertionError("no mechanism was accepted")))

    async def on_start(self, _):
        self.send_presence()
        await self.get_roster()
        self.online.set_result(True)


async def main():
    loop = asyncio.get_event_loop()
    alice, bob = Client("alice", loop), Client("bob", loop)
    for client in (alice, bob):
        if ROUTE == "direct":
            client.connect(("127.0.0.1", int(PORT)), use_ssl=True, disable_starttls=True)
        else:
            client.connect(("127.0.0.1", int(PORT)), force_starttls=True)
    await asyncio.wait_for(asyncio.gather(alice.online, bob.online), TIME_LIMIT)
    alice.send_message(mto="bob@example.org", mbody="to the account", mtype="chat")
    assert await asyncio.wait_for(bob.received, TIME_LIMIT) == ("alice@example.org/alice", "to the account")
    bob.send_message(mto="alice@example.org/alice", mbody="to the resource", mtype="chat")
    assert await asyncio.wait_for(alice.received, TIME_LIMIT) == ("bob@example.org/bob", "to the resource")
    await asyncio.gather(alice.disconnect(), bob.disconnect())


asyncio.get_event_loop().run_until_complete(main())
