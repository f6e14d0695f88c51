/*
 * A stream without a session: prints what a server offers before and after TLS, without a login.
 *
 *	server_offer example.org [NAME=VALUE...]
 *
 * Ends with 0 when the server has offered something over TLS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/transport.h>

struct program {
	struct envoi_stream_sink sink; /* of the stream */
	struct envoi_handler offers; /* sees the features */
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct envoi_handler *starttls;
	struct envoi_connector *connector;
	struct envoi_stream *stream;
	const char *domain;
	bool is_done;
};

/* --- a feature that negotiates nothing: it prints the others --- */

static int print_offers(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	const struct envoi_element *feature = envoi_element_first(features);
	(void)self;
	(void)offer;
	bool is_secure = (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) != 0;
	for (; feature != NULL; feature = envoi_element_next(feature)) {
		const struct envoi_element *item = envoi_element_first(feature);
		printf("%s: %s (%s)", is_secure ? "over TLS" : "before TLS",
			envoi_element_name(feature), envoi_element_ns(feature));
		for (; item != NULL; item = envoi_element_next(item)) {
			printf(" %s", envoi_element_text(item));
		}
		puts("");
	}
	return ENVOI_OK;
}

static const struct envoi_stream_feature offers_feature = {
	.ns = "urn:example:offers",
	.name = "offers",
	.order = ENVOI_ORDER_TLS - 1,
	.phase = ENVOI_PHASE_STREAM,
	.negotiate = print_offers,
};
static const struct envoi_handler_impl offers_impl = {.stream_feature = &offers_feature};

/* --- the stream --- */

static struct program *program_of(struct envoi_stream_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct program, sink);
}

static void stop(struct program *program, const struct envoi_failure *why)
{
	char lines[4096];
	if (why->code < 0) {
		envoi_failure_explain(why, lines, sizeof(lines));
		puts(lines);
	}
	envoi_loop_quit(envoi_context_loop(program->context));
}

/* TLS is all that is required: the stream is ready when the offers over TLS were seen. */
static void on_ready(struct envoi_stream_sink *sink)
{
	struct program *program = program_of(sink);
	program->is_done = true;
	envoi_stream_close(program->stream);
}

static void on_closed(struct envoi_stream_sink *sink, const struct envoi_failure *why)
{
	stop(program_of(sink), why);
}

static void no_stanza(struct envoi_stream_sink *sink, struct envoi_element *element)
{
	(void)sink;
	(void)element;
}

static const struct envoi_stream_sink_impl sink_impl = {
	.ready = on_ready,
	.stanza = no_stanza,
	.closed = on_closed,
};

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct program *program = user;
	struct envoi_handler *handlers[] = {&program->offers, program->starttls};
	const struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.peer_domain = program->domain,
		.handlers = handlers,
		.handler_count = 2,
		.required = ENVOI_STREAM_SECURE,
		.settings = program->settings,
	};
	if (transport == NULL) {
		stop(program, failure);
	} else if (envoi_stream_new(&program->stream, program->context, &options, transport,
			   &program->sink) < 0) {
		envoi_loop_quit(envoi_context_loop(program->context));
	}
}

/* --- the program --- */

static int set(struct envoi_settings *settings, char *assignment)
{
	char *value = strchr(assignment, '=');
	if (value == NULL) {
		return ENVOI_ERR_INVALID;
	}
	*value = '\0';
	return envoi_settings_set(settings, assignment, value + 1);
}

static int start(struct program *program, int count, char **assignments)
{
	int r = envoi_context_new(&program->context, NULL);
	r = r < 0 ? r : envoi_settings_new(&program->settings, program->context);
	for (int i = 0; r == ENVOI_OK && i < count; i++) {
		r = set(program->settings, assignments[i]);
	}
	r = r < 0 ? r : envoi_tls_config_new(&program->tls, program->context, program->settings);
	const struct envoi_starttls_options starttls = {.config = program->tls, .required = true};
	r = r < 0 ? r : envoi_starttls_new(&program->starttls, program->context, &starttls);
	r = r < 0 ? r : envoi_tcp_connector_new(&program->connector, program->context);
	const struct envoi_target target = {
		.domain = program->domain,
		.service = "xmpp-client",
		.settings = program->settings,
		.tls = program->tls,
	};
	return r < 0 ? r
		     : program->connector->impl->connect(
			       program->connector, &target, on_connected, program);
}

int main(int argc, char **argv)
{
	struct program program = {
		.sink = {&sink_impl},
		.offers = ENVOI_HANDLER(&offers_impl),
		.domain = argc > 1 ? argv[1] : "",
	};
	int r = start(&program, argc - 2, argv + 2);
	if (r == ENVOI_OK) {
		r = envoi_loop_run(envoi_context_loop(program.context));
	}
	if (r < 0) {
		fprintf(stderr, "server_offer: %s\n", envoi_error_text(r));
	}
	envoi_stream_free(program.stream);
	envoi_connector_destroy(program.connector);
	envoi_handler_destroy(program.starttls);
	envoi_tls_config_unref(program.tls);
	envoi_settings_free(program.settings);
	envoi_context_unref(program.context);
	return !program.is_done;
}
