/*
 * envoi - two clients of QXmpp at `envoi serve`: roster, subscriptions, presence, messages
 * SPDX-License-Identifier: MIT
 *
 * usage: qxmpp_serve PORT CA_FILE
 *
 * Ends with 0 when all has come that should. Resumption is left out: QXmpp 1.4 requests it with
 * `<resume h="14" previd=""/>`, without id and namespace, which is no request (XEP-0198, section 5).
 */
#include <cstdio>
#include <cstdlib>

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QSslCertificate>

#include <QXmppClient.h>
#include <QXmppConfiguration.h>
#include <QXmppMessage.h>
#include <QXmppPresence.h>
#include <QXmppRosterIq.h>
#include <QXmppRosterManager.h>

namespace
{

const int TIME_LIMIT_MS = 15000;
quint16 port;
QString ca_file;

class Person
{
      public:
	explicit Person(const QString &name) : name(name)
	{
		roster = client.findExtension<QXmppRosterManager>();
		QObject::connect(&client, &QXmppClient::connected, [this] { note("online"); });
		QObject::connect(&client, &QXmppClient::disconnected, [this] { note("lost"); });
		QObject::connect(&client, &QXmppClient::messageReceived,
			[this](const QXmppMessage &message) {
				if (!message.body().isEmpty()) {
					note("message " + message.from() + " " + message.body());
				}
			});
		QObject::connect(&client, &QXmppClient::presenceReceived,
			[this](const QXmppPresence &presence) {
				note(QString("presence %1 %2 %3")
						.arg(presence.from())
						.arg(presence.type())
						.arg(presence.availableStatusType()));
			});
		QObject::connect(
			roster, &QXmppRosterManager::rosterReceived, [this] { note("roster"); });
		QObject::connect(roster, &QXmppRosterManager::subscriptionReceived,
			[this](const QString &jid) {
				note("request " + jid);
				roster->acceptSubscription(jid);
			});
		QObject::connect(roster, &QXmppRosterManager::itemChanged,
			[this](const QString &jid) { note_item(jid); });
	}

	void connect()
	{
		QXmppConfiguration settings;
		settings.setJid(name + "@example.org/" + name);
		settings.setPassword("secret-" + name);
		settings.setHost("127.0.0.1");
		settings.setPort(port);
		settings.setAutoReconnectionEnabled(false);
		settings.setStreamSecurityMode(QXmppConfiguration::TLSRequired);
		settings.setCaCertificates(QSslCertificate::fromPath(ca_file));
		client.connectToServer(settings);
	}

	void run_until_seen(const QString &wanted)
	{
		QElapsedTimer timer;
		timer.start();
		while (!seen.contains(wanted + "\n")) {
			if (timer.elapsed() > TIME_LIMIT_MS) {
				fail("it has not seen " + wanted);
			}
			QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 10);
		}
	}

	[[noreturn]] void fail(const QString &what) const
	{
		fprintf(stderr, "%s: %s\nit has seen:\n%s", qPrintable(name), qPrintable(what),
			qPrintable(seen));
		exit(1);
	}

	const QString name;
	QXmppClient client;
	QXmppRosterManager *roster;
	QString seen; /* a line for each event */

      private:
	void note(const QString &line)
	{
		seen += line + "\n";
	}

	void note_item(const QString &jid)
	{
		if (roster->getRosterEntry(jid).subscriptionType() == QXmppRosterIq::Item::Both) {
			note("both " + jid);
		}
	}
};

QString presence_line(
	const QString &from, QXmppPresence::Type type, QXmppPresence::AvailableStatusType status)
{
	return QString("presence %1 %2 %3").arg(from).arg(type).arg(status);
}

void change_presence(Person &person, QXmppPresence::AvailableStatusType status)
{
	QXmppPresence presence;
	presence.setAvailableStatusType(status);
	person.client.setClientPresence(presence);
}

void talk(Person &alice, Person &bob)
{
	alice.connect();
	bob.connect();
	alice.run_until_seen("roster");
	bob.run_until_seen("roster");
	alice.roster->addItem("bob@example.org", "Bob");
	alice.roster->subscribe("bob@example.org");
	bob.run_until_seen("request alice@example.org");
	bob.roster->subscribe("alice@example.org");
	alice.run_until_seen("both bob@example.org");
	bob.run_until_seen("both alice@example.org");
	change_presence(bob, QXmppPresence::Away);
	alice.run_until_seen(presence_line(
		"bob@example.org/bob", QXmppPresence::Available, QXmppPresence::Away));
	change_presence(alice, QXmppPresence::DND);
	bob.run_until_seen(presence_line(
		"alice@example.org/alice", QXmppPresence::Available, QXmppPresence::DND));
	alice.client.sendMessage("bob@example.org", "to the account");
	bob.run_until_seen("message alice@example.org/alice to the account");
	bob.client.sendMessage("alice@example.org/alice", "to the resource");
	alice.run_until_seen("message bob@example.org/bob to the resource");
}

void leave(Person &alice, Person &bob)
{
	alice.client.disconnectFromServer();
	bob.run_until_seen(presence_line(
		"alice@example.org/alice", QXmppPresence::Unavailable, QXmppPresence::DND));
	bob.client.disconnectFromServer();
	bob.run_until_seen("lost");
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: qxmpp_serve PORT CA_FILE\n", stderr);
		return 2;
	}
	QCoreApplication application(argc, argv);
	port = static_cast<quint16>(atoi(argv[1]));
	ca_file = argv[2];
	Person alice("alice"), bob("bob");
	talk(alice, bob);
	leave(alice, bob);
	return 0;
}
