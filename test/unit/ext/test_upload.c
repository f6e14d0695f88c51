/*
 * envoi - HTTP File Upload: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/upload.h>
#include <envoi/interfaces/channel.h>

#include "http/http_config.h"
#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define SERVICE "upload.montague.tld"
#define URL "https://upload.montague.tld/4a77/tr%C3%A8s%20cool.jpg"

/* --- slots --- */

static char name[] = "cool.jpg", type[] = "image/jpeg";

static void on_slot(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_upload_slot *slot = envoi_answer_payload(answer);
	uint64_t bytes = 0;
	int64_t at_ms = 0;
	if (slot != NULL) {
		write_text(&wire->log, "%s %s %zu\n", slot->put.url, slot->get.url,
			slot->put.header_count);
	} else if (envoi_upload_is_too_large(envoi_answer_error(answer), &bytes)) {
		write_text(&wire->log, "too large: %d\n", (int)bytes);
	} else if (envoi_upload_retry_at(envoi_answer_error(answer), &at_ms)) {
		write_text(&wire->log, "at %lld\n", (long long)at_ms);
	} else {
		write_text(&wire->log, "%s\n", envoi_answer_text(answer));
	}
}

static const char *answer(struct wire *wire, const char *kind, const char *content)
{
	char id[64], xml[1500];
	wire_run(wire, 0);
	const char *request = wire_heard(wire);
	assert_int_equal(sscanf(strstr(request, " id='"), " id='%63[^']'", id), 1);
	snprintf(xml, sizeof(xml), "<iq type='%s' from='" SERVICE "' id='%s'>%s</iq>", kind, id,
		content);
	wire_say(wire, xml);
	wire_run(wire, 0);
	return request;
}

#define REFUSAL(condition, application) \
	"<error type='modify'><" condition \
	" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>" application "</error>"

static void a_slot_is_requested(void **state)
{
	struct wire *wire = *state;
	struct envoi_upload_file file = {.filename = name,
		.size = 23456,
		.content_type = type,
		.purpose = ENVOI_UPLOAD_EPHEMERAL,
		.by.ephemeral.expire_ms = 0};
	static const struct {
		const char *kind, *content, *log;
	} cases[] = {
		{"result",
			"<slot xmlns='urn:xmpp:http:upload:0'><put url='" URL
			"'><header name='Authorization'>Basic x==</header><header name='X'>y</header>"
			"</put><get url='https://a/b'/></slot>",
			URL " https://a/b 2\n"},
		{"result", "<slot xmlns='urn:xmpp:http:upload:0'><get url='https://a/b'/></slot>",
			NULL},
		{"error",
			REFUSAL("not-acceptable",
				"<file-too-large xmlns='urn:xmpp:http:upload:0'><max-file-size>20000"
				"</max-file-size></file-too-large>"),
			"too large: 20000\n"},
		{"error",
			REFUSAL("not-acceptable",
				"<file-too-large xmlns='urn:xmpp:http:upload:0'/>"),
			"too large: 0\n"},
		{"error",
			REFUSAL("resource-constraint",
				"<retry xmlns='urn:xmpp:http:upload:0' stamp='1970-01-01T00:00:05Z'/>"),
			"at 5000\n"},
		{"error", REFUSAL("forbidden", ""), "forbidden\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(envoi_upload_request(wire->session, SERVICE, &file, on_slot, wire),
			ENVOI_OK);
		assert_non_null(strstr(answer(wire, cases[i].kind, cases[i].content),
			"<request xmlns='urn:xmpp:http:upload:0' filename='cool.jpg' size='23456' "
			"content-type='image/jpeg'><ephemeral "
			"xmlns='urn:xmpp:http:upload:purpose:0' "
			"expire-before='1970-01-01T00:00:00Z'/></request>"));
		const char *log = wire_log(wire);
		assert_true(cases[i].log == NULL || strcmp(log, cases[i].log) == 0);
	}
}

static void a_file_that_services_refuse_is_not_requested(void **state)
{
	struct wire *wire = *state;
	char path[] = "a/b", nothing[] = "";
	const struct envoi_upload_file files[] = {{.filename = NULL, .size = 1},
		{.filename = nothing, .size = 1}, {.filename = path, .size = 1},
		{.filename = name, .size = 0}};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(
			envoi_upload_request(wire->session, SERVICE, &files[i], on_slot, wire),
			ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_upload_request(wire->session, SERVICE, NULL, on_slot, wire),
		ENVOI_ERR_INVALID);
	uint64_t bytes;
	int64_t ms;
	assert_false(envoi_upload_is_too_large(NULL, &bytes));
	assert_false(envoi_upload_retry_at(NULL, &ms));
}

#define FORM(ns, value) \
	"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>" ns \
	"</value></field><field var='max-file-size'>" value "</field></x>"
#define INFO(content) "<query xmlns='http://jabber.org/protocol/disco#info'>" content "</query>"

static void the_largest_size_is_found(void **state)
{
	struct wire *wire = *state;
	static const struct {
		const char *info;
		bool has_size;
		uint64_t bytes;
	} cases[] = {
		{INFO(FORM("urn:xmpp:http:upload:0", "<value>5242880</value>")), true, 5242880},
		{INFO(FORM("urn:xmpp:http:upload", "<value>1</value>")
				 FORM("urn:xmpp:http:upload:0", "<value>2</value>")),
			true, 2},
		{INFO(FORM("urn:xmpp:http:upload:0", "<value/>")), false, 0},
		{INFO(FORM("urn:xmpp:http:upload:0", "")), false, 0},
		{INFO(FORM("urn:xmpp:http:upload:0", "<value>-1</value>")), false, 0},
		{INFO("<feature var='urn:xmpp:http:upload:purpose:0#profile'/>"), false, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const void *info;
		uint64_t bytes = 0;
		struct envoi_element *element = element_from_text(wire->context, cases[i].info);
		assert_int_equal(envoi_payload_parse(&info, &envoi_disco_info_type, element, NULL),
			ENVOI_OK);
		assert_true(envoi_upload_max_size(info, &bytes) == cases[i].has_size);
		assert_true(bytes == cases[i].bytes);
		assert_true(envoi_upload_has_purpose(info, ENVOI_UPLOAD_NO_PURPOSE));
		assert_false(envoi_upload_has_purpose(info, ENVOI_UPLOAD_MESSAGE));
		assert_true(envoi_upload_has_purpose(info, ENVOI_UPLOAD_PROFILE) == (i == 5));
		envoi_element_unref(element);
	}
	uint64_t bytes;
	assert_false(envoi_upload_max_size(NULL, &bytes));
}

#if ENVOI__HTTP
/* --- uploading --- */

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end; /* of the server */
	struct envoi_upload *upload;
	char log[500], heard[4000];
	const char *frees_at;
	bool is_short;
	struct envoi_upload_header headers[8];
	struct envoi_upload_slot slot;
	struct envoi_upload_options options;
} t;

static long on_read(void *user, uint64_t offset, char *room, size_t size)
{
	(void)user;
	if (t.is_short && offset > 0) {
		return 0;
	}
	size_t count = t.is_short ? 1 : size;
	for (size_t i = 0; i < count; i++) {
		room[i] = (char)('a' + (int)((offset + i) % 26));
	}
	return (long)count;
}

static void note(const char *event)
{
	if (strlen(t.log) < 300) {
		strcat(strcat(t.log, event), " ");
	}
	if (t.frees_at != NULL && strncmp(event, t.frees_at, strlen(t.frees_at)) == 0) {
		t.frees_at = NULL;
		envoi_upload_free(t.upload);
		t.upload = NULL;
	}
}

static void on_progress(void *user, uint64_t sent, uint64_t size)
{
	char text[64];
	(void)user;
	snprintf(text, sizeof(text), "%d/%d", (int)sent, (int)size);
	note(text);
}

static void on_done(void *user, const struct envoi_upload_end *ended)
{
	char text[64];
	(void)user;
	assert_non_null(ended->text);
	t.log[strlen(t.log) < 300 ? strlen(t.log) : 0] = '\0';
	snprintf(text, sizeof(text), "%s:%d", envoi_error_name(ended->code), ended->status);
	note(text);
}

static const struct envoi_upload_events events = {
	.read = on_read, .progress = on_progress, .done = on_done};

static int connect_memory(void *user, struct envoi_channel **ret_channel, const char *host,
	uint16_t port, bool is_secure)
{
	(void)user;
	char text[100];
	snprintf(text, sizeof(text), "%s:%d%s", host, port, is_secure ? "" : ":plain");
	note(text);
	return envoi_memory_channel_new(ret_channel, t.pair, ENVOI_MEMORY_A);
}

static void make(const struct envoi_context_options *options)
{
	static char url[] = URL, get[] = "https://a/b";
	memset(&t, 0, sizeof(t));
	assert_int_equal(envoi_context_new(&t.context, options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&t.loop, t.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(t.context, t.loop), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&t.pair, t.context), ENVOI_OK);
	assert_int_equal(envoi_memory_end_new(&t.end, t.pair, ENVOI_MEMORY_B, NULL, NULL), 0);
	t.slot.put.url = url;
	t.slot.get.url = get;
	t.slot.put.headers = t.headers;
	t.options = (struct envoi_upload_options){
		.slot = &t.slot, .size = 30, .content_type = type, .connect = connect_memory};
}

static void unmake(void)
{
	envoi_upload_free(t.upload);
	envoi_memory_end_free(t.end);
	envoi_memory_pair_unref(t.pair);
	envoi_context_unref(t.context);
}

static int setup(void **state)
{
	(void)state;
	make(NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unmake();
	return 0;
}

static int put(void)
{
	return envoi_upload_put(&t.upload, t.context, &t.options, &events, NULL);
}

static void run(void)
{
	assert_int_equal(envoi_loop_simulated_run_for(t.loop, 10), ENVOI_OK);
}

static const char *heard(void)
{
	struct envoi_buffer *received = envoi_memory_end_received(t.end);
	run();
	size_t len = envoi_buffer_len(received);
	assert_true(len < sizeof(t.heard));
	memcpy(t.heard, envoi_buffer_data(received), len);
	t.heard[len] = '\0';
	envoi_buffer_consume(received, len);
	return t.heard;
}

static void say(const char *text)
{
	assert_int_equal(envoi_memory_end_send(t.end, text, strlen(text)), ENVOI_OK);
	run();
}

#define CREATED "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"

/* Sections 4 and 7 */
static void a_file_is_put_where_the_slot_says(void **state)
{
	(void)state;
	static char names[][20] = {"Authorization", "X-Evil", "eXpires", "Cook\nie", "Host"};
	static char values[][40] = {"Basic\r\n x==", "y", "never", "a=b\r\nX-More: c", "evil"};
	for (size_t i = 0; i < 5; i++) {
		t.headers[i] = (struct envoi_upload_header){names[i], values[i]};
	}
	t.slot.put.header_count = 5;
	assert_int_equal(put(), ENVOI_OK);
	assert_string_equal(heard(),
		"PUT /4a77/tr%C3%A8s%20cool.jpg HTTP/1.1\r\nHost: upload.montague.tld\r\n"
		"Content-Length: 30\r\nContent-Type: image/jpeg\r\nAuthorization: Basic x==\r\n"
		"eXpires: never\r\nCookie: a=bX-More: c\r\nConnection: close\r\n\r\n"
		"abcdefghijklmnopqrstuvwxyzabcd");
	say(CREATED);
	assert_string_equal(t.log, "upload.montague.tld:443 30/30 ENVOI_OK:201 ");
}

static void only_https_is_allowed(void **state)
{
	(void)state;
	static char urls[][60] = {"http://upload.montague.tld/a", "http://127.0.0.1:5280/a",
		"ftp://a/b", "wss://a/b", "https://user@a/b", "/a", "https://a/\r\nX: y"};
	static const int codes[] = {ENVOI_ERR_UNSUPPORTED, ENVOI_ERR_UNSUPPORTED,
		ENVOI_ERR_UNSUPPORTED, ENVOI_ERR_UNSUPPORTED, ENVOI_ERR_INVALID, 0, 0};
	for (size_t i = 0; i < 7; i++) {
		t.slot.put.url = urls[i];
		int r = put();
		assert_true(codes[i] == 0 ? r < 0 : r == codes[i]);
	}
	t.options.allows_http_on_loopback = true;
	t.slot.put.url = urls[0];
	assert_int_equal(put(), ENVOI_ERR_UNSUPPORTED);
	assert_string_equal(t.log, "");
	t.slot.put.url = urls[1];
	assert_int_equal(put(), ENVOI_OK);
	assert_non_null(strstr(heard(), "Host: 127.0.0.1:5280\r\n"));
	assert_int_equal(strncmp(t.log, "127.0.0.1:5280:plain ", 21), 0);
}

static void what_cannot_be_written_is_refused(void **state)
{
	(void)state;
	const struct envoi_upload_events half = {.read = on_read};
	t.options.content_type = "a\r\nX: y";
	assert_int_equal(put(), ENVOI_ERR_INVALID);
	t.options.content_type = NULL;
	t.options.size = 0;
	assert_int_equal(put(), ENVOI_ERR_INVALID);
	t.options.size = 1;
	assert_int_equal(
		envoi_upload_put(&t.upload, t.context, &t.options, &half, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_upload_put(&t.upload, t.context, NULL, &events, NULL), ENVOI_ERR_INVALID);
	t.slot.put.url = NULL;
	assert_int_equal(put(), ENVOI_ERR_INVALID);
}

static void refusals_are_reported(void **state)
{
	static const struct {
		const char *answer, *end;
	} cases[] = {
		{"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
			"ENVOI_ERR_PROTOCOL:403 "},
		{"HTTP/1.1 302 Found\r\nLocation: https://evil/\r\nContent-Length: 0\r\n\r\n",
			"ENVOI_ERR_PROTOCOL:302 "},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			"ENVOI_OK:200 "},
		{"SSH-2.0\r\n", "ENVOI_ERR_PROTOCOL:0 "},
		{"HTTP/1.1 201 Created\r\nContent-Length: 100000000\r\n\r\n",
			"ENVOI_ERR_LIMIT:201 "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(put(), ENVOI_OK);
		heard();
		t.log[0] = '\0';
		say(cases[i].answer);
		assert_string_equal(t.log, cases[i].end);
		teardown(state);
		setup(state);
	}
}

static void an_answer_before_the_end_of_the_file_is_no_success(void **state)
{
	(void)state;
	t.options.size = 50000000;
	envoi_memory_end_pause(t.end, true);
	assert_int_equal(put(), ENVOI_OK);
	run();
	say(CREATED);
	assert_non_null(strstr(t.log, "ENVOI_ERR_PROTOCOL:201 "));
}

static void a_large_file_goes_in_parts(void **state)
{
	(void)state;
	t.options.size = 5000000;
	assert_int_equal(put(), ENVOI_OK);
	struct envoi_buffer *received = envoi_memory_end_received(t.end);
	size_t sum = 0;
	for (int i = 0; i < 10000 && sum < 5000000; i++) {
		run();
		sum += envoi_buffer_len(received);
		envoi_buffer_consume(received, envoi_buffer_len(received));
	}
	assert_true(sum > 5000000 && sum < 5001000); /* with the head */
	say(CREATED);
	assert_non_null(strstr(t.log, "ENVOI_OK:201 "));
}

static void a_file_that_is_shorter_is_an_error(void **state)
{
	(void)state;
	t.is_short = true;
	assert_int_equal(put(), ENVOI_OK);
	run();
	assert_non_null(strstr(t.log, "ENVOI_ERR_INVALID:0 "));
}

static void a_silent_server_times_out(void **state)
{
	(void)state;
	t.options.timeout_ms = 5000;
	assert_int_equal(put(), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(t.loop, 4000), ENVOI_OK);
	assert_null(strstr(t.log, "TIMEOUT"));
	assert_int_equal(envoi_loop_simulated_run_for(t.loop, 4000), ENVOI_OK);
	assert_non_null(strstr(t.log, "ENVOI_ERR_TIMEOUT:0 "));
}

static void an_answer_that_does_not_end_times_out(void **state)
{
	static const struct {
		const char *begin, *drip, *log;
	} cases[] = {
		{"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n", "x",
			"ENVOI_ERR_TIMEOUT:201 "},
		{"HTTP/1.1 201 Created\r\nX: ", "x", "ENVOI_ERR_TIMEOUT:0 "},
		{"", "HTTP/1.1 102 Processing\r\n\r\n", "ENVOI_ERR_TIMEOUT:102 "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.options.timeout_ms = 5000;
		assert_int_equal(put(), ENVOI_OK);
		heard();
		say(cases[i].begin);
		for (int n = 0; n < 6 && strstr(t.log, "TIMEOUT") == NULL; n++) {
			say(cases[i].drip);
			assert_int_equal(envoi_loop_simulated_run_for(t.loop, 1000), ENVOI_OK);
		}
		assert_non_null(strstr(t.log, cases[i].log));
		teardown(state);
		setup(state);
	}
}

static void a_server_that_takes_single_bytes_times_out(void **state)
{
	(void)state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.window_bytes = 1;
	script.delay_ms = 1000;
	envoi_memory_pair_script(t.pair, ENVOI_MEMORY_A, &script);
	t.options.timeout_ms = 5000;
	assert_int_equal(put(), ENVOI_OK);
	for (int n = 0; n < 6; n++) {
		heard();
		assert_int_equal(envoi_loop_simulated_run_for(t.loop, 1000), ENVOI_OK);
	}
	assert_non_null(strstr(t.log, "ENVOI_ERR_TIMEOUT:0 "));
}

static void a_connection_that_ends_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(put(), ENVOI_OK);
	heard();
	envoi_memory_end_shut_down(t.end);
	run();
	assert_non_null(strstr(t.log, "ENVOI_ERR_DISCONNECTED:0 "));
	teardown(state);
	setup(state);
	assert_int_equal(put(), ENVOI_OK);
	heard();
	envoi_memory_pair_cut(t.pair);
	run();
	assert_non_null(strstr(t.log, "ENVOI_ERR_DISCONNECTED:0 "));
}

static void the_upload_may_be_freed_inside(void **state)
{
	static const char *const places[] = {"30/30", "ENVOI_OK"};
	for (size_t i = 0; i < 2; i++) {
		t.frees_at = places[i];
		assert_int_equal(put(), ENVOI_OK);
		run();
		say(CREATED);
		assert_null(t.frees_at);
		teardown(state);
		setup(state);
	}
	assert_int_equal(put(), ENVOI_OK);
	envoi_upload_free(t.upload);
	t.upload = NULL;
	run();
	assert_null(strstr(t.log, "CANCELED"));
}

/* A dial that fails, without a connection */
static void a_name_that_does_not_exist_is_reported(void **state)
{
	(void)state;
	static char url[] = "https://127.0.0.1:1/a";
	t.slot.put.url = url;
	t.options.connect = NULL;
	assert_int_equal(put(), ENVOI_OK);
	envoi_upload_free(t.upload);
	t.upload = NULL;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, t.context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "proxy.host", "proxy.example"), ENVOI_OK);
	t.options.settings = settings;
	assert_int_equal(put(), ENVOI_ERR_UNSUPPORTED);
	envoi_settings_free(settings);
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	bool has_failed = true;
	unmake();
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		const struct envoi_context_options options = {
			.allocator = test_allocator_functions(&allocator)};
		make(&options);
		allocator.fail_at = allocator.calls + n;
		if (put() == ENVOI_OK) {
			run();
			if (envoi_memory_end_send(t.end, CREATED, strlen(CREATED)) == ENVOI_OK) {
				run();
			}
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		assert_true(has_failed || strstr(t.log, "ENVOI_OK:201 ") != NULL);
		unmake();
		assert_int_equal(allocator.live, 0);
	}
	make(NULL);
}
#endif

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_upload_file_type, NULL},
		{&envoi_upload_slot_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0363", tables, exceptions), 9);
}

#define ONLINE(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONLINE(a_slot_is_requested),
		ONLINE(a_file_that_services_refuse_is_not_requested),
		ONLINE(the_largest_size_is_found),
#if ENVOI__HTTP
		TEST(a_file_is_put_where_the_slot_says),
		TEST(only_https_is_allowed),
		TEST(what_cannot_be_written_is_refused),
		TEST(refusals_are_reported),
		TEST(an_answer_before_the_end_of_the_file_is_no_success),
		TEST(a_large_file_goes_in_parts),
		TEST(a_file_that_is_shorter_is_an_error),
		TEST(a_silent_server_times_out),
		TEST(an_answer_that_does_not_end_times_out),
		TEST(a_server_that_takes_single_bytes_times_out),
		TEST(a_connection_that_ends_is_an_error),
		TEST(the_upload_may_be_freed_inside),
		TEST(a_name_that_does_not_exist_is_reported),
		TEST(a_failed_allocation_is_reported),
#endif
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/upload", tests, NULL, NULL);
}
