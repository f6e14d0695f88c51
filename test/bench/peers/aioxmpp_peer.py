"""Benchmarks: aioxmpp. See python_peer.py."""
import warnings

warnings.simplefilter("ignore")

import aioxmpp  # noqa: E402
import aioxmpp.connector  # noqa: E402
import aioxmpp.security_layer  # noqa: E402
import OpenSSL.SSL  # noqa: E402

import python_peer  # noqa: E402


def security_of(peer):
    """PLAIN is refused in clear."""
    def tls_context():
        context = OpenSSL.SSL.Context(OpenSSL.SSL.SSLv23_METHOD)
        context.load_verify_locations(peer.ca_file)
        return context

    async def password(_jid, attempt):
        return "pencil" if attempt == 0 else None

    provider = (aioxmpp.security_layer.AnonymousSASLProvider("") if peer.ca_file is None
                else aioxmpp.security_layer.PasswordSASLProvider(password))
    return aioxmpp.security_layer.SecurityLayer(
        tls_context, aioxmpp.security_layer.PKIXCertificateVerifier, peer.ca_file is not None, (provider,))


class Session:
    def __init__(self, peer):
        self.peer = peer
        self.client = aioxmpp.Client(
            aioxmpp.JID.fromstr("alice@example.org/bench"), security_of(peer),
            override_peer=[("127.0.0.1", int(peer.port), aioxmpp.connector.STARTTLSConnector())])
        dispatcher = self.client.summon(aioxmpp.dispatcher.SimpleMessageDispatcher)
        dispatcher.register_callback(aioxmpp.MessageType.CHAT, None, self.on_message)
        if peer.has_roster:
            roster = self.client.summon(aioxmpp.RosterClient)
            roster.on_initial_roster_received.connect(lambda: peer.has_roster_of(
                sum(item.subscription == "both" for item in roster.items.values())))
        self.client.on_stream_established.connect(self.on_online)
        self.client.on_stream_suspended.connect(self.on_end)
        self.client.on_stream_destroyed.connect(self.on_end)
        self.client.on_failure.connect(self.on_end)
        self.client.start()

    def on_online(self):
        self.client.enqueue(aioxmpp.Presence())
        self.peer.is_online()

    def on_end(self, *_):
        """It would connect again."""
        if self.client is not None:
            self.client.stop()
            self.client = None
            self.peer.has_closed()

    def on_message(self, message):
        self.peer.has_message()
        if self.peer.echoes:
            reply = aioxmpp.Message(type_=aioxmpp.MessageType.CHAT, to=message.from_)
            reply.body[None] = message.body.any()
            self.client.enqueue(reply)


python_peer.Peer().run(Session)
