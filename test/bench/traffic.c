/*
 * envoi - what messages, a roster and silence cost a client
 * SPDX-License-Identifier: MIT
 */
/*
 * usage: bench-traffic echo|blast|echo-managed|blast-managed|unacknowledged|roster|idle COUNT
 *
 * echo: answers COUNT messages; blast: sends COUNT messages; the same with stream management, where
 * each side requests acknowledgements; unacknowledged: prints the bytes that each of COUNT messages
 * holds until it is acknowledged; roster: logs in with COUNT contacts;
 * idle: is logged in for COUNT hours. What is counted is done in bench_counted() and
 * bench_log_in().
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/delivery.h>
#include <envoi/session.h>
#include <envoi/stanza.h>
#include <envoi/values.h>

#include "bench_world.h"

#define BODY "Wherefore art thou, Romeo? Deny thy father and refuse thy name."

enum {
	AT_ONCE = 50, /* messages that arrive in one piece */
};

static int answer(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_reply_text(in, envoi_message_body(envoi_delivery_stanza(in), NULL));
}

static const struct envoi_stanza_row rows[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = answer},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl echo_impl = {.name = "echo", .stanzas = rows};
static struct envoi_handler echo = ENVOI_HANDLER(&echo_impl);

NOT_INLINED void bench_counted(size_t to_send, uint64_t ms);

void bench_counted(size_t to_send, uint64_t ms)
{
	for (size_t i = 0; i < to_send; i++) {
		bench_check(envoi_send_text(
			envoi_client_session(world.client), "bob@example.org/home", BODY, NULL));
	}
	bench_check(envoi_loop_simulated_run_for(world.loop, ms));
}

static void receive_messages(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char xml[512];
		snprintf(xml, sizeof(xml),
			"<message from='bob@example.org/home' to='alice@example.org/desk' "
			"type='chat' id='m%zu'><body>" BODY "</body></message>",
			i);
		bench_say(xml);
	}
}

static void exchange(size_t count, bool sends)
{
	for (size_t left = count; left > 0;) {
		size_t now = left < AT_ONCE ? left : AT_ONCE;
		left -= now;
		if (!sends) {
			receive_messages(now);
		}
		if (!sends && world.is_managed) {
			bench_say("<r xmlns='urn:xmpp:sm:3'/>");
		}
		bench_counted(sends ? now : 0, 1000);
	}
	if (world.messages != count) {
		fprintf(stderr, "bench-traffic: %zu of %zu messages\n", world.messages, count);
		exit(1);
	}
}

static void keep(size_t count)
{
	world.withholds = true;
	size_t before = mallinfo2().uordblks;
	bench_counted(count, 0);
	printf("unacknowledged %zu messages, %zu bytes each\n", count,
		(mallinfo2().uordblks - before) / count);
}

static char *roster_of(size_t count)
{
	enum {
		LONGEST = 128
	};
	size_t size = (count + 2) * LONGEST;
	char *items = malloc(size);
	if (items == NULL) {
		exit(1);
	}
	size_t len = (size_t)snprintf(items, size, "<query xmlns='jabber:iq:roster'>");
	for (size_t i = 0; i < count; i++) {
		len += (size_t)snprintf(items + len, size - len,
			"<item jid='contact%zu@example.org' name='Contact %zu' "
			"subscription='both'><group>Friends</group></item>",
			i, i);
	}
	snprintf(items + len, size - len, "</query>");
	return items;
}

int main(int argc, char **argv)
{
	uint64_t count;
	if (argc != 3 || envoi_uint_parse(argv[2], 1, 1000000, &count) < 0) {
		fputs("usage: bench-traffic "
		      "echo|blast|echo-managed|blast-managed|unacknowledged|roster|idle COUNT\n",
			stderr);
		return 2;
	}
	bool has_roster = strcmp(argv[1], "roster") == 0;
	char *roster = roster_of(has_roster ? count : 0);
	world.roster = roster;
	bool is_kept = strcmp(argv[1], "unacknowledged") == 0;
	world.is_managed = is_kept || strstr(argv[1], "-managed") != NULL;
	bench_begin("SCRAM-SHA-1", 4096);
	bench_check(envoi_client_add(world.client, &echo));
	bench_log_in();
	if (strcmp(argv[1], "idle") == 0) {
		bench_counted(0, count * 3600 * 1000);
	} else if (is_kept) {
		keep(count);
	} else if (!has_roster) {
		exchange(count, strncmp(argv[1], "blast", strlen("blast")) == 0);
	}
	bench_log_out();
	bench_end();
	free(roster);
	return 0;
}
