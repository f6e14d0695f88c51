/*
 * A small server: accounts from the command line, messages and iqs routed between their clients.
 *
 *	small_server DOMAIN CERTIFICATE KEY USER:PASSWORD... [NAME=VALUE...]
 *
 * It derives the keys that it keeps in place of the passwords. Then it listens on two ports of
 * 127.0.0.1 that the system chooses, and prints them: one for STARTTLS, one for direct TLS. The
 * settings are those of the acceptor and the listener; tls.ca-file has the authorities that issue
 * certificates of clients, which log in with EXTERNAL. A certificate that is replaced in its files
 * is used by the next connection. It runs until it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/session.h>

#define DIRECT_TLS "xmpps-client"
#define STARTTLS "xmpp-client"

/* Verifiers are stored for these: clients have one of them, or PLAIN. */
static const char *const mechanisms[] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
enum {
	MECHANISMS = sizeof(mechanisms) / sizeof(mechanisms[0]),
	ITERATIONS = 10000,
};

struct account {
	const char *name;
	char *password; /* wiped when its keys are derived */
	char verifiers[MECHANISMS][ENVOI_SASL_VERIFIER_TEXT];
};

struct server {
	struct envoi_accept_hook hook;
	struct envoi_sasl_directory directory;
	struct envoi_sasl_decoys decoys;
	struct envoi_handler requests; /* of clients, to the server */
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct envoi_acceptor *acceptor;
	struct envoi_listener *listener;
	struct account *accounts;
	size_t account_count;
	size_t derived; /* verifiers of all accounts */
	int error; /* for which the loop has ended */
};

/* A connection from its admission to its end. */
struct connection {
	struct server *server;
	struct envoi_admission *admission;
	struct envoi_opening *opening; /* direct TLS; NULL: done */
};

/* --- accounts --- */

static struct account *find_account(const struct server *server, const char *name)
{
	for (size_t i = 0; name != NULL && i < server->account_count; i++) {
		if (strcmp(server->accounts[i].name, name) == 0) {
			return &server->accounts[i];
		}
	}
	return NULL;
}

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	const struct server *server = ENVOI_CONTAINER_OF(directory, struct server, directory);
	const struct account *found = find_account(server, lookup->authcid);
	unsigned char rooms[MECHANISMS][ENVOI_SASL_VERIFIER_BYTES];
	struct envoi_sasl_verifier verifiers[MECHANISMS];
	int r = found != NULL ? ENVOI_OK : ENVOI_ERR_NOT_FOUND;
	for (size_t i = 0; r == ENVOI_OK && i < MECHANISMS; i++) {
		const char *text = found->verifiers[i];
		r = envoi_sasl_verifier_parse(&verifiers[i], rooms[i], text, strlen(text));
	}
	const struct envoi_sasl_account account = {
		.verifiers = verifiers, .verifier_count = MECHANISMS};
	envoi_sasl_lookup_answer(lookup, r, &account);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};

/* --- keys in place of passwords --- */

static int listen_on(struct server *server);
static int derive_next(struct server *server);

static void on_derived(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	struct server *server = user;
	struct account *account = &server->accounts[server->derived / MECHANISMS];
	char *text = account->verifiers[server->derived % MECHANISMS];
	int r = code;
	if (r == ENVOI_OK) {
		r = envoi_sasl_verifier_print(text, verifier);
	}
	if (++server->derived % MECHANISMS == 0) {
		memset(account->password, 0, strlen(account->password));
	}
	if (r == ENVOI_OK) {
		r = derive_next(server);
	}
	if (r < 0) {
		server->error = r;
		envoi_loop_quit(envoi_context_loop(server->context));
	}
}

/* One after the other; then the server listens. */
static int derive_next(struct server *server)
{
	size_t at = server->derived / MECHANISMS;
	if (at == server->account_count) {
		return listen_on(server);
	}
	const struct envoi_sasl_derivation_options options = {
		.mechanism = mechanisms[server->derived % MECHANISMS],
		.password = server->accounts[at].password,
		.iterations = ITERATIONS,
		.done = on_derived,
		.user = server,
	};
	return envoi_sasl_derive(NULL, server->context, &options);
}

/* What users who do not exist are answered with (RFC 5802, section 9). */
static int make_decoys(struct server *server)
{
	static const unsigned int iterations = ITERATIONS;
	server->decoys.iterations = &iterations;
	server->decoys.iteration_count = 1;
	server->decoys.mechanism = "SCRAM-SHA-512";
	server->directory.decoys = &server->decoys;
	return envoi_context_random(
		server->context, server->decoys.key, sizeof(server->decoys.key));
}

/* --- routing --- */

/* A stanza is changed by its sending: each session gets a copy. The sender is not read while a
 * receiver has too much to read.
 * @return ENVOI_ERR_FULL: the receiver has not read for too long; other errors as envoi_send() */
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

/* RFC 6121, section 8.5: to a resource, or a message to the bare address to each.
 * @return ENVOI_ERR_NOT_FOUND: there is no receiver; errors as deliver() if none has got it */
static int route(struct server *server, struct envoi_accepted *from, struct envoi_stanza *stanza)
{
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	struct envoi_accepted *at = NULL;
	int result = ENVOI_ERR_NOT_FOUND;
	if (!envoi_jid_is_bare(to)) {
		at = envoi_acceptor_find(server->acceptor, to);
		return at != NULL ? deliver(from, at, stanza) : result;
	}
	while (envoi_stanza_kind(stanza) == ENVOI_MESSAGE &&
		(at = envoi_acceptor_next(server->acceptor, to, at)) != NULL) {
		int r = deliver(from, at, stanza);
		result = result == ENVOI_OK ? result : r;
	}
	return result;
}

/* resource-constraint is of type wait: the sender may try again (RFC 6120, section 8.3.3.18). */
static enum envoi_stanza_condition refusal(
	const struct server *server, const struct envoi_jid *to, int code)
{
	if (code == ENVOI_ERR_FULL || code == ENVOI_ERR_NOMEM) {
		return ENVOI_RESOURCE_CONSTRAINT;
	}
	return find_account(server, envoi_jid_local(to)) != NULL ? ENVOI_SERVICE_UNAVAILABLE
								 : ENVOI_ITEM_NOT_FOUND;
}

static int on_stanza(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	struct envoi_stanza *stanza)
{
	struct server *server = ENVOI_CONTAINER_OF(hook, struct server, hook);
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	bool is_for_server = to == NULL || envoi_jid_local(to) == NULL ||
		(envoi_stanza_kind(stanza) != ENVOI_MESSAGE &&
			envoi_jid_equal(to, envoi_session_jid(envoi_accepted_session(accepted))));
	if (is_for_server) {
		return ENVOI_OK;
	}
	int r = route(server, accepted, stanza);
	if (r < 0 && envoi_stanza_kind(stanza) != ENVOI_PRESENCE &&
		envoi_stanza_may_answer(stanza)) {
		struct envoi_stanza *error = envoi_stanza_error_new(
			stanza, refusal(server, to, r), NULL);
		(void)envoi_send(envoi_accepted_session(accepted), error, NULL);
	}
	return ENVOI_STOP;
}

/* --- what clients ask the server for: the roster is empty --- */

static int on_roster_get(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	struct envoi_stanza *result = envoi_iq_result_new(envoi_delivery_stanza(in));
	if (result != NULL) {
		envoi_element_add(envoi_stanza_element(result), "jabber:iq:roster", "query");
	}
	return envoi_reply(in, result);
}

static int on_presence(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_OK; /* there are no contacts */
}

static const struct envoi_stanza_row rows[] = {
	{.kind = ENVOI_IQ_GET, .ns = "jabber:iq:roster", .name = "query", .handle = on_roster_get},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_ANY, .handle = on_presence},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl requests_impl = {.name = "requests", .stanzas = rows};

/* --- connections --- */

static void end_connection(struct connection *connection)
{
	envoi_admission_end(connection->admission);
	free(connection);
}

static void on_authenticated(
	struct envoi_accept_hook *hook, struct envoi_accepted *accepted, const char *mechanism)
{
	(void)hook;
	const struct connection *connection = envoi_accepted_user(accepted);
	const struct envoi_session *session = envoi_accepted_session(accepted);
	const char *user = envoi_stream_user(envoi_session_stream(session));
	printf("%s has logged in with %s from %s\n", user != NULL ? user : "anonymous", mechanism,
		envoi_admission_address(connection->admission));
	if (envoi_admission_log_in(connection->admission, user) < 0) {
		envoi_accepted_close(accepted, ENVOI_STREAM_RESOURCE_CONSTRAINT);
	}
}

static void on_ready(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	struct server *server = ENVOI_CONTAINER_OF(hook, struct server, hook);
	printf("%s is online\n", envoi_jid_text(envoi_accepted_jid(accepted)));
	if (envoi_session_add(envoi_accepted_session(accepted), &server->requests) < 0) {
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
	end_connection(envoi_accepted_user(accepted));
}

static const struct envoi_accept_hook_impl hook_impl = {
	.authenticated = on_authenticated,
	.ready = on_ready,
	.stanza = on_stanza,
	.ended = on_ended,
};

static void on_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct connection *connection = user;
	struct envoi_accepted *accepted;
	connection->opening = NULL;
	if (failure != NULL ||
		envoi_acceptor_accept(connection->server->acceptor, transport, &accepted) < 0) {
		end_connection(connection);
		return;
	}
	envoi_accepted_set_user(accepted, connection);
}

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct server *server = user;
	struct envoi_channel_options channel_options;
	struct connection *connection = calloc(1, sizeof(*connection));
	int r = envoi_channel_options_read(&channel_options, server->context, server->settings);
	if (connection == NULL || r < 0) {
		free(connection);
		envoi_channel_destroy(channel);
		return ENVOI_ERR_NOMEM;
	}
	bool is_direct = strcmp(envoi_admission_service(admission), DIRECT_TLS) == 0;
	const struct envoi_opening_options options = {
		.channel = &channel_options,
		.role = ENVOI_RECEIVER,
		.tls = is_direct ? server->tls : NULL,
		.alpn = "xmpp-client",
		.timeout_ms = 20000,
		.done = on_opened,
		.user = connection,
	};
	*connection = (struct connection){.server = server, .admission = admission};
	r = envoi_opening_new(&connection->opening, server->context, channel, &options);
	if (r < 0) {
		free(connection); /* the listener ends the admission */
	}
	return r;
}

/* --- the program --- */

static int make(struct server *server, const char *domain)
{
	const struct envoi_acceptor_options acceptor_options = {
		.tls = server->tls,
		.directory = &server->directory,
		.settings = server->settings,
		.hook = &server->hook,
	};
	const struct envoi_listener_options listener_options = {
		.settings = server->settings, .admitted = on_admitted, .user = server};
	int r = make_decoys(server);
	if (r == ENVOI_OK) {
		r = envoi_acceptor_new(&server->acceptor, server->context, &acceptor_options);
	}
	if (r == ENVOI_OK) {
		r = envoi_acceptor_add_domain(server->acceptor, domain);
	}
	if (r == ENVOI_OK) {
		r = envoi_listener_new(&server->listener, server->context, &listener_options);
	}
	return r;
}

static int listen_on(struct server *server)
{
	uint16_t port, direct_port;
	int r = envoi_tcp_listen(server->listener, STARTTLS, "127.0.0.1", 0, &port);
	if (r == ENVOI_OK) {
		r = envoi_tcp_listen(server->listener, DIRECT_TLS, "127.0.0.1", 0, &direct_port);
	}
	if (r == ENVOI_OK) {
		printf("ports %u and %u\n", port, direct_port);
	}
	return r;
}

static int take_account(struct server *server, char *argument)
{
	char *colon = strchr(argument, ':');
	if (colon == NULL) {
		return ENVOI_ERR_INVALID;
	}
	*colon = '\0';
	server->accounts[server->account_count++] = (struct account){argument, colon + 1, {""}};
	return ENVOI_OK;
}

/* Accounts, "USER:PASSWORD", and settings, "NAME=VALUE". */
static int take_arguments(struct server *server, int count, char **arguments)
{
	int r = ENVOI_OK;
	server->accounts = calloc((size_t)count, sizeof(server->accounts[0]));
	for (int i = 0; server->accounts != NULL && r == ENVOI_OK && i < count; i++) {
		char *value = strchr(arguments[i], '=');
		if (value == NULL) {
			r = take_account(server, arguments[i]);
			continue;
		}
		*value = '\0';
		r = envoi_settings_set(server->settings, arguments[i], value + 1);
	}
	return server->accounts != NULL ? r : ENVOI_ERR_NOMEM;
}

int main(int argc, char **argv)
{
	struct server server = {
		.hook.impl = &hook_impl,
		.directory.impl = &directory_impl,
		.requests = ENVOI_HANDLER(&requests_impl),
	};
	if (argc < 5) {
		fputs("usage: small_server DOMAIN CERTIFICATE KEY USER:PASSWORD... "
		      "[NAME=VALUE...]\n",
			stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	int r = envoi_context_new(&server.context, NULL);
	if (r == ENVOI_OK) {
		r = envoi_settings_new(&server.settings, server.context);
	}
	if (r == ENVOI_OK) {
		r = take_arguments(&server, argc - 4, argv + 4);
	}
	if (r == ENVOI_OK) {
		r = envoi_tls_config_new_server(&server.tls, server.context, NULL, NULL);
	}
	if (r == ENVOI_OK) {
		r = envoi_tls_config_add_domain(server.tls, argv[1], argv[2], argv[3]);
	}
	if (r == ENVOI_OK && envoi_settings_text(server.settings, "tls.ca-file") != NULL) {
		r = envoi_tls_config_request_certificates(server.tls, ENVOI_TLS_REQUEST_OPTIONAL,
			envoi_settings_text(server.settings, "tls.ca-file"));
	}
	if (r == ENVOI_OK) {
		r = make(&server, argv[1]);
	}
	if (r == ENVOI_OK) {
		r = derive_next(&server);
	}
	if (r == ENVOI_OK) {
		r = envoi_loop_run(envoi_context_loop(server.context));
	}
	r = r < 0 ? r : server.error;
	if (r < 0) {
		fprintf(stderr, "small_server: %s\n", envoi_error_text(r));
	}
	envoi_listener_free(server.listener);
	envoi_acceptor_free(server.acceptor);
	envoi_tls_config_unref(server.tls);
	envoi_settings_free(server.settings);
	envoi_context_unref(server.context);
	free(server.accounts);
	return r < 0;
}
