/*
 * envoi - fuzz target: what a client sends to a server
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte that chooses the stage of the login at which the rest is received (enum stage); one
 * whose low six bits are the size of the pieces, 0: one piece, with FOLLOWED and LATER; the bytes
 * of the client, in which `$` stands for the id of the server's last iq, or for the response to its
 * last challenge. No stanza may reach the program before a login, each session must end once, and
 * leave no memory behind, and another client must be able to log in.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/session.h>
#include <envoi/memory.h>
#include <envoi/values.h>

#include "program.h"

#define HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0' to='example.org'>"
#define STARTTLS "<starttls xmlns='" ENVOI_NS_TLS "'/>"
#define AUTH(mechanism, data) \
	"<auth xmlns='" ENVOI_NS_SASL "' mechanism='" mechanism "'>" data "</auth>"
#define PLAIN AUTH("PLAIN", "AG1lAHNlY3JldA==") /* me, secret */
#define BIND "<iq type='set' id='b'><bind xmlns='" ENVOI_NS_BIND "'/></iq>"
#define ENABLE "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
#define RESUME "<resume xmlns='urn:xmpp:sm:3' previd='s0' h='0'/>"

/* What the client has sent when its bytes come, and the server has answered. */
enum stage {
	STAGE_CONNECTED, /* nothing */
	STAGE_OPENED, /* its header; STARTTLS is required */
	STAGE_HANDSHAKE, /* <starttls/> */
	STAGE_CHALLENGED, /* the first message of SCRAM */
	STAGE_AUTHENTICATED, /* the header after SASL */
	STAGE_BINDING, /* a request for a resource; not answered before the rest came with LATER */
	STAGE_ONLINE,
	STAGE_ENABLED, /* <enable/>; the server has sent stanzas */
	STAGE_SUSPENDED, /* that connection was lost, and the header after SASL on the next one */
	STAGE_RESUMED, /* <resume/>; not answered before the rest came with LATER */
	STAGES,
};

/* Flags of the second byte. */
enum {
	FOLLOWED = 64, /* the client connects again, and resumes or logs in */
	LATER = 128, /* binding and resumption are answered after the rest has come */
};

enum {
	MOST_SESSIONS = 8,
	RUN_MS = 100000, /* more than the timeouts of the login and of resumption */
	RESUMPTION_S = 30,
};

/* One connection, and the session that it has become. */
struct slot {
	struct envoi_session_owner owner;
	struct fuzz_program program;
	struct envoi_session *session; /* NULL: freed */
	bool is_ready;
};

/* A request to the application that is not answered yet. */
struct pending {
	struct envoi_stream *stream; /* NULL: none */
	struct envoi_handler *handler;
	struct envoi_session *session; /* to resume */
};

/* The server, and the other end of its last connection. */
struct server {
	struct fuzz_world world;
	struct envoi_handler *starttls, *sasl, *bind, *limits, *management;
	struct envoi_bind_hook bind_hook;
	struct envoi_resumption_hook resumption_hook;
	struct envoi_jid *domain;
	bool answers_later;
	struct pending binding, resumption;
	struct slot slots[MOST_SESSIONS];
	size_t slot_count;
	unsigned int resource_count;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *client;
	struct envoi_sasl_exchange *exchange; /* of the client */
	char reply[1024]; /* what `$` stands for */
};

static struct server server;

/* --- sessions --- */

static struct slot *find_session(const struct envoi_session *session)
{
	for (size_t i = 0; i < server.slot_count; i++) {
		if (server.slots[i].session == session) {
			return &server.slots[i];
		}
	}
	return NULL;
}

static bool has_stream(const struct envoi_stream *stream)
{
	for (size_t i = 0; i < server.slot_count; i++) {
		const struct slot *slot = &server.slots[i];
		if (slot->session != NULL && envoi_session_stream(slot->session) == stream) {
			return true;
		}
	}
	return false;
}

static void end_session(struct slot *slot)
{
	envoi_session_free(slot->session);
	slot->session = NULL;
	slot->program.session = NULL;
}

static void on_session_ready(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct slot *slot = ENVOI_CONTAINER_OF(owner, struct slot, owner);
	struct envoi_stream *stream = envoi_session_stream(session);
	slot->is_ready = true;
	EXPECT(envoi_session_is_online(session) && envoi_stream_user(stream) != NULL);
	EXPECT(strcmp(envoi_jid_local(envoi_session_jid(session)), "me") == 0);
}

static void on_session_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	EXPECT(why != NULL && envoi_session_stream(session) == NULL);
	if (!envoi_session_is_suspended(session)) {
		end_session(ENVOI_CONTAINER_OF(owner, struct slot, owner));
	}
}

static const struct envoi_session_owner_impl owner_impl = {
	.ready = on_session_ready,
	.closed = on_session_closed,
};

/* A session that was resumed has had its stream with another one. */
static void on_received(struct fuzz_program *program)
{
	const struct envoi_stream *stream = envoi_session_stream(program->session);
	EXPECT(stream == NULL || (envoi_stream_bits(stream) & ENVOI_STREAM_AUTHENTICATED) != 0);
}

/* --- hooks --- */

static void answer_binding(void)
{
	struct pending pending = server.binding;
	struct envoi_jid *jid;
	char resource[16];
	server.binding.stream = NULL;
	if (pending.stream == NULL || !has_stream(pending.stream)) {
		return;
	}
	snprintf(resource, sizeof(resource), "r%u", ++server.resource_count);
	EXPECT(envoi_jid_from_parts(&jid, server.world.context, envoi_stream_user(pending.stream),
		       "example.org", resource) == ENVOI_OK);
	(void)envoi_bind_answer(pending.stream, pending.handler, jid, ENVOI_STANZA_NO_CONDITION);
	envoi_jid_unref(jid);
}

static void on_bind_wanted(struct envoi_bind_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	(void)hook;
	(void)resource;
	EXPECT((envoi_stream_bits(stream) & ENVOI_STREAM_AUTHENTICATED) != 0);
	server.binding = (struct pending){stream, handler, NULL};
	if (!server.answers_later) {
		answer_binding();
	}
}

static bool on_enabled(struct envoi_resumption_hook *hook, struct envoi_session *session,
	uint64_t wanted_s, struct envoi_resumption *resumption)
{
	(void)hook;
	(void)wanted_s;
	const struct slot *slot = find_session(session);
	EXPECT(slot != NULL);
	snprintf(resumption->id, sizeof(resumption->id), "s%td", slot - server.slots);
	resumption->max_s = RESUMPTION_S;
	return true;
}

static void answer_resumption(void)
{
	struct pending pending = server.resumption;
	server.resumption.stream = NULL;
	if (pending.stream == NULL || !has_stream(pending.stream)) {
		return;
	}
	bool is_kept = pending.session != NULL && find_session(pending.session) != NULL;
	(void)envoi_resumption_answer(
		pending.stream, pending.handler, is_kept ? pending.session : NULL);
}

static void on_resumption_wanted(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd)
{
	(void)hook;
	size_t number = previd[0] == 's' && previd[1] != '\0' ? (size_t)(previd[1] - '0')
							      : MOST_SESSIONS;
	EXPECT((envoi_stream_bits(stream) & ENVOI_STREAM_AUTHENTICATED) != 0);
	server.resumption = (struct pending){
		stream, handler, number < server.slot_count ? server.slots[number].session : NULL};
	if (!server.answers_later) {
		answer_resumption();
	}
}

static void on_expired(struct envoi_resumption_hook *hook, struct envoi_session *session)
{
	(void)hook;
	struct slot *slot = find_session(session);
	EXPECT(slot != NULL);
	end_session(slot);
}

static const struct envoi_bind_hook_impl bind_hook_impl = {.wanted = on_bind_wanted};
static const struct envoi_resumption_hook_impl resumption_hook_impl = {
	.enabled = on_enabled,
	.wanted = on_resumption_wanted,
	.expired = on_expired,
};

static int look_up(void *user, const char *authcid, char **ret_password)
{
	(void)user;
	if (strcmp(authcid, "me") != 0) {
		return ENVOI_ERR_NOT_FOUND;
	}
	*ret_password = envoi_strndup(server.world.context, "secret", 6);
	EXPECT(*ret_password != NULL);
	return ENVOI_OK;
}

/* --- making and freeing --- */

static void make_starttls(void)
{
	struct envoi_starttls_options options = {.required = true};
	EXPECT(envoi_tls_config_new_server(&options.config, server.world.context,
		       TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem") == ENVOI_OK);
	EXPECT(envoi_starttls_new(&server.starttls, server.world.context, &options) == ENVOI_OK);
	envoi_tls_config_unref(options.config);
}

static void make(enum stage stage, bool answers_later)
{
	server = (struct server){
		.bind_hook.impl = &bind_hook_impl,
		.resumption_hook.impl = &resumption_hook_impl,
		.answers_later = answers_later,
	};
	fuzz_world_init(&server.world);
	struct envoi_context *context = server.world.context;
	struct envoi_settings *settings = server.world.settings;
	const struct envoi_sasl_accounts accounts = {.lookup = look_up};
	const struct envoi_bind_options binding = {.hook = &server.bind_hook};
	EXPECT(envoi_jid_from_text(&server.domain, context, "example.org") == ENVOI_OK);
	EXPECT(envoi_sasl_receiver_new(&server.sasl, context, settings, &accounts) == ENVOI_OK);
	EXPECT(envoi_bind_new(&server.bind, context, &binding) == ENVOI_OK);
	EXPECT(envoi_stream_limits_new(&server.limits, context, settings) == ENVOI_OK);
	EXPECT(envoi_stream_management_receiver_new(
		       &server.management, context, &server.resumption_hook) == ENVOI_OK);
	if (stage == STAGE_OPENED || stage == STAGE_HANDSHAKE) {
		make_starttls();
	}
}

static void drop_connection(void)
{
	envoi_memory_end_free(server.client);
	server.client = NULL;
	server.pair = envoi_memory_pair_unref(server.pair);
	envoi_sasl_free(server.exchange);
	server.exchange = NULL;
	server.reply[0] = '\0';
}

static void release(void)
{
	for (size_t i = 0; i < server.slot_count; i++) {
		end_session(&server.slots[i]);
		fuzz_program_end_promise(&server.slots[i].program);
	}
	drop_connection();
	envoi_handler_destroy(server.starttls);
	envoi_handler_destroy(server.sasl);
	envoi_handler_destroy(server.bind);
	envoi_handler_destroy(server.limits);
	envoi_handler_destroy(server.management);
	envoi_jid_unref(server.domain);
	fuzz_world_finish(&server.world);
	for (size_t i = 0; i < server.slot_count; i++) {
		fuzz_program_check(&server.slots[i].program);
	}
}

/* --- the client --- */

static void run(uint64_t duration_ms)
{
	fuzz_world_run(&server.world, duration_ms);
}

/* Copy what is between the last occurrence of @p before and the next @p after.
 * @return whether there is one */
static bool find_last(char ret_text[1024], const char *in, const char *before, char after)
{
	const char *at, *last = NULL;
	while ((at = strstr(in, before)) != NULL) {
		last = in = at + strlen(before);
	}
	const char *end = last != NULL ? strchr(last, after) : NULL;
	if (end == NULL || end - last >= 1024) {
		return false;
	}
	memcpy(ret_text, last, (size_t)(end - last));
	ret_text[end - last] = '\0';
	return true;
}

/* @param in  NULL: the first message */
static void make_response(const char *in, size_t len)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, server.world.context, 0);
	int r;
	do {
		r = envoi_sasl_step(server.exchange, in, len, &out);
		in = NULL;
		len = 0;
	} while (r == ENVOI_SASL_BUSY);
	if (r >= 0 && envoi_base64_encoded_size(envoi_buffer_len(&out)) <= sizeof(server.reply)) {
		envoi_base64_encode(server.reply, envoi_buffer_data(&out), envoi_buffer_len(&out));
	}
	envoi_buffer_finish(&out);
}

/* Note what `$` stands for. */
static void hear(void)
{
	struct envoi_buffer *received = envoi_memory_end_received(server.client);
	char text[1024];
	size_t len;
	EXPECT(envoi_buffer_append(received, "", 1) == ENVOI_OK);
	const char *all = envoi_buffer_data(received);
	if (find_last(text, all, "<iq ", '>') && strstr(text, "id='") != NULL) {
		find_last(server.reply, text, "id='", '\'');
	}
	if (server.exchange != NULL &&
		find_last(text, all, "<challenge xmlns='" ENVOI_NS_SASL "'>", '<') &&
		envoi_base64_decode(text, &len, text, strlen(text)) == ENVOI_OK) {
		make_response(text, len);
	}
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

/* Sending fails once the server has closed the connection. */
static void say_bytes(const char *data, size_t len)
{
	hear();
	while (len > 0) {
		const char *reply = memchr(data, '$', len);
		size_t part = reply != NULL ? (size_t)(reply - data) : len;
		if (envoi_memory_end_send(server.client, data, part) < 0) {
			return;
		}
		data += part;
		len -= part;
		if (reply != NULL) {
			size_t reply_len = strlen(server.reply);
			if (envoi_memory_end_send(server.client, server.reply, reply_len) < 0) {
				return;
			}
			data++;
			len--;
		}
	}
}

static void say(const char *text)
{
	say_bytes(text, strlen(text));
	run(0);
}

static void begin_scram(void)
{
	const struct envoi_sasl_parameters parameters = {
		.role = ENVOI_INITIATOR,
		.authcid = "me",
		.password = "secret",
		.hostname = "example.org",
	};
	EXPECT(envoi_sasl_start(&server.exchange, server.world.context,
		       envoi_sasl_find(server.world.context, "SCRAM-SHA-1"),
		       &parameters) == ENVOI_OK);
	make_response(NULL, 0);
	say(AUTH("SCRAM-SHA-1", "$"));
}

/* --- connections --- */

static size_t list_handlers(struct envoi_handler *handlers[5])
{
	struct envoi_handler *all[] = {
		server.starttls, server.sasl, server.bind, server.limits, server.management};
	size_t count = 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i] != NULL) {
			handlers[count++] = all[i];
		}
	}
	return count;
}

static struct slot *session_new(void)
{
	EXPECT(server.slot_count < MOST_SESSIONS);
	struct slot *slot = &server.slots[server.slot_count++];
	slot->owner.impl = &owner_impl;
	EXPECT(envoi_session_new(&slot->session, server.world.context, server.world.settings) ==
		ENVOI_OK);
	envoi_session_set_owner(slot->session, &slot->owner);
	fuzz_program_init(&slot->program, slot->session);
	slot->program.received = on_received;
	return slot;
}

static void connect_client(void)
{
	struct envoi_handler *handlers[5];
	struct envoi_transport *transport;
	struct envoi_stream *stream;
	struct envoi_stream_options options = {
		.role = ENVOI_RECEIVER,
		.local = server.domain,
		.required = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
		.handlers = handlers,
		.handler_count = list_handlers(handlers),
		.settings = server.world.settings,
	};
	drop_connection();
	struct slot *slot = session_new();
	EXPECT(envoi_memory_pair_new(&server.pair, server.world.context) == ENVOI_OK);
	EXPECT(envoi_memory_end_new(&server.client, server.pair, ENVOI_MEMORY_A, NULL, NULL) ==
		ENVOI_OK);
	EXPECT(envoi_memory_transport_new(&transport, server.pair, ENVOI_MEMORY_B,
		       server.world.settings, server.starttls == NULL) == ENVOI_OK);
	EXPECT(envoi_stream_new(&stream, server.world.context, &options, transport,
		       envoi_session_sink(slot->session)) == ENVOI_OK);
	EXPECT(envoi_session_attach(slot->session, stream) == ENVOI_OK);
	run(0);
}

static void log_in(void)
{
	say(HEADER);
	say(PLAIN);
	say(HEADER);
}

static void go_to_resumption(enum stage stage)
{
	envoi_memory_pair_cut(server.pair);
	run(0);
	EXPECT(envoi_session_is_suspended(server.slots[0].session));
	fuzz_program_send(&server.slots[0].program);
	connect_client();
	log_in();
	if (stage == STAGE_RESUMED) {
		say(RESUME);
	}
}

static void go_online(enum stage stage)
{
	bool answers_later = server.answers_later;
	log_in();
	server.answers_later = answers_later && stage == STAGE_BINDING;
	if (stage >= STAGE_BINDING) {
		say(BIND);
		EXPECT(server.answers_later || server.slots[0].is_ready);
	}
	if (stage >= STAGE_ENABLED) {
		say(ENABLE);
	}
	server.answers_later = answers_later;
	if (stage >= STAGE_SUSPENDED) {
		go_to_resumption(stage);
	}
}

static void go_to(enum stage stage)
{
	connect_client();
	if (stage >= STAGE_AUTHENTICATED) {
		go_online(stage);
		return;
	}
	if (stage >= STAGE_OPENED) {
		say(HEADER);
	}
	if (stage == STAGE_HANDSHAKE) {
		say(STARTTLS);
	} else if (stage == STAGE_CHALLENGED) {
		begin_scram();
	}
}

/* @param piece  bytes at a time; 0: all */
static void say_input(const struct fuzz_input *input, size_t piece)
{
	const char *data = (const char *)input->data;
	size_t len = input->len;
	while (len > 0) {
		size_t part = piece == 0 || piece > len ? len : piece;
		say_bytes(data, part);
		run(0);
		data += part;
		len -= part;
	}
}

static bool is_any_ready(size_t from)
{
	for (size_t i = from; i < server.slot_count; i++) {
		if (server.slots[i].is_ready) {
			return true;
		}
	}
	return false;
}

/* Whatever came before, a client that does as it should is served. */
static void follow(void)
{
	envoi_memory_pair_cut(server.pair);
	run(0);
	if (server.starttls != NULL) {
		envoi_handler_destroy(server.starttls);
		server.starttls = NULL;
	}
	size_t before = server.slot_count;
	server.answers_later = false;
	connect_client();
	log_in();
	say(RESUME);
	bool is_resumed = envoi_memory_end_is_over(server.client) ||
		(server.slots[0].session != NULL &&
			envoi_session_is_online(server.slots[0].session));
	say(BIND);
	EXPECT(is_resumed || is_any_ready(before));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	enum stage stage = (enum stage)(fuzz_byte(&input) % STAGES);
	unsigned int options = fuzz_byte(&input);
	make(stage, (options & LATER) != 0);
	go_to(stage);
	say_input(&input, options % FOLLOWED);
	answer_binding();
	answer_resumption();
	run(1000);
	if ((options & FOLLOWED) != 0) {
		follow();
	}
	run(RUN_MS);
	for (size_t i = 0; i < server.slot_count; i++) {
		fuzz_program_end_promise(&server.slots[i].program);
	}
	run(RUN_MS);
	for (size_t i = 0; i < server.slot_count; i++) {
		if (server.slots[i].session != NULL) {
			envoi_session_close(server.slots[i].session);
		}
	}
	run(RUN_MS);
	release();
	return 0;
}
