/*
 * envoi - a stream over a memory pair, in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_STREAM_FIXTURE_H
#define ENVOI_TEST_STREAM_FIXTURE_H

#include <envoi/context.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>

#include "peer.h"
#include "recorder.h"

enum {
	FIXTURE_HANDLERS = 8,
};

/**
 * One stream on side A of a pair, recorded; a scripted peer on side B. The stream is an initiator
 * for alice@example.org, on a transport that counts as secure; change @p options and the flags
 * between init and start.
 */
struct stream_fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_jid *alice, *domain;
	struct envoi_memory_pair *pair;
	struct peer *peer;
	struct recorder recorder;
	struct envoi_handler *handlers[FIXTURE_HANDLERS]; /* owned */
	size_t handler_count;
	struct envoi_stream_options options;
	bool is_plain; /* the transport does not count as secure */
};

void stream_fixture_init(struct stream_fixture *fixture);
void stream_fixture_finish(struct stream_fixture *fixture);

/** Add a handler. @param handler taken */
void stream_fixture_add(struct stream_fixture *fixture, struct envoi_handler *handler);
/** Add authentication by fake_auth_new(), binding, and the old session. */
void stream_fixture_add_login(struct stream_fixture *fixture);
/** The stream is a receiver for example.org. */
void stream_fixture_make_receiver(struct stream_fixture *fixture);

/** Make the stream, start the peer; nothing has happened yet. */
void stream_fixture_start(struct stream_fixture *fixture);
/** Start, if not done; run for so long in virtual time. */
void stream_fixture_run(struct stream_fixture *fixture, uint64_t duration_ms);

/** What the peer says and expects up to the end of a login with stream_fixture_add_login(). */
void stream_fixture_script_login(struct peer *peer);
void stream_fixture_script_headers(struct peer *peer);

#define STREAM_HEADER_OUT \
	"<stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' " \
	"from='alice@example.org' version='1.0'>"
#define STREAM_HEADER_IN \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='example.org' " \
	"version='1.0' xml:lang='en'>"
#define FAKE_AUTH_OFFER "<fake xmlns='urn:example:fake-auth'/>"
#define BIND_OFFER "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"

/**
 * Authentication without secrets, both roles: `<ask/>` and then `<yes/>` or `<no/>`, all in
 * urn:example:fake-auth. Gains AUTHENTICATED and restarts, as SASL does.
 */
struct envoi_handler *fake_auth_new(struct envoi_context *context);

#endif
