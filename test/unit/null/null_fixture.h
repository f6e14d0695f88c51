/*
 * envoi - tests: what the calls of null_calls.py are made with
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_NULL_FIXTURE_H
#define TEST_NULL_FIXTURE_H

#include <envoi/envoi.h>
#include <envoi/extensions.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/resolver.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/interfaces/session.h>

#include "wire.h"

struct null_fixture {
	struct wire wire; /* online */
	struct envoi_client *client;
	struct envoi_component *component;
	struct envoi_roster *roster;
	struct envoi_presences *presences;
	struct envoi_subscriptions *subscriptions;
	struct envoi_acceptor *acceptor;
	struct envoi_listener *listener;
	struct envoi_tls_config *tls;
	struct envoi_sasl_history *history;
	struct envoi_sasl_verifier verifier;
	unsigned char room[ENVOI_SASL_VERIFIER_BYTES];
	struct envoi_element *element;
	struct envoi_stanza *stanza; /* a message */
	struct envoi_uri *uri;
	struct envoi_xml_writer *writer;
	struct envoi_xml_parser *parser;
	struct envoi_buffer buffer, written;
	struct envoi_day day;
	struct envoi_time time;
	const char *const_text;
	char text[ENVOI_LANG_SIZE];
	bool a_bool;
	int an_int;
	int64_t an_int64;
	uint64_t a_uint64;
	size_t a_size;
};

/* One call with NULL. */
struct null_call {
	const char *function, *parameter;
	/* @return the result; of a function that returns a pointer, 0 for NULL, else 1 */
	int64_t (*call)(struct null_fixture *f);
	bool is_code; /* it returns an error code */
};

/* Ended by one without function. */
extern struct null_call null_calls[];

extern const struct envoi_payload_type null_payload_type;
extern const struct envoi_roster_item null_item;

void null_on_answer(void *user, const struct envoi_answer *answer);
int64_t null_result(const void *pointer);
void null_drop_writer(struct envoi_xml_writer *writer);
/* @return where no socket can be made */
const char *null_socket_path(void);

#endif
