/*
 * envoi - acceptors: components (XEP-0114, section 3)
 * SPDX-License-Identifier: MIT
 */
#include <envoi/accept_component.h>

#include <arpa/inet.h>
#include <string.h>

#include <envoi/context.h>

#include "accept/acceptor.h"
#include "net/site.h"

/** A component by name: from where it was authenticated last. */
struct known {
	struct envoi_jid *domain;
	char source[INET6_ADDRSTRLEN];
};

static struct envoi_acceptor *from_hook(struct envoi_handshake_hook *hook)
{
	return ENVOI_CONTAINER_OF(hook, struct envoi_acceptor, handshake_hook);
}

/* --- sources --- */

/* An IPv6 address is named by the network of its site. */
static void name_source(char ret_name[INET6_ADDRSTRLEN], const char *source)
{
	struct in6_addr address;
	ret_name[0] = '\0';
	if (source != NULL && inet_pton(AF_INET6, source, &address) == 1) {
		struct in6_addr network = {0};
		struct envoi__site site;
		envoi__site_of_ip6(&site, &address);
		memcpy(&network, site.bytes, site.len);
		(void)inet_ntop(site.len == ENVOI__SITE_IP4_BYTES ? AF_INET : AF_INET6, &network,
			ret_name, INET6_ADDRSTRLEN);
	} else if (source != NULL) {
		size_t len = strnlen(source, INET6_ADDRSTRLEN - 1);
		memcpy(ret_name, source, len);
		ret_name[len] = '\0';
	}
}

static bool is_this_host(const char *source)
{
	return source == NULL || source[0] == '\0' || strncmp(source, "127.", 4) == 0 ||
		strcmp(source, "::1") == 0;
}

/* --- wrong secrets --- */

static uint64_t now_ms(const struct envoi_acceptor *acceptor)
{
	return envoi_loop_now_ms(envoi_context_loop(acceptor->context));
}

static struct known *known_of(const struct envoi_acceptor *acceptor, const struct envoi_jid *domain)
{
	return envoi__map_get(&acceptor->known_components, envoi_jid_text(domain),
		strlen(envoi_jid_text(domain)));
}

static bool is_from_known_source(
	const struct envoi_acceptor *acceptor, const struct envoi__accept_component *component)
{
	const struct known *known = known_of(acceptor, component->domain);
	return known != NULL && strcmp(known->source, component->source) == 0;
}

static bool has_failed_too_often(
	struct envoi_acceptor *acceptor, const struct envoi__accept_component *component)
{
	unsigned int most = acceptor->values.component_attempts;
	uint64_t now = now_ms(acceptor);
	if (component->source[0] != '\0' &&
		envoi__accept_failures_count(&acceptor->failed_sources, component->source, now) >=
			most) {
		return true;
	}
	return !is_from_known_source(acceptor, component) &&
		envoi__accept_failures_count(
			&acceptor->failed_names, envoi_jid_text(component->domain), now) >= most;
}

static void count_failure(
	struct envoi_acceptor *acceptor, const struct envoi__accept_component *component)
{
	uint64_t now = now_ms(acceptor), period = acceptor->values.component_period_ms;
	if (component->source[0] != '\0') {
		envoi__accept_failures_add(
			&acceptor->failed_sources, component->source, now, period);
	}
	if (!is_from_known_source(acceptor, component)) {
		envoi__accept_failures_add(
			&acceptor->failed_names, envoi_jid_text(component->domain), now, period);
	}
}

static void drop_known(struct envoi_acceptor *acceptor, struct known *known)
{
	envoi_jid_unref(known->domain);
	envoi_free(acceptor->context, known);
}

/* Without memory the source is not known, and the count of the name affects it. */
static void remember_source(
	struct envoi_acceptor *acceptor, const struct envoi__accept_component *component)
{
	struct known *known = known_of(acceptor, component->domain);
	if (known == NULL) {
		known = envoi_alloc_zeroed(acceptor->context, sizeof(*known));
		if (known == NULL) {
			return;
		}
		known->domain = envoi_jid_ref(component->domain);
		const char *text = envoi_jid_text(known->domain);
		if (envoi__map_add(&acceptor->known_components, text, strlen(text), known) < 0) {
			drop_known(acceptor, known);
			return;
		}
	}
	memcpy(known->source, component->source, sizeof(known->source));
}

/* --- the handshake --- */

static void open_lookup(struct envoi_acceptor *acceptor, struct envoi_accepted *accepted,
	struct envoi_stream *stream, struct envoi_handler *handler)
{
	struct envoi_component_lookup *lookup = &accepted->component->lookup;
	*lookup = (struct envoi_component_lookup){
		.domain = envoi_jid_text(accepted->component->domain),
		.accepted = accepted,
		.stream = stream,
		.feature = handler,
	};
	acceptor->components->impl->look_up(acceptor->components, lookup);
}

/* An own domain is not asked for: its name and secret count as wrong. */
static void take_handshake(struct envoi_acceptor *acceptor, struct envoi_accepted *accepted,
	struct envoi_stream *stream, struct envoi_handler *handler)
{
	const struct envoi_jid *own;
	int r = envoi__acceptor_domain(acceptor, envoi_jid_text(accepted->component->domain), &own);
	if (r == ENVOI_OK) {
		(void)envoi_handshake_answer(stream, handler, NULL, ENVOI_STREAM_NO_CONDITION);
	} else if (r != ENVOI_ERR_NOT_FOUND) {
		envoi_stream_fail_with(stream, r, ENVOI_STREAM_RESOURCE_CONSTRAINT, NULL);
	} else if (has_failed_too_often(acceptor, accepted->component)) {
		envoi_stream_fail_with(stream, ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION,
			"too many wrong secrets");
	} else {
		open_lookup(acceptor, accepted, stream, handler);
	}
}

static void on_wanted(struct envoi_handshake_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *domain)
{
	struct envoi_acceptor *acceptor = from_hook(hook);
	struct envoi_accepted *accepted = envoi__accepted_of_stream(stream);
	struct envoi__accept_component *component = accepted->component;
	envoi__accepted_enter(accepted);
	int r = envoi_jid_from_text(&component->domain, acceptor->context, domain);
	if (r < 0) {
		envoi_stream_fail_with(stream, r, ENVOI_STREAM_RESOURCE_CONSTRAINT, NULL);
	} else {
		take_handshake(acceptor, accepted, stream, handler);
	}
	envoi__accepted_leave(accepted);
}

const struct envoi_handshake_hook_impl envoi__accept_handshake_hook_impl = {.wanted = on_wanted};

void envoi__accept_component_cancel(struct envoi_accepted *accepted)
{
	struct envoi_component_directory *directory = accepted->acceptor->components;
	struct envoi_component_lookup *lookup = accepted->component != NULL
		? &accepted->component->lookup
		: NULL;
	if (lookup != NULL && lookup->stream != NULL) {
		lookup->stream = NULL;
		if (directory->impl->cancel != NULL) {
			directory->impl->cancel(directory, lookup);
		}
	}
}

static enum envoi_stream_condition refusal_of(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *domain)
{
	return acceptor->values.component_conflict == ENVOI__ACCEPT_REFUSE &&
			envoi_acceptor_find(acceptor, domain) != NULL
		? ENVOI_STREAM_CONFLICT
		: ENVOI_STREAM_NO_CONDITION;
}

static void answer(struct envoi_accepted *accepted, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *secret)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	const struct envoi_jid *domain = accepted->component->domain;
	int r = envoi_handshake_answer(stream, handler, secret, refusal_of(acceptor, domain));
	if (r == ENVOI_ERR_AUTH) {
		count_failure(acceptor, accepted->component);
	}
}

void envoi_component_lookup_answer(
	struct envoi_component_lookup *lookup, int code, const char *secret)
{
	struct envoi_accepted *accepted = lookup->accepted;
	struct envoi_stream *stream = lookup->stream;
	if (stream == NULL) {
		return;
	}
	lookup->stream = NULL;
	envoi__accepted_enter(accepted);
	if (code < 0 && code != ENVOI_ERR_NOT_FOUND) {
		envoi_stream_fail_with(stream, code, ENVOI_STREAM_INTERNAL_SERVER_ERROR,
			"the secret of the component could not be looked up");
	} else {
		answer(accepted, stream, lookup->feature, code == ENVOI_OK ? secret : NULL);
	}
	envoi__accepted_leave(accepted);
}

/* --- the session --- */

void envoi__accept_component_opened(struct envoi_accepted *accepted, struct envoi_stream *stream)
{
	bool is_secure = (envoi_stream_bits(stream) & ENVOI_STREAM_SECURE) != 0;
	bool must_be_secure = (accepted->acceptor->required & ENVOI_STREAM_SECURE) != 0 &&
		!accepted->component->is_this_host;
	if (must_be_secure && !is_secure) {
		envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_POLICY_VIOLATION,
			"a connection of a component without TLS");
	}
}

static int enter(struct envoi_accepted *accepted, struct envoi_jid *domain)
{
	int r = envoi__accept_table_add(accepted, domain);
	if (r < 0) {
		envoi_stream_fail_with(envoi_session_stream(accepted->session), r,
			ENVOI_STREAM_RESOURCE_CONSTRAINT, NULL);
	} else {
		remember_source(accepted->acceptor, accepted->component);
	}
	return r;
}

bool envoi__accept_component_enter(struct envoi_accepted *accepted)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	struct envoi_jid *domain = envoi_jid_ref(accepted->component->domain);
	struct envoi_accepted *other = envoi_acceptor_find(acceptor, domain);
	if (other != NULL) {
		envoi__accept_replace(other);
	}
	bool is_entered = !envoi__guard_is_over(&accepted->guard) &&
		enter(accepted, domain) == ENVOI_OK;
	envoi_jid_unref(domain);
	return is_entered;
}

void envoi__accept_component_free(
	struct envoi_context *context, struct envoi__accept_component *component)
{
	if (component != NULL) {
		envoi_jid_unref(component->domain);
		envoi_free(context, component);
	}
}

void envoi__accept_components_finish(struct envoi_acceptor *acceptor)
{
	size_t position = 0;
	for (struct known *known;
		(known = envoi__map_next(&acceptor->known_components, &position)) != NULL;) {
		drop_known(acceptor, known);
	}
	envoi__map_finish(&acceptor->known_components);
	envoi__accept_failures_finish(&acceptor->failed_names);
	envoi__accept_failures_finish(&acceptor->failed_sources);
	if (acceptor->component_handler != NULL) {
		envoi_handler_destroy(acceptor->component_handler);
	}
}

/* --- for the application --- */

int envoi_acceptor_set_components(
	struct envoi_acceptor *acceptor, struct envoi_component_directory *directory)
{
	if (acceptor->components != NULL || envoi__guard_is_over(&acceptor->guard)) {
		return ENVOI_ERR_STATE;
	}
	if (directory == NULL) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_handshake_receiver_new(
		&acceptor->component_handler, acceptor->context, &acceptor->handshake_hook);
	if (r == ENVOI_OK) {
		acceptor->components = directory;
	}
	return r;
}

int envoi_acceptor_accept_component(struct envoi_acceptor *acceptor,
	struct envoi_transport *transport, const char *source, struct envoi_accepted **ret_accepted)
{
	struct envoi__accept_component *component = NULL;
	int r = ENVOI_ERR_STATE;
	if (acceptor->components != NULL) {
		component = envoi_alloc_zeroed(acceptor->context, sizeof(*component));
		r = component == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	if (r < 0) {
		envoi_transport_destroy(transport);
		return r;
	}
	component->is_this_host = is_this_host(source);
	name_source(component->source, source);
	return envoi__acceptor_accept(acceptor, transport, component, ret_accepted);
}

bool envoi_accepted_is_component(const struct envoi_accepted *accepted)
{
	return accepted->component != NULL;
}

struct envoi_accepted *envoi_acceptor_component(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *jid)
{
	const char *domain = envoi_jid_domain(jid);
	return domain == NULL ? NULL : envoi__map_get(&acceptor->by_jid, domain, strlen(domain));
}
