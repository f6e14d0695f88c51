"""Benchmarks: slixmpp. See python_peer.py."""
import slixmpp

import python_peer


class Client(slixmpp.ClientXMPP):
    def __init__(self, peer):
        super().__init__("alice@example.org/bench", "pencil", plugin_config={
            "feature_mechanisms": {"unencrypted_plain": peer.ca_file is None}})
        self.peer = peer
        self.ca_certs = peer.ca_file
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("message", self.on_message)
        self.add_event_handler("disconnected", lambda _: peer.has_closed())

    async def on_start(self, _):
        self.send_presence()
        self.peer.is_online()
        if self.peer.has_roster:
            await self.get_roster()
            roster = self.client_roster
            self.peer.has_roster_of(sum(roster[jid]["subscription"] == "both" for jid in roster.keys()))

    def on_message(self, message):
        self.peer.has_message()
        if self.peer.echoes:
            message.reply(message["body"]).send()


def open_session(peer):
    client = Client(peer)
    address = ("127.0.0.1", int(peer.port))
    if peer.ca_file is None:
        client.connect(address, disable_starttls=True)
    else:
        client.connect(address, force_starttls=True)
    return client


python_peer.Peer().run(open_session)
