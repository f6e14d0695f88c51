/*
 * envoi - a server, brought to each stage of a client's login
 * SPDX-License-Identifier: MIT
 */
#include "server_stages.h"

#include <stdio.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/values.h>

#include "fuzz.h"

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

struct server server;

/* --- sessions --- */

static struct server_slot *find_session(const struct envoi_session *session)
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
		const struct server_slot *slot = &server.slots[i];
		if (slot->session != NULL && envoi_session_stream(slot->session) == stream) {
			return true;
		}
	}
	return false;
}

static void end_session(struct server_slot *slot)
{
	envoi_session_free(slot->session);
	slot->session = NULL;
	slot->program.session = NULL;
}

static void on_session_ready(struct envoi_session_owner *owner, struct envoi_session *session)
{
	struct server_slot *slot = ENVOI_CONTAINER_OF(owner, struct server_slot, owner);
	struct envoi_stream *stream = envoi_session_stream(session);
	slot->is_ready = true;
	EXPECT(envoi_session_is_online(session) && envoi_stream_user(stream) != NULL);
	EXPECT(strcmp(envoi_jid_local(envoi_session_jid(session)), "me") == 0);
}

static void on_session_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	struct server_slot *slot = ENVOI_CONTAINER_OF(owner, struct server_slot, owner);
	EXPECT(why != NULL && envoi_session_stream(session) == NULL);
	slot->is_closed = true;
	slot->closed_code = why->code;
	if (!envoi_session_is_suspended(session)) {
		end_session(slot);
	}
}

static const struct envoi_session_owner_impl owner_impl = {
	.ready = on_session_ready,
	.closed = on_session_closed,
};

/* A session that was resumed has had its stream with another one. */
static void on_received(struct fuzz_program *program)
{
	struct server_slot *slot = ENVOI_CONTAINER_OF(program, struct server_slot, program);
	slot->stanza_count++;
	const struct envoi_stream *stream = envoi_session_stream(program->session);
	EXPECT(stream == NULL || (envoi_stream_bits(stream) & ENVOI_STREAM_AUTHENTICATED) != 0);
}

/* --- hooks --- */

static void answer_binding(void)
{
	struct server_pending pending = server.binding;
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
	server.binding = (struct server_pending){stream, handler, NULL};
	if (!server.answers_later) {
		answer_binding();
	}
}

static bool on_enabled(struct envoi_resumption_hook *hook, struct envoi_session *session,
	uint64_t wanted_s, struct envoi_resumption *resumption)
{
	(void)hook;
	(void)wanted_s;
	const struct server_slot *slot = find_session(session);
	EXPECT(slot != NULL);
	snprintf(resumption->id, sizeof(resumption->id), "s%td", slot - server.slots);
	resumption->max_s = SERVER_RESUMPTION_S;
	return true;
}

static void answer_resumption(void)
{
	struct server_pending pending = server.resumption;
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
							      : SERVER_MOST_SESSIONS;
	EXPECT((envoi_stream_bits(stream) & ENVOI_STREAM_AUTHENTICATED) != 0);
	server.resumption = (struct server_pending){
		stream, handler, number < server.slot_count ? server.slots[number].session : NULL};
	if (!server.answers_later) {
		answer_resumption();
	}
}

static void on_expired(struct envoi_resumption_hook *hook, struct envoi_session *session)
{
	(void)hook;
	struct server_slot *slot = find_session(session);
	EXPECT(slot != NULL);
	end_session(slot);
}

static const struct envoi_bind_hook_impl bind_hook_impl = {.wanted = on_bind_wanted};
static const struct envoi_resumption_hook_impl resumption_hook_impl = {
	.enabled = on_enabled,
	.wanted = on_resumption_wanted,
	.expired = on_expired,
};

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	envoi_sasl_lookup_answer_password(
		lookup, strcmp(lookup->authcid, "me") == 0 ? "secret" : NULL);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};

/* --- making and freeing --- */

static void make_starttls(void)
{
	struct envoi_starttls_options options = {.required = true};
	EXPECT(envoi_tls_config_new_server(&options.config, server.world.context,
		       TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem") == ENVOI_OK);
	EXPECT(envoi_starttls_new(&server.starttls, server.world.context, &options) == ENVOI_OK);
	envoi_tls_config_unref(options.config);
}

static void make(enum server_stage stage, bool answers_later)
{
	server = (struct server){
		.bind_hook.impl = &bind_hook_impl,
		.directory.impl = &directory_impl,
		.resumption_hook.impl = &resumption_hook_impl,
		.answers_later = answers_later,
	};
	fuzz_world_init(&server.world);
	struct envoi_context *context = server.world.context;
	struct envoi_settings *settings = server.world.settings;
	const struct envoi_bind_options binding = {.hook = &server.bind_hook};
	EXPECT(envoi_jid_from_text(&server.domain, context, "example.org") == ENVOI_OK);
	EXPECT(envoi_sasl_receiver_new(&server.sasl, context, settings, &server.directory) ==
		ENVOI_OK);
	EXPECT(envoi_bind_new(&server.bind, context, &binding) == ENVOI_OK);
	EXPECT(envoi_stream_limits_new(&server.limits, context, settings) == ENVOI_OK);
	EXPECT(envoi_stream_management_receiver_new(
		       &server.management, context, &server.resumption_hook) == ENVOI_OK);
	if (stage == SERVER_OPENED || stage == SERVER_HANDSHAKE) {
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

void server_close(uint64_t run_ms)
{
	for (size_t i = 0; i < server.slot_count; i++) {
		fuzz_program_end_promise(&server.slots[i].program);
	}
	server_run(run_ms);
	for (size_t i = 0; i < server.slot_count; i++) {
		if (server.slots[i].session != NULL) {
			envoi_session_close(server.slots[i].session);
		}
	}
	server_run(run_ms);
}

void server_end(void)
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

void server_run(uint64_t duration_ms)
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
static void note_output(void)
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
void server_hear(const char *data, size_t len)
{
	note_output();
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

void server_hear_text(const char *text)
{
	server_hear(text, strlen(text));
	server_run(0);
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
	server_hear_text(AUTH("SCRAM-SHA-1", "$"));
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

static struct server_slot *session_new(void)
{
	EXPECT(server.slot_count < SERVER_MOST_SESSIONS);
	struct server_slot *slot = &server.slots[server.slot_count++];
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
	struct server_slot *slot = session_new();
	EXPECT(envoi_memory_pair_new(&server.pair, server.world.context) == ENVOI_OK);
	EXPECT(envoi_memory_end_new(&server.client, server.pair, ENVOI_MEMORY_A, NULL, NULL) ==
		ENVOI_OK);
	EXPECT(envoi_memory_transport_new(&transport, server.pair, ENVOI_MEMORY_B,
		       server.world.settings, server.starttls == NULL) == ENVOI_OK);
	EXPECT(envoi_stream_new(&stream, server.world.context, &options, transport,
		       envoi_session_sink(slot->session)) == ENVOI_OK);
	EXPECT(envoi_session_attach(slot->session, stream) == ENVOI_OK);
	server_run(0);
}

static void log_in(void)
{
	server_hear_text(HEADER);
	server_hear_text(PLAIN);
	server_hear_text(HEADER);
}

static void go_to_resumption(enum server_stage stage)
{
	envoi_memory_pair_cut(server.pair);
	server_run(0);
	EXPECT(envoi_session_is_suspended(server.slots[0].session));
	fuzz_program_send(&server.slots[0].program);
	connect_client();
	log_in();
	if (stage == SERVER_RESUMED) {
		server_hear_text(RESUME);
	}
}

static void go_online(enum server_stage stage)
{
	bool answers_later = server.answers_later;
	log_in();
	server.answers_later = answers_later && stage == SERVER_BINDING;
	if (stage >= SERVER_BINDING) {
		server_hear_text(BIND);
		EXPECT(server.answers_later || server.slots[0].is_ready);
	}
	if (stage >= SERVER_ENABLED) {
		server_hear_text(ENABLE);
	}
	server.answers_later = answers_later;
	if (stage >= SERVER_SUSPENDED) {
		go_to_resumption(stage);
	}
}

static void go_to(enum server_stage stage)
{
	connect_client();
	if (stage >= SERVER_AUTHENTICATED) {
		go_online(stage);
		return;
	}
	if (stage >= SERVER_OPENED) {
		server_hear_text(HEADER);
	}
	if (stage == SERVER_HANDSHAKE) {
		server_hear_text(STARTTLS);
	} else if (stage == SERVER_CHALLENGED) {
		begin_scram();
	}
}

void server_begin(enum server_stage stage, bool answers_later)
{
	make(stage, answers_later);
	go_to(stage);
}

void server_answer(void)
{
	answer_binding();
	answer_resumption();
}

struct server_slot *server_connect_again(void)
{
	envoi_memory_pair_cut(server.pair);
	server_run(0);
	if (server.starttls != NULL) {
		envoi_handler_destroy(server.starttls);
		server.starttls = NULL;
	}
	connect_client();
	log_in();
	return &server.slots[server.slot_count - 1];
}
