/*
 * envoi - fuzz target: what a component sends to a server, and a server to a component
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that chooses who receives the rest, and at which stage (enum stage); one whose low
 * six bits are the size of the pieces, 0: one piece, with FOLLOWED and LATER; the bytes of the
 * peer, in which `$` stands for the proof of the secret, or for the id of the component's last iq.
 * Nothing reaches the program before the handshake, nor from another domain; each connection ends
 * once and leaves no memory behind; a component that complies is served afterwards.
 */
#include <envoi/accept_component.h>
#include <envoi/envoi.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/memory.h>

#include "fuzz.h"
#include "program.h"

#include <stdio.h>
#include <string.h>

#include "features/handshake.h" /* the proof of the secret */

#define HEADER(attributes) \
	"<stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' " attributes ">"
#define DOMAIN "gw.example.org"

enum stage {
	SERVER_CONNECTED, /* the server receives: nothing has come before */
	SERVER_OPENED, /* the header of the component */
	SERVER_ASKED, /* its handshake; the secret is looked up */
	SERVER_ONLINE,
	COMPONENT_CONNECTED, /* the component receives: it has sent its header */
	COMPONENT_OPENED, /* it has sent its handshake */
	COMPONENT_ONLINE,
	STAGES,
};

/* Flags of the second byte. */
enum {
	FOLLOWED = 64, /* another component of the name connects, behind the first */
	LATER = 128, /* the secret is looked up until the rest has come */
};

enum {
	RUN_MS = 100000, /* more than the timeouts of a login */
};

static struct {
	struct fuzz_world world;
	struct envoi_accept_hook hook;
	struct envoi_component_directory directory;
	struct envoi_acceptor *acceptor;
	struct envoi_component_lookup *open; /* not answered yet */
	bool answers_later;
	unsigned int accepted, ended, ready;
	struct envoi_component *component;
	struct fuzz_program program; /* of the component */
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *peer;
	char reply[128]; /* what `$` stands for */
} f;

/* --- the server --- */

static void answer(void)
{
	struct envoi_component_lookup *lookup = f.open;
	f.open = NULL;
	if (lookup != NULL) {
		bool is_known = strcmp(lookup->domain, DOMAIN) == 0;
		envoi_component_lookup_answer(lookup, is_known ? ENVOI_OK : ENVOI_ERR_NOT_FOUND,
			is_known ? "secret" : NULL);
	}
}

static void look_up(
	struct envoi_component_directory *directory, struct envoi_component_lookup *lookup)
{
	(void)directory;
	EXPECT(f.open == NULL && lookup->accepted != NULL);
	f.open = lookup;
	if (!f.answers_later) {
		answer();
	}
}

static void on_cancel(
	struct envoi_component_directory *directory, struct envoi_component_lookup *lookup)
{
	(void)directory;
	EXPECT(f.open == lookup);
	f.open = NULL;
}

static const struct envoi_component_directory_impl directory_impl = {look_up, on_cancel};

static void on_ready(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	(void)hook;
	EXPECT(strcmp(envoi_accepted_domain(accepted), DOMAIN) == 0);
	f.ready++;
}

static int on_stanza(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	(void)hook;
	EXPECT(envoi_accepted_jid(accepted) != NULL && from != NULL);
	EXPECT(strcmp(envoi_jid_domain(from), DOMAIN) == 0);
	EXPECT(envoi_stanza_to_text(stanza) != NULL);
	return ENVOI_OK;
}

static void on_ended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	(void)hook;
	EXPECT(why != NULL && envoi_accepted_session(accepted) == NULL);
	f.ended++;
}

static const struct envoi_accept_hook_impl hook_impl = {
	.ready = on_ready, .stanza = on_stanza, .ended = on_ended};

/* Clients are not accepted. */
static void look_up_nobody(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	envoi_sasl_lookup_answer_password(lookup, NULL);
}

static void make_acceptor(void)
{
	static const struct envoi_sasl_directory_impl nobody_impl = {.look_up = look_up_nobody};
	static struct envoi_sasl_directory nobody = {.impl = &nobody_impl};
	const struct envoi_acceptor_options options = {
		.directory = &nobody, .settings = f.world.settings, .hook = &f.hook};
	EXPECT(envoi_acceptor_new(&f.acceptor, f.world.context, &options) == ENVOI_OK);
	EXPECT(envoi_acceptor_add_domain(f.acceptor, "example.org") == ENVOI_OK);
	EXPECT(envoi_acceptor_set_components(f.acceptor, &f.directory) == ENVOI_OK);
}

static int accept_pair(struct envoi_memory_pair *pair)
{
	struct envoi_transport *transport;
	EXPECT(envoi_memory_transport_new(
		       &transport, pair, ENVOI_MEMORY_B, f.world.settings, true) == ENVOI_OK);
	int r = envoi_acceptor_accept_component(f.acceptor, transport, "192.0.2.1", NULL);
	f.accepted += r == ENVOI_OK;
	return r;
}

/* --- the peer --- */

static void drop_peer(void)
{
	envoi_memory_end_free(f.peer);
	f.peer = NULL;
	f.pair = envoi_memory_pair_unref(f.pair);
}

/* Copy what is between the last occurrence of @p before and the next apostrophe. */
static bool find_last(const char *in, const char *before, char ret_text[64])
{
	const char *at, *last = NULL;
	while ((at = strstr(in, before)) != NULL) {
		last = in = at + strlen(before);
	}
	size_t len = last != NULL ? strcspn(last, "'") : 64;
	if (len >= 64) {
		return false;
	}
	memcpy(ret_text, last, len);
	ret_text[len] = '\0';
	return true;
}

static void note_output(void)
{
	struct envoi_buffer *received = envoi_memory_end_received(f.peer);
	char id[64];
	EXPECT(envoi_buffer_append(received, "", 1) == ENVOI_OK);
	if (find_last(envoi_buffer_data(received), " id='", id)) {
		if (f.component == NULL) {
			EXPECT(envoi__handshake_hash(f.reply, f.world.context, id, "secret") ==
				ENVOI_OK);
		} else {
			snprintf(f.reply, sizeof(f.reply), "%s", id);
		}
	}
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

/* Sending fails once the other side has closed the connection. */
static void say(const char *data, size_t len)
{
	if (f.peer == NULL) {
		return;
	}
	note_output();
	for (size_t i = 0; i < len; i++) {
		const char *part = data[i] == '$' ? f.reply : &data[i];
		if (envoi_memory_end_send(f.peer, part, data[i] == '$' ? strlen(f.reply) : 1) < 0) {
			return;
		}
	}
}

static void say_text(const char *text)
{
	say(text, strlen(text));
	fuzz_world_run(&f.world, 0);
}

static void connect_to_server(void)
{
	drop_peer();
	EXPECT(envoi_memory_pair_new(&f.pair, f.world.context) == ENVOI_OK);
	EXPECT(envoi_memory_end_new(&f.peer, f.pair, ENVOI_MEMORY_A, NULL, NULL) == ENVOI_OK);
	EXPECT(accept_pair(f.pair) == ENVOI_OK);
	fuzz_world_run(&f.world, 0);
}

/* --- the component --- */

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)user;
	(void)domain;
	drop_peer();
	f.pair = envoi_memory_pair_ref(pair);
	return envoi_memory_end_new(&f.peer, pair, ENVOI_MEMORY_B, NULL, NULL);
}

static void make_component(void)
{
	struct envoi_connector *connector;
	struct envoi_context *context = f.world.context;
	EXPECT(envoi_component_new_with(&f.component, context, DOMAIN, f.world.settings) ==
		ENVOI_OK);
	EXPECT(envoi_memory_connector_new(&connector, context, on_connect, NULL, true) == ENVOI_OK);
	EXPECT(envoi_component_add_connector(f.component, connector) == ENVOI_OK);
	EXPECT(envoi_component_set_secret(f.component, "secret") == ENVOI_OK);
	fuzz_program_init(&f.program, envoi_component_session(f.component));
	struct envoi_stanza *presence = envoi_presence_new(context, ENVOI_TYPE_AVAILABLE, NULL);
	EXPECT(envoi_component_set_presence(f.component, "a@" DOMAIN, presence) == ENVOI_OK);
	EXPECT(envoi_component_set_presence(f.component, "a@" DOMAIN "/r", presence) == ENVOI_OK);
	envoi_stanza_unref(presence);
	EXPECT(envoi_component_load_subscription(f.component, "a@" DOMAIN, "b@example.org",
		       ENVOI_COMPONENT_FROM) == ENVOI_OK);
	EXPECT(envoi_component_connect(f.component) == ENVOI_OK);
	fuzz_world_run(&f.world, 0);
}

/* --- stages --- */

static void go_to(enum stage stage)
{
	bool answers_later = f.answers_later;
	if (stage >= COMPONENT_CONNECTED) {
		make_component();
		if (stage >= COMPONENT_OPENED) {
			say_text(HEADER("id='i' from='" DOMAIN "'"));
		}
		if (stage == COMPONENT_ONLINE) {
			say_text("<handshake/>");
			EXPECT(envoi_component_state(f.component) == ENVOI_COMPONENT_ONLINE);
		}
		return;
	}
	connect_to_server();
	f.answers_later = answers_later && stage == SERVER_ASKED;
	if (stage >= SERVER_OPENED) {
		say_text(HEADER("to='" DOMAIN "'"));
	}
	if (stage >= SERVER_ASKED) {
		say_text("<handshake>$</handshake>");
		EXPECT(f.ready == 1 || f.answers_later);
	}
	f.answers_later = answers_later;
}

/* A component of the name that complies is online, or another one of the name is. */
static void follow(void)
{
	f.answers_later = false;
	answer();
	envoi_memory_pair_cut(f.pair);
	fuzz_world_run(&f.world, RUN_MS);
	unsigned int before = f.ready;
	connect_to_server();
	say_text(HEADER("to='" DOMAIN "'"));
	say_text("<handshake>$</handshake>");
	EXPECT(f.ready == before + 1);
}

static void finish(void)
{
	envoi_component_free(f.component);
	if (f.component != NULL) {
		f.program.session = NULL;
		fuzz_program_end_promise(&f.program);
	}
	envoi_acceptor_free(f.acceptor);
	EXPECT(f.ended == f.accepted && f.open == NULL);
	drop_peer();
	fuzz_world_finish(&f.world);
	if (f.component != NULL) {
		fuzz_program_check(&f.program);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	enum stage stage = (enum stage)(fuzz_byte(&input) % STAGES);
	unsigned int options = fuzz_byte(&input);
	size_t piece = options % FOLLOWED;
	memset(&f, 0, sizeof(f));
	f.hook.impl = &hook_impl;
	f.directory.impl = &directory_impl;
	f.answers_later = (options & LATER) != 0;
	fuzz_world_init(&f.world);
	make_acceptor();
	go_to(stage);
	while (input.len > 0) {
		size_t part = piece == 0 || piece > input.len ? input.len : piece;
		say((const char *)input.data, part);
		fuzz_world_run(&f.world, 0);
		input.data += part;
		input.len -= part;
	}
	answer();
	fuzz_world_run(&f.world, 1000);
	if ((options & FOLLOWED) != 0 && f.component == NULL) {
		follow();
	}
	fuzz_world_run(&f.world, RUN_MS);
	fuzz_program_end_promise(&f.program);
	if (f.component != NULL) {
		envoi_component_disconnect(f.component);
	}
	fuzz_world_run(&f.world, RUN_MS);
	finish();
	return 0;
}
