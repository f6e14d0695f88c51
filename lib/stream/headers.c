/*
 * envoi - streams: headers (RFC 6120, section 4.7) and restarts (section 4.3.3)
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"

#include <string.h>

#include <envoi/context.h>

/** A copy of the peer's header: its texts follow it in the same memory. */
struct envoi__peer_head {
	struct envoi_stream_head head;
	char texts[];
};

#define VERSION "1.0"
#define OWN_LANG "en" /* of the texts of stanza errors */

enum {
	ERROR_BEHIND_HEAD_MS = 2000, /* for a stream error behind a faulty header */
};

/* XEP-0114, section 3: no version, no features; what the peer is asked for follows its header. */
static bool has_versions(const struct envoi_stream *stream)
{
	return strcmp(stream->content_ns, "jabber:component:accept") != 0;
}

/* --- the peer's --- */

static size_t text_size(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static const char *put_text(char **at, const char *text)
{
	size_t size = text_size(text);
	if (size == 0) {
		return NULL;
	}
	char *copy = memcpy(*at, text, size);
	*at += size;
	return copy;
}

static int keep_head(struct envoi_stream *stream, const struct envoi_stream_head *head)
{
	size_t size = text_size(head->from) + text_size(head->to) + text_size(head->id) +
		text_size(head->lang) + text_size(head->version) + text_size(head->content_ns);
	struct envoi__peer_head *kept = envoi_alloc(stream->context, sizeof(*kept) + size);
	if (kept == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	char *at = kept->texts;
	kept->head.from = put_text(&at, head->from);
	kept->head.to = put_text(&at, head->to);
	kept->head.id = put_text(&at, head->id);
	kept->head.lang = put_text(&at, head->lang);
	kept->head.version = put_text(&at, head->version);
	kept->head.content_ns = put_text(&at, head->content_ns);
	envoi_free(stream->context, stream->peer_head);
	stream->peer_head = kept;
	return ENVOI_OK;
}

const struct envoi_stream_head *envoi_stream_peer_head(const struct envoi_stream *stream)
{
	return stream->peer_head == NULL ? NULL : &stream->peer_head->head;
}

const char *envoi_stream_id(const struct envoi_stream *stream)
{
	const struct envoi_stream_head *head = envoi_stream_peer_head(stream);
	return stream->role == ENVOI_RECEIVER ? stream->id : head != NULL ? head->id : NULL;
}

/* Section 4.7.5: digits, a point, digits; compared as numbers. Only the major one matters here:
 * every 1.x has features. */
static bool is_version_1(const char *version)
{
	if (version == NULL) {
		return false;
	}
	size_t major = strspn(version, "0123456789");
	size_t minor = version[major] == '.' ? strspn(version + major + 1, "0123456789") : 0;
	return minor > 0 && version[major + 1 + minor] == '\0' && strspn(version, "0") < major;
}

static bool is_domain(struct envoi_stream *stream, const char *text, const char *domain)
{
	struct envoi_jid *jid;
	if (strcmp(text, domain) == 0) {
		return true;
	}
	if (envoi_jid_from_text(&jid, stream->context, text) < 0) {
		return false;
	}
	bool same = envoi_jid_local(jid) == NULL && envoi_jid_is_bare(jid) &&
		strcmp(envoi_jid_domain(jid), domain) == 0;
	envoi_jid_unref(jid);
	return same;
}

static enum envoi_stream_condition check_version_and_ns(
	const struct envoi_stream *stream, const struct envoi_stream_head *head)
{
	if (head->content_ns != NULL && strcmp(head->content_ns, stream->content_ns) != 0) {
		return ENVOI_STREAM_INVALID_NAMESPACE;
	}
	return has_versions(stream) && !is_version_1(head->version)
		? ENVOI_STREAM_UNSUPPORTED_VERSION
		: ENVOI_STREAM_NO_CONDITION;
}

/*
 * Section 4.7.1: `from` is a claim, and before TLS nothing proves it. After TLS it must name the
 * domain that the certificate was checked for. Section 4.7.3: a stream has an id.
 */
static enum envoi_stream_condition check_server_head(
	struct envoi_stream *stream, const struct envoi_stream_head *head)
{
	enum envoi_stream_condition condition = check_version_and_ns(stream, head);
	if (condition != ENVOI_STREAM_NO_CONDITION) {
		return condition;
	}
	if ((stream->bits & ENVOI_STREAM_SECURE) != 0 && head->from != NULL &&
		!is_domain(stream, head->from, stream->peer_domain)) {
		return ENVOI_STREAM_INVALID_FROM;
	}
	return head->id == NULL || head->id[0] == '\0' ? ENVOI_STREAM_BAD_FORMAT
						       : ENVOI_STREAM_NO_CONDITION;
}

/* Section 4.7.1: once the peer has authenticated, a `from` must be its address, also that of the
 * header before. */
static bool is_foreign(struct envoi_stream *stream, const struct envoi_stream_head *head)
{
	const char *user = stream->user;
	struct envoi_jid *jid;
	if (user == NULL || head == NULL || head->from == NULL) {
		return false;
	}
	int r = envoi_jid_from_text(&jid, stream->context, head->from);
	if (r < 0) {
		return r != ENVOI_ERR_NOMEM; /* a claim that nothing relies on */
	}
	const char *local = envoi_jid_local(jid);
	bool is_own = local != NULL && strcmp(local, user) == 0 &&
		(stream->local == NULL || envoi_jid_equal_domain(jid, stream->local));
	envoi_jid_unref(jid);
	return !is_own;
}

/* Section 4.7.2 */
static enum envoi_stream_condition check_client_head(
	struct envoi_stream *stream, const struct envoi_stream_head *head)
{
	enum envoi_stream_condition condition = check_version_and_ns(stream, head);
	if (condition != ENVOI_STREAM_NO_CONDITION) {
		return condition;
	}
	if (head->to == NULL) {
		return ENVOI_STREAM_IMPROPER_ADDRESSING;
	}
	if (stream->local != NULL &&
		!is_domain(stream, head->to, envoi_jid_domain(stream->local))) {
		return ENVOI_STREAM_HOST_UNKNOWN;
	}
	return is_foreign(stream, head) ? ENVOI_STREAM_INVALID_FROM : ENVOI_STREAM_NO_CONDITION;
}

static void refuse_head(struct envoi_stream *stream, const struct envoi_stream_head *head,
	enum envoi_stream_condition condition)
{
	const char *text = "the stream has no id", *value = "";
	switch (condition) {
	case ENVOI_STREAM_INVALID_NAMESPACE:
		text = "the content namespace of the stream is ";
		value = head->content_ns;
		break;
	case ENVOI_STREAM_UNSUPPORTED_VERSION:
		text = "the stream's version is ";
		value = head->version != NULL ? head->version : "before 1.0";
		break;
	case ENVOI_STREAM_INVALID_FROM:
		text = "the peer calls itself ";
		value = head->from;
		break;
	case ENVOI_STREAM_IMPROPER_ADDRESSING:
		text = "the stream is addressed to no domain";
		break;
	case ENVOI_STREAM_HOST_UNKNOWN:
		text = "the stream is to ";
		value = head->to;
		break;
	default:
		break;
	}
	envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, condition, "%s%s", text, value);
}

void envoi__stream_refuse_server_head(struct envoi_stream *stream)
{
	const struct envoi_stream_head *head = envoi_stream_peer_head(stream);
	refuse_head(stream, head, check_server_head(stream, head));
}

/*
 * A server that is about to send a stream error may leave out half of its header: the error says
 * more than the header's fault does, which is reported when something else follows, or nothing.
 * A server that proves to be another domain than it says is refused at once.
 *
 * @return whether the negotiation goes on
 */
static bool accept_head(struct envoi_stream *stream, const struct envoi_stream_head *head)
{
	enum envoi_stream_condition condition = stream->role == ENVOI_INITIATOR
		? check_server_head(stream, head)
		: check_client_head(stream, head);
	if (condition == ENVOI_STREAM_NO_CONDITION) {
		return true;
	}
	if (stream->role == ENVOI_INITIATOR && condition != ENVOI_STREAM_INVALID_FROM) {
		stream->has_faulty_head = true;
		envoi__stream_limit_deadline(stream, ERROR_BEHIND_HEAD_MS);
	} else {
		refuse_head(stream, head, condition);
	}
	return false;
}

static void answer_head(struct envoi_stream *stream)
{
	int r = envoi__stream_send_head(stream);
	if (r < 0) {
		envoi__stream_fail_for(stream, r);
	} else if (has_versions(stream)) {
		envoi__stream_offer(stream);
	} else {
		stream->input = ENVOI__INPUT_OPEN;
		envoi__stream_await(stream);
	}
}

void envoi__stream_head(struct envoi_stream *stream, const struct envoi_stream_head *head)
{
	if (!envoi__stream_is_running(stream)) {
		return;
	}
	if (stream->input != ENVOI__INPUT_NONE) {
		envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_BAD_FORMAT,
			"a second stream header");
		return;
	}
	if (is_foreign(stream, envoi_stream_peer_head(stream))) {
		refuse_head(stream, envoi_stream_peer_head(stream), ENVOI_STREAM_INVALID_FROM);
		return;
	}
	stream->is_renewed = false;
	stream->input = ENVOI__INPUT_FEATURES;
	int r = keep_head(stream, head);
	if (r < 0) {
		envoi__stream_fail_for(stream, r);
		return;
	}
	if (!accept_head(stream, head)) {
		return;
	}
	if (stream->sink->impl->opened != NULL) {
		stream->sink->impl->opened(stream->sink);
	}
	if (!envoi__stream_is_running(stream)) {
		return;
	}
	if (stream->role == ENVOI_RECEIVER) {
		answer_head(stream);
	} else if (!has_versions(stream)) {
		stream->input = ENVOI__INPUT_OPEN;
		envoi__stream_negotiate(stream);
	}
}

/* --- ours --- */

static int send(struct envoi_stream *stream, const struct envoi_stream_head *head)
{
	int r = stream->transport->impl->send_head(stream->transport, head);
	if (r == ENVOI_OK) {
		envoi__tap_head(&stream->tap, stream->context, ENVOI_OUT, head);
	}
	return r;
}

static int keep_id(struct envoi_stream *stream, const char *id)
{
	envoi_free(stream->context, stream->id);
	stream->id = envoi_strndup(stream->context, id, strlen(id));
	return stream->id == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

/* Section 4.7.4: the language that is used, not the one that was asked for. */
static const char *answer_lang(const struct envoi_stream *stream)
{
	const struct envoi_stream_head *peer = envoi_stream_peer_head(stream);
	bool is_asked = peer != NULL && peer->lang != NULL && has_versions(stream);
	return stream->lang == NULL && is_asked ? OWN_LANG : stream->lang;
}

/* Section 4.7.3: unique, and not to be guessed. */
static int send_receiver_head(struct envoi_stream *stream)
{
	char id[ENVOI_ID_SIZE];
	int r = envoi_id_make(stream->context, id);
	if (r == ENVOI_OK && !has_versions(stream)) {
		r = keep_id(stream, id);
	}
	if (r < 0) {
		return r;
	}
	const struct envoi_stream_head *peer = envoi_stream_peer_head(stream);
	const char *asked = peer != NULL ? peer->to : NULL;
	struct envoi_stream_head head = {
		.from = stream->local != NULL ? envoi_jid_domain(stream->local) : asked,
		.to = peer != NULL ? peer->from : NULL,
		.id = id,
		.lang = answer_lang(stream),
		.version = has_versions(stream) ? VERSION : NULL,
		.content_ns = stream->content_ns,
	};
	return send(stream, &head);
}

/* Section 4.7.1: the own address is sent within TLS only. */
static int send_initiator_head(struct envoi_stream *stream)
{
	struct envoi_jid *bare = NULL;
	if ((stream->bits & ENVOI_STREAM_SECURE) != 0 && stream->local != NULL) {
		int r = envoi_jid_bare(&bare, stream->local);
		if (r < 0) {
			return r;
		}
	}
	struct envoi_stream_head head = {
		.from = bare != NULL ? envoi_jid_text(bare) : NULL,
		.to = stream->peer_domain,
		.lang = stream->lang,
		.version = has_versions(stream) ? VERSION : NULL,
		.content_ns = stream->content_ns,
	};
	int r = send(stream, &head);
	envoi_jid_unref(bare);
	return r;
}

int envoi__stream_send_head(struct envoi_stream *stream)
{
	int r = stream->role == ENVOI_INITIATOR ? send_initiator_head(stream)
						: send_receiver_head(stream);
	if (r == ENVOI_OK) {
		stream->output = ENVOI__OUTPUT_OPEN;
	}
	return r;
}

int envoi__stream_begin_for_error(struct envoi_stream *stream)
{
	if (stream->local == NULL && stream->host != NULL) {
		envoi_stream_set_local(stream, stream->host);
	}
	return envoi__stream_send_head(stream);
}

/* --- restarts --- */

void envoi__stream_restart(struct envoi_stream *stream)
{
	int r = stream->is_renewed ? ENVOI_OK : stream->transport->impl->restart(stream->transport);
	if (r == ENVOI_ERR_PROTOCOL) {
		envoi_stream_fail_with(stream, r, ENVOI_STREAM_POLICY_VIOLATION,
			"data after the end of the negotiation");
	} else if (r < 0) {
		envoi__stream_fail_for(stream, r);
	}
	if (r < 0) {
		return;
	}
	stream->features = envoi_element_unref(stream->features);
	envoi__stream_set_phase(stream, ENVOI_PHASE_STREAM);
	if (stream->role == ENVOI_INITIATOR) {
		r = envoi__stream_send_head(stream);
		if (r < 0) {
			envoi__stream_fail_for(stream, r);
		}
	}
}
