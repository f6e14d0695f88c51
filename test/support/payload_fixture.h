/*
 * envoi - payloads that are decoded and written as text
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_PAYLOAD_FIXTURE_H
#define ENVOI_TEST_PAYLOAD_FIXTURE_H

#include <envoi/payload.h>

/** Beginnings of documents of unit/payload/payload_tables.h. */
#define WEATHER "<report xmlns='urn:example:weather' "
#define CHILDREN "<children xmlns='urn:example:children'>"
#define ENOUGH "<needed/><truth>1</truth><hex/>"
#define ARRAYS "<arrays xmlns='urn:example:arrays'><text/>"
#define ATTRS "<attrs xmlns='urn:example:attrs' limited='' i64='1' sure='a@b' "
#define OWN "<own xmlns='urn:example:own'><needed/><again xmlns='urn:example:again'/>"
#define SHAPE "<shape xmlns='urn:example:shape'>"

/** The state of each test is a context. */
int payload_setup(void **state);
int payload_teardown(void **state);

/** A decoded struct, and what keeps it. */
struct decoded {
	struct envoi_element *element; /* to be released */
	const void *value;
};

/** Decode a valid payload. */
struct decoded payload_decode(
	struct envoi_context *context, const struct envoi_payload_type *type, const char *xml);
/** A struct is written as this text. */
void payload_assert_written(struct envoi_context *context, const struct envoi_payload_type *type,
	const void *value, const char *expected);

#endif
