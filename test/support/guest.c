/*
 * envoi - tests: a server of envoi-server over memory, in virtual time, and scripted clients of it
 * SPDX-License-Identifier: MIT
 */
#include "guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/crypto.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/store.h>
#include <envoi/values.h>

#include "paced_store.h"

enum {
	MOMENT_MS = 100,
};

/* --- the server --- */

static struct host *from_hook(struct envoi_server_hook *hook)
{
	return ENVOI_CONTAINER_OF(hook, struct host, hook);
}

static void on_reported(struct envoi_server_hook *hook, const struct envoi_server_report *report)
{
	static const char *const names[] = {
		"", "connected", "logged-in", "online", "suspended", "resumed", "ended"};
	struct host *host = from_hook(hook);
	size_t len = strlen(host->notes);
	if (report->jid != NULL) {
		snprintf(host->notes + len, sizeof(host->notes) - len, "%s %s\n",
			names[report->act], envoi_jid_text(report->jid));
	}
}

static void on_closed(struct envoi_server_hook *hook)
{
	assert_false(from_hook(hook)->is_closed);
	from_hook(hook)->is_closed = true;
}

static const struct envoi_server_hook_impl hook_impl = {
	.reported = on_reported,
	.closed = on_closed,
};

void host_init(struct host *host, struct envoi_context *context)
{
	*host = (struct host){.hook.impl = &hook_impl, .context = context};
	if (context == NULL) {
		assert_int_equal(envoi_context_new(&host->context, NULL), ENVOI_OK);
	}
	assert_int_equal(envoi_loop_new_simulated(&host->loop, host->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(host->context, host->loop), ENVOI_OK);
	assert_int_equal(envoi_server_add_settings(host->context), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&host->settings, host->context), ENVOI_OK);
	host_set(host, "sasl.mechanisms", "PLAIN");
	host_set(host, "server.scram-iterations", "4096");
}

void host_finish(struct host *host)
{
	envoi_server_free(host->server);
	envoi_store_destroy(host->store);
	envoi_settings_free(host->settings);
	envoi_tls_config_unref(host->tls);
	envoi_context_unref(host->context);
}

void host_set(struct host *host, const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(host->settings, name, value), ENVOI_OK);
}

void host_make(struct host *host)
{
	if (host->server != NULL) {
		return;
	}
#ifdef HAS_SQLITE
	if (host->store == NULL && getenv("ENVOI_TEST_STORE") != NULL) {
		host->store = paced_store_new(host->context);
	}
#endif
	if (host->store == NULL) {
		assert_int_equal(envoi_store_new_memory(&host->store, host->context), ENVOI_OK);
	}
	const struct envoi_server_options options = {.domain = "example.org",
		.store = host->store,
		.tls = host->tls,
		.settings = host->settings,
		.hook = &host->hook};
	assert_int_equal(envoi_server_new(&host->server, host->context, &options), ENVOI_OK);
}

void host_run(struct host *host, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(host->loop, ms), ENVOI_OK);
}

size_t host_waiting(const struct host *host)
{
	struct envoi_server_stats stats;
	envoi_server_get_stats(host->server, &stats);
	return stats.waiting;
}

static void on_changed(void *user, int code)
{
	bool *is_done = user;
	assert_int_equal(code, ENVOI_OK);
	*is_done = true;
}

void host_account(struct host *host, const char *name)
{
	bool is_done = false;
	host_make(host);
	assert_int_equal(
		envoi_server_set_password(host->server, name, "secret", true, on_changed, &is_done),
		ENVOI_OK);
	host_run(host, MOMENT_MS);
	assert_true(is_done);
}

static struct envoi_transport *transport_of(struct host *host, struct envoi_memory_pair *pair)
{
	struct envoi_transport *transport;
	host_make(host);
	assert_int_equal(
		envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_B, host->settings, true),
		ENVOI_OK);
	return transport;
}

static int accept_pair(struct host *host, struct envoi_memory_pair *pair)
{
	struct envoi_transport *transport = transport_of(host, pair);
	return envoi_server_accept(host->server, transport);
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)domain;
	return accept_pair(user, pair);
}

struct envoi_client *host_client(struct host *host, const char *address)
{
	struct envoi_client *client;
	struct envoi_connector *connector;
	assert_int_equal(envoi_client_new(&client, host->context, address), ENVOI_OK);
	assert_int_equal(
		envoi_memory_connector_new(&connector, host->context, on_connect, host, true),
		ENVOI_OK);
	assert_int_equal(envoi_client_add_connector(client, connector), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(client, "secret"), ENVOI_OK);
	return client;
}

/* --- guests --- */

void guest_say(struct guest *guest, const char *text)
{
	peer_sends_bytes(guest->peer, text, strlen(text));
	peer_start(guest->peer);
	host_run(guest->host, MOMENT_MS);
}

const char *guest_heard(struct guest *guest)
{
	const char *all = peer_heard(guest->peer), *news = all + guest->seen;
	guest->seen = strlen(all);
	return news;
}

bool guest_hears(struct guest *guest, const char *text)
{
	return strstr(guest_heard(guest), text) != NULL;
}

/* @return whether all of @p text is as @p pattern says */
static bool matches(const char *text, const char *pattern)
{
	while (*pattern != '\0') {
		if (*pattern != '*') {
			if (*text++ != *pattern++) {
				return false;
			}
			continue;
		}
		size_t most = strcspn(text, "'");
		for (size_t len = 0; len <= most; len++) {
			if (matches(text + len, pattern + 1)) {
				return true;
			}
		}
		return false;
	}
	return *text == '\0';
}

void guest_assert_heard(struct guest *guest, const char *expected)
{
	const char *heard = guest_heard(guest);
	if (!matches(heard, expected)) {
		assert_string_equal(heard, expected);
	}
}

void guest_open(struct guest *guest)
{
	guest_say(guest,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>");
}

static struct guest *new_guest(struct host *host)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	assert_non_null(guest);
	guest->host = host;
	assert_int_equal(envoi_memory_pair_new(&guest->pair, host->context), ENVOI_OK);
	guest->peer = peer_new(host->context, guest->pair, ENVOI_MEMORY_A);
	return guest;
}

static void shake_hands(struct guest *guest, const char *secret)
{
	char text[200] = "", handshake[100] = "<handshake>";
	unsigned char hash[20];
	const char *id = strstr(guest_heard(guest), " id='");
	assert_non_null(id);
	sscanf(id, " id='%100[^']", text);
	strcat(text, secret);
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA1, text, strlen(text), hash), 0);
	for (size_t i = 0; i < sizeof(hash); i++) {
		sprintf(handshake + strlen(handshake), "%02x", hash[i]);
	}
	strcat(handshake, "</handshake>");
	guest_say(guest, handshake);
}

struct guest *guest_component(struct host *host, const char *domain, const char *secret)
{
	char header[300];
	struct guest *guest = new_guest(host);
	struct envoi_transport *transport = transport_of(host, guest->pair);
	assert_int_equal(envoi_server_accept_component(host->server, transport), ENVOI_OK);
	snprintf(header, sizeof(header),
		"<stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='%s'>",
		domain);
	guest_say(guest, header);
	shake_hands(guest, secret);
	return guest;
}

struct guest *guest_connected(struct host *host)
{
	struct guest *guest = new_guest(host);
	assert_int_equal(accept_pair(host, guest->pair), ENVOI_OK);
	return guest;
}

void guest_authenticate(struct guest *guest, const char *name, const char *password)
{
	char plain[200], encoded[300], auth[500];
	int len = snprintf(plain, sizeof(plain), "%c%s%c%s", '\0', name, '\0', password);
	envoi_base64_encode(encoded, plain, (size_t)len);
	snprintf(auth, sizeof(auth),
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>",
		encoded);
	guest_say(guest, auth);
	guest_open(guest);
}

struct guest *guest_authenticated(struct host *host, const char *name)
{
	struct guest *guest = guest_connected(host);
	guest_open(guest);
	guest_authenticate(guest, name, "secret");
	assert_non_null(strstr(guest_heard(guest), "xmpp-bind"));
	return guest;
}

struct guest *guest_new(struct host *host, const char *name, const char *resource)
{
	char text[2000];
	struct guest *guest = guest_authenticated(host, name);
	snprintf(text, sizeof(text),
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>%s</resource></bind></iq>",
		resource);
	guest_say(guest, text);
	assert_non_null(strstr(guest_heard(guest), "</jid></bind></iq>"));
	return guest;
}

struct guest *guest_new_managed(struct host *host, const char *name, const char *resource)
{
	struct guest *guest = guest_new(host, name, resource);
	guest_say(guest, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	assert_non_null(strstr(guest_heard(guest), "<enabled"));
	return guest;
}

static void free_guest(struct guest *guest)
{
	struct host *host = guest->host;
	envoi_memory_pair_unref(guest->pair);
	peer_free(guest->peer);
	free(guest);
	host_run(host, MOMENT_MS);
}

void guest_leave(struct guest *guest)
{
	guest_say(guest, "</stream:stream>");
	free_guest(guest);
}

void guest_cut(struct guest *guest)
{
	envoi_memory_pair_cut(guest->pair);
	host_run(guest->host, MOMENT_MS);
	free_guest(guest);
}

void guest_available(struct guest *guest, int priority)
{
	char text[200];
	snprintf(text, sizeof(text), "<presence><priority>%d</priority></presence>", priority);
	guest_say(guest, text);
	(void)guest_heard(guest);
}
