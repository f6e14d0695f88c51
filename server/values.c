/*
 * envoi-server - what clients keep at the server: private storage (XEP-0049), vcards (XEP-0054)
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#include "inside.h"

#define NS_PRIVATE "jabber:iq:private"
#define NS_VCARD "vcard-temp"

enum {
	KEY_SIZE = 2100, /* namespace and name within their limits */
};

/* --- setting --- */

static int write_value(const struct envoi__routed *routed, struct envoi__account *account,
	const char *key, struct envoi_buffer *xml)
{
	struct envoi_store *store = routed->server->store;
	struct envoi_store_job *job = envoi__saving_begin(account, routed);
	if (job == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	store->impl->set_value(store, job, envoi__account_name(account), key,
		envoi_buffer_data(xml), envoi_buffer_len(xml), routed->server->values.values);
	return ENVOI_OK;
}

static void set_value(const struct envoi__routed *routed, struct envoi__account *account,
	const char *key, const struct envoi_element *element)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, routed->server->context, 0);
	int r = envoi_xml_write(&xml, element, "");
	if (r == ENVOI_OK) {
		r = write_value(routed, account, key, &xml);
	}
	if (r < 0) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
	}
	envoi_buffer_finish(&xml);
}

/* --- getting --- */

/* A value that is being read for a request. */
struct getting {
	struct envoi__job job;
	struct envoi_stanza *stanza; /* a reference */
	struct envoi__place place;
	/** of what is not there. @param routed  the request */
	void (*answer_nothing)(const struct envoi__routed *routed);
};

static void answer_value(
	const struct envoi__routed *routed, const struct envoi_store_answer *answer)
{
	struct envoi_element *value = NULL, *parent;
	struct envoi_stanza *result = envoi_iq_result_new(routed->stanza);
	const struct envoi_element *payload = envoi_stanza_payload(routed->stanza);
	int r = envoi_xml_parse(
		&value, routed->server->context, answer->value, answer->value_len, NULL);
	parent = envoi_stanza_element(result);
	if (envoi_element_is(payload, NS_PRIVATE, "query")) {
		parent = envoi_element_add(parent, NS_PRIVATE, "query");
	}
	if (r == ENVOI_OK) {
		envoi_element_add_copy(parent, value);
		envoi__route_answer(routed->server, result);
	} else {
		envoi_stanza_unref(result);
		envoi__route_refuse(routed, ENVOI_INTERNAL_SERVER_ERROR);
	}
	envoi_element_unref(value);
}

static void on_got(struct envoi__job *job, int code, const struct envoi_store_answer *answer)
{
	struct getting *getting = ENVOI_CONTAINER_OF(job, struct getting, job);
	const struct envoi__routed routed = {.server = job->server, .stanza = getting->stanza};
	envoi__place_leave(&getting->place);
	if (code == ENVOI_OK) {
		answer_value(&routed, answer);
	} else if (code == ENVOI_ERR_NOT_FOUND) {
		getting->answer_nothing(&routed);
	} else if (code != ENVOI_ERR_CANCELED) {
		envoi__route_refuse(&routed, ENVOI_RESOURCE_CONSTRAINT);
	}
	envoi_stanza_unref(getting->stanza);
	envoi_free(job->server->context, getting);
}

static void get_value(const struct envoi__routed *routed, struct envoi__account *account,
	const char *key, void (*answer_nothing)(const struct envoi__routed *routed))
{
	struct envoi_store *store = routed->server->store;
	struct getting *getting = envoi_alloc_zeroed(routed->server->context, sizeof(*getting));
	if (getting == NULL) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
		return;
	}
	getting->stanza = envoi_stanza_ref(routed->stanza);
	getting->answer_nothing = answer_nothing;
	envoi__place_take(&getting->place, routed->server, envoi__route_sender(routed));
	envoi__job_begin(&getting->job, routed->server, account, on_got);
	store->impl->get_value(store, &getting->job.job, envoi__account_name(account), key);
}

/* --- private storage (XEP-0049) --- */

/* @return the one element that is stored or wanted; NULL: there is not one */
static const struct envoi_element *private_element(
	const struct envoi__routed *routed, char key[KEY_SIZE])
{
	const struct envoi_element *query = envoi_stanza_payload(routed->stanza);
	const struct envoi_element *element = envoi_element_first(query);
	if (element == NULL || envoi_element_next(element) != NULL ||
		strcmp(envoi_element_ns(element), NS_PRIVATE) == 0) {
		return NULL;
	}
	int len = snprintf(key, KEY_SIZE, "private {%s}%s", envoi_element_ns(element),
		envoi_element_name(element));
	return len < KEY_SIZE ? element : NULL;
}

/* Section 2: the element as it was asked for. */
static void answer_no_private(const struct envoi__routed *routed)
{
	struct envoi_stanza *result = envoi_iq_result_new(routed->stanza);
	envoi_element_add_copy(envoi_stanza_element(result), envoi_stanza_payload(routed->stanza));
	envoi__route_answer(routed->server, result);
}

static void get_private(const struct envoi__routed *routed, struct envoi__account *account)
{
	char key[KEY_SIZE];
	if (private_element(routed, key) == NULL) {
		envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
	} else {
		get_value(routed, account, key, answer_no_private);
	}
}

static void set_private(const struct envoi__routed *routed, struct envoi__account *account)
{
	char key[KEY_SIZE];
	const struct envoi_element *element = private_element(routed, key);
	if (element == NULL) {
		envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
	} else {
		set_value(routed, account, key, element);
	}
}

/* --- vcards (XEP-0054) --- */

static void answer_no_own_vcard(const struct envoi__routed *routed)
{
	envoi__route_refuse(routed, ENVOI_ITEM_NOT_FOUND);
}

/* As if there was no such account. */
static void answer_no_vcard(const struct envoi__routed *routed)
{
	envoi__route_refuse(routed, ENVOI_SERVICE_UNAVAILABLE);
}

static void get_vcard(const struct envoi__routed *routed, struct envoi__account *account)
{
	bool is_own = envoi__request_place(routed, account) == ENVOI__AT_OWN;
	get_value(routed, account, NS_VCARD, is_own ? answer_no_own_vcard : answer_no_vcard);
}

static void set_vcard(const struct envoi__routed *routed, struct envoi__account *account)
{
	set_value(routed, account, NS_VCARD, envoi_stanza_payload(routed->stanza));
}

const struct envoi__service envoi__value_services[] = {
	{ENVOI_IQ_GET, NS_PRIVATE, "query", ENVOI__AT_OWN, true, get_private},
	{ENVOI_IQ_SET, NS_PRIVATE, "query", ENVOI__AT_OWN, true, set_private},
	{ENVOI_IQ_GET, NS_VCARD, "vCard", ENVOI__AT_OWN | ENVOI__AT_OTHERS, true, get_vcard},
	{ENVOI_IQ_SET, NS_VCARD, "vCard", ENVOI__AT_OWN, true, set_vcard},
	{.kind = ENVOI_NO_STANZA},
};
