/*
 * envoi - SASL with servers that say what they like: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/values.h>

#include "stream_fixture.h"

#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"

/* The exchange of RFC 5802, section 5: user "user", password "pencil". */
#define CLIENT_NONCE "fyko+d2lbbFgONRv9qkxdawL"
#define NONCE CLIENT_NONCE "3rfcNHYJY1ZVvWVs7j"
#define CLIENT_FIRST "n,,n=user,r=" CLIENT_NONCE
#define SERVER_FIRST "r=" NONCE ",s=QSXCR+Q6sek8bf92,i=4096"
#define MUCH_WORK "r=" NONCE ",s=QSXCR+Q6sek8bf92,i=100000"
#define CLIENT_FINAL "c=biws,r=" NONCE ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
#define SERVER_FINAL "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="
#define WRONG_FINAL "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA="

static struct stream_fixture fixture;

/* Our nonces come from here. */
ssize_t getrandom(void *data, size_t len, unsigned int flags)
{
	if (len == 18) {
		size_t written;
		return envoi_base64_decode(data, &written, CLIENT_NONCE, 24) == 0 ? 18 : -1;
	}
	return syscall(SYS_getrandom, data, len, flags);
}

/* A source of identities that answers by a script. */
static struct {
	struct envoi_sasl_credentials base;
	struct envoi_sasl_request *request; /* that is open */
	bool is_silent; /* answers nothing */
	bool has_no_password; /* answers without, the first time; the second, nothing */
	unsigned int asked, canceled;
} source;

static unsigned int means(struct envoi_sasl_credentials *base)
{
	(void)base;
	return ENVOI_SASL_PASSWORD;
}

static const struct envoi_sasl_identity identity = {.authcid = "user", .password = "pencil"};

static void request(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	(void)base;
	source.asked++;
	source.request = wanted;
	if (!source.is_silent && !wanted->is_again) {
		struct envoi_sasl_identity given = identity;
		given.password = source.has_no_password ? NULL : given.password;
		envoi_sasl_answer(wanted, ENVOI_OK, &given);
	}
}

static void cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	(void)base, (void)wanted;
	source.request = NULL;
	source.canceled++;
}

static void destroy(struct envoi_sasl_credentials *base)
{
	(void)base;
}

static const struct envoi_sasl_credentials_impl source_impl = {
	.means = means, .request = request, .cancel = cancel, .destroy = destroy};

static const char *mechanisms; /* NULL: the default */

static int setup(void **state)
{
	(void)state;
	struct envoi_handler *handler;
	stream_fixture_init(&fixture);
	if (mechanisms != NULL) {
		assert_int_equal(
			envoi_settings_set(fixture.settings, "sasl.mechanisms", mechanisms),
			ENVOI_OK);
	}
	fixture.options.required = ENVOI_STREAM_AUTHENTICATED;
	memset(&source, 0, sizeof(source));
	source.base.impl = &source_impl;
	assert_int_equal(
		envoi_sasl_feature_new(&handler, fixture.context, fixture.settings, &source.base),
		ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

static void start_afresh(void)
{
	teardown(NULL);
	setup(NULL);
}

static const char *element(
	char *xml, size_t size, const char *name, const char *attributes, const char *text)
{
	char encoded[1024];
	envoi_base64_encode(encoded, text, strlen(text));
	snprintf(xml, size, "<%s " SASL "%s>%s</%s>", name, attributes, encoded, name);
	return xml;
}

static void script_offer(const char *mechanism)
{
	char xml[256];
	stream_fixture_script_headers(fixture.peer);
	snprintf(xml, sizeof(xml),
		"<stream:features><mechanisms " SASL "><mechanism>%s</mechanism>"
		"</mechanisms></stream:features>",
		mechanism);
	peer_sends(fixture.peer, xml);
}

static void peer_sends_data(const char *name, const char *text)
{
	char xml[2048];
	peer_sends(fixture.peer, element(xml, sizeof(xml), name, "", text));
}

static void peer_expects_data(const char *name, const char *attributes, const char *text)
{
	char xml[2048];
	peer_expects(fixture.peer, element(xml, sizeof(xml), name, attributes, text));
}

/* --- where a login can stand --- */

static void nothing_offered(void)
{
	fixture.options.required = 0;
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, "<stream:features/>");
}

static void source_is_asked(void)
{
	source.is_silent = true;
	script_offer("SCRAM-SHA-1");
}

static void first_message_was_sent(void)
{
	script_offer("SCRAM-SHA-1");
	peer_expects_data("auth", " mechanism='SCRAM-SHA-1'", CLIENT_FIRST);
}

static void keys_are_derived(void)
{
	first_message_was_sent();
	peer_sends_data("challenge", MUCH_WORK);
}

static void source_is_asked_again(void)
{
	source.has_no_password = true;
	first_message_was_sent();
	peer_sends_data("challenge", SERVER_FIRST);
}

static void proof_was_sent(void)
{
	first_message_was_sent();
	peer_sends_data("challenge", SERVER_FIRST);
	peer_expects_data("response", "", CLIENT_FINAL);
}

static void server_has_proved_itself(void)
{
	proof_was_sent();
	peer_sends_data("challenge", SERVER_FINAL);
	peer_expects(fixture.peer, "<response " SASL "/>");
}

static void password_was_sent(void)
{
	char xml[256], encoded[64];
	script_offer("PLAIN");
	envoi_base64_encode(encoded, "\0user\0pencil", 12);
	snprintf(xml, sizeof(xml), "<auth " SASL " mechanism='PLAIN'>%s</auth>", encoded);
	peer_expects(fixture.peer, xml);
}

static void it_has_succeeded(void)
{
	password_was_sent();
	peer_sends(fixture.peer, "<success " SASL "/>");
}

enum place {
	NOTHING_OFFERED,
	SOURCE_IS_ASKED,
	FIRST_MESSAGE_WAS_SENT,
	KEYS_ARE_DERIVED,
	SOURCE_IS_ASKED_AGAIN,
	PROOF_WAS_SENT,
	SERVER_HAS_PROVED_ITSELF,
	PASSWORD_WAS_SENT,
	IT_HAS_SUCCEEDED,
	PLACES,
};

static void (*const places[PLACES])(void) = {
	nothing_offered,
	source_is_asked,
	first_message_was_sent,
	keys_are_derived,
	source_is_asked_again,
	proof_was_sent,
	server_has_proved_itself,
	password_was_sent,
	it_has_succeeded,
};

/* --- what a server may say --- */

static const struct {
	const char *xml; /* NULL: what follows, encoded */
	const char *name, *text;
	unsigned int right_in; /* bits of enum place where it completes the login */
} sayings[] = {
	{"<success " SASL "/>", .right_in = 1 << PASSWORD_WAS_SENT | 1 << SERVER_HAS_PROVED_ITSELF},
	{"<success " SASL ">=</success>",
		.right_in = 1 << PASSWORD_WAS_SENT | 1 << SERVER_HAS_PROVED_ITSELF},
	{NULL, "success", SERVER_FINAL, 1 << PROOF_WAS_SENT},
	{NULL, "success", WRONG_FINAL},
	{NULL, "success", SERVER_FIRST},
	{"<success " SASL ">*</success>"},
	{"<success " SASL "><x xmlns='y'/></success>",
		.right_in = 1 << PASSWORD_WAS_SENT | 1 << SERVER_HAS_PROVED_ITSELF},
	{"<challenge " SASL "/>"},
	{"<challenge " SASL ">=</challenge>"},
	{"<challenge " SASL ">==</challenge>"},
	{"<challenge " SASL ">A</challenge>"},
	{"<challenge " SASL ">AA AA</challenge>"},
	{"<challenge " SASL ">AAAA=</challenge>"},
	{"<challenge " SASL ">cj0AAAA=</challenge>"}, /* a NUL */
	{NULL, "challenge", WRONG_FINAL},
	{NULL, "challenge", "e=other-error"},
	{"<failure " SASL "/>"},
	{"<failure " SASL ">text</failure>"},
	{"<failure " SASL "><not-authorized/></failure>"},
	{"<failure " SASL "><text/><not-authorized/><account-disabled/><x xmlns='y'/></failure>"},
	{"<failure " SASL "><not-authorized xmlns='other'/><text xml:lang='&lt;'>&#10;</text>"
	 "</failure>"},
	{"<failure " SASL "><text>a</text><text>b</text></failure>"},
	{"<failure " SASL "><success/></failure>"},
	{"<abort " SASL "/>"},
	{"<auth " SASL " mechanism='PLAIN'>AAAA</auth>"},
	{"<response " SASL "/>"},
	{"<mechanisms " SASL "/>"},
	{"<success xmlns='urn:xmpp:sasl:2'/>"},
	{"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"},
};

static bool is_right(size_t saying, size_t place)
{
	return (sayings[saying].right_in & 1u << place) != 0;
}

static void say_it(size_t saying, size_t place)
{
	char xml[1024];
	places[place]();
	peer_sends(fixture.peer,
		sayings[saying].xml != NULL ? sayings[saying].xml
					    : element(xml, sizeof(xml), sayings[saying].name, "",
						      sayings[saying].text));
}

/* Each element at each place: the login succeeds only where the server has proved itself and says
 * so, and everything else is the end. */
static void only_expected_elements_continue_the_exchange(void **state)
{
	(void)state;
	for (size_t place = 0; place < PLACES; place++) {
		for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
			say_it(i, place);
			stream_fixture_run(&fixture, 1000);
			if (source.request != NULL) {
				envoi_sasl_answer(source.request, ENVOI_OK, &identity);
			}
			stream_fixture_run(&fixture, 10000);
			bool has_gained = recorder_has(&fixture.recorder, "gained authenticated");
			if (has_gained != (is_right(i, place) || place == IT_HAS_SUCCEEDED) ||
				fixture.recorder.closed_count != !is_right(i, place)) {
				print_error("place %zu, saying %zu\n", place, i);
			}
			assert_int_equal(
				has_gained, is_right(i, place) || place == IT_HAS_SUCCEEDED);
			assert_int_equal(fixture.recorder.closed_count, !is_right(i, place));
			assert_false(place != NOTHING_OFFERED &&
				recorder_has(&fixture.recorder, "ready"));
			start_afresh();
		}
	}
}

/* Each may be followed by the end of everything: the stream is freed in mid-login. */
static void the_stream_may_be_freed_anywhere(void **state)
{
	(void)state;
	for (size_t place = 0; place < PLACES; place++) {
		places[place]();
		stream_fixture_run(&fixture, 1);
		recorder_free_stream(&fixture.recorder);
		assert_int_equal(source.canceled,
			place == SOURCE_IS_ASKED || place == SOURCE_IS_ASKED_AGAIN);
		start_afresh();
	}
}

/* --- incidents --- */

/* XEP-0474: before any proof is sent. */
static void a_changed_offer_is_aborted(void **state)
{
	(void)state;
	static const struct {
		const char *hash;
		int code; /* ENVOI_OK: it goes on */
	} rows[] = {
		{"LrtFoCs8XsoI+diY4u3rG69UGN8=", ENVOI_OK}, /* SHA-1 of "SCRAM-SHA-1" */
		{"g00gt4Qd0gJ3EvnclTnY0KEYfRg=", ENVOI_ERR_AUTH}, /* there was a -PLUS */
		{"LrtFoCs8XsoI+diY4u3rG69UGN8", ENVOI_ERR_AUTH},
		{"", ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[256];
		first_message_was_sent();
		snprintf(first, sizeof(first), SERVER_FIRST ",h=%s", rows[i].hash);
		peer_sends_data("challenge", first);
		peer_expects(fixture.peer,
			rows[i].code == ENVOI_OK ? "<response " SASL ">*</response>"
						 : "<abort " SASL "/></stream:stream>");
		stream_fixture_run(&fixture, 10000);
		peer_assert_done(fixture.peer);
		if (rows[i].code != ENVOI_OK) {
			recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_SASL, rows[i].code);
		}
		start_afresh();
	}
}

/* A wrong proof, and then a success without data. */
static void a_wrong_proof_in_a_challenge_is_aborted(void **state)
{
	(void)state;
	proof_was_sent();
	peer_sends_data("challenge", WRONG_FINAL);
	peer_sends(fixture.peer, "<success " SASL "/>");
	peer_expects(fixture.peer, "<abort " SASL "/></stream:stream>");
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_AUTH);
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
}

/* The source is not asked for a password that would be revealed. */
static void a_server_with_weak_mechanisms_alone_gets_no_password(void **state)
{
	(void)state;
	script_offer("LOGIN</mechanism><mechanism>NTLM</mechanism><mechanism>DIGEST-MD5</mechanism>"
		     "<mechanism>CRAM-MD5</mechanism><mechanism>GSSAPI");
	peer_expects(fixture.peer, "</stream:stream>");
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_AUTH);
	assert_int_equal(source.asked, 0);
}

/* Each secret that a server repeats. */
static void a_password_repeated_by_a_server_is_not_reported(void **state)
{
	(void)state;
	mechanisms = "LOGIN";
	start_afresh();
	mechanisms = NULL;
	script_offer("LOGIN");
	peer_expects(fixture.peer, "<auth " SASL " mechanism='LOGIN'/>");
	peer_sends_data("challenge", "User Name");
	peer_expects_data("response", "", "user");
	peer_sends_data("challenge", "Password");
	peer_expects_data("response", "", "pencil");
	peer_sends(fixture.peer,
		"<failure " SASL "><not-authorized/>"
		"<text>no pencil (cGVuY2ls)</text></failure>");
	peer_expects(fixture.peer, "</stream:stream>");
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_AUTH);
	assert_string_equal(fixture.recorder.failure.text, "no *** (***)");
}

/* 1 MB */
static void a_huge_challenge_is_not_taken(void **state)
{
	(void)state;
	enum {
		SIZE = 1 << 20
	};
	static const char begin[] = "<challenge " SASL ">";
	char *xml = malloc(SIZE);
	memcpy(xml, begin, strlen(begin));
	memset(xml + strlen(begin), 'A', SIZE - strlen(begin) - 1);
	xml[SIZE - 1] = '\0';
	first_message_was_sent();
	peer_sends(fixture.peer, xml);
	stream_fixture_run(&fixture, 10000);
	free(xml);
	assert_int_equal(fixture.recorder.closed_count, 1);
	assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_LIMIT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(only_expected_elements_continue_the_exchange),
		CASE(the_stream_may_be_freed_anywhere),
		CASE(a_changed_offer_is_aborted),
		CASE(a_wrong_proof_in_a_challenge_is_aborted),
		CASE(a_server_with_weak_mechanisms_alone_gets_no_password),
		CASE(a_password_repeated_by_a_server_is_not_reported),
		CASE(a_huge_challenge_is_not_taken),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl_hostile", tests, NULL, NULL);
}
