/*
 * envoi - tests: an acceptor over memory, in virtual time
 * SPDX-License-Identifier: MIT
 */
#include "accept_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/mainloop.h>

/* --- notes --- */

static struct accept_fixture *from_hook(struct envoi_accept_hook *hook)
{
	return ENVOI_CONTAINER_OF(hook, struct accept_fixture, hook);
}

static ENVOI_PRINTF(2, 3) void note(struct accept_fixture *f, const char *format, ...)
{
	size_t len = strlen(f->notes);
	va_list args;
	va_start(args, format);
	vsnprintf(f->notes + len, sizeof(f->notes) - len, format, args);
	va_end(args);
	len = strlen(f->notes);
	snprintf(f->notes + len, sizeof(f->notes) - len, "\n");
}

static void at(struct accept_fixture *f, const char *what)
{
	if (f->at != NULL) {
		f->at(f, what);
	}
}

static const char *address(const struct envoi_accepted *accepted)
{
	const struct envoi_jid *jid = envoi_accepted_jid(accepted);
	return jid == NULL ? "-" : envoi_jid_text(jid);
}

static void on_opened(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	note(from_hook(hook), "opened %s", envoi_accepted_domain(accepted));
	at(from_hook(hook), "opened");
}

static void on_authenticated(
	struct envoi_accept_hook *hook, struct envoi_accepted *accepted, const char *mechanism)
{
	(void)accepted;
	note(from_hook(hook), "authenticated %s", mechanism);
	at(from_hook(hook), "authenticated");
}

static enum envoi_stanza_condition on_binding(struct envoi_accept_hook *hook,
	struct envoi_accepted *accepted, const struct envoi_jid *jid)
{
	struct accept_fixture *f = from_hook(hook);
	enum envoi_stanza_condition refusal = f->refusal;
	(void)accepted;
	note(f, "binding %s", envoi_jid_text(jid));
	at(f, "binding");
	return refusal;
}

static void on_ready(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	note(from_hook(hook), "ready %s", address(accepted));
	at(from_hook(hook), "ready");
}

static const char *text_or_none(const char *text)
{
	return text == NULL ? "-" : text;
}

static int on_stanza(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	struct envoi_stanza *stanza)
{
	(void)accepted;
	note(from_hook(hook), "stanza %s from %s to %s",
		envoi_element_name(envoi_stanza_element(stanza)),
		text_or_none(envoi_stanza_from_text(stanza)),
		text_or_none(envoi_stanza_to_text(stanza)));
	at(from_hook(hook), "stanza");
	return ENVOI_OK;
}

static void on_suspended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	(void)why;
	note(from_hook(hook), "suspended %s", address(accepted));
	at(from_hook(hook), "suspended");
}

static void on_resumed(struct envoi_accept_hook *hook, struct envoi_accepted *accepted)
{
	note(from_hook(hook), "resumed %s", address(accepted));
	at(from_hook(hook), "resumed");
}

static void on_ended(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	const struct envoi_failure *why)
{
	struct accept_fixture *f = from_hook(hook);
	note(f, "ended %s %s", address(accepted), envoi_error_name(why->code) + strlen("ENVOI_"));
	assert_null(envoi_accepted_session(accepted));
	envoi_failure_finish(&f->why);
	envoi_failure_copy(&f->why, why);
	if (f->last == accepted) {
		f->last = NULL;
	}
	at(f, "ended");
}

static const struct envoi_accept_hook_impl hook_impl = {
	.opened = on_opened,
	.authenticated = on_authenticated,
	.binding = on_binding,
	.ready = on_ready,
	.stanza = on_stanza,
	.suspended = on_suspended,
	.resumed = on_resumed,
	.ended = on_ended,
};

void accept_fixture_assert_notes(struct accept_fixture *f, const char *expected)
{
	assert_string_equal(f->notes, expected);
	f->notes[0] = '\0';
}

/* --- the acceptor --- */

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	bool is_known = strcmp(lookup->authcid, "alice") == 0 ||
		strcmp(lookup->authcid, "bob") == 0;
	if (!ENVOI_CONTAINER_OF(directory, struct accept_fixture, directory)->is_silent) {
		envoi_sasl_lookup_answer_password(lookup, is_known ? "secret" : NULL);
	}
}

static void on_cancel(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	(void)lookup;
}

static const struct envoi_sasl_directory_impl directory_impl = {
	.look_up = look_up,
	.cancel = on_cancel,
};

void accept_fixture_init(struct accept_fixture *f, struct envoi_context *context)
{
	*f = (struct accept_fixture){
		.hook.impl = &hook_impl, .directory.impl = &directory_impl, .context = context};
	if (context == NULL) {
		assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	}
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&f->settings, f->context), ENVOI_OK);
}

void accept_fixture_finish(struct accept_fixture *f)
{
	envoi_acceptor_free(f->acceptor);
	envoi_memory_pair_unref(f->pair);
	envoi_tls_config_unref(f->tls);
	envoi_failure_finish(&f->why);
	envoi_settings_free(f->settings);
	envoi_context_unref(f->context);
}

static void make_tls(struct accept_fixture *f)
{
	if (f->has_tls && f->tls == NULL) {
		assert_int_equal(
			envoi_tls_config_new_server(&f->tls, f->context, TEST_DATA "/tls/right.pem",
				TEST_DATA "/tls/server-key.pem"),
			ENVOI_OK);
	}
}

void accept_fixture_make(struct accept_fixture *f)
{
	make_tls(f);
	const struct envoi_acceptor_options options = {.tls = f->tls,
		.directory = &f->directory,
		.settings = f->settings,
		.hook = &f->hook};
	if (f->acceptor == NULL) {
		assert_int_equal(envoi_acceptor_new(&f->acceptor, f->context, &options), ENVOI_OK);
		assert_int_equal(envoi_acceptor_add_domain(f->acceptor, "example.org"), ENVOI_OK);
		assert_int_equal(envoi_acceptor_add_domain(f->acceptor, "example.net"), ENVOI_OK);
	}
}

int accept_fixture_accept(struct accept_fixture *f, struct envoi_memory_pair *pair)
{
	struct envoi_transport *transport;
	accept_fixture_make(f);
	envoi_memory_pair_unref(f->pair);
	f->pair = envoi_memory_pair_ref(pair);
	int r = envoi_memory_transport_new(
		&transport, pair, ENVOI_MEMORY_B, f->settings, !f->has_tls);
	return r < 0 ? r : envoi_acceptor_accept(f->acceptor, transport, &f->last);
}

/* --- peers --- */

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)domain;
	return accept_fixture_accept(user, pair);
}

struct envoi_client *accept_fixture_client(struct accept_fixture *f, const char *jid)
{
	struct envoi_client *client;
	struct envoi_connector *connector;
	assert_int_equal(envoi_client_new(&client, f->context, jid), ENVOI_OK);
	assert_int_equal(
		envoi_memory_connector_new(&connector, f->context, on_connect, f, !f->has_tls),
		ENVOI_OK);
	assert_int_equal(envoi_client_add_connector(client, connector), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(client, "secret"), ENVOI_OK);
	envoi_client_set(client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(client, "tls.system-trust", "false");
	return client;
}

struct peer *accept_fixture_peer(struct accept_fixture *f)
{
	struct envoi_memory_pair *pair;
	assert_int_equal(envoi_memory_pair_new(&pair, f->context), ENVOI_OK);
	struct peer *peer = peer_new(f->context, pair, ENVOI_MEMORY_A);
	assert_int_equal(accept_fixture_accept(f, pair), ENVOI_OK);
	envoi_memory_pair_unref(pair);
	return peer;
}

void accept_fixture_run(struct accept_fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}

/* --- scripts --- */

#define ANSWER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"from='example.org' id='*' version='1.0'>"

void accept_fixture_script_login(struct peer *peer)
{
	peer_sends(peer, ACCEPT_HEADER("to='example.org' version='1.0'"));
	peer_expects(peer,
		ANSWER "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
		       "<mechanism>PLAIN</mechanism></mechanisms>"
		       "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>*</max-bytes></limits>"
		       "</stream:features>");
	peer_sends(peer,
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
		"AGFsaWNlAHNlY3JldA==</auth>");
	peer_expects(peer, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	peer_restarts(peer);
	peer_sends(peer, ACCEPT_HEADER("to='example.org' version='1.0'"));
	peer_expects(peer,
		ANSWER "<stream:features><sm xmlns='urn:xmpp:sm:3'/>"
		       "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
		       "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>"
		       "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>*</max-bytes>"
		       "<idle-seconds>*</idle-seconds></limits></stream:features>");
}

void accept_fixture_script_bind(struct peer *peer, const char *resource)
{
	char text[3000];
	snprintf(text, sizeof(text),
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>%s</resource></bind></iq>",
		resource);
	peer_sends(peer, text);
	snprintf(text, sizeof(text),
		"<iq type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<jid>alice@example.org/%s</jid></bind></iq>",
		resource);
	peer_expects(peer, text);
}
