/*
 * envoi - SASL on a stream, with a scripted peer: what its tests share
 * SPDX-License-Identifier: MIT
 */
#include "sasl_peer.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <envoi/values.h>

struct stream_fixture fixture;

/* Our nonces come from here. */
ssize_t getrandom(void *data, size_t len, unsigned int flags)
{
	if (len == 18) {
		size_t written;
		return envoi_base64_decode(data, &written, CLIENT_NONCE, 24) == 0 ? 18 : -1;
	}
	return syscall(SYS_getrandom, data, len, flags);
}

int sasl_setup(void **state)
{
	(void)state;
	stream_fixture_init(&fixture);
	fixture.options.required = ENVOI_STREAM_AUTHENTICATED;
	return 0;
}

int sasl_teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

void start_afresh(void)
{
	sasl_teardown(NULL);
	sasl_setup(NULL);
}

void set(const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(fixture.settings, name, value), ENVOI_OK);
}

void add_initiator(const char *authcid, const char *password)
{
	struct envoi_sasl_credentials *credentials;
	struct envoi_handler *handler;
	assert_int_equal(envoi_sasl_password_new(&credentials, fixture.context, authcid, password),
		ENVOI_OK);
	assert_int_equal(
		envoi_sasl_feature_new(&handler, fixture.context, fixture.settings, credentials),
		ENVOI_OK);
	stream_fixture_add(&fixture, handler);
}

void script_offer(const char *mechanisms)
{
	char xml[1024];
	stream_fixture_script_headers(fixture.peer);
	snprintf(xml, sizeof(xml),
		"<stream:features><mechanisms " SASL ">%s</mechanisms></stream:features>",
		mechanisms);
	peer_sends(fixture.peer, xml);
}

const char *element(char *xml, size_t size, const char *name, const char *mechanism,
	const void *data, size_t len)
{
	char text[1024];
	if (len == 0 || (len == 1 && *(const char *)data == '=')) {
		snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)data);
	} else {
		envoi_base64_encode(text, data, len);
	}
	snprintf(xml, size, "<%s " SASL "%s%s%s>%s</%s>", name, mechanism ? " mechanism='" : "",
		mechanism ? mechanism : "", mechanism ? "'" : "", text, name);
	return xml;
}

void peer_sends_data(const char *name, const char *text)
{
	char xml[2048];
	peer_sends(fixture.peer, element(xml, sizeof(xml), name, NULL, text, strlen(text)));
}

void peer_expects_data(const char *name, const char *mechanism, const char *text)
{
	char xml[2048];
	peer_expects(fixture.peer, element(xml, sizeof(xml), name, mechanism, text, strlen(text)));
}

void run_and_expect_closed(int code)
{
	stream_fixture_run(&fixture, 60000);
	peer_assert_done(fixture.peer);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_SASL, code);
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
}

void script_restart(void)
{
	peer_restarts(fixture.peer);
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, "<stream:features/>");
}

void run_and_expect_login(const char *gained)
{
	stream_fixture_run(&fixture, 60000);
	peer_assert_done(fixture.peer);
	recorder_assert_milestones(&fixture.recorder,
		(const char *const[]){"gained secure", "opened", gained, "opened", "ready", NULL});
}

void script_scram_until_proof(void)
{
	script_offer("<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>");
	peer_expects_data("auth", "SCRAM-SHA-1", CLIENT_FIRST);
	peer_sends_data("challenge", SERVER_FIRST);
	peer_expects_data("response", NULL, CLIENT_FINAL);
}
