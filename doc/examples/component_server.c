/*
 * The server's side of the component protocol (XEP-0114): components connect, and stanzas between
 * them are routed.
 *
 *	component_server DOMAIN COMPONENT:SECRET... [NAME=VALUE...]
 *
 * It listens on a port of 127.0.0.1 that the system chooses, and prints it. The settings are those
 * of the acceptor and the listener. It runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/ext/ping.h>
#include <envoi/interfaces/channel.h>

struct component {
	const char *domain, *secret;
};

struct server {
	struct envoi_accept_hook hook;
	struct envoi_sasl_directory accounts; /* there are none */
	struct envoi_component_directory directory;
	struct envoi_context *context;
	struct envoi_settings *settings;
	const char *domain;
	struct envoi_acceptor *acceptor;
	struct envoi_listener *listener;
	struct component *components;
	size_t count;
};

/* --- who may connect --- */

static const struct component *find(const struct server *server, const char *domain)
{
	for (size_t i = 0; i < server->count; i++) {
		if (strcmp(server->components[i].domain, domain) == 0) {
			return &server->components[i];
		}
	}
	return NULL;
}

static void look_up(
	struct envoi_component_directory *directory, struct envoi_component_lookup *lookup)
{
	const struct server *server = ENVOI_CONTAINER_OF(directory, struct server, directory);
	const struct component *found = find(server, lookup->domain);
	if (found != NULL) {
		envoi_component_lookup_answer(lookup, ENVOI_OK, found->secret);
	} else {
		envoi_component_lookup_answer(lookup, ENVOI_ERR_NOT_FOUND, NULL);
	}
}

static const struct envoi_component_directory_impl directory_impl = {.look_up = look_up};

static void no_account(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	envoi_sasl_lookup_answer(lookup, ENVOI_ERR_NOT_FOUND, NULL);
}

static const struct envoi_sasl_directory_impl no_accounts = {.look_up = no_account};

/* --- routing --- */

/* A stanza is changed by its sending: each session gets a copy. */
static int deliver(
	struct envoi_accepted *from, struct envoi_accepted *to, struct envoi_stanza *stanza)
{
	struct envoi_element *element = envoi_element_dup(envoi_stanza_element(stanza));
	struct envoi_stanza *copy;
	int r = envoi_stanza_from_element(&copy, element);
	envoi_element_unref(element);
	if (r == ENVOI_OK) {
		r = envoi_send(envoi_accepted_session(to), copy, NULL);
		envoi_session_throttle(envoi_accepted_session(from), envoi_accepted_session(to));
	}
	return r;
}

/* remote-server-timeout is of type wait: the component is expected to come back. */
static void refuse(
	const struct server *server, struct envoi_accepted *from, struct envoi_stanza *stanza)
{
	const char *domain = envoi_jid_domain(envoi_stanza_to(stanza));
	enum envoi_stanza_condition why = find(server, domain) != NULL
		? ENVOI_REMOTE_SERVER_TIMEOUT
		: ENVOI_REMOTE_SERVER_NOT_FOUND;
	if (envoi_stanza_may_answer(stanza)) {
		struct envoi_stanza *error = envoi_stanza_error_new(stanza, why, NULL);
		(void)envoi_send(envoi_accepted_session(from), error, NULL);
	}
}

/* The library has checked that `from` is of the component's domain, and that there is a `to`. */
static int on_stanza(
	struct envoi_accept_hook *hook, struct envoi_accepted *from, struct envoi_stanza *stanza)
{
	const struct server *server = ENVOI_CONTAINER_OF(hook, struct server, hook);
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	struct envoi_accepted *component = envoi_acceptor_component(server->acceptor, to);
	if (strcmp(envoi_jid_domain(to), server->domain) == 0) {
		return ENVOI_OK; /* answers to pings of the library, and requests to the server */
	}
	if (component == NULL || deliver(from, component, stanza) < 0) {
		refuse(server, from, stanza);
	}
	return ENVOI_STOP;
}

/* --- connections: the pointer of a session is its admission --- */

static void on_ready(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	struct envoi_admission *admission = envoi_accepted_user(accepted);
	const char *domain = envoi_jid_text(envoi_accepted_jid(accepted));
	(void)hook;
	printf("%s is connected\n", domain);
	int r = envoi_admission_log_in(admission, domain);
	if (r == ENVOI_OK) {
		r = envoi_session_add(envoi_accepted_session(accepted), envoi_ping_handler());
	}
	if (r < 0) {
		envoi_accepted_close(accepted, ENVOI_STREAM_RESOURCE_CONSTRAINT);
	}
}

static void on_ended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	(void)hook;
	if (envoi_accepted_jid(accepted) != NULL) {
		printf("%s has left: %s\n", envoi_jid_text(envoi_accepted_jid(accepted)),
			envoi_error_text(why->code));
	}
	envoi_admission_end(envoi_accepted_user(accepted));
}

static const struct envoi_accept_hook_impl hook_impl = {
	.ready = on_ready,
	.stanza = on_stanza,
	.ended = on_ended,
};

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	const struct server *server = user;
	struct envoi_channel_options options;
	struct envoi_transport *transport;
	struct envoi_accepted *accepted;
	int r = envoi_channel_options_read(&options, server->context, server->settings);
	if (r < 0) {
		envoi_channel_destroy(channel);
		return r;
	}
	r = envoi_channel_transport_new(&transport, server->context, channel, &options);
	if (r == ENVOI_OK) {
		r = envoi_acceptor_accept_component(
			server->acceptor, transport, envoi_admission_address(admission), &accepted);
	}
	if (r == ENVOI_OK) {
		envoi_accepted_set_user(accepted, admission);
	}
	return r;
}

/* --- the program --- */

/* "COMPONENT:SECRET", or a setting, "NAME=VALUE". A secret may contain any character. */
static int take_argument(struct server *server, char *argument)
{
	char *colon = strchr(argument, ':'), *equals = strchr(argument, '=');
	if (colon != NULL && (equals == NULL || colon < equals)) {
		*colon = '\0';
		server->components[server->count++] = (struct component){argument, colon + 1};
		return ENVOI_OK;
	}
	if (equals == NULL) {
		return ENVOI_ERR_INVALID;
	}
	*equals = '\0';
	return envoi_settings_set(server->settings, argument, equals + 1);
}

static int take_arguments(struct server *server, int count, char **arguments)
{
	int r = envoi_settings_new(&server->settings, server->context);
	server->components = calloc((size_t)count, sizeof(server->components[0]));
	if (server->components == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (int i = 0; r == ENVOI_OK && i < count; i++) {
		r = take_argument(server, arguments[i]);
	}
	return r;
}

static int make(struct server *server, const char *domain)
{
	const struct envoi_acceptor_options acceptor = {
		.directory = &server->accounts,
		.settings = server->settings,
		.hook = &server->hook,
	};
	const struct envoi_listener_options listener = {
		.settings = server->settings, .admitted = on_admitted, .user = server};
	server->domain = domain;
	int r = envoi_acceptor_new(&server->acceptor, server->context, &acceptor);
	if (r == ENVOI_OK) {
		r = envoi_acceptor_add_domain(server->acceptor, domain);
	}
	if (r == ENVOI_OK) {
		r = envoi_acceptor_set_components(server->acceptor, &server->directory);
	}
	return r < 0 ? r : envoi_listener_new(&server->listener, server->context, &listener);
}

static int run(struct server *server)
{
	uint16_t port;
	int r = envoi_tcp_listen(server->listener, "component", "127.0.0.1", 0, &port);
	if (r < 0) {
		return r;
	}
	printf("port %u\n", port);
	return envoi_loop_run(envoi_context_loop(server->context));
}

int main(int argc, char **argv)
{
	struct server server = {
		.hook.impl = &hook_impl,
		.accounts.impl = &no_accounts,
		.directory.impl = &directory_impl,
	};
	if (argc < 3) {
		fputs("usage: component_server DOMAIN COMPONENT:SECRET... [NAME=VALUE...]\n",
			stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	int r = envoi_context_new(&server.context, NULL);
	r = r < 0 ? r : take_arguments(&server, argc - 2, argv + 2);
	r = r < 0 ? r : make(&server, argv[1]);
	r = r < 0 ? r : run(&server);
	if (r < 0) {
		fprintf(stderr, "component_server: %s\n", envoi_error_text(r));
	}
	envoi_listener_free(server.listener);
	envoi_acceptor_free(server.acceptor);
	envoi_settings_free(server.settings);
	envoi_context_unref(server.context);
	free(server.components);
	return r < 0;
}
