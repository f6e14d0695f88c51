/*
 * envoi - a client's session, brought to each stage of its login
 * SPDX-License-Identifier: MIT
 */
#include "client_stages.h"

#include <string.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/features.h>

#include "fuzz.h"

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

struct client client;

/* --- making and freeing --- */

static void on_closed(struct envoi_session_owner *owner, struct envoi_session *session,
	const struct envoi_failure *why)
{
	(void)owner;
	client.closed_count++;
	client.closed_code = why->code;
	EXPECT(why != NULL && envoi_session_stream(session) == NULL);
	EXPECT(client.closed_count <= client.attached_count);
}

static void on_received(struct fuzz_program *program)
{
	(void)program;
	client.stanza_count++;
}

static const struct envoi_session_owner_impl owner_impl = {.closed = on_closed};

static struct envoi_handler *make_starttls(void)
{
	struct envoi_handler *feature;
	struct envoi_starttls_options options = {.required = true};
	EXPECT(envoi_settings_set(client.world.settings, "tls.ca-file", TEST_DATA "/tls/ca.pem") ==
		ENVOI_OK);
	EXPECT(envoi_settings_set(client.world.settings, "tls.system-trust", "false") == ENVOI_OK);
	EXPECT(envoi_tls_config_new(&options.config, client.world.context, client.world.settings) ==
		ENVOI_OK);
	EXPECT(envoi_starttls_new(&feature, client.world.context, &options) == ENVOI_OK);
	envoi_tls_config_unref(options.config);
	return feature;
}

static void make_features(enum client_stage stage)
{
	struct envoi_sasl_credentials *credentials;
	struct envoi_bind_options binding = {.resource = "here"};
	struct envoi_handler **features = client.features;
	EXPECT(envoi_sasl_password_new(&credentials, client.world.context, NULL, "secret") ==
		ENVOI_OK);
	EXPECT(envoi_sasl_feature_new(&features[0], client.world.context, client.world.settings,
		       credentials) == ENVOI_OK);
	EXPECT(envoi_bind_new(&features[1], client.world.context, &binding) == ENVOI_OK);
	EXPECT(envoi_stream_limits_new(&features[2], client.world.context, client.world.settings) ==
		ENVOI_OK);
	client.feature_count = 3;
	if (stage == CLIENT_STARTTLS) {
		features[client.feature_count++] = make_starttls();
	}
}

static void make(enum client_stage stage, bool is_continued)
{
	client = (struct client){.owner.impl = &owner_impl};
	fuzz_world_init(&client.world);
	EXPECT(envoi_jid_from_text(&client.own, client.world.context, "me@example.org") ==
		ENVOI_OK);
	make_features(stage);
	EXPECT(envoi_session_new(&client.session, client.world.context, client.world.settings) ==
		ENVOI_OK);
	envoi_session_set_owner(client.session, &client.owner);
	envoi_session_set_continued(client.session, is_continued);
	fuzz_program_init(&client.program, client.session);
	client.program.received = on_received;
}

static void drop_connection(void)
{
	envoi_memory_end_free(client.server);
	client.server = NULL;
	client.pair = envoi_memory_pair_unref(client.pair);
}

void client_end(void)
{
	envoi_session_free(client.session);
	fuzz_program_end_promise(&client.program);
	drop_connection();
	for (size_t i = 0; i < client.feature_count; i++) {
		envoi_handler_destroy(client.features[i]);
	}
	envoi_jid_unref(client.own);
	fuzz_world_finish(&client.world);
	fuzz_program_check(&client.program);
	EXPECT(client.closed_count == client.attached_count);
}

/* --- the server --- */

void client_run(uint64_t duration_ms)
{
	fuzz_world_run(&client.world, duration_ms);
}

/* Note the id of the last iq. */
static void note_output(void)
{
	struct envoi_buffer *received = envoi_memory_end_received(client.server);
	EXPECT(envoi_buffer_append(received, "", 1) == ENVOI_OK);
	const char *at = envoi_buffer_data(received);
	while ((at = strstr(at, "<iq ")) != NULL) {
		at += 4;
		const char *id = strstr(at, "id='");
		size_t len = id != NULL ? strcspn(id + 4, "'") : sizeof(client.iq_id);
		if (len < sizeof(client.iq_id)) {
			memcpy(client.iq_id, id + 4, len);
			client.iq_id[len] = '\0';
		}
	}
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

/* Sending fails once the client has closed the connection. */
void client_hear(const char *data, size_t len)
{
	note_output();
	while (len > 0) {
		const char *id = memchr(data, '$', len);
		size_t part = id != NULL ? (size_t)(id - data) : len;
		if (envoi_memory_end_send(client.server, data, part) < 0) {
			return;
		}
		data += part;
		len -= part;
		if (id != NULL) {
			if (envoi_memory_end_send(
				    client.server, client.iq_id, strlen(client.iq_id)) < 0) {
				return;
			}
			data++;
			len--;
		}
	}
}

void client_hear_text(const char *text)
{
	client_hear(text, strlen(text));
	client_run(0);
}

static void attach(bool is_secure)
{
	struct envoi_transport *transport;
	struct envoi_stream *stream;
	struct envoi_handler *handlers[8];
	struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.local = client.own,
		.peer_domain = "example.org",
		.required = ENVOI_STREAM_BOUND,
		.handlers = handlers,
		.handler_count = client.feature_count,
		.settings = client.world.settings,
	};
	drop_connection();
	memcpy(handlers, client.features, sizeof(client.features));
	options.handler_count += envoi_session_handlers(
		client.session, handlers + client.feature_count, 8 - client.feature_count);
	EXPECT(options.handler_count <= 8);
	EXPECT(envoi_memory_pair_new(&client.pair, client.world.context) == ENVOI_OK);
	EXPECT(envoi_memory_end_new(&client.server, client.pair, ENVOI_MEMORY_B, NULL, NULL) ==
		ENVOI_OK);
	EXPECT(envoi_memory_transport_new(&transport, client.pair, ENVOI_MEMORY_A,
		       client.world.settings, is_secure) == ENVOI_OK);
	EXPECT(envoi_stream_new(&stream, client.world.context, &options, transport,
		       envoi_session_sink(client.session)) == ENVOI_OK);
	EXPECT(envoi_session_attach(client.session, stream) == ENVOI_OK);
	client.attached_count++;
	client_run(0);
}

static void authenticate(void)
{
	client_hear_text(HEADER FEATURES(SASL_OFFER("PLAIN")));
	client_hear_text(SUCCESS);
}

static void cut(void)
{
	envoi_memory_pair_cut(client.pair);
	client_run(0);
	EXPECT(envoi_session_stream(client.session) == NULL);
}

/* --- stages --- */

static void go_to_first_stages(enum client_stage stage)
{
	attach(stage != CLIENT_STARTTLS);
	if (stage == CLIENT_OPENED) {
		client_hear_text(HEADER);
	} else if (stage == CLIENT_STARTTLS) {
		client_hear_text(HEADER FEATURES(STARTTLS_OFFER));
	} else if (stage == CLIENT_SASL) {
		client_hear_text(HEADER FEATURES(SASL_OFFER("SCRAM-SHA-1")));
	} else if (stage >= CLIENT_AUTHENTICATED) {
		authenticate();
	}
}

static void log_in(enum client_stage stage)
{
	bool has_management = stage != CLIENT_ONLINE;
	client_hear_text(has_management ? HEADER FEATURES(BIND_OFFER SM_OFFER)
					: HEADER FEATURES(BIND_OFFER));
	if (stage >= CLIENT_ONLINE) {
		client_hear_text(BOUND);
		EXPECT(envoi_session_is_online(client.session) &&
			client.program.started_count == 1);
	}
	if (stage >= CLIENT_ENABLED) {
		client_hear_text(ENABLED);
		fuzz_program_send(&client.program);
		client_run(0);
	}
}

static void go_to_resumption(enum client_stage stage)
{
	cut();
	EXPECT(envoi_session_is_suspended(client.session));
	fuzz_program_send(&client.program);
	attach(true);
	if (stage >= CLIENT_RESUMING) {
		authenticate();
		client_hear_text(HEADER FEATURES(BIND_OFFER SM_OFFER));
	}
	if (stage >= CLIENT_RESUMED) {
		client_hear_text(RESUMED);
		EXPECT(envoi_session_is_online(client.session) && client.program.ended_count == 0);
	}
}

static void go_to(enum client_stage stage)
{
	go_to_first_stages(stage);
	if (stage >= CLIENT_BINDING) {
		log_in(stage);
	}
	if (stage >= CLIENT_SUSPENDED) {
		go_to_resumption(stage);
	}
}

void client_begin(enum client_stage stage, bool is_continued)
{
	make(stage, is_continued);
	go_to(stage);
}

void client_log_in_again(void)
{
	cut();
	attach(true);
	authenticate();
	client_hear_text(HEADER FEATURES(BIND_OFFER SM_OFFER));
	client_hear_text(BOUND);
}
