/*
 * envoi-server - the web service: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the reader of host-meta has no public one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include <envoi/interfaces/channel.h>

#include "guest.h"
#include "host_meta_links.h"

#define LOOPBACK "127.0.0.1"
#define ELSEWHERE "192.0.2.1"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: example.org\r\n"
#define UPGRADE \
	GET("/xmpp-websocket") \
	"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n"

static struct host host;

/* A browser, or what behaves like one. */
struct browser {
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end;
	char text[65536]; /* received last */
};

static int setup(void **state)
{
	(void)state;
	host_init(&host, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_finish(&host);
	return 0;
}

static int connect_browser(struct browser *browser, const char *address, const char *service)
{
	struct envoi_channel *channel;
	struct sockaddr_in from = {.sin_family = AF_INET};
	host_make(&host);
	*browser = (struct browser){.pair = NULL};
	assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
	assert_int_equal(envoi_memory_pair_new(&browser->pair, host.context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&browser->end, browser->pair, ENVOI_MEMORY_A, NULL, NULL),
		ENVOI_OK);
	assert_int_equal(
		envoi_memory_channel_new(&channel, browser->pair, ENVOI_MEMORY_B), ENVOI_OK);
	return envoi_listener_take(envoi_server_listener(host.server), service, channel,
		(const struct sockaddr *)&from, sizeof(from));
}

static void open_browser(struct browser *browser, const char *address)
{
	assert_int_equal(connect_browser(browser, address, ENVOI_SERVER_WEB_CLEAR), ENVOI_OK);
}

static void close_browser(struct browser *browser)
{
	envoi_memory_end_free(browser->end);
	envoi_memory_pair_unref(browser->pair);
	host_run(&host, 2000);
}

static const char *ask_bytes(struct browser *browser, const void *data, size_t len)
{
	struct envoi_buffer *received = envoi_memory_end_received(browser->end);
	assert_int_equal(envoi_memory_end_send(browser->end, data, len), ENVOI_OK);
	host_run(&host, 100);
	size_t got = envoi_buffer_len(received);
	assert_true(got < sizeof(browser->text));
	memcpy(browser->text, envoi_buffer_data(received), got);
	browser->text[got] = '\0';
	for (size_t i = 0; i < got; i++) {
		/* of the head of a frame */
		browser->text[i] = browser->text[i] == '\0' ? ' ' : browser->text[i];
	}
	envoi_buffer_consume(received, got);
	return browser->text;
}

static const char *ask(struct browser *browser, const char *request)
{
	return ask_bytes(browser, request, strlen(request));
}

static bool has_status(const char *answer, const char *status)
{
	return strncmp(answer, "HTTP/1.1 ", 9) == 0 && strncmp(answer + 9, status, 3) == 0;
}

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	assert_non_null(end);
	return end + 4;
}

/* --- documents --- */

static void documents_are_served(void **state)
{
	(void)state;
	struct browser browser;
	open_browser(&browser, ELSEWHERE);
	assert_true(has_status(ask(&browser, GET("/") "\r\n"), "404"));
	assert_int_equal(
		envoi_server_add_document(host.server, "/", "text/html", "<p>", 3), ENVOI_OK);
	assert_int_equal(
		envoi_server_add_document(host.server, "/a.js", "text/javascript", NULL, 0),
		ENVOI_OK);
	const char *answer = ask(&browser, GET("/?query") "\r\n");
	assert_true(has_status(answer, "200"));
	assert_non_null(strstr(answer, "Content-Type: text/html\r\nContent-Length: 3\r\n"));
	assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(answer, "Content-Security-Policy: default-src 'self'; "));
	assert_null(strstr(answer, "Access-Control"));
	assert_string_equal(body_of(answer), "<p>");
	answer = ask(&browser, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_non_null(strstr(answer, "Content-Length: 3\r\n"));
	assert_string_equal(body_of(answer), "");
	assert_true(has_status(ask(&browser, GET("/a.js") "\r\n"), "200"));
	assert_int_equal(
		envoi_server_add_document(host.server, "/", "text/html", "new", 3), ENVOI_OK);
	assert_string_equal(body_of(ask(&browser, GET("/") "\r\n")), "new");
	envoi_server_remove_documents(host.server);
	assert_true(has_status(ask(&browser, GET("/a.js") "\r\n"), "404"));
	close_browser(&browser);
}

/* It is not copied for each of them, and stays while it is sent. */
static void browsers_share_a_document(void **state)
{
	static char page[500000];
	static struct browser browsers[2];
	struct envoi_listener_stats stats;
	(void)state;
	host_make(&host);
	memset(page, 'x', sizeof(page));
	assert_int_equal(
		envoi_server_add_document(host.server, "/", "text/plain", page, sizeof(page)),
		ENVOI_OK);
	for (size_t i = 0; i < 2; i++) {
		open_browser(&browsers[i], ELSEWHERE);
		envoi_memory_end_pause(browsers[i].end, true);
		(void)ask(&browsers[i], GET("/") "\r\n");
	}
	envoi_listener_get_stats(envoi_server_listener(host.server), &stats);
	assert_true(stats.memory < 10000);
	envoi_server_remove_documents(host.server);
	close_browser(&browsers[1]);
	envoi_memory_end_pause(browsers[0].end, false);
	host_run(&host, 10000);
	struct envoi_buffer *received = envoi_memory_end_received(browsers[0].end);
	assert_true(envoi_buffer_len(received) > sizeof(page));
	const char *end = envoi_buffer_data(received) + envoi_buffer_len(received);
	assert_memory_equal(end - sizeof(page), page, sizeof(page));
	envoi_buffer_finish(received);
	close_browser(&browsers[0]);
}

static void paths_are_compared_byte_for_byte(void **state)
{
	static const char *const paths[] = {"/b", "/a/", "/A", "/../a", "/%61", "//a", "/a/.."};
	(void)state;
	struct browser browser;
	open_browser(&browser, ELSEWHERE);
	assert_int_equal(
		envoi_server_add_document(host.server, "/a", "text/plain", "a", 1), ENVOI_OK);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char request[200];
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
		assert_true(has_status(ask(&browser, request), "404"));
	}
	close_browser(&browser);
}

/* RFC 9112, section 3.2.2. */
static void a_target_may_have_scheme_and_host(void **state)
{
	static const char *const targets[] = {
		"http://example.org/", "https://example.org:443/?x", "HTTP://example.org"};
	(void)state;
	struct browser browser;
	open_browser(&browser, ELSEWHERE);
	assert_int_equal(
		envoi_server_add_document(host.server, "/", "text/plain", "a", 1), ENVOI_OK);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		char request[200];
		snprintf(
			request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
		assert_true(has_status(ask(&browser, request), "200"));
	}
	close_browser(&browser);
}

static void other_methods_are_refused(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "TRACE", "OPTIONS"};
	(void)state;
	struct browser browser;
	open_browser(&browser, ELSEWHERE);
	assert_int_equal(
		envoi_server_add_document(host.server, "/a", "text/plain", "a", 1), ENVOI_OK);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		char request[200];
		snprintf(request, sizeof(request), "%s /a HTTP/1.1\r\nHost: a\r\n\r\n", methods[i]);
		const char *answer = ask(&browser, request);
		assert_true(has_status(answer, "405"));
		assert_non_null(strstr(answer, "Allow: GET, HEAD\r\n"));
	}
	close_browser(&browser);
}

static void a_document_needs_path_and_type(void **state)
{
	(void)state;
	host_make(&host);
	assert_int_equal(envoi_server_add_document(host.server, "a", "text/plain", "", 0),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_server_add_document(host.server, NULL, "text/plain", "", 0),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_server_add_document(host.server, "/a", NULL, "", 0), ENVOI_ERR_INVALID);
}

/* --- host-meta --- */

static void the_links_are_where_the_request_came_to(void **state)
{
	(void)state;
	struct browser browser;
	open_browser(&browser, ELSEWHERE);
	const char *answer = ask(&browser,
		"GET /.well-known/host-meta HTTP/1.1\r\nHost: [2001:db8::1]:5280\r\n\r\n");
	assert_true(has_status(answer, "200"));
	assert_non_null(strstr(answer, "Access-Control-Allow-Origin: *\r\n"));
	assert_non_null(strstr(answer, "href='ws://[2001:db8::1]:5280/xmpp-websocket'"));
	answer = ask(&browser, GET("/.well-known/host-meta.json") "\r\n");
	assert_non_null(strstr(answer, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(answer, "\"href\":\"ws://example.org/xmpp-websocket\""));
	close_browser(&browser);
}

static void a_host_that_means_something_else_is_refused(void **state)
{
	static const char *const hosts[] = {"a'b", "a\"b", "a<b", "a&b", "a b", "a/b", "a@b", ""};
	(void)state;
	struct browser browser;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		char request[200];
		open_browser(&browser, ELSEWHERE);
		snprintf(request, sizeof(request),
			"GET /.well-known/host-meta HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
		assert_true(has_status(ask(&browser, request), "400"));
		close_browser(&browser);
	}
}

/* Our own client reads both. */
static void a_setting_says_where_the_server_is_reached(void **state)
{
	static const char rel[] = "urn:xmpp:alt-connections:websocket";
	static const char bosh[] = "urn:xmpp:alt-connections:xbosh";
	(void)state;
	struct browser browser;
	struct host_meta_links links = {.rel = rel};
	host_set(&host, "server.web-url", "https://chat.example.org:444/a");
	open_browser(&browser, ELSEWHERE);
	const char *body = body_of(ask(&browser, GET("/.well-known/host-meta") "\r\n"));
	assert_int_equal(
		envoi__host_meta_read_xml(&links, host.context, body, strlen(body)), ENVOI_OK);
	body = body_of(ask(&browser, GET("/.well-known/host-meta.json") "\r\n"));
	assert_int_equal(envoi__host_meta_read_json(&links, body, strlen(body)), ENVOI_OK);
	assert_int_equal(links.count, 2);
	assert_string_equal(links.urls[0], "wss://chat.example.org:444/a/xmpp-websocket");
	assert_string_equal(links.urls[1], links.urls[0]);
	links = (struct host_meta_links){.rel = bosh};
	assert_int_equal(envoi__host_meta_read_json(&links, body, strlen(body)), ENVOI_OK);
	assert_string_equal(links.urls[0], "https://chat.example.org:444/a/http-bind");
	close_browser(&browser);
}

static void urls_that_cannot_be_appended_to_are_refused(void **state)
{
	static const char *const urls[] = {"chat.example.org", "ftp://a", "https://", "https://a/",
		"https://a?b", "https://a#b", "https://a'b", "https://a b", ""};
	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(envoi_settings_set(host.settings, "server.web-url", urls[i]),
			ENVOI_ERR_INVALID);
	}
}

/* --- WebSocket --- */

static void pages_of_other_sites_are_refused(void **state)
{
	(void)state;
	struct browser browser;
	host_set(&host, "server.web-origins", "https://chat.example.net");
	open_browser(&browser, LOOPBACK);
	assert_true(
		has_status(ask(&browser, UPGRADE "Origin: https://evil.example\r\n\r\n"), "403"));
	assert_true(has_status(ask(&browser, UPGRADE "Origin: null\r\n\r\n"), "403"));
	assert_true(has_status(
		ask(&browser, UPGRADE "Origin: https://chat.example.net\r\n\r\n"), "101"));
	close_browser(&browser);
	open_browser(&browser, LOOPBACK);
	assert_true(has_status(ask(&browser, UPGRADE "Origin: http://example.org\r\n\r\n"), "101"));
	close_browser(&browser);
	open_browser(&browser, LOOPBACK);
	assert_true(has_status(ask(&browser, UPGRADE "\r\n"), "101"));
	close_browser(&browser);
}

/* @return what the server has said, behind the frame of its `<open/>` */
static const char *open_stream(struct browser *browser)
{
	static const char open[] = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' "
				   "to='example.org' version='1.0'/>";
	unsigned char frame[200] = {0x81, 0x80 | (sizeof(open) - 1), 0, 0, 0, 0};
	memcpy(frame + 6, open, sizeof(open) - 1);
	return ask_bytes(browser, frame, 6 + sizeof(open) - 1);
}

/* Others can read what is sent from elsewhere. */
static void passwords_are_taken_in_clear_from_this_host_only(void **state)
{
	(void)state;
	struct browser browser;
	open_browser(&browser, LOOPBACK);
	assert_true(has_status(ask(&browser, UPGRADE "\r\n"), "101"));
	assert_non_null(strstr(open_stream(&browser), "<mechanism>PLAIN</mechanism>"));
	close_browser(&browser);
	open_browser(&browser, ELSEWHERE);
	assert_true(has_status(ask(&browser, UPGRADE "\r\n"), "101"));
	const char *said = open_stream(&browser);
	assert_non_null(strstr(said, "<open "));
	assert_null(strstr(said, "PLAIN"));
	close_browser(&browser);
}

/* --- BOSH --- */

/* @param fields  more of them @return the answer */
static const char *post(struct browser *browser, const char *fields, const char *body)
{
	char request[1000];
	snprintf(request, sizeof(request),
		"POST /http-bind HTTP/1.1\r\nHost: example.org\r\n%sContent-Length: %zu\r\n\r\n%s",
		fields, strlen(body), body);
	return ask(browser, request);
}

#define CREATE \
	"<body xmlns='http://jabber.org/protocol/httpbind' rid='1' to='example.org' wait='30'" \
	" hold='1' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'/>"

static void a_session_of_bosh_is_created(void **state)
{
	(void)state;
	struct browser browser;
	open_browser(&browser, LOOPBACK);
	const char *answer = post(&browser, "", CREATE);
	assert_true(has_status(answer, "200"));
	assert_non_null(strstr(answer, "Content-Type: text/xml; charset=utf-8\r\n"));
	assert_null(strstr(answer, "Access-Control-Allow-Origin"));
	assert_non_null(strstr(answer, " from='example.org'"));
	assert_non_null(strstr(answer, "<mechanism>PLAIN</mechanism>"));
	answer = ask(&browser, GET("/http-bind") "\r\n");
	assert_true(has_status(answer, "405"));
	assert_non_null(strstr(answer, "Allow: POST, OPTIONS\r\n"));
	close_browser(&browser);
}

static void another_domain_is_not_served_over_bosh(void **state)
{
	(void)state;
	struct browser browser;
	open_browser(&browser, LOOPBACK);
	const char *answer = post(&browser, "",
		"<body xmlns='http://jabber.org/protocol/httpbind' rid='1' to='example.net'/>");
	assert_non_null(strstr(answer, " type='terminate' condition='remote-stream-error'"));
	assert_non_null(strstr(answer, "<host-unknown "));
	close_browser(&browser);
}

static void pages_of_other_sites_are_refused_bosh(void **state)
{
	(void)state;
	struct browser browser;
	host_set(&host, "server.web-origins", "https://chat.example.net");
	open_browser(&browser, LOOPBACK);
	assert_true(has_status(post(&browser, "Origin: https://evil.example\r\n", CREATE), "403"));
	const char *answer = ask(&browser,
		"OPTIONS /http-bind HTTP/1.1\r\nHost: example.org\r\n"
		"Origin: https://evil.example\r\n\r\n");
	assert_true(has_status(answer, "403"));
	answer = ask(&browser,
		"OPTIONS /http-bind HTTP/1.1\r\nHost: example.org\r\n"
		"Origin: https://chat.example.net\r\n\r\n");
	assert_true(has_status(answer, "204"));
	assert_non_null(
		strstr(answer, "Access-Control-Allow-Origin: https://chat.example.net\r\n"));
	assert_non_null(strstr(answer, "Access-Control-Allow-Headers: Content-Type\r\n"));
	answer = post(&browser, "Origin: https://chat.example.net\r\n", CREATE);
	assert_non_null(
		strstr(answer, "Access-Control-Allow-Origin: https://chat.example.net\r\n"));
	close_browser(&browser);
}

/* The request that waits is answered with the end of its session. */
static void a_server_that_closes_answers_what_waits(void **state)
{
	(void)state;
	struct browser browser;
	char body[200], sid[64];
	open_browser(&browser, LOOPBACK);
	const char *at = strstr(post(&browser, "", CREATE), " sid='");
	assert_non_null(at);
	assert_int_equal(sscanf(at, " sid='%60[^']", sid), 1);
	snprintf(body, sizeof(body),
		"<body xmlns='http://jabber.org/protocol/httpbind' rid='2' sid='%s'/>", sid);
	assert_string_equal(post(&browser, "", body), "");
	envoi_server_close(host.server);
	const char *answer = ask(&browser, "");
	assert_non_null(strstr(answer, "<system-shutdown "));
	assert_non_null(strstr(answer, "Connection: close\r\n"));
	host_run(&host, 5000);
	assert_true(host.is_closed);
	close_browser(&browser);
}

/* A session of BOSH, from its creation on. */
struct bosh_client {
	struct browser browser;
	char sid[64];
	unsigned int rid;
};

/* @param more  attributes */
static const char *say(struct bosh_client *client, const char *more, const char *content)
{
	char body[800];
	snprintf(body, sizeof(body),
		"<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh'"
		" sid='%s' rid='%u'%s>%s</body>",
		client->sid, ++client->rid, more, content);
	return post(&client->browser, "", body);
}

static void log_in(struct bosh_client *client)
{
	*client = (struct bosh_client){.rid = 1};
	open_browser(&client->browser, LOOPBACK);
	const char *sid = strstr(post(&client->browser, "", CREATE), " sid='");
	assert_non_null(sid);
	assert_int_equal(sscanf(sid, " sid='%60[^']", client->sid), 1);
	assert_non_null(strstr(say(client, "",
				       "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
				       "mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>"),
		"<success "));
	assert_non_null(strstr(say(client, " xmpp:restart='true' to='example.org'", ""), "<sm "));
}

/* XEP-0198, section 5: the client went away without a word, and comes back with a new session. */
static void a_session_is_resumed_over_another_one_of_bosh(void **state)
{
	(void)state;
	struct bosh_client first, second;
	char id[64], resume[200];
	host_account(&host, "alice");
	log_in(&first);
	assert_non_null(strstr(say(&first, "",
				       "<iq type='set' id='b'><bind "
				       "xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
		"</jid></bind></iq>"));
	const char *enabled = say(&first, "", "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	enabled = strstr(enabled, "<enabled ");
	assert_non_null(enabled);
	assert_int_equal(sscanf(strstr(enabled, " id='"), " id='%60[^']", id), 1);
	close_browser(&first.browser);
	assert_null(strstr(host.notes, "suspended"));
	host_run(&host, 61000);
	assert_non_null(strstr(host.notes, "suspended alice@example.org/"));
	log_in(&second);
	snprintf(resume, sizeof(resume), "<resume xmlns='urn:xmpp:sm:3' previd='%s' h='0'/>", id);
	assert_non_null(strstr(say(&second, "", resume), "<resumed "));
	assert_non_null(strstr(host.notes, "resumed alice@example.org/"));
	assert_non_null(strstr(say(&second, "",
				       "<iq type='get' id='p' to='example.org'><ping "
				       "xmlns='urn:xmpp:ping'/></iq>"),
		" id='p'/>"));
	close_browser(&second.browser);
}

static void a_session_of_bosh_ends_with_the_server(void **state)
{
	(void)state;
	struct browser browser;
	open_browser(&browser, LOOPBACK);
	(void)post(&browser, "", CREATE);
	envoi_server_free(host.server);
	host.server = NULL;
	close_browser(&browser);
}

static void close_at_connection(
	struct envoi_server_hook *hook, const struct envoi_server_report *report)
{
	(void)hook;
	if (report->act == ENVOI_SERVER_CONNECTED) {
		envoi_server_close(host.server);
	}
}

static void note_closed(struct envoi_server_hook *hook)
{
	(void)hook;
	host.is_closed = true;
}

static void the_server_may_be_closed_where_a_session_of_bosh_is_reported(void **state)
{
	static const struct envoi_server_hook_impl closing = {
		.reported = close_at_connection, .closed = note_closed};
	(void)state;
	struct browser browser;
	host.hook.impl = &closing;
	open_browser(&browser, LOOPBACK);
	const char *answer = post(&browser, "", CREATE);
	assert_true(has_status(answer, "200"));
	assert_non_null(strstr(answer, " type='terminate'"));
	host_run(&host, 5000);
	assert_true(host.is_closed);
	close_browser(&browser);
}

/* One connection is counted as that of a session, two without login. */
static void connections_of_a_session_that_has_logged_in_are_limited(void **state)
{
	(void)state;
	struct bosh_client client;
	struct browser browsers[3];
	char repeated[200];
	host_set(&host, "listener.per-account", "1");
	host_set(&host, "listener.per-address", "2");
	host_account(&host, "alice");
	log_in(&client);
	snprintf(repeated, sizeof(repeated),
		"<body xmlns='http://jabber.org/protocol/httpbind' sid='%s' rid='%u'/>", client.sid,
		client.rid);
	for (int i = 0; i < 2; i++) {
		open_browser(&browsers[i], LOOPBACK);
		assert_non_null(strstr(post(&browsers[i], "", repeated), "<sm "));
	}
	assert_int_equal(
		connect_browser(&browsers[2], LOOPBACK, ENVOI_SERVER_WEB_CLEAR), ENVOI_ERR_LIMIT);
	for (int i = 0; i < 3; i++) {
		close_browser(&browsers[i]);
	}
	close_browser(&client.browser);
}

static const char *register_over_bosh(struct bosh_client *client, const char *name)
{
	char request[300];
	*client = (struct bosh_client){.rid = 1};
	open_browser(&client->browser, LOOPBACK);
	const char *sid = strstr(post(&client->browser, "", CREATE), " sid='");
	assert_non_null(sid);
	assert_int_equal(sscanf(sid, " sid='%60[^']", client->sid), 1);
	snprintf(request, sizeof(request),
		"<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>%s</username>"
		"<password>x</password></query></iq>",
		name);
	return say(client, "", request);
}

static void registrations_over_bosh_are_counted_by_address(void **state)
{
	(void)state;
	struct bosh_client first, second;
	host_set(&host, "server.registration", "true");
	host_set(&host, "server.registrations-of-address", "1");
	assert_non_null(strstr(register_over_bosh(&first, "bob"), "type='result'"));
	assert_non_null(strstr(register_over_bosh(&second, "carol"), "<resource-constraint "));
	close_browser(&first.browser);
	close_browser(&second.browser);
}

/* --- connections --- */

static void https_needs_a_certificate(void **state)
{
	(void)state;
	struct browser browser;
	assert_int_equal(
		connect_browser(&browser, LOOPBACK, ENVOI_SERVER_WEB), ENVOI_ERR_UNSUPPORTED);
	close_browser(&browser);
}

static void connections_end_with_the_server(void **state)
{
	(void)state;
	struct browser idle, busy, open;
	open_browser(&idle, LOOPBACK);
	open_browser(&busy, LOOPBACK);
	open_browser(&open, LOOPBACK);
	(void)ask(&busy, "GET / HTTP/1.1\r\n");
	assert_true(has_status(ask(&open, UPGRADE "\r\n"), "101"));
	envoi_server_close(host.server);
	host_run(&host, 5000);
	assert_true(host.is_closed);
	assert_true(envoi_memory_end_is_over(idle.end));
	assert_true(envoi_memory_end_is_over(busy.end));
	assert_true(envoi_memory_end_is_over(open.end));
	close_browser(&idle);
	close_browser(&busy);
	close_browser(&open);
}

static void the_server_may_be_freed_with_connections(void **state)
{
	(void)state;
	struct browser idle, open;
	open_browser(&idle, LOOPBACK);
	open_browser(&open, LOOPBACK);
	assert_true(has_status(ask(&open, UPGRADE "\r\n"), "101"));
	assert_int_equal(
		envoi_server_add_document(host.server, "/a", "text/plain", "a", 1), ENVOI_OK);
	envoi_server_free(host.server);
	host.server = NULL;
	close_browser(&idle);
	close_browser(&open);
}

/* listener.per-address holds for connections that have no session, too. */
static void connections_of_an_address_are_limited(void **state)
{
	enum {
		MOST = 3,
	};
	(void)state;
	struct browser browsers[MOST + 1];
	host_set(&host, "listener.per-address", "3");
	for (int i = 0; i < MOST; i++) {
		open_browser(&browsers[i], ELSEWHERE);
	}
	assert_int_equal(connect_browser(&browsers[MOST], ELSEWHERE, ENVOI_SERVER_WEB_CLEAR),
		ENVOI_ERR_LIMIT);
	close_browser(&browsers[MOST]);
	close_browser(&browsers[0]);
	open_browser(&browsers[0], ELSEWHERE);
	for (int i = 0; i < MOST; i++) {
		close_browser(&browsers[i]);
	}
}

/* Bodies that do not end, of many clients: listener.memory holds for them. */
static void bodies_without_end_are_limited_together(void **state)
{
	enum {
		CLIENTS = 60,
		PIECES = 30,
		LIMIT = 4 << 20,
	};
	static const char head[] =
		"POST /http-bind HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n";
	static char piece[16000];
	static struct browser browsers[CLIENTS];
	struct envoi_listener_stats stats;
	size_t most = 0;
	(void)state;
	memset(piece, 'x', sizeof(piece));
	host_set(&host, "listener.memory", "4m");
	for (int i = 0; i < CLIENTS; i++) {
		char address[32];
		snprintf(address, sizeof(address), "192.0.2.%d", i + 1);
		open_browser(&browsers[i], address);
		(void)!envoi_memory_end_send(browsers[i].end, head, strlen(head));
	}
	for (int i = 0; i < CLIENTS * PIECES; i++) {
		(void)!envoi_memory_end_send(browsers[i % CLIENTS].end, piece, sizeof(piece));
		host_run(&host, 1);
		envoi_listener_get_stats(envoi_server_listener(host.server), &stats);
		most = stats.memory > most ? stats.memory : most;
	}
	assert_true(most > LIMIT / 2);
	assert_true(most < LIMIT + LIMIT / 4);
	for (int i = 0; i < CLIENTS; i++) {
		close_browser(&browsers[i]);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(documents_are_served),
		CASE(browsers_share_a_document),
		CASE(paths_are_compared_byte_for_byte),
		CASE(a_target_may_have_scheme_and_host),
		CASE(other_methods_are_refused),
		CASE(a_document_needs_path_and_type),
		CASE(the_links_are_where_the_request_came_to),
		CASE(a_host_that_means_something_else_is_refused),
		CASE(a_setting_says_where_the_server_is_reached),
		CASE(urls_that_cannot_be_appended_to_are_refused),
		CASE(pages_of_other_sites_are_refused),
		CASE(passwords_are_taken_in_clear_from_this_host_only),
		CASE(a_session_of_bosh_is_created),
		CASE(another_domain_is_not_served_over_bosh),
		CASE(pages_of_other_sites_are_refused_bosh),
		CASE(a_server_that_closes_answers_what_waits),
		CASE(a_session_is_resumed_over_another_one_of_bosh),
		CASE(a_session_of_bosh_ends_with_the_server),
		CASE(https_needs_a_certificate),
		CASE(connections_end_with_the_server),
		CASE(the_server_may_be_freed_with_connections),
		CASE(the_server_may_be_closed_where_a_session_of_bosh_is_reported),
		CASE(connections_of_a_session_that_has_logged_in_are_limited),
		CASE(registrations_over_bosh_are_counted_by_address),
		CASE(connections_of_an_address_are_limited),
		CASE(bodies_without_end_are_limited_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
