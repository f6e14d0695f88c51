/*
 * envoi - benchmarks: gloox
 * SPDX-License-Identifier: MIT
 */
#include <gloox/client.h>
#include <gloox/connectionlistener.h>
#include <gloox/connectiontcpclient.h>
#include <gloox/message.h>
#include <gloox/messagehandler.h>
#include <gloox/parser.h>
#include <gloox/rosteritem.h>
#include <gloox/rosterlistener.h>
#include <gloox/rostermanager.h>
#include <gloox/tag.h>
#include <gloox/taghandler.h>

#include <poll.h>
#include <string>
#include <vector>

#include "peer.h"

using namespace gloox;

namespace
{

const size_t PIECE = 4096; /* of what is parsed without a connection */

class Session : public ConnectionListener, public MessageHandler, public RosterListener
{
      public:
	Session();
	~Session();
	int fd() const;
	void receive();
	bool is_closed = false;

      private:
	Client *client;
	ConnectionTCPClient *tcp;

	void onConnect() override;
	void onDisconnect(ConnectionError error) override;
	bool onTLSConnect(const CertInfo &info) override;
	void handleMessage(const Message &message, MessageSession *session) override;
	void handleRoster(const Roster &roster) override;

	void handleItemAdded(const JID &) override
	{
	}
	void handleItemSubscribed(const JID &) override
	{
	}
	void handleItemRemoved(const JID &) override
	{
	}
	void handleItemUpdated(const JID &) override
	{
	}
	void handleItemUnsubscribed(const JID &) override
	{
	}
	void handleRosterPresence(const RosterItem &, const std::string &, Presence::PresenceType,
		const std::string &) override
	{
	}
	void handleSelfPresence(const RosterItem &, const std::string &, Presence::PresenceType,
		const std::string &) override
	{
	}
	bool handleSubscriptionRequest(const JID &, const std::string &) override
	{
		return false;
	}
	bool handleUnsubscriptionRequest(const JID &, const std::string &) override
	{
		return false;
	}
	void handleNonrosterPresence(const Presence &) override
	{
	}
	void handleRosterError(const IQ &) override
	{
	}
};

std::vector<Session *> sessions;

Session::Session()
{
	client = new Client(JID(PEER_JID), PEER_PASSWORD, peer.port_number);
	tcp = new ConnectionTCPClient(client, client->logInstance(), "127.0.0.1", peer.port_number);
	client->setConnectionImpl(tcp);
	client->setTls(peer.ca_file != nullptr ? TLSRequired : TLSDisabled);
	if (peer.ca_file != nullptr) {
		client->setCACerts(StringList(1, peer.ca_file));
	}
	client->registerConnectionListener(this);
	client->registerMessageHandler(this);
	if (peer.has_roster) {
		client->rosterManager()->registerRosterListener(this);
	} else {
		client->disableRoster();
	}
	peer_check(client->connect(false), "no connection");
}

Session::~Session()
{
	delete client;
}

int Session::fd() const
{
	return tcp->socket();
}

void Session::receive()
{
	client->recv(0);
}

void Session::onConnect()
{
	peer_is_online();
}

void Session::onDisconnect(ConnectionError)
{
	is_closed = true;
}

bool Session::onTLSConnect(const CertInfo &info)
{
	/* It reports a signer that setCACerts() has named as unknown. */
	return (info.status & ~(CertInvalid | CertSignerUnknown)) == 0;
}

void Session::handleMessage(const Message &message, MessageSession *)
{
	peer.messages++;
	if (peer.echoes) {
		Message reply(Message::Chat, message.from(), message.body());
		client->send(reply);
	}
}

void Session::handleRoster(const Roster &roster)
{
	for (const auto &entry : roster) {
		peer.contacts += entry.second->subscription() == S10nBoth;
	}
}

class Stanzas : public TagHandler
{
	void handleTag(Tag *) override
	{
		peer.stanzas++;
	}
};

} // namespace

void peer_begin(void)
{
}

void peer_open(void)
{
	sessions.push_back(new Session());
}

void peer_run(void)
{
	std::vector<pollfd> fds;
	for (const Session *session : sessions) {
		fds.push_back({session->fd(), POLLIN, 0});
	}
	poll(fds.data(), fds.size(), -1);
	for (size_t i = fds.size(); i-- > 0;) {
		Session *session = sessions[i];
		if (fds[i].revents != 0) {
			session->receive();
		}
		if (session->is_closed) {
			sessions.erase(sessions.begin() + static_cast<std::ptrdiff_t>(i));
			delete session;
			peer_has_closed();
		}
	}
}

void peer_parse(const char *data, size_t len)
{
	Stanzas stanzas;
	Parser parser(&stanzas);
	for (size_t at = 0; at < len; at += PIECE) {
		std::string piece(data + at, len - at < PIECE ? len - at : PIECE);
		peer_check(parser.feed(piece) < 0, "not well-formed");
	}
}
