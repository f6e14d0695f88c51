/*
 * envoi - answers: how a request ended
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROUTER_ANSWER_H
#define ENVOI_ROUTER_ANSWER_H

#include <stdbool.h>

#include <envoi/payload.h>
#include <envoi/request.h>

struct envoi_answer {
	int code;
	struct envoi_stanza *stanza; /* or NULL; borrowed, as all here */
	bool has_error;
	struct envoi_stanza_error error;
	const void *payload;
	char text[256];
};

/**
 * Look at a result or error.
 * @param code      ENVOI_ERR_STANZA for an error stanza, ENVOI_OK for a result, else there is none
 * @param expected  decoded from a result; NULL: nothing
 */
void envoi__answer_init(struct envoi_answer *answer, int code, struct envoi_stanza *stanza,
	const struct envoi_payload_type *expected);

#endif
