/*
 * envoi - what fuzz targets share
 * SPDX-License-Identifier: MIT
 *
 * A target is one file with one function, LLVMFuzzerTestOneInput(). With libFuzzer's driver it
 * searches; with replay.c it runs over the files it is given: a corpus, or AFL++'s @@.
 */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/xml.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Abort with a line that says which expectation does not hold. Not assert(): it holds in every
 * build. */
#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			fuzz_fail(__FILE__, __LINE__, #condition); \
		} \
	} while (0)

_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/** A context of its own for each input. Never NULL. */
struct envoi_context *fuzz_context(void);

/** What is left of an input. */
struct fuzz_input {
	const uint8_t *data;
	size_t len;
};

/** @return the next byte, 0 at the end */
uint8_t fuzz_byte(struct fuzz_input *input);

/** @return a piece as a string: of a fixed list, or bytes of the input; free() it */
char *fuzz_string(struct fuzz_input *input, const char *const *list, size_t count);

/** @return a copy of the rest with a NUL behind it; free() it */
char *fuzz_rest(const struct fuzz_input *input);

/** Append a whole tree as text: names with namespaces, attributes sorted. The language in force
 * and prefixes are left out: trees are equal if this is. */
void fuzz_describe(struct envoi_buffer *out, const struct envoi_element *element);

/** An attribute to describe. */
struct fuzz_attr {
	const char *ns, *name, *value;
};

/** Append a start tag in the form of fuzz_describe(); @p attrs are sorted. */
void fuzz_describe_tag(struct envoi_buffer *out, const char *ns, const char *name,
	struct fuzz_attr *attrs, size_t attr_count);

/** @return whether both hold the same bytes */
int fuzz_same(const struct envoi_buffer *a, const struct envoi_buffer *b);

#endif
