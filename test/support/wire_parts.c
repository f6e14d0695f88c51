/*
 * envoi - tests: what is read from a wire and made for it
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "wire.h"

struct envoi_session_stats wire_stats(const struct wire *wire)
{
	struct envoi_session_stats stats;
	envoi_session_get_stats(wire->session, &stats);
	return stats;
}

struct envoi_stanza *wire_iq(struct wire *wire, const char *to)
{
	struct envoi_stanza *iq = envoi_iq_new(wire->context, ENVOI_IQ_GET, to);
	envoi_element_add(envoi_stanza_element(iq), "urn:xmpp:ping", "ping");
	return iq;
}

const char *wire_id_in(const char *xml)
{
	static char id[64];
	const char *at = strstr(xml, " id='");
	assert_non_null(at);
	at += strlen(" id='");
	size_t len = strcspn(at, "'");
	assert_true(len < sizeof(id));
	memcpy(id, at, len);
	id[len] = '\0';
	return id;
}

struct envoi_stanza *wire_stanza(struct wire *wire, const char *xml)
{
	return stanza_from_text(wire->context, xml);
}

const char *wire_written(struct wire *wire, struct envoi_stanza *stanza)
{
	forget_text(&wire->log);
	write_line(&wire->log, envoi_stanza_element(stanza));
	envoi_stanza_unref(stanza);
	return written_text(&wire->log);
}

int wire_add_to_message(struct envoi_context *context,
	int (*add)(struct envoi_stanza *message, const struct envoi_stanza *original))
{
	struct envoi_stanza *message = envoi_message_new(context, ENVOI_TYPE_CHAT, "a@b", "x");
	struct envoi_stanza *original = envoi_message_new(context, ENVOI_TYPE_CHAT, "a@b", "y");
	int r = original == NULL ? ENVOI_ERR_NOMEM : envoi_stanza_set_id(original, "m");
	if (r == ENVOI_OK) {
		r = add(message, original);
	}
	envoi_stanza_unref(message);
	envoi_stanza_unref(original);
	return r;
}
