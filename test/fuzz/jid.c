/*
 * envoi - fuzz target: addresses, PRECIS, escaping
 * SPDX-License-Identifier: MIT
 *
 * Input: a text. What is prepared is prepared for good; parts joined again are the same address.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <envoi/jid.h>
#include <envoi/precis.h>

static void check_same(const struct envoi_jid *jid, struct envoi_jid *other)
{
	EXPECT(envoi_jid_equal(jid, other));
	EXPECT(envoi_jid_equal_bare(jid, other));
	EXPECT(envoi_jid_hash(jid) == envoi_jid_hash(other));
	EXPECT(envoi_jid_compare(jid, other) == 0);
	EXPECT(strcmp(envoi_jid_text(jid), envoi_jid_text(other)) == 0);
	EXPECT(strcmp(envoi_jid_domain_ascii(jid), envoi_jid_domain_ascii(other)) == 0);
	EXPECT(envoi_jid_bare_len(jid) == envoi_jid_bare_len(other));
	envoi_jid_unref(other);
}

static void check_part(const char *part)
{
	EXPECT(part == NULL || (strlen(part) > 0 && strlen(part) <= 1023));
}

static void check_bare(const struct envoi_jid *jid)
{
	struct envoi_jid *bare, *again;
	EXPECT(envoi_jid_bare(&bare, jid) == ENVOI_OK);
	EXPECT(envoi_jid_is_bare(bare) && envoi_jid_equal_bare(bare, jid));
	EXPECT(strlen(envoi_jid_text(bare)) == envoi_jid_bare_len(jid));
	EXPECT(memcmp(envoi_jid_text(bare), envoi_jid_text(jid), envoi_jid_bare_len(jid)) == 0);
	if (envoi_jid_is_bare(jid)) {
		EXPECT(envoi_jid_equal(bare, jid));
	} else {
		EXPECT(!envoi_jid_equal(bare, jid));
		EXPECT(envoi_jid_with_resource(&again, bare, envoi_jid_resource(jid)) == ENVOI_OK);
		check_same(jid, again);
	}
	envoi_jid_unref(bare);
}

static void check_jid(struct envoi_context *context, const struct envoi_jid *jid)
{
	struct envoi_jid *again;
	const char *local = envoi_jid_local(jid), *resource = envoi_jid_resource(jid);
	check_part(local);
	check_part(envoi_jid_domain(jid));
	check_part(resource);
	EXPECT(envoi_jid_from_text(&again, context, envoi_jid_text(jid)) == ENVOI_OK);
	check_same(jid, again);
	EXPECT(envoi_jid_from_parts(&again, context, local, envoi_jid_domain(jid), resource) ==
		ENVOI_OK);
	check_same(jid, again);
	EXPECT(envoi_jid_from_parts(
		       &again, context, local, envoi_jid_domain_ascii(jid), resource) == ENVOI_OK);
	check_same(jid, again);
	check_bare(jid);
}

static void check_parse(struct envoi_context *context, const char *text, size_t len)
{
	struct envoi_jid *jid = NULL;
	char line[200];
	int r = envoi_jid_parse(&jid, context, text, len);
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_INVALID);
	EXPECT(envoi_jid_check(text, len, line, sizeof(line)) == r);
	EXPECT((line[0] == '\0') == (r == ENVOI_OK));
	EXPECT((jid == NULL) == (r < 0));
	if (jid != NULL) {
		check_jid(context, jid);
		envoi_jid_unref(jid);
	}
}

static void check_profile(struct envoi_context *context, enum envoi_precis_profile profile,
	const char *text, size_t len)
{
	char *once, *twice;
	size_t once_len, twice_len;
	enum envoi_precis_problem problem;
	int r = envoi_precis_enforce(&once, &once_len, context, profile, text, len, &problem);
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_INVALID);
	EXPECT((problem == ENVOI_PRECIS_FINE) == (r == ENVOI_OK));
	if (r < 0) {
		return;
	}
	EXPECT(once_len > 0 && strlen(once) == once_len);
	EXPECT(envoi_precis_enforce(&twice, &twice_len, context, profile, once, once_len, NULL) ==
		ENVOI_OK);
	EXPECT(twice_len == once_len && strcmp(once, twice) == 0);
	envoi_free(context, once);
	envoi_free(context, twice);
}

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80) {
		text++;
	}
	return *text == '\0';
}

static void check_escaping(struct envoi_context *context, const char *text)
{
	char *escaped, *back, *again;
	int r = envoi_jid_escape(&escaped, context, text);
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_INVALID);
	if (r < 0) {
		return;
	}
	EXPECT(strpbrk(escaped, " \"&'/:<>@") == NULL);
	EXPECT(envoi_jid_unescape(&back, context, escaped) == ENVOI_OK);
	EXPECT(!is_ascii(text) || strcmp(text, back) == 0);
	EXPECT(envoi_jid_escape(&again, context, back) == ENVOI_OK); /* what was mapped stays so */
	EXPECT(strcmp(escaped, again) == 0);
	envoi_free(context, escaped);
	envoi_free(context, back);
	envoi_free(context, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct envoi_context *context = fuzz_context();
	char *text = fuzz_rest(&input);
	check_parse(context, text, size);
	for (int profile = 0; profile <= ENVOI_PRECIS_NICKNAME_COMPARED; profile++) {
		check_profile(context, (enum envoi_precis_profile)profile, text, size);
	}
	check_escaping(context, text);
	free(text);
	envoi_context_unref(context);
	return 0;
}
