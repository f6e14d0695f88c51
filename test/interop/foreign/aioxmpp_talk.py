"""Two clients of aioxmpp log in to a server and write to each other.

usage: aioxmpp_talk.py PORT CA_FILE (starttls|direct)

Ends with 0 when both messages have come from the right addresses.
"""
import asyncio, sys

import aioxmpp
import aioxmpp.connector
import aioxmpp.security_layer
import OpenSSL.SSL

PORT, CA_FILE, ROUTE = sys.argv[1:]
TIME_LIMIT = 20


def tls_context():
    context = OpenSSL.SSL.Context(OpenSSL.SSL.SSLv23_METHOD)
    context.load_verify_locations(CA_FILE)
    return context


def client_of(name):
    async def password(_jid, attempt):
        return f"secret-{name}" if attempt == 0 else None
    security = aioxmpp.security_layer.SecurityLayer(
        tls_context, aioxmpp.security_layer.PKIXCertificateVerifier, True,
        (aioxmpp.security_layer.PasswordSASLProvider(password),))
    route = (aioxmpp.connector.XMPPOverTLSConnector if ROUTE == "direct"
             else aioxmpp.connector.STARTTLSConnector)()
    return aioxmpp.Client(aioxmpp.JID.fromstr(f"{name}@example.org/{name}"), security,
                          override_peer=[("127.0.0.1", int(PORT), route)])


async def log_in(client):
    online, failed = asyncio.Event(), []
    client.on_stream_established.connect(online.set)
    client.on_failure.connect(lambda error: (failed.append(error), online.set())[1])
    client.start()
    await asyncio.wait_for(online.wait(), TIME_LIMIT)
    assert not failed, failed


def future_message(client):
    received = asyncio.get_event_loop().create_future()
    dispatcher = client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
    dispatcher.register_callback(aioxmpp.MessageType.CHAT, None, lambda message: received.done() or
                                 received.set_result((str(message.from_), message.body.any())))
    return received


async def send(client, to, text):
    message = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=aioxmpp.JID.fromstr(to))
    message.body[None] = text
    await client.send(message)


async def main():
    alice, bob = client_of("alice"), client_of("bob")
    for_alice, for_bob = future_message(alice), future_message(bob)
    await asyncio.gather(log_in(alice), log_in(bob))
    await send(alice, "bob@example.org", "to the account")
    assert await asyncio.wait_for(for_bob, TIME_LIMIT) == ("alice@example.org/alice", "to the account")
    await send(bob, "alice@example.org/alice", "to the resource")
    assert await asyncio.wait_for(for_alice, TIME_LIMIT) == ("bob@example.org/bob", "to the resource")
    for client in (alice, bob):
        client.stop()
    await asyncio.sleep(0.2)


asyncio.get_event_loop().run_until_complete(main())
