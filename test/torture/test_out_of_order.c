/*
 * envoi - each stream-level element at each stage of a login, to both roles
 * SPDX-License-Identifier: MIT
 *
 * A cell of a table is what the receiver of the element does. Only the expected transitions may go
 * on; the others are fatal, an error that leaves the stage as it is, or ignored where a
 * specification says so. With an argument the tables are printed as they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/envoi.h>
#include <envoi/interfaces/features.h>

#include "client_stages.h"
#include "server_stages.h"

#define NS_SM "urn:xmpp:sm:3"
#define SASL(name) "<" name " xmlns='" ENVOI_NS_SASL "'/>"
#define SM(name, attributes) "<" name " xmlns='" NS_SM "' " attributes "/>"

/* What is seen of a reaction. */
enum outcome {
	FATAL = 'X', /* a stream error */
	DROPPED = 'x', /* the end of the connection without one */
	CLOSED = 'c', /* in order */
	FAILURE = 'f', /* <failure/> of SASL or STARTTLS: the stage is as before */
	FAILED = 'n', /* <failed/> of stream management: the stage is as before */
	ERROR = 'e', /* a stanza error */
	DELIVERED = 's', /* the program has received a stanza */
	ANSWERED = 'a', /* something else was sent */
	IGNORED = '.', /* nothing */
};

static char outcome_of(struct envoi_memory_end *peer, bool is_delivered)
{
	struct envoi_buffer *received = envoi_memory_end_received(peer);
	assert_int_equal(envoi_buffer_append(received, "", 1), ENVOI_OK);
	const char *text = envoi_buffer_data(received);
	if (strstr(text, "<stream:error>") != NULL) {
		return FATAL;
	}
	if (strstr(text, "</stream:stream>") != NULL) {
		return CLOSED;
	}
	if (envoi_memory_end_is_over(peer)) {
		return DROPPED;
	}
	if (is_delivered) {
		return DELIVERED;
	}
	if (strstr(text, "<failure") != NULL) {
		return FAILURE;
	}
	if (strstr(text, "<failed") != NULL) {
		return FAILED;
	}
	if (strstr(text, "type='error'") != NULL) {
		return ERROR;
	}
	return *text != '\0' ? ANSWERED : IGNORED;
}

static void forget(struct envoi_memory_end *peer)
{
	struct envoi_buffer *received = envoi_memory_end_received(peer);
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

struct element {
	const char *name, *xml;
	const char *server, *client; /* outcomes by stage */
};

static const struct element elements[] = {
	{"header",
		"<stream:stream xmlns='jabber:client' version='1.0' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org'>",
		"aXxXXXXXXX", ".XXX.XXXX.XX"},
	{"features", "<stream:features/>", "XXxXXXXXXX", "XcXXXXXXXXXX"},
	{"starttls", "<starttls xmlns='" ENVOI_NS_TLS "'/>", "XaxXXXXXXX", "XXXXXXXXXXXX"},
	{"proceed", "<proceed xmlns='" ENVOI_NS_TLS "'/>", "XXxXXXXXXX", "XXaXXXXXXXXX"},
	{"TLS failure", "<failure xmlns='" ENVOI_NS_TLS "'/>", "XXxXXXXXXX", "XXcXXXXXXXXX"},
	{"auth", "<auth xmlns='" ENVOI_NS_SASL "' mechanism='PLAIN'>AG1lAHNlY3JldA==</auth>",
		"XfxfXXXXXX", "XXXXXXXXXXXX"},
	{"challenge", SASL("challenge"), "XXxXXXXXXX", "XXXcXXXXXXXX"},
	{"response", SASL("response"), "XfxfXXXXXX", "XXXXXXXXXXXX"},
	{"abort", SASL("abort"), "XfxfXXXXXX", "XXXXXXXXXXXX"},
	{"success", SASL("success"), "XXxXXXXXXX", "XXXcXXXXXXXX"},
	{"SASL failure", "<failure xmlns='" ENVOI_NS_SASL "'><not-authorized/></failure>",
		"XXxXXXXXXX", "XXXcXXXXXXXX"},
	{"bind set", "<iq type='set' id='1'><bind xmlns='" ENVOI_NS_BIND "'/></iq>", "XXxXasssas",
		"XXXXXXsssXXs"},
	{"bind result",
		"<iq type='result' id='$'><bind xmlns='" ENVOI_NS_BIND
		"'><jid>me@example.org/here</jid></bind></iq>",
		"XXxXX...X.", "XXXXXa...XX."},
	{"bind result of another account",
		"<iq type='result' id='$'><bind xmlns='" ENVOI_NS_BIND
		"'><jid>you@example.org/here</jid></bind></iq>",
		"XXxXX...X.", "XXXXXX...XX."},
	{"message", "<message><body>x</body></message>", "XXxXXsssXs", "XXXXXXsssXXs"},
	{"iq get", "<iq type='get' id='1'><query xmlns='urn:x'/></iq>", "XXxXXsssXs",
		"XXXXXXsssXXs"},
	{"iq result", "<iq type='result' id='none'/>", "XXxXX...X.", "XXXXXX...XX."},
	{"enable", SM("enable", ""), "XXxXnaannn", "XXXXXXXXXXXX"},
	{"enabled", SM("enabled", "id='s1' resume='true'"), "XXxXXXXXXX", "XXXXXXXaXXXX"},
	{"resume", SM("resume", "previd='s0' h='0'"), "XXxXnnnnan", "XXXXXXXXXXXX"},
	{"resumed", SM("resumed", "previd='s1' h='1'"), "XXxXXXXXXX", "XXXXXXXXXXaX"},
	{"failed", SM("failed", ""), "XXxXXXXXXX", "XXXXX..a.Xa."},
	{"a", SM("a", "h='0'"), "XXxXXXX.X.", "XXXXXXXXaXXX"},
	{"r", SM("r", ""), "XXxXXXXaXa", "XXXXXXXXaXXa"},
	{"error", "<stream:error/>", "Xcxccccccc", "XcccXccccXcc"},
	{"end", "</stream:stream>", "Xcxccccccc", "XcccXccccXcc"},
	{"unknown", "<unknown xmlns='urn:x'/>", "XXxXXXXXXX", "XXXXXXXXXXXX"},
	{"white space", " \n", "..x.......", "............"},
	{"text", "x", "XXxXXXXXXX", "XXXXXXXXXXXX"},
	{"comment", "<!-- x -->", "XXxXXXXXXX", "XXXXXXXXXXXX"},
};
enum {
	ELEMENTS = sizeof(elements) / sizeof(elements[0]),
	LONG_MS = 200000, /* more than any timeout */
};

static unsigned int server_stanzas(void)
{
	unsigned int count = 0;
	for (size_t i = 0; i < server.slot_count; i++) {
		count += server.slots[i].stanza_count;
	}
	return count;
}

static char to_server(enum server_stage stage, const char *xml)
{
	server_begin(stage, false);
	unsigned int before = server_stanzas();
	forget(server.client);
	server_hear_text(xml);
	char outcome = outcome_of(server.client, server_stanzas() > before);
	server_run(LONG_MS);
	server_end();
	return outcome;
}

static char to_client(enum client_stage stage, const char *xml)
{
	client_begin(stage, false);
	unsigned int before = client.stanza_count;
	client_hear("", 0); /* notes the id of the last iq */
	client_hear_text(xml);
	char outcome = outcome_of(client.server, client.stanza_count > before);
	client_run(LONG_MS);
	client_end();
	return outcome;
}

static void fill(const struct element *element, char ret_server[SERVER_STAGES + 1],
	char ret_client[CLIENT_STAGES + 1])
{
	for (unsigned int stage = 0; stage < SERVER_STAGES; stage++) {
		ret_server[stage] = to_server((enum server_stage)stage, element->xml);
	}
	ret_server[SERVER_STAGES] = '\0';
	for (unsigned int stage = 0; stage < CLIENT_STAGES; stage++) {
		ret_client[stage] = to_client((enum client_stage)stage, element->xml);
	}
	ret_client[CLIENT_STAGES] = '\0';
}

static void each_element_at_each_stage(void **state)
{
	(void)state;
	char as_server[SERVER_STAGES + 1], as_client[CLIENT_STAGES + 1];
	for (size_t i = 0; i < ELEMENTS; i++) {
		fill(&elements[i], as_server, as_client);
		if (strcmp(as_server, elements[i].server) != 0 ||
			strcmp(as_client, elements[i].client) != 0) {
			fail_msg("<%s>: server %s, client %s", elements[i].name, as_server,
				as_client);
		}
	}
}

static void print(void)
{
	char as_server[SERVER_STAGES + 1], as_client[CLIENT_STAGES + 1];
	for (size_t i = 0; i < ELEMENTS; i++) {
		fill(&elements[i], as_server, as_client);
		printf("%-32s %s %s\n", elements[i].name, as_server, as_client);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_element_at_each_stage),
	};
	(void)argv;
	if (argc > 1) {
		print();
		return 0;
	}
	return cmocka_run_group_tests_name("torture/out_of_order", tests, NULL, NULL);
}
