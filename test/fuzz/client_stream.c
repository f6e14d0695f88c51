/*
 * envoi - fuzz target: what the server sends to a client
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that chooses the stage of the login at which the rest is received (enum stage); one
 * whose low six bits are the size of the pieces, 0: one piece, with FOLLOWED and CONTINUED; the
 * bytes of the server, in which `$` stands for the id of the client's last iq. The session must end
 * each ticket, request and started session exactly once, and leave no memory behind.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>

#include "program.h"

#define HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' id='1' from='example.org'>"
#define FEATURES(list) "<stream:features>" list "</stream:features>"
#define STARTTLS_OFFER "<starttls xmlns='" ENVOI_NS_TLS "'/>"
#define SASL_OFFER(name) \
	"<mechanisms xmlns='" ENVOI_NS_SASL "'><mechanism>" name "</mechanism></mechanisms>"
#define SUCCESS "<success xmlns='" ENVOI_NS_SASL "'/>"
#define BIND_OFFER "<bind xmlns='" ENVOI_NS_BIND "'/>"
#define SM_OFFER "<sm xmlns='urn:xmpp:sm:3'/>"
#define BOUND \
	"<iq type='result' id='$'><bind xmlns='" ENVOI_NS_BIND \
	"'><jid>me@example.org/here</jid></bind></iq>"
#define ENABLED "<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true'/>"
#define RESUMED "<resumed xmlns='urn:xmpp:sm:3' previd='s1' h='1'/>"

/* What the session has done when the server's bytes come. */
enum stage {
	STAGE_CONNECTED, /* sent its header */
	STAGE_OPENED, /* received the header of the server */
	STAGE_STARTTLS, /* sent <starttls/> */
	STAGE_SASL, /* sent the first message of SCRAM */
	STAGE_AUTHENTICATED, /* restarted the stream after SASL */
	STAGE_BINDING, /* requested a resource */
	STAGE_ONLINE, /* logged in without stream management */
	STAGE_ENABLING, /* sent <enable/>, and stanzas */
	STAGE_ENABLED, /* received <enabled/> */
	STAGE_SUSPENDED, /* lost that stream, and sent the header of the next one */
	STAGE_RESUMING, /* sent <resume/> */
	STAGE_RESUMED, /* received <resumed/> */
	STAGES,
};

/* Flags of the second byte. */
enum {
	FOLLOWED = 64, /* another stream follows, on which the client logs in again */
	CONTINUED = 128, /* envoi_session_set_continued() */
};

enum {
	RUN_MS = 100000, /* more than the timeouts of the login and of liveness */
};

/* The client's program, and the other end of its connection. */
struct client {
	struct envoi_session_owner owner;
	struct fuzz_world world;
	struct fuzz_program program;
	struct envoi_session *session;
	struct envoi_handler *features[4]; /* of each stream; owned */
	size_t feature_count;
	struct envoi_jid *own;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *server;
	char iq_id[64]; /* of the last iq that the server received */
	unsigned int attached_count, closed_count;
};

/* --- making and freeing --- */

static void on_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	struct client *it = ENVOI_CONTAINER_OF(owner, struct client, owner);
	it->closed_count++;
	EXPECT(why != NULL && envoi_session_stream(session) == NULL);
	EXPECT(it->closed_count <= it->attached_count);
}

static const struct envoi_session_owner_impl owner_impl = {.closed = on_closed};

static struct envoi_handler *make_starttls(struct client *it)
{
	struct envoi_handler *feature;
	struct envoi_starttls_options options = {.required = true};
	EXPECT(envoi_settings_set(it->world.settings, "tls.ca-file", TEST_DATA "/tls/ca.pem") ==
		ENVOI_OK);
	EXPECT(envoi_settings_set(it->world.settings, "tls.system-trust", "false") == ENVOI_OK);
	EXPECT(envoi_tls_config_new(&options.config, it->world.context, it->world.settings) ==
		ENVOI_OK);
	EXPECT(envoi_starttls_new(&feature, it->world.context, &options) == ENVOI_OK);
	envoi_tls_config_unref(options.config);
	return feature;
}

static void make_features(struct client *it, enum stage stage)
{
	struct envoi_sasl_credentials *credentials;
	struct envoi_bind_options binding = {.resource = "here"};
	struct envoi_handler **features = it->features;
	EXPECT(envoi_sasl_password_new(&credentials, it->world.context, NULL, "secret") ==
		ENVOI_OK);
	EXPECT(envoi_sasl_feature_new(&features[0], it->world.context, it->world.settings,
		       credentials) == ENVOI_OK);
	EXPECT(envoi_bind_new(&features[1], it->world.context, &binding) == ENVOI_OK);
	EXPECT(envoi_stream_limits_new(&features[2], it->world.context, it->world.settings) ==
		ENVOI_OK);
	it->feature_count = 3;
	if (stage == STAGE_STARTTLS) {
		features[it->feature_count++] = make_starttls(it);
	}
}

static void make(struct client *it, enum stage stage, bool is_continued)
{
	*it = (struct client){.owner.impl = &owner_impl};
	fuzz_world_init(&it->world);
	EXPECT(envoi_jid_from_text(&it->own, it->world.context, "me@example.org") == ENVOI_OK);
	make_features(it, stage);
	EXPECT(envoi_session_new(&it->session, it->world.context, it->world.settings) == ENVOI_OK);
	envoi_session_set_owner(it->session, &it->owner);
	envoi_session_set_continued(it->session, is_continued);
	fuzz_program_init(&it->program, it->session);
}

static void drop_connection(struct client *it)
{
	envoi_memory_end_free(it->server);
	it->server = NULL;
	it->pair = envoi_memory_pair_unref(it->pair);
}

static void release(struct client *it)
{
	envoi_session_free(it->session);
	fuzz_program_end_promise(&it->program);
	drop_connection(it);
	for (size_t i = 0; i < it->feature_count; i++) {
		envoi_handler_destroy(it->features[i]);
	}
	envoi_jid_unref(it->own);
	fuzz_world_finish(&it->world);
}

/* --- the server --- */

static void run(struct client *it, uint64_t duration_ms)
{
	fuzz_world_run(&it->world, duration_ms);
}

/* Note the id of the last iq. */
static void hear(struct client *it)
{
	struct envoi_buffer *received = envoi_memory_end_received(it->server);
	EXPECT(envoi_buffer_append(received, "", 1) == ENVOI_OK);
	const char *at = envoi_buffer_data(received);
	while ((at = strstr(at, "<iq ")) != NULL) {
		at += 4;
		const char *id = strstr(at, "id='");
		size_t len = id != NULL ? strcspn(id + 4, "'") : sizeof(it->iq_id);
		if (len < sizeof(it->iq_id)) {
			memcpy(it->iq_id, id + 4, len);
			it->iq_id[len] = '\0';
		}
	}
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

/* Sending fails once the client has closed the connection. */
static void say_bytes(struct client *it, const char *data, size_t len)
{
	hear(it);
	while (len > 0) {
		const char *id = memchr(data, '$', len);
		size_t part = id != NULL ? (size_t)(id - data) : len;
		if (envoi_memory_end_send(it->server, data, part) < 0) {
			return;
		}
		data += part;
		len -= part;
		if (id != NULL) {
			if (envoi_memory_end_send(it->server, it->iq_id, strlen(it->iq_id)) < 0) {
				return;
			}
			data++;
			len--;
		}
	}
}

static void say(struct client *it, const char *text)
{
	say_bytes(it, text, strlen(text));
	run(it, 0);
}

static void attach(struct client *it, bool is_secure)
{
	struct envoi_transport *transport;
	struct envoi_stream *stream;
	struct envoi_handler *handlers[8];
	struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.local = it->own,
		.peer_domain = "example.org",
		.required = ENVOI_STREAM_BOUND,
		.handlers = handlers,
		.handler_count = it->feature_count,
		.settings = it->world.settings,
	};
	drop_connection(it);
	memcpy(handlers, it->features, sizeof(it->features));
	options.handler_count += envoi_session_handlers(
		it->session, handlers + it->feature_count, 8 - it->feature_count);
	EXPECT(options.handler_count <= 8);
	EXPECT(envoi_memory_pair_new(&it->pair, it->world.context) == ENVOI_OK);
	EXPECT(envoi_memory_end_new(&it->server, it->pair, ENVOI_MEMORY_B, NULL, NULL) == ENVOI_OK);
	EXPECT(envoi_memory_transport_new(&transport, it->pair, ENVOI_MEMORY_A, it->world.settings,
		       is_secure) == ENVOI_OK);
	EXPECT(envoi_stream_new(&stream, it->world.context, &options, transport,
		       envoi_session_sink(it->session)) == ENVOI_OK);
	EXPECT(envoi_session_attach(it->session, stream) == ENVOI_OK);
	it->attached_count++;
	run(it, 0);
}

static void authenticate(struct client *it)
{
	say(it, HEADER FEATURES(SASL_OFFER("PLAIN")));
	say(it, SUCCESS);
}

static void cut(struct client *it)
{
	envoi_memory_pair_cut(it->pair);
	run(it, 0);
	EXPECT(envoi_session_stream(it->session) == NULL);
}

/* --- stages --- */

static void go_to_first_stages(struct client *it, enum stage stage)
{
	attach(it, stage != STAGE_STARTTLS);
	if (stage == STAGE_OPENED) {
		say(it, HEADER);
	} else if (stage == STAGE_STARTTLS) {
		say(it, HEADER FEATURES(STARTTLS_OFFER));
	} else if (stage == STAGE_SASL) {
		say(it, HEADER FEATURES(SASL_OFFER("SCRAM-SHA-1")));
	} else if (stage >= STAGE_AUTHENTICATED) {
		authenticate(it);
	}
}

static void log_in(struct client *it, enum stage stage)
{
	bool has_management = stage != STAGE_ONLINE;
	say(it,
		has_management ? HEADER FEATURES(BIND_OFFER SM_OFFER)
			       : HEADER FEATURES(BIND_OFFER));
	if (stage >= STAGE_ONLINE) {
		say(it, BOUND);
		EXPECT(envoi_session_is_online(it->session) && it->program.started_count == 1);
	}
	if (stage >= STAGE_ENABLED) {
		say(it, ENABLED);
		fuzz_program_send(&it->program);
		run(it, 0);
	}
}

static void go_to_resumption(struct client *it, enum stage stage)
{
	cut(it);
	EXPECT(envoi_session_is_suspended(it->session));
	fuzz_program_send(&it->program);
	attach(it, true);
	if (stage >= STAGE_RESUMING) {
		authenticate(it);
		say(it, HEADER FEATURES(BIND_OFFER SM_OFFER));
	}
	if (stage >= STAGE_RESUMED) {
		say(it, RESUMED);
		EXPECT(envoi_session_is_online(it->session) && it->program.ended_count == 0);
	}
}

static void go_to(struct client *it, enum stage stage)
{
	go_to_first_stages(it, stage);
	if (stage >= STAGE_BINDING) {
		log_in(it, stage);
	}
	if (stage >= STAGE_SUSPENDED) {
		go_to_resumption(it, stage);
	}
}

/* @param piece  bytes at a time; 0: all */
static void say_input(struct client *it, const struct fuzz_input *input, size_t piece)
{
	const char *data = (const char *)input->data;
	size_t len = input->len;
	while (len > 0) {
		size_t part = piece == 0 || piece > len ? len : piece;
		say_bytes(it, data, part);
		run(it, 0);
		data += part;
		len -= part;
	}
}

static void follow(struct client *it)
{
	cut(it);
	attach(it, true);
	authenticate(it);
	say(it, HEADER FEATURES(BIND_OFFER SM_OFFER));
	say(it, BOUND);
	fuzz_program_send(&it->program);
	run(it, RUN_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct client client;
	struct fuzz_input input = {data, size};
	enum stage stage = (enum stage)(fuzz_byte(&input) % STAGES);
	unsigned int options = fuzz_byte(&input);
	make(&client, stage, (options & CONTINUED) != 0);
	go_to(&client, stage);
	say_input(&client, &input, options % FOLLOWED);
	fuzz_program_send(&client.program);
	run(&client, 1000);
	fuzz_program_end_promise(&client.program);
	run(&client, RUN_MS);
	if ((options & FOLLOWED) != 0) {
		follow(&client);
	}
	envoi_session_close(client.session);
	run(&client, RUN_MS);
	release(&client);
	fuzz_program_check(&client.program);
	EXPECT(client.closed_count == client.attached_count);
	return 0;
}
