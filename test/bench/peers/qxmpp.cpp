/*
 * envoi - benchmarks: QXmpp
 * SPDX-License-Identifier: MIT
 */
#include <QXmppClient.h>
#include <QXmppConfiguration.h>
#include <QXmppMessage.h>
#include <QXmppRosterManager.h>

#include <QCoreApplication>
#include <QSslCertificate>

#include "peer.h"

namespace
{

QCoreApplication *application;

void stop_if_done()
{
	if (peer_must_stop()) {
		QCoreApplication::quit();
	}
}

QXmppConfiguration configuration()
{
	QXmppConfiguration settings;
	settings.setJid(PEER_JID);
	settings.setPassword(PEER_PASSWORD);
	settings.setHost("127.0.0.1");
	settings.setPort(peer.port_number);
	settings.setAutoReconnectionEnabled(false);
	settings.setSaslAuthMechanism("PLAIN");
	settings.setStreamSecurityMode(peer.ca_file != nullptr ? QXmppConfiguration::TLSRequired
							       : QXmppConfiguration::TLSDisabled);
	if (peer.ca_file != nullptr) {
		settings.setCaCertificates(QSslCertificate::fromPath(peer.ca_file));
	}
	return settings;
}

void on_message(QXmppClient *client, const QXmppMessage &message)
{
	peer.messages++;
	stop_if_done();
	if (peer.echoes) {
		client->sendPacket(QXmppMessage(QString(), message.from(), message.body()));
	}
}

void on_roster(QXmppRosterManager *roster)
{
	for (const QString &jid : roster->getRosterBareJids()) {
		peer.contacts += roster->getRosterEntry(jid).subscriptionType() ==
			QXmppRosterIq::Item::Both;
	}
	stop_if_done();
}

void on_closed(QXmppClient *client)
{
	client->deleteLater();
	peer_has_closed();
	stop_if_done();
}

} // namespace

void peer_begin(void)
{
	static int argc = 1;
	static char name[] = "bench-qxmpp";
	static char *argv[] = {name, nullptr};
	application = new QCoreApplication(argc, argv);
}

void peer_open(void)
{
	auto *client = new QXmppClient();
	auto *roster = client->findExtension<QXmppRosterManager>();
	QObject::connect(client, &QXmppClient::connected, [] {
		peer_is_online();
		stop_if_done();
	});
	QObject::connect(client, &QXmppClient::disconnected, [client] { on_closed(client); });
	QObject::connect(client, &QXmppClient::messageReceived,
		[client](const QXmppMessage &message) { on_message(client, message); });
	if (peer.has_roster) {
		QObject::connect(roster, &QXmppRosterManager::rosterReceived,
			[roster] { on_roster(roster); });
	} else {
		client->removeExtension(roster);
	}
	client->connectToServer(configuration());
}

void peer_run(void)
{
	QCoreApplication::exec();
}

void peer_parse(const char *data, size_t len)
{
	(void)data, (void)len;
	peer_fail("no public parser");
}
