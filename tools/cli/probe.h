/*
 * envoi - the command-line program: what a domain offers
 * SPDX-License-Identifier: MIT
 *
 * probe.c has the command, probe_names.c looks up names, probe_visit.c connects by one route,
 * probe_features.c reads what the server has announced, probe_print.c and probe_json.c
 * print, probe_advice.c has the advice.
 */
#ifndef ENVOI_TOOLS_PROBE_H
#define ENVOI_TOOLS_PROBE_H

#include "cli.h"

enum {
	PROBE_ROUTES = 5,
	PROBE_TARGETS = 8, /* of a service */
	PROBE_ADDRESSES = 8, /* of a host, of each family */
	PROBE_FEATURES = 6, /* times that a connection announces them */
	PROBE_FEATURES_SIZE = 16384,
};

/* --- names --- */

struct probe_host {
	char name[256], problem[96]; /* "": none */
	char addresses[2 * PROBE_ADDRESSES][46];
	size_t count;
	bool has_ipv6;
};

struct probe_service {
	const char *name; /* "_xmpp-client._tcp" */
	char problem[96]; /* "": there are records */
	bool is_refused; /* a record says that there is no service */
	struct probe_host hosts[PROBE_TARGETS];
	unsigned int ports[PROBE_TARGETS], priorities[PROBE_TARGETS], weights[PROBE_TARGETS];
	size_t count;
};

struct probe_names {
	bool are_looked_up; /* not with a proxy, a server or a URL that the user has named */
	struct probe_service services[2]; /* STARTTLS, direct TLS */
	struct probe_host domain; /* where a service has no records */
};

/* --- routes --- */

struct probe_certificate {
	char verified_for[256]; /* the name that it has to have; "": none was presented */
	char names[512], issuer[256];
	unsigned int doubts; /* OR of enum envoi_tls_doubt */
	int64_t until_ms; /* -1: unreadable */
};

/** One connection. */
struct probe_visit {
	bool is_done, has_ended_well; /* it got as far as it should */
	struct envoi_failure failure; /* else */
	char peer[96];
	char tls_version[16], cipher[64];
	struct probe_certificate certificate; /* of the last server that was asked */
	char *features[PROBE_FEATURES]; /* XML, in the order of their coming; owned */
	size_t feature_count;
	char mechanism[64]; /* of the login */
	uint64_t ms; /* to the features, or to the bound session */
	unsigned int exchanges; /* of XML: what was sent, and answered */
};

struct probe_route {
	const char *name; /* "direct TLS" */
	const char *order, *tls_mode; /* settings; NULL: as the user has set them */
	bool is_http, is_upgraded; /* it is carried by HTTP; after an upgrade */
	struct probe_visit look, login; /* without and with the account */
	struct envoi_element *features; /* before the login; NULL: not seen */
	struct envoi_element *online; /* after it */
	bool offers_clear; /* STARTTLS is not required */
};

struct probe {
	struct invocation *invocation;
	struct envoi_jid *domain;
	struct envoi_client *client; /* with the account; NULL: there is none */
	struct probe_names names;
	struct probe_route routes[PROBE_ROUTES];
	size_t route_count;
};

/* --- probe_names.c --- */

/** @return STATUS_DONE, or another after complaining */
int probe_look_up(struct probe *probe);

/* --- probe_visit.c --- */

/** Connect by a route, up to the features before the login. No secret is sent. */
int probe_look(struct probe *probe, struct probe_route *route);
/** Log in by a route, with the account of the invocation. */
int probe_log_in(struct probe *probe, struct probe_route *route);
void probe_visit_finish(struct probe_visit *visit);
/** @return round trips: connection, TLS, upgrade and XML, without names and host-meta */
unsigned int probe_round_trips(const struct probe_route *route, const struct probe_visit *visit);

/* --- probe_features.c --- */

/** Read the features of a visit of a route. @retval ENVOI_ERR_NOMEM */
int probe_read_features(
	struct probe *probe, struct probe_route *route, const struct probe_visit *visit);
/** Visit texts in order: mechanisms, channel bindings. @param[in,out] at  NULL to begin
 * @return NULL: no more */
const char *probe_next_mechanism(const struct probe_route *route, struct envoi_element **at);
const char *probe_next_binding(const struct probe_route *route, struct envoi_element **at);
bool probe_has_mechanism(const struct probe_route *route, const char *part);
/** @return a name for a feature, or its namespace */
const char *probe_feature_name(const struct envoi_element *feature);
bool probe_has_feature(const struct envoi_element *features, const char *ns);
/** @return a limit (XEP-0478, "max-bytes"), or NULL */
const char *probe_limit(const struct probe_route *route, const char *name);

/* --- probe_print.c --- */

void probe_print(const struct probe *probe);
/** @return days until the certificate ends; INT64_MIN: unknown */
int64_t probe_days_left(const struct probe *probe, const struct probe_certificate *certificate);
/** @param[out] text  "self-signed, wrong name"; "trusted" */
void probe_write_doubts(char *text, size_t size, unsigned int doubts);

/* --- probe_json.c --- */

void probe_write_json(const struct probe *probe);

/* --- probe_advice.c --- */

typedef void probe_advice_fn(void *user, const char *advice);
/** Call a function for each advice, in the order of weight. */
void probe_advise(const struct probe *probe, probe_advice_fn *take, void *user);

#endif
