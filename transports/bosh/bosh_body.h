/*
 * envoi - XMPP over BOSH: the element <body/> (XEP-0124, XEP-0206)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BOSH_BODY_H
#define ENVOI_BOSH_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/conditions.h>
#include <envoi/interfaces/transport.h>
#include <envoi/xml.h>

#define ENVOI__BOSH_NS "http://jabber.org/protocol/httpbind"
#define ENVOI__XBOSH_NS "urn:xmpp:xbosh"

enum {
	BOSH_SID_SIZE = 256,
	BOSH_TEXT_SIZE = 256,
	BOSH_CONDITION_SIZE = 64,
};

/** The largest rid (XEP-0124, section 14.1). */
#define BOSH_LAST_RID UINT64_C(9007199254740991)

/** What a server has agreed to (section 7.2). */
struct bosh_session {
	char sid[BOSH_SID_SIZE]; /* "": there is no session yet */
	unsigned int requests; /* simultaneous ones; 1 at least */
	bool holds; /* the server holds requests; else it is polled */
	bool acks; /* it acknowledges requests (section 9) */
	uint64_t wait_ms, polling_ms, inactivity_ms;
	uint64_t maxpause_ms; /* 0: it takes no pauses (section 10) */
};

/** The attributes of a server's body. */
struct bosh_answer {
	bool is_error; /* requests are to be sent again (section 17.3) */
	bool is_end; /* the session is over (section 17.2) */
	char condition[BOSH_CONDITION_SIZE]; /* "": none */
	uint64_t ack; /* 0: none */
	char from[BOSH_TEXT_SIZE], id[BOSH_TEXT_SIZE], lang[40], version[8]; /* "": none */
};

/** What a request is, beside its elements. */
struct bosh_parts {
	/** Its attributes, with those of a stream header in `to`, `from` and `lang`; changed. */
	struct envoi_element *body;
	uint64_t rid;
	const char *sid; /**< NULL: the session is created */
	uint64_t wait_s; /**< of the creation */
	const char *version; /**< of the header, in the creation; NULL: none */
	bool is_restart, is_end;
	uint64_t ack; /**< 0: none */
	uint64_t pause_s; /**< 0: none */
	const char *key, *new_key; /**< "": none (section 15) */
	const char *xml; /**< the elements */
	size_t len;
};

/** Append a request. @retval ENVOI_ERR_NOMEM */
int envoi__bosh_write_body(struct envoi_buffer *out, const struct bosh_parts *parts);

/** Read the attributes of an answer. @retval ENVOI_ERR_PROTOCOL  it is no body of BOSH */
int envoi__bosh_read_answer(struct bosh_answer *answer, const struct envoi_element *body);

/**
 * Read what the server has agreed to.
 * @param wait_ms, rid  as requested
 * @retval ENVOI_ERR_PROTOCOL  the answer has no sid, or a malformed number
 */
int envoi__bosh_read_session(struct bosh_session *session, const struct envoi_element *body,
	uint64_t wait_ms, uint64_t rid);

/** @return the stream error that corresponds to a condition of BOSH (section 17.2); or none */
enum envoi_stream_condition envoi__bosh_stream_condition(const char *condition);

#endif
