/*
 * envoi - a BOSH transport whose connections lead to a scripted server, in virtual time
 * SPDX-License-Identifier: MIT
 */
#include "bosh_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/channel.h>
#include <envoi/xml.h>

#include "bosh_link.h"
#include "bosh_transport.h"
#include "memory_links.h"

/* --- links --- */

static int open_link(void *user, const struct envoi_target *target, struct envoi_memory_pair *pair)
{
	struct bosh_fixture *f = user;
	assert_string_equal(target->url, "http://example.org:5280/bosh");
	if (f->refusals > 0) {
		f->refusals--;
		return ENVOI_ERR_UNREACHABLE;
	}
	if (f->links == BOSH_MOST_LINKS) {
		return ENVOI_ERR_UNREACHABLE;
	}
	int r = envoi_memory_end_new(&f->ends[f->links], pair, ENVOI_MEMORY_B, NULL, NULL);
	f->links += r == ENVOI_OK;
	return r;
}

static int make_connector(
	struct envoi_connector **ret_connector, struct envoi_context *context, void *user)
{
	return memory_links_new(ret_connector, context, open_link, user);
}

/* --- events --- */

static struct bosh_fixture *fixture_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct bosh_fixture, sink);
}

static void note(struct bosh_fixture *f, const char *event, const char *text)
{
	/* without memory the log is not compared */
	(void)!envoi_buffer_append_text(&f->log, text);
	if (f->destroys_at != NULL && strcmp(f->destroys_at, event) == 0) {
		envoi_transport_destroy(f->transport);
		f->transport = NULL;
	}
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	char text[512];
	snprintf(text, sizeof(text), "opened %s %s %s\n", head->from != NULL ? head->from : "-",
		head->id, head->version);
	note(fixture_of(sink), "opened", text);
}

static void send_header(struct bosh_fixture *f)
{
	const struct envoi_stream_head head = {
		.to = "example.org", .lang = "en", .version = "1.0", .content_ns = ENVOI_NS_CLIENT};
	(void)!f->transport->impl->send_head(f->transport, &head);
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	struct bosh_fixture *f = fixture_of(sink);
	(void)!envoi_xml_write(&f->log, element, ENVOI_NS_CLIENT);
	note(f, "element", "\n");
	if (f->restarts_at_element) {
		(void)!f->transport->impl->restart(f->transport);
		send_header(f);
	}
}

static void on_ended(struct envoi_transport_sink *sink)
{
	struct bosh_fixture *f = fixture_of(sink);
	note(f, "ended", "ended\n");
	if (f->closes_at_end) {
		f->transport->impl->close(f->transport, 5 * BOSH_SECOND);
	}
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	char text[64];
	snprintf(text, sizeof(text), "written %zu\n", count);
	note(fixture_of(sink), "written", text);
}

static void on_nothing(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_activity(struct envoi_transport_sink *sink)
{
	fixture_of(sink)->activities++;
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	char text[512];
	snprintf(text, sizeof(text), "closed %s %s %s\n", envoi_error_name(why->code),
		why->condition, why->text);
	fixture_of(sink)->closes++;
	note(fixture_of(sink), "closed", text);
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.ended = on_ended,
	.written = on_written,
	.drained = on_nothing,
	.activity = on_activity,
	.closed = on_closed,
};

/* --- the fixture --- */

static char *copy(const struct bosh_fixture *f, const char *text)
{
	char *own = envoi_strndup(f->context, text, strlen(text));
	assert_non_null(own);
	return own;
}

static void on_first(void *user, struct envoi_transport *link, const struct envoi_failure *failure)
{
	struct bosh_fixture *f = user;
	struct envoi__bosh_options options = {
		.url_text = copy(f, "http://example.org:5280/bosh"),
		.domain = copy(f, "example.org"),
		.wait_ms = 50 * BOSH_SECOND,
		.body_bytes = 1 << 20,
		.make = make_connector,
		.user = f,
	};
	assert_null(failure);
	assert_int_equal(envoi__http_url_read(&options.url, options.url_text), ENVOI_OK);
	struct envoi_connector *connector = f->first;
	f->first = NULL;
	assert_int_equal(envoi__bosh_transport_new(&f->transport, f->context, &options, connector,
				 envoi__bosh_link_of(link)),
		ENVOI_OK);
}

int bosh_setup(void **state)
{
	struct bosh_fixture *f = calloc(1, sizeof(*f));
	const struct envoi_target target = {.url = "http://example.org:5280/bosh"};
	assert_non_null(f);
	assert_int_equal(test_allocator_context(&f->context, &f->allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	envoi_buffer_init(&f->log, f->context, 0);
	f->sink.impl = &sink_impl;
	assert_int_equal(make_connector(&f->first, f->context, f), ENVOI_OK);
	assert_int_equal(f->first->impl->connect(f->first, &target, on_first, f), ENVOI_OK);
	bosh_run(f, 10);
	assert_non_null(f->transport);
	*state = f;
	return 0;
}

int bosh_teardown(void **state)
{
	struct bosh_fixture *f = *state;
	envoi_transport_destroy(f->transport);
	for (int i = 0; i < f->links; i++) {
		envoi_memory_end_free(f->ends[i]);
	}
	envoi_buffer_finish(&f->log);
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	free(f);
	return 0;
}

void bosh_run(struct bosh_fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}

void bosh_start(struct bosh_fixture *f)
{
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_OK);
	send_header(f);
	bosh_run(f, 10);
}

void bosh_open(struct bosh_fixture *f)
{
	static char text[BOSH_TEXT];
	bosh_start(f);
	bosh_take_request(f, 0, text);
	bosh_answer(f, 0, BOSH_CREATED(BOSH_FEATURES));
	bosh_expect_log_with(f, "opened", "features");
}

void bosh_send(struct bosh_fixture *f, const char *xml)
{
	assert_int_equal(
		f->transport->impl->send_element(f->transport, xml, strlen(xml)), ENVOI_OK);
	bosh_run(f, 10);
}

/* --- the server --- */

/* @param[out] ret_body  in @p request @return the length of the body; -1: not all is there */
static long find_body(const char *request, const char **ret_body)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strstr(request, "Content-Length: ");
	long len = end != NULL && length != NULL ? strtol(length + 16, NULL, 10) : -1;
	*ret_body = end != NULL ? end + 4 : NULL;
	return len >= 0 && strlen(*ret_body) >= (size_t)len ? len : -1;
}

static char *received(struct bosh_fixture *f, int link)
{
	static char text[2 * BOSH_TEXT];
	struct envoi_buffer *buffer = envoi_memory_end_received(f->ends[link]);
	size_t len = envoi_buffer_len(buffer);
	assert_true(len < sizeof(text));
	if (len > 0) {
		memcpy(text, envoi_buffer_data(buffer), len);
	}
	text[len] = '\0';
	return text;
}

int bosh_requests(struct bosh_fixture *f, int link)
{
	const char *body;
	return link < f->links && find_body(received(f, link), &body) >= 0;
}

static void check_rid(struct bosh_fixture *f, const char *body)
{
	const char *rid = strstr(body, " rid='");
	assert_non_null(rid);
	uint64_t value = strtoull(rid + 6, NULL, 10);
	assert_true(value > 0 && value <= UINT64_C(9007199254740991));
	assert_true(f->last_rid == 0 || value <= f->last_rid + 1);
	f->last_rid = value > f->last_rid ? value : f->last_rid;
}

static void keep_head(struct bosh_fixture *f, const char *request)
{
	const char *end = request;
	for (int i = 0; i < 3; i++) {
		end = strstr(end, "\r\n") + 2;
	}
	snprintf(f->head, sizeof(f->head), "%.*s", (int)(end - request), request);
}

void bosh_take_request(struct bosh_fixture *f, int link, char *body)
{
	const char *start;
	assert_true(link < f->links);
	char *request = received(f, link);
	long len = find_body(request, &start);
	assert_true(len >= 0 && len < BOSH_TEXT);
	memcpy(body, start, (size_t)len);
	body[len] = '\0';
	keep_head(f, request);
	check_rid(f, body);
	envoi_buffer_consume(
		envoi_memory_end_received(f->ends[link]), (size_t)(start - request) + (size_t)len);
}

static void write_plain(struct bosh_fixture *f, struct envoi_buffer *to, const char *xml,
	const char *type, bool is_expected)
{
	struct envoi_element *element;
	assert_int_equal(envoi_xml_parse(&element, f->context, xml, strlen(xml), NULL), ENVOI_OK);
	if (!is_expected) {
		const char *its_type = envoi_element_attr(element, "type");
		assert_string_equal(its_type != NULL ? its_type : "", type != NULL ? type : "");
	}
	envoi_element_set(element, "rid", "$");
	envoi_element_set(element, "key", NULL); /* tests of their own read them */
	envoi_element_set(element, "newkey", NULL);
	envoi_element_set(element, "type", NULL);
	envoi_buffer_init(to, f->context, 0);
	assert_int_equal(envoi_xml_write(to, element, NULL), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(to, "", 1), ENVOI_OK);
	envoi_element_unref(element);
}

/* BOSH_BODY() has no sid. */
static void add_sid(char *to, size_t size, const char *body)
{
	static const char plain[] = "<body xmlns='http://jabber.org/protocol/httpbind'>";
	bool is_plain = strncmp(body, plain, sizeof(plain) - 1) == 0;
	snprintf(to, size, "%s%s",
		is_plain ? "<body xmlns='http://jabber.org/protocol/httpbind' rid='$' sid='s1'>"
			 : "",
		is_plain ? body + sizeof(plain) - 1 : body);
}

void bosh_expect_request(struct bosh_fixture *f, int link, const char *type, const char *body)
{
	static char got[BOSH_TEXT], wanted[BOSH_TEXT];
	struct envoi_buffer a, b;
	bosh_take_request(f, link, got);
	add_sid(wanted, sizeof(wanted), body);
	write_plain(f, &a, got, type, false);
	write_plain(f, &b, wanted, type, true);
	assert_string_equal(envoi_buffer_data(&a), envoi_buffer_data(&b));
	envoi_buffer_finish(&a);
	envoi_buffer_finish(&b);
}

void bosh_expect_empty(struct bosh_fixture *f, int link, int count)
{
	for (int i = 0; i < count; i++) {
		bosh_expect_request(f, link, NULL, BOSH_BODY(""));
	}
}

void bosh_respond(struct bosh_fixture *f, int link, const char *status, const char *body)
{
	char head[512];
	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status,
		strlen(body));
	assert_int_equal(envoi_memory_end_send(f->ends[link], head, strlen(head)), ENVOI_OK);
	assert_int_equal(envoi_memory_end_send(f->ends[link], body, strlen(body)), ENVOI_OK);
	bosh_run(f, 10);
}

void bosh_answer(struct bosh_fixture *f, int link, const char *body)
{
	bosh_respond(f, link, "200 OK", body);
}

void bosh_send_bytes(struct bosh_fixture *f, int link, const char *bytes)
{
	(void)!envoi_memory_end_send(f->ends[link], bytes, strlen(bytes));
	bosh_run(f, 10);
}

void bosh_cut(struct bosh_fixture *f, int link)
{
	envoi_memory_pair_cut(envoi_memory_end_pair(f->ends[link]));
	bosh_run(f, 10);
}

bool bosh_is_over(struct bosh_fixture *f, int link)
{
	return envoi_memory_end_is_over(f->ends[link]);
}

int bosh_last(const struct bosh_fixture *f)
{
	return f->links - 1;
}

/* --- the log --- */

void bosh_expect_log(struct bosh_fixture *f, const char *log)
{
	assert_int_equal(envoi_buffer_append(&f->log, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&f->log), log);
	envoi_buffer_finish(&f->log);
}

void bosh_expect_log_with(struct bosh_fixture *f, const char *start, const char *part)
{
	assert_int_equal(envoi_buffer_append(&f->log, "", 1), ENVOI_OK);
	const char *log = envoi_buffer_data(&f->log);
	if (strncmp(log, start, strlen(start)) != 0 || strstr(log, part) == NULL) {
		print_error("%s\n", log);
		fail();
	}
	envoi_buffer_finish(&f->log);
}
