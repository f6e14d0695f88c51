/*
 * envoi-server - what logins need: verifiers, looked up and made
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/sasl_verifier.h>

#include "inside.h"

static const char *const mechanisms[] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
enum {
	MECHANISMS = sizeof(mechanisms) / sizeof(mechanisms[0]),
	MOST_VERIFIERS = 8, /* of an account; further ones are not used */
};

/* --- looking up --- */

struct login {
	struct envoi__job job;
	struct envoi_sasl_lookup *lookup; /* borrowed */
};

static void answer_lookup(struct envoi_sasl_lookup *lookup, const struct envoi_store_answer *answer)
{
	unsigned char rooms[MOST_VERIFIERS][ENVOI_SASL_VERIFIER_BYTES];
	struct envoi_sasl_verifier verifiers[MOST_VERIFIERS];
	struct envoi_sasl_account account = {.verifiers = verifiers};
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < answer->verifier_count && i < MOST_VERIFIERS; i++) {
		const char *text = answer->verifiers[i];
		r = envoi_sasl_verifier_parse(&verifiers[i], rooms[i], text, strlen(text));
		account.verifier_count++;
	}
	envoi_sasl_lookup_answer(
		lookup, r == ENVOI_OK ? r : ENVOI_ERR_SYSTEM, r == ENVOI_OK ? &account : NULL);
	explicit_bzero(rooms, sizeof(rooms));
}

static void on_looked_up(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct login *login = ENVOI_CONTAINER_OF(job, struct login, job);
	struct envoi_sasl_lookup *lookup = login->lookup;
	envoi_free(job->server->context, login);
	if (code == ENVOI_OK) {
		answer_lookup(lookup, answer);
	} else if (code != ENVOI_ERR_CANCELED) {
		envoi_sasl_lookup_answer(lookup, code, NULL);
	}
}

/* SASL has prepared the name in another way than the address (RFC 7622, section 3.3) will be. What
 * cannot be an address is looked up, too, as no account: it takes as long. */
static void begin_login(
	struct login *login, struct envoi_server *server, struct envoi_sasl_lookup *lookup)
{
	struct envoi_jid *jid = NULL;
	int r = envoi_jid_from_parts(
		&jid, server->context, lookup->authcid, envoi_jid_domain(server->domain), NULL);
	login->lookup = lookup;
	lookup->user = login;
	envoi__job_begin(&login->job, server, NULL, on_looked_up);
	server->store->impl->look_up(
		server->store, &login->job.job, r == ENVOI_OK ? envoi_jid_local(jid) : "");
	envoi_jid_unref(jid);
}

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	struct envoi_server *server = ENVOI_CONTAINER_OF(directory, struct envoi_server, directory);
	struct login *login = envoi_alloc(server->context, sizeof(*login));
	if (login == NULL) {
		envoi_sasl_lookup_answer(lookup, ENVOI_ERR_NOMEM, NULL);
	} else {
		begin_login(login, server, lookup);
	}
}

static void cancel(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	struct envoi_server *server = ENVOI_CONTAINER_OF(directory, struct envoi_server, directory);
	struct login *login = lookup->user;
	envoi__job_cancel(&login->job);
	envoi_free(server->context, login);
}

static bool serves(
	struct envoi_sasl_directory *directory, const struct envoi_sasl_mechanism *mechanism)
{
	static const char plus[] = "-PLUS";
	(void)directory;
	for (size_t i = 0; i < MECHANISMS; i++) {
		size_t len = strlen(mechanisms[i]);
		const char *rest = mechanism->name + len;
		if (strncmp(mechanism->name, mechanisms[i], len) == 0 &&
			(*rest == '\0' || strcmp(rest, plus) == 0)) {
			return true;
		}
	}
	return strcmp(mechanism->name, "PLAIN") == 0 || strcmp(mechanism->name, "EXTERNAL") == 0;
}

const struct envoi_sasl_directory_impl envoi__server_directory_impl = {
	.look_up = look_up,
	.cancel = cancel,
	.serves = serves,
};

/* --- setting a password --- */

struct change;

struct derivation {
	struct change *change;
	struct envoi_sasl_derivation *derivation; /* NULL: ended */
	char verifier[ENVOI_SASL_VERIFIER_TEXT];
};

struct change {
	struct envoi__job job; /* open when all verifiers are derived */
	struct envoi__list link; /* of the server, until then */
	struct envoi_server *server;
	struct envoi_jid *jid;
	enum envoi_store_mode mode;
	struct envoi__place place;
	int code; /* the first failure of a derivation */
	envoi_server_changed_fn *done;
	void *user;
	struct derivation derivations[MECHANISMS];
};

static void free_change(struct change *change)
{
	struct envoi_context *context = change->server->context;
	for (size_t i = 0; i < MECHANISMS; i++) {
		envoi_sasl_derivation_free(change->derivations[i].derivation);
	}
	envoi__list_remove(&change->link);
	envoi__place_leave(&change->place);
	envoi_jid_unref(change->jid);
	explicit_bzero(change->derivations, sizeof(change->derivations));
	envoi_free(context, change);
}

static void finish(struct change *change, int code)
{
	envoi_server_changed_fn *done = code == ENVOI_ERR_CANCELED ? NULL : change->done;
	void *user = change->user;
	struct envoi_server *server = change->server;
	free_change(change);
	envoi__server_progressed(server);
	if (done != NULL) {
		done(user, code);
	}
}

static void on_stored(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	(void)answer;
	finish(ENVOI_CONTAINER_OF(job, struct change, job), code);
}

static void store_verifiers(struct change *change)
{
	struct envoi_server *server = change->server;
	const char *verifiers[MECHANISMS];
	for (size_t i = 0; i < MECHANISMS; i++) {
		verifiers[i] = change->derivations[i].verifier;
	}
	envoi__list_remove(&change->link);
	envoi__job_begin(&change->job, server, NULL, on_stored);
	server->store->impl->set_verifiers(server->store, &change->job.job,
		envoi_jid_local(change->jid), verifiers, MECHANISMS, change->mode);
}

static bool is_derived(const struct change *change)
{
	for (size_t i = 0; i < MECHANISMS; i++) {
		if (change->derivations[i].derivation != NULL) {
			return false;
		}
	}
	return true;
}

static void on_derived(void *user, int code, const struct envoi_sasl_verifier *verifier)
{
	struct derivation *derivation = user;
	struct change *change = derivation->change;
	int r = code == ENVOI_OK ? envoi_sasl_verifier_print(derivation->verifier, verifier) : code;
	derivation->derivation = NULL;
	change->code = change->code < 0 ? change->code : r;
	if (!is_derived(change)) {
		return;
	}
	if (change->code < 0) {
		finish(change, change->code);
	} else {
		store_verifiers(change);
	}
}

static int derive(struct change *change, const char *password)
{
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < MECHANISMS; i++) {
		struct derivation *derivation = &change->derivations[i];
		const struct envoi_sasl_derivation_options options = {
			.mechanism = mechanisms[i],
			.password = password,
			.iterations = change->server->values.iterations,
			.done = on_derived,
			.user = derivation,
		};
		derivation->change = change;
		r = envoi_sasl_derive(&derivation->derivation, change->server->context, &options);
	}
	return r;
}

int envoi__password_set(struct envoi_server *server, const char *name, const char *password,
	enum envoi_store_mode mode, struct envoi__account *sender, envoi_server_changed_fn *done,
	void *user)
{
	if (name == NULL || password == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct change *change = envoi_alloc_zeroed(server->context, sizeof(*change));
	if (change == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	change->server = server;
	change->mode = mode;
	change->done = done;
	change->user = user;
	envoi__list_append(&server->changes, &change->link);
	envoi__place_take(&change->place, server, sender);
	int r = envoi_jid_from_parts(
		&change->jid, server->context, name, envoi_jid_domain(server->domain), NULL);
	if (r == ENVOI_OK) {
		r = derive(change, password);
	}
	if (r < 0) {
		free_change(change);
	}
	return r;
}

int envoi_server_set_password(struct envoi_server *server, const char *name, const char *password,
	bool is_new, envoi_server_changed_fn *done, void *user)
{
	return envoi__password_set(server, name, password,
		is_new ? ENVOI_STORE_NEW : ENVOI_STORE_ANY, NULL, done, user);
}

void envoi__changes_cancel(struct envoi_server *server)
{
	while (!envoi__list_is_empty(&server->changes)) {
		free_change(ENVOI_CONTAINER_OF(server->changes.next, struct change, link));
	}
}
