/*
 * envoi - two clients of gloox at `envoi serve`: roster, subscriptions, presence, messages,
 * resumption
 * SPDX-License-Identifier: MIT
 *
 * usage: gloox_serve PORT CA_FILE
 *
 * Ends with 0 when all has come that should.
 */
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/socket.h>

#include <gloox/client.h>
#include <gloox/connectionlistener.h>
#include <gloox/connectiontcpclient.h>
#include <gloox/message.h>
#include <gloox/messagehandler.h>
#include <gloox/rosteritem.h>
#include <gloox/rosterlistener.h>
#include <gloox/rostermanager.h>

using namespace gloox;

namespace
{

const int TIME_LIMIT = 15, MOMENT_US = 10000;
int port;
std::string ca_file;

class Person : public ConnectionListener, public MessageHandler, public RosterListener
{
      public:
	explicit Person(const std::string &name)
	    : name(name), client(JID(name + "@example.org/" + name), "secret-" + name, port)
	{
		client.setServer("127.0.0.1");
		client.setCACerts(StringList(1, ca_file));
		client.setTls(TLSRequired);
		client.setStreamManagement(true, true);
		client.registerConnectionListener(this);
		client.registerMessageHandler(this);
		client.rosterManager()->registerRosterListener(this);
	}

	void connect()
	{
		is_online = false;
		seen += "connecting\n";
		if (!client.connect(false)) {
			fail("no connection");
		}
	}

	void cut()
	{
		auto *tcp = static_cast<ConnectionTCPClient *>(client.connectionImpl());
		shutdown(tcp->socket(), SHUT_RDWR);
	}

	void run()
	{
		if (client.state() != StateDisconnected) {
			client.recv(MOMENT_US);
		}
	}

	void say(const std::string &to, const std::string &text)
	{
		client.send(Message(Message::Chat, JID(to), text));
	}

	[[noreturn]] void fail(const std::string &what) const
	{
		fprintf(stderr, "%s: %s\nit has seen:\n%s", name.c_str(), what.c_str(),
			seen.c_str());
		exit(1);
	}

	const std::string name;
	Client client;
	std::string seen; /* a line for each event */
	bool is_online = false;

      private:
	void onConnect() override
	{
		is_online = true;
	}
	void onDisconnect(ConnectionError) override
	{
		seen += "disconnected\n";
	}
	void onStreamEvent(StreamEvent event) override
	{
		if (event == StreamEventSMResumed) {
			seen += "resumed\n";
			is_online = true;
		}
	}
	/* The certificate's name is compared with the server's, which is an address here; and a
	 * chain without its root counts as unknown. */
	bool onTLSConnect(const CertInfo &info) override
	{
		return (info.status & ~(CertWrongPeer | CertInvalid | CertSignerUnknown)) == CertOk;
	}
	void handleMessage(const Message &message, MessageSession *) override
	{
		seen += "message " + message.from().full() + " " + message.body() + "\n";
	}
	void handleRoster(const Roster &roster) override
	{
		seen += "roster " + std::to_string(roster.size()) + "\n";
	}
	void handleRosterPresence(const RosterItem &item, const std::string &resource,
		Presence::PresenceType type, const std::string &) override
	{
		seen += "presence " + item.jidJID().bare() + "/" + resource + " " +
			std::to_string(type) + "\n";
	}
	bool handleSubscriptionRequest(const JID &jid, const std::string &) override
	{
		seen += "request " + jid.bare() + "\n";
		return true;
	}
	void handleItemUpdated(const JID &jid) override
	{
		const RosterItem *item = client.rosterManager()->getRosterItem(jid);
		if (item != nullptr && item->subscription() == S10nBoth) {
			seen += "both " + jid.bare() + "\n";
		}
	}
	void handleItemAdded(const JID &jid) override
	{
		handleItemUpdated(jid);
	}
	void handleItemSubscribed(const JID &jid) override
	{
		handleItemUpdated(jid);
	}
	void handleItemRemoved(const JID &) override
	{
	}
	void handleItemUnsubscribed(const JID &) override
	{
	}
	void handleSelfPresence(const RosterItem &, const std::string &, Presence::PresenceType,
		const std::string &) override
	{
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

Person *alice, *bob;

void run_until_seen(const Person &person, const std::string &wanted)
{
	time_t start = time(nullptr);
	while (person.seen.find(wanted) == std::string::npos) {
		if (time(nullptr) - start > TIME_LIMIT) {
			person.fail("it has not seen " + wanted);
		}
		alice->run();
		bob->run();
	}
}

void run_until_online(const Person &person)
{
	time_t start = time(nullptr);
	while (!person.is_online) {
		if (time(nullptr) - start > TIME_LIMIT) {
			person.fail("it is not online");
		}
		alice->run();
		bob->run();
	}
}

void talk()
{
	alice->connect();
	bob->connect();
	run_until_online(*alice);
	run_until_online(*bob);
	run_until_seen(*alice, "roster 0\n");
	run_until_seen(*bob, "roster 0\n");
	alice->client.rosterManager()->subscribe(JID("bob@example.org"), "Bob");
	run_until_seen(*bob, "request alice@example.org\n");
	bob->client.rosterManager()->subscribe(JID("alice@example.org"));
	run_until_seen(*alice, "request bob@example.org\n");
	run_until_seen(*alice, "both bob@example.org\n");
	run_until_seen(*bob, "both alice@example.org\n");
	bob->client.setPresence(Presence::Away, 0);
	run_until_seen(
		*alice, "presence bob@example.org/bob " + std::to_string(Presence::Away) + "\n");
	alice->client.setPresence(Presence::DND, 0);
	run_until_seen(
		*bob, "presence alice@example.org/alice " + std::to_string(Presence::DND) + "\n");
	alice->say("bob@example.org", "to the account");
	run_until_seen(*bob, "message alice@example.org/alice to the account\n");
	bob->say("alice@example.org/alice", "to the resource");
	run_until_seen(*alice, "message bob@example.org/bob to the resource\n");
}

void resume()
{
	alice->cut();
	run_until_seen(*alice, "disconnected\n");
	bob->say("alice@example.org", "while it is lost");
	alice->connect();
	run_until_seen(*alice, "resumed\n");
	run_until_seen(*alice, "message bob@example.org/bob while it is lost\n");
	alice->say("bob@example.org", "after it");
	run_until_seen(*bob, "message alice@example.org/alice after it\n");
}

void leave()
{
	alice->client.disconnect();
	run_until_seen(*bob,
		"presence alice@example.org/alice " + std::to_string(Presence::Unavailable) + "\n");
	bob->client.disconnect();
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: gloox_serve PORT CA_FILE\n", stderr);
		return 2;
	}
	port = atoi(argv[1]);
	ca_file = argv[2];
	Person a("alice"), b("bob");
	alice = &a;
	bob = &b;
	talk();
	resume();
	leave();
	return 0;
}
