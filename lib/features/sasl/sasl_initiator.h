/*
 * envoi - SASL, initiating side: shared by its files
 * SPDX-License-Identifier: MIT
 *
 * sasl_initiator.c has the handler and the exchange, sasl_auth.c its beginning, sasl_select.c the
 * choice of a mechanism, sasl_failure.c the ends.
 */
#ifndef ENVOI_FEATURES_SASL_SASL_INITIATOR_H
#define ENVOI_FEATURES_SASL_SASL_INITIATOR_H

#include <envoi/interfaces/mainloop.h>

#include "features/sasl/sasl_feature.h"
#include "sasl/sasl_choice.h"
#include "stanza/own_handler.h"

/** The handler: serves any number of streams. */
struct envoi__sasl {
	struct envoi__own_handler base;
	struct envoi_settings *settings; /* a copy */
	struct envoi__sasl_policy policy; /* its texts are of the copy */
	struct envoi_sasl_credentials *credentials;
	struct envoi_sasl_history *history; /* borrowed; NULL: none */
};

/*
 *	IDLE -> ASKING       a mechanism is chosen; the source of identities was asked
 *	ASKING -> EXCHANGING <auth/> was sent, and the exchange expects something
 *	       -> COMPLETE   <auth/> was sent, and our side is done (PLAIN)
 *	EXCHANGING -> EXCHANGING, COMPLETE   <challenge/>, answered with <response/>
 *	EXCHANGING -> WORKING   keys are being derived: the answer follows
 *	EXCHANGING -> ASKING_AGAIN -> WORKING   the exchange needs a password after all
 *	WORKING -> EXCHANGING
 *	EXCHANGING, COMPLETE -> DONE         <success/>
 *
 * Everything else ends the stream. The login has succeeded when the exchange is complete and
 * <success/> has come.
 */
enum envoi__sasl_stage {
	ENVOI__SASL_IDLE,
	ENVOI__SASL_ASKING,
	ENVOI__SASL_EXCHANGING,
	ENVOI__SASL_ASKING_AGAIN,
	ENVOI__SASL_WORKING,
	ENVOI__SASL_COMPLETE,
	ENVOI__SASL_DONE,
};

/** Of one stream. */
struct envoi__sasl_state {
	enum envoi__sasl_stage stage;
	struct envoi_sasl_request request;
	struct envoi_stream *stream; /* borrowed */
	struct envoi_element *features; /* on which the choice depends; a reference */
	struct envoi__sasl_choice choice;
	struct envoi_sasl_exchange *exchange;
	struct envoi_deferred work;
	char *sent; /* a message with the secret itself, until the server has answered; or NULL */
	size_t sent_len;
	unsigned int rounds_left;
	uint64_t password_ms; /* time limit for the application's answer; 0: none */
	int begun; /* the result of envoi__sasl_begin(), for negotiate() when it is on the stack */
	bool uses_keys; /* of an earlier login, and no password so far */
	bool is_finished; /* the stream has been freed in a callback */
};

enum {
	/* more than limits.before-login.stanza-bytes allows in features */
	ENVOI__SASL_MOST_WORDS = 500,
};

/** A server's offer; its words are borrowed from the features. */
struct envoi__sasl_offer {
	const char *mechanisms[ENVOI__SASL_MOST_WORDS], *bindings[ENVOI__SASL_MOST_WORDS];
	struct envoi_sasl_offer offer;
};

/** Read it from features (RFC 6120, section 6.4.1; XEP-0440). */
void envoi__sasl_read_offer(
	struct envoi__sasl_offer *ret_offer, const struct envoi_element *features);

/** Fill state->choice and state->request.mechanism, or fail the stream: @return its code */
int envoi__sasl_select(struct envoi__sasl *sasl, struct envoi_stream *stream,
	struct envoi__sasl_state *state, const struct envoi_element *features);

/**
 * Begin the exchange with the mechanism that was selected, and send `<auth/>`.
 * @param identity  borrowed for the call
 * @return ENVOI_AGAIN: the server answers; else the code with which the stream has failed
 */
int envoi__sasl_begin(struct envoi__sasl *sasl, struct envoi__sasl_state *state,
	const struct envoi_sasl_identity *identity);

/** Keep a message that has the secret itself: a server may repeat it in a text that a user reads.
 * @retval ENVOI_ERR_NOMEM */
int envoi__sasl_keep_sent(struct envoi__sasl_state *state, const struct envoi_buffer *data);
void envoi__sasl_forget_sent(struct envoi__sasl_state *state, struct envoi_context *context);

/** Fail the stream, with a text. @return @p code */
int envoi__sasl_fail(struct envoi_stream *stream, const struct envoi__sasl_state *state, int code);

/** As envoi__sasl_fail(), after `<abort/>`. @param words NULL: the text for the code */
int envoi__sasl_abort(struct envoi_stream *stream, const struct envoi__sasl_state *state, int code,
	const char *words);

/** The server's `<failure/>` ends the stream. @return ENVOI_ERR_AUTH */
int envoi__sasl_refused(struct envoi__sasl *sasl, const struct envoi__sasl_state *state,
	const struct envoi_element *element);

#endif
