/*
 * envoi - benchmarks: stanzas as a busy client receives them
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H

#define BENCH_HEAD \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"id='c2s-1' from='example.org' version='1.0' xml:lang='en'>"

/** About 490 bytes each: chat, receipts, group chat, archive, carbons, presence, pubsub, iq. */
static const char *const bench_corpus[] = {
	"<message xml:lang='en' to='romeo@example.org/orchard' from='juliet@example.com/balcony' "
	"type='chat' id='5d3f8c2a-7b1e-4f60-9a2d-0c5e8b7a6d41'><body>Art thou not Romeo, and a "
	"Montague? &lt;3 I have been waiting here since nine o'clock &amp; it is cold.</body>"
	"<active xmlns='http://jabber.org/protocol/chatstates'/>"
	"<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>"
	"<origin-id xmlns='urn:xmpp:sid:0' id='5d3f8c2a-7b1e-4f60-9a2d-0c5e8b7a6d41'/>"
	"<stanza-id xmlns='urn:xmpp:sid:0' id='1700000000123456' by='romeo@example.org'/></message>",

	"<message to='romeo@example.org/orchard' from='juliet@example.com/balcony' type='chat' "
	"id='a8d9e1'><received xmlns='urn:xmpp:receipts' id='b7f2c9d0-1111-4222-8333-944455556666'/>"
	"<displayed xmlns='urn:xmpp:chat-markers:0' id='b7f2c9d0-1111-4222-8333-944455556666'/>"
	"<store xmlns='urn:xmpp:hints'/></message>",

	"<message to='romeo@example.org/orchard' from='verona@rooms.example.net/tybalt' "
	"type='groupchat' id='gc-20391'><body>What, drawn, and talk of peace! I hate the word, as I "
	"hate hell, all Montagues, and thee: have at thee, coward!</body>"
	"<occupant-id xmlns='urn:xmpp:occupant-id:0' id='dd72603deec90a38ba552f7c68cbcc61bca202cd'/>"
	"<stanza-id xmlns='urn:xmpp:sid:0' by='verona@rooms.example.net' id='2024-08-01-a7c93b'/>"
	"<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='member' "
	"role='participant'/></x></message>",

	"<message to='romeo@example.org/orchard' from='romeo@example.org' id='mam-881'>"
	"<result xmlns='urn:xmpp:mam:2' queryid='f27' id='28482-98726-73623'>"
	"<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' "
	"stamp='2023-07-10T23:08:25Z'/><message xmlns='jabber:client' type='chat' "
	"from='nurse@example.com/kitchen' to='romeo@example.org' id='162BEBB1-F6DB-4D9A-9BD8'>"
	"<body>O lord, I could have stayed here all the night to hear good counsel: O, what "
	"learning is! My lord, I'll tell my lady you will come.</body>"
	"<stanza-id xmlns='urn:xmpp:sid:0' id='28482-98726-73623' by='romeo@example.org'/>"
	"</message></forwarded></result></message>",

	"<message xmlns='jabber:client' from='romeo@example.org' to='romeo@example.org/home' "
	"type='chat'><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
	"<message xmlns='jabber:client' to='juliet@example.com/balcony' "
	"from='romeo@example.org/orchard' type='chat' id='c4rb0n'><body>Neither, fair saint, if "
	"either thee dislike.</body><thread>0e3141cd80894871a68e6fe6b1ec56fa</thread>"
	"<origin-id xmlns='urn:xmpp:sid:0' id='c4rb0n'/></message></forwarded></sent></message>",

	"<presence to='romeo@example.org/orchard' from='benvolio@example.net/phone-7f3a'>"
	"<show>away</show><status>In the street, looking for a fray</status><priority>5</priority>"
	"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.example/caps' "
	"ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/><x xmlns='vcard-temp:x:update'>"
	"<photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo></x>"
	"<idle xmlns='urn:xmpp:idle:1' since='2024-02-19T21:46:00Z'/></presence>",

	"<presence from='verona@rooms.example.net/mercutio' to='romeo@example.org/orchard' "
	"id='n13mt3l'><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' "
	"node='https://other.example/' ver='DqGwXvV/QC6X9QrPOFAwJoDwHkk='/>"
	"<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' "
	"jid='mercutio@example.org/sword' role='participant'/><status code='110'/>"
	"<status code='100'/></x></presence>",

	"<message from='juliet@example.com' to='romeo@example.org/orchard' type='headline' "
	"id='pep-77'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
	"<items node='eu.siacs.conversations.axolotl.devicelist'><item id='current' "
	"publisher='juliet@example.com/balcony'><list xmlns='eu.siacs.conversations.axolotl'>"
	"<device id='12345'/><device id='4223'/><device id='31415926'/></list></item></items>"
	"</event><addresses xmlns='http://jabber.org/protocol/address'><address type='replyto' "
	"jid='juliet@example.com/balcony'/></addresses></message>",

	"<iq from='example.org' to='romeo@example.org/orchard' type='result' id='disco-3'>"
	"<query xmlns='http://jabber.org/protocol/disco#info'><identity category='server' "
	"type='im' name='Example'/><feature var='http://jabber.org/protocol/disco#info'/>"
	"<feature var='http://jabber.org/protocol/disco#items'/><feature var='urn:xmpp:ping'/>"
	"<feature var='jabber:iq:version'/><feature var='urn:xmpp:carbons:2'/>"
	"<feature var='urn:xmpp:mam:2'/><feature var='vcard-temp'/><feature "
	"var='urn:xmpp:blocking'/><feature var='http://jabber.org/protocol/pubsub#publish'/>"
	"</query></iq>",

	"<iq type='result' id='roster-1' to='romeo@example.org/orchard'><query "
	"xmlns='jabber:iq:roster' ver='ver7'><item jid='nurse@example.com' name='Nurse' "
	"subscription='both'><group>Servants</group></item><item jid='juliet@example.com' "
	"name='Juliet' subscription='both'><group>Friends</group><group>Lovers</group></item>"
	"<item jid='benvolio@example.net' name='Benvolio' subscription='to'/>"
	"<item jid='mercutio@example.org' subscription='from' ask='subscribe'>"
	"<group>Friends</group></item></query></iq>",

	"<iq from='romeo@example.org' to='romeo@example.org/orchard' id='ping-2' type='get'>"
	"<ping xmlns='urn:xmpp:ping'/></iq>",

	"<message from='juliet@example.com/balcony' to='romeo@example.org/orchard' type='chat' "
	"id='omemo-9'><encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='27183'>"
	"<key rid='31415'>MwohBfRVlvpeSlGB2RNR0mTbMqHSBaQqJPQIkWE4IYkUlMpeEAAYACIwrTvqOxHF4bV3</key>"
	"<key prekey='true' rid='12321'>MwjAARIhBRRtSLKUrKpz3QYAHGkUyv2GdpoUZ0GzP7SOuxgGGiEF</key>"
	"<iv>Zk9DVnUwYXNkZg==</iv></header><payload>Q2hpbGwsIGl0IGlzIG9ubHkgYSB0ZXN0Lg==</payload>"
	"</encrypted><encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl' "
	"name='OMEMO'/><body>I sent you an OMEMO encrypted message</body>"
	"<store xmlns='urn:xmpp:hints'/></message>",
};

enum {
	BENCH_CORPUS_COUNT = sizeof(bench_corpus) / sizeof(bench_corpus[0]),
};

#endif
