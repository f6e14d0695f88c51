/*
 * envoi - XMPP over BOSH: the element <body/> (XEP-0124, XEP-0206)
 * SPDX-License-Identifier: MIT
 */
#include "bosh_body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <envoi/error.h>
#include <envoi/values.h>

enum {
	DEFAULT_INACTIVITY_MS = 30000, /* if the server does not say */
	MOST_SECONDS = 86400, /* of any time that a server names */
	SECOND = 1000,
	/* of what the server names, as far as it is used */
	MOST_INACTIVITY_MS = 300 * SECOND,
	MOST_POLLING_MS = 60 * SECOND,
};

/* --- writing --- */

static void set_number(struct envoi_element *body, const char *name, uint64_t value)
{
	char text[ENVOI_INT_SIZE];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	envoi_element_set(body, name, text);
}

static void set_attributes(const struct bosh_parts *parts)
{
	struct envoi_element *body = parts->body;
	set_number(body, "rid", parts->rid);
	envoi_element_set(body, "sid", parts->sid);
	if (parts->sid == NULL) { /* section 7.1 */
		envoi_element_set(body, "content", "text/xml; charset=utf-8");
		envoi_element_set(body, "ver", "1.11");
		envoi_element_set(body, "hold", "1");
		envoi_element_set(body, "ack", "1");
		set_number(body, "wait", parts->wait_s);
	} else if (parts->ack > 0) {
		set_number(body, "ack", parts->ack);
	}
	if (parts->pause_s > 0) {
		set_number(body, "pause", parts->pause_s);
	}
	if (parts->key[0] != '\0') {
		envoi_element_set(body, "key", parts->key);
	}
	if (parts->new_key[0] != '\0') {
		envoi_element_set(body, "newkey", parts->new_key);
	}
	if (parts->is_end) {
		envoi_element_set(body, "type", "terminate");
	}
}

/* Some servers compare the prefix of these attributes. */
static int append_xmpp(struct envoi_buffer *out, const struct bosh_parts *parts)
{
	if (parts->is_restart) {
		return envoi_buffer_append_text(
			out, " xmlns:xmpp='" ENVOI__XBOSH_NS "' xmpp:restart='true'");
	}
	return parts->version == NULL
		? ENVOI_OK
		: envoi_buffer_printf(out, " xmlns:xmpp='" ENVOI__XBOSH_NS "' xmpp:version='%s'",
			  parts->version);
}

/* @return whether the writer has made an empty element, which is opened here */
static bool open_body(struct envoi_buffer *out, size_t before)
{
	size_t len = envoi_buffer_len(out);
	bool is_empty = len - before > 2 && memcmp(envoi_buffer_data(out) + len - 2, "/>", 2) == 0;
	if (is_empty) {
		envoi_buffer_truncate(out, len - 2);
	}
	return is_empty;
}

static int append_content(struct envoi_buffer *out, const struct bosh_parts *parts)
{
	int r = append_xmpp(out, parts);
	if (r < 0 || parts->len == 0) {
		return r < 0 ? r : envoi_buffer_append_text(out, "/>");
	}
	r = envoi_buffer_append_text(out, ">");
	r = r < 0 ? r : envoi_buffer_append(out, parts->xml, parts->len);
	return r < 0 ? r : envoi_buffer_append_text(out, "</body>");
}

int envoi__bosh_write_body(struct envoi_buffer *out, const struct bosh_parts *parts)
{
	size_t before = envoi_buffer_len(out);
	set_attributes(parts);
	int r = envoi_xml_write(out, parts->body, NULL);
	if (r == ENVOI_OK) {
		r = open_body(out, before) ? append_content(out, parts) : ENVOI_ERR_INVALID;
	}
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}

/* --- reading --- */

static int read_number(
	const struct envoi_element *body, const char *name, uint64_t most, uint64_t *value)
{
	const char *text = envoi_element_attr(body, name);
	if (text == NULL) {
		return ENVOI_OK;
	}
	return envoi_uint_parse(text, 0, most, value) < 0 ? ENVOI_ERR_PROTOCOL : ENVOI_OK;
}

static int read_seconds(const struct envoi_element *body, const char *name, uint64_t *value_ms)
{
	uint64_t seconds = *value_ms / SECOND;
	int r = read_number(body, name, MOST_SECONDS, &seconds);
	*value_ms = seconds * SECOND;
	return r;
}

/* A text that is too long is left out. */
static void read_text(char *to, size_t size, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;
	if (len > 0 && len < size) {
		memcpy(to, text, len + 1);
	}
}

int envoi__bosh_read_answer(struct bosh_answer *answer, const struct envoi_element *body)
{
	*answer = (struct bosh_answer){.ack = 0};
	if (strcmp(envoi_element_name(body), "body") != 0 ||
		strcmp(envoi_element_ns(body), ENVOI__BOSH_NS) != 0) {
		return ENVOI_ERR_PROTOCOL;
	}
	const char *type = envoi_element_attr(body, "type");
	answer->is_error = type != NULL && strcmp(type, "error") == 0;
	answer->is_end = type != NULL && strcmp(type, "terminate") == 0;
	read_text(answer->condition, sizeof(answer->condition),
		envoi_element_attr(body, "condition"));
	read_text(answer->from, sizeof(answer->from), envoi_element_attr(body, "from"));
	read_text(answer->id, sizeof(answer->id), envoi_element_attr(body, "authid"));
	read_text(answer->lang, sizeof(answer->lang),
		envoi_element_attr_ns(body, ENVOI_NS_XML, "lang"));
	read_text(answer->version, sizeof(answer->version),
		envoi_element_attr_ns(body, ENVOI__XBOSH_NS, "version"));
	return read_number(body, "ack", BOSH_LAST_RID, &answer->ack);
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

static int read_limits(struct bosh_session *session, const struct envoi_element *body)
{
	uint64_t requests = 2, hold = 1;
	int r = read_number(body, "requests", UINT32_MAX, &requests);
	r = r < 0 ? r : read_number(body, "hold", UINT32_MAX, &hold);
	r = r < 0 ? r : read_seconds(body, "wait", &session->wait_ms);
	r = r < 0 ? r : read_seconds(body, "polling", &session->polling_ms);
	r = r < 0 ? r : read_seconds(body, "inactivity", &session->inactivity_ms);
	r = r < 0 ? r : read_seconds(body, "maxpause", &session->maxpause_ms);
	session->inactivity_ms = at_most(session->inactivity_ms, MOST_INACTIVITY_MS);
	session->polling_ms = at_most(session->polling_ms, MOST_POLLING_MS);
	session->requests = requests > 0 ? (unsigned int)requests : 1;
	session->holds = hold > 0 && requests > 1 && session->wait_ms > 0;
	return r;
}

/* Section 9.1: the server acknowledges if it confirms the rid of the first request. */
int envoi__bosh_read_session(struct bosh_session *session, const struct envoi_element *body,
	uint64_t wait_ms, uint64_t rid)
{
	const char *sid = envoi_element_attr(body, "sid");
	uint64_t ack = 0;
	*session = (struct bosh_session){
		.wait_ms = wait_ms,
		.inactivity_ms = DEFAULT_INACTIVITY_MS,
	};
	if (sid == NULL || sid[0] == '\0' || strlen(sid) >= sizeof(session->sid)) {
		return ENVOI_ERR_PROTOCOL;
	}
	memcpy(session->sid, sid, strlen(sid) + 1);
	int r = read_limits(session, body);
	r = r < 0 ? r : read_number(body, "ack", BOSH_LAST_RID, &ack);
	session->acks = ack == rid;
	session->wait_ms = at_most(session->wait_ms, wait_ms);
	return r;
}

/* Section 17.2. */
enum envoi_stream_condition envoi__bosh_stream_condition(const char *condition)
{
	static const char *const names[] = {
		"host-gone",
		"host-unknown",
		"improper-addressing",
		"internal-server-error",
		"policy-violation",
		"remote-connection-failed",
		"undefined-condition",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(condition, names[i]) == 0) {
			return envoi_stream_condition_from_name(condition);
		}
	}
	return strcmp(condition, "system-shutdown") == 0 ? ENVOI_STREAM_SYSTEM_SHUTDOWN
							 : ENVOI_STREAM_NO_CONDITION;
}
