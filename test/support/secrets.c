/*
 * envoi - a search for secrets in memory
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* dladdr, dl_iterate_phdr */

#include "secrets.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <envoi/values.h>

enum {
	MASK = 0x5a,
	LONGEST = 192,
	MOST_FORMS = 96,
	MOST_FINDINGS = 64,
	FRAMES = 24,
	MOST_BLOCKS = 1 << 18,
};

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

/* The search itself looks at memory that may be anybody's. */
#define UNCHECKED __attribute__((no_sanitize("address"), no_sanitize("undefined")))

struct form {
	const char *name, *how;
	unsigned char masked[LONGEST];
	size_t len;
};

struct finding {
	const struct form *form;
	size_t size;
	void *frames[FRAMES];
	int frame_count;
	const void *giver;
	bool is_told;
};

/* A block that is held. */
struct block {
	const void *at; /* NULL: none */
	size_t size;
};

static struct {
	struct form forms[MOST_FORMS];
	size_t form_count;
	unsigned char begins[65536 / 8]; /* the first two bytes of forms, masked */
	struct finding findings[MOST_FINDINGS];
	size_t finding_count;
	bool is_watching, is_busy;
} secrets;

static struct block *blocks; /* neither on the heap nor static: there is nothing to find in it */
static size_t used_blocks;

/* --- what is searched for --- */

/* Without zeros in front: memory is full of them. */
static void add_form(const char *name, const char *how, const unsigned char *data, size_t len)
{
	while (len > 0 && *data == 0) {
		data++;
		len--;
	}
	assert_true(secrets.form_count < MOST_FORMS && len >= 8 && len <= LONGEST);
	struct form *form = &secrets.forms[secrets.form_count++];
	*form = (struct form){.name = name, .how = how, .len = len};
	for (size_t i = 0; i < len; i++) {
		form->masked[i] = data[i] ^ MASK;
	}
	unsigned int pair = form->masked[0] << 8 | form->masked[1];
	secrets.begins[pair / 8] |= (unsigned char)(1u << pair % 8);
}

/* What does not depend on what stands before and behind. */
static void add_base64(const char *name, const void *data, size_t len, size_t before)
{
	static const char *const how[] = {"base64", "base64 +1", "base64 +2"};
	unsigned char bytes[LONGEST] = {0};
	char text[2 * LONGEST];
	memcpy(bytes + before, data, len);
	size_t groups = (before + len) / 3, first = before == 0 ? 0 : 4;
	envoi_base64_encode(text, bytes, groups * 3);
	add_form(name, how[before], (unsigned char *)text + first, groups * 4 - first);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(text, sizeof(text));
}

static void add_wide(const char *name, const unsigned char *data, size_t len)
{
	unsigned char wide[LONGEST];
	for (size_t i = 0; i < len; i++) {
		wide[2 * i] = 0;
		wide[2 * i + 1] = data[i];
	}
	/* From the first byte that is not 0, to the last: big and little endian alike. */
	add_form(name, "UTF-16", wide + 1, 2 * len - 1);
	explicit_bzero(wide, sizeof(wide));
}

/* RFC 2104: what a key shorter than a block becomes. */
static void add_padded(const char *name, const unsigned char *data, size_t len, unsigned char pad)
{
	unsigned char padded[LONGEST];
	for (size_t i = 0; i < len; i++) {
		padded[i] = data[i] ^ pad;
	}
	add_form(name, pad == 0x36 ? "inner pad" : "outer pad", padded, len);
	explicit_bzero(padded, sizeof(padded));
}

void secrets_add(const char *name, const void *data, size_t len)
{
	char hex[2 * LONGEST + 1];
	assert_true(len <= LONGEST / 3);
	bool is_text = true;
	for (size_t i = 0; i < len; i++) {
		is_text = is_text && ((const unsigned char *)data)[i] >= 0x20;
	}
	add_form(name, "as it is", data, len);
	envoi_hex_encode(hex, data, len);
	add_form(name, "hex", (unsigned char *)hex, 2 * len);
	explicit_bzero(hex, sizeof(hex));
	for (size_t i = 0; i < 3; i++) {
		add_base64(name, data, len, i);
	}
	if (is_text) {
		add_wide(name, data, len);
	}
	add_padded(name, data, len, 0x36);
	add_padded(name, data, len, 0x5c);
}

void secrets_begin(void)
{
	explicit_bzero(&secrets, sizeof(secrets));
}

/* --- searching --- */

UNCHECKED static bool is_at(const struct form *form, const unsigned char *at)
{
	size_t i = 0;
	while (i < form->len && (at[i] ^ MASK) == form->masked[i]) {
		i++;
	}
	return i == form->len;
}

/* @return the next one at or behind *position, which is then behind its first byte; NULL: none */
UNCHECKED static const struct form *find(const unsigned char *memory, size_t len, size_t *position)
{
	for (size_t i = *position; i + 1 < len; i++) {
		unsigned int pair = (memory[i] ^ MASK) << 8 | (memory[i + 1] ^ MASK);
		if ((secrets.begins[pair / 8] & 1u << pair % 8) == 0) {
			continue;
		}
		for (size_t j = 0; j < secrets.form_count; j++) {
			const struct form *form = &secrets.forms[j];
			if (form->len <= len - i && is_at(form, memory + i)) {
				*position = i + 1;
				return form;
			}
		}
	}
	return NULL;
}

unsigned int secrets_in(const void *memory, size_t len)
{
	unsigned int count = 0;
	size_t position = 0;
	while (find(memory, len, &position) != NULL) {
		count++;
	}
	return count;
}

/* --- the heap --- */

UNCHECKED static size_t home_of(const void *at)
{
	return (size_t)(((uintptr_t)at >> 4) * 0x9e3779b97f4a7c15u >> 20) % MOST_BLOCKS;
}

UNCHECKED static struct block *place_of(const void *at)
{
	size_t i = home_of(at);
	while (blocks[i].at != NULL && blocks[i].at != at) {
		i = (i + 1) % MOST_BLOCKS;
	}
	return &blocks[i];
}

UNCHECKED static void note_block(const void *at, size_t size)
{
	if (blocks == NULL) {
		blocks = mmap(NULL, MOST_BLOCKS * sizeof(*blocks), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	if (at == NULL || used_blocks >= MOST_BLOCKS / 2) {
		return; /* secrets_held() asserts that this did not happen */
	}
	struct block *place = place_of(at);
	used_blocks += place->at == NULL;
	*place = (struct block){at, size};
}

/* Those behind it move up, so that they are still found. */
UNCHECKED static void drop_block(struct block *place)
{
	size_t hole = (size_t)(place - blocks);
	blocks[hole].at = NULL;
	for (size_t i = (hole + 1) % MOST_BLOCKS; blocks[i].at != NULL; i = (i + 1) % MOST_BLOCKS) {
		size_t from_home = (i - home_of(blocks[i].at)) % MOST_BLOCKS;
		if (from_home >= (i - hole) % MOST_BLOCKS) {
			blocks[hole] = blocks[i];
			blocks[i].at = NULL;
			hole = i;
		}
	}
	used_blocks--;
}

/* The result is printed later: there is no memory to be had in here. The block is wiped, or who
 * gets it next would seem to have left it there. */
UNCHECKED static void look_at_freed(void *at, size_t size, const void *giver)
{
	size_t position = 0;
	const struct form *form = find(at, size, &position);
	if (form == NULL) {
		return;
	}
	explicit_bzero(at, size);
	if (secrets.finding_count == MOST_FINDINGS) {
		return;
	}
	struct finding *finding = &secrets.findings[secrets.finding_count++];
	finding->form = form;
	finding->size = size;
	finding->giver = giver;
	secrets.is_busy = true;
	finding->frame_count = backtrace(finding->frames, FRAMES);
	secrets.is_busy = false;
}

UNCHECKED static void forget_block(void *at, const void *giver)
{
	struct block *place = at != NULL && blocks != NULL ? place_of(at) : NULL;
	if (place == NULL || place->at == NULL) {
		return;
	}
	size_t size = place->size;
	drop_block(place);
	if (secrets.is_watching && !secrets.is_busy) {
		look_at_freed(at, size, giver);
	}
}

#if defined(HAS_SANITIZER)

/* <sanitizer/allocator_interface.h>, which GCC does not always bring */
int __sanitizer_install_malloc_and_free_hooks(
	void (*malloc_hook)(const volatile void *at, size_t size),
	void (*free_hook)(const volatile void *at));

static void on_malloc(const volatile void *at, size_t size)
{
	note_block((const void *)(uintptr_t)at, size);
}

static void on_free(const volatile void *at)
{
	forget_block((void *)(uintptr_t)at, NULL);
}

__attribute__((constructor)) static void install(void)
{
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

#else

/* The C library's own, by its names for them; what it moves is copied, and the old block given
 * back, as any other allocator might. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void __libc_free(void *at);

void *malloc(size_t size)
{
	void *at = __libc_malloc(size);
	note_block(at, size);
	return at;
}

void *calloc(size_t count, size_t size)
{
	void *at = __libc_calloc(count, size);
	note_block(at, count * size);
	return at;
}

void free(void *at)
{
	forget_block(at, __builtin_return_address(0));
	__libc_free(at);
}

void *realloc(void *at, size_t size)
{
	void *moved = malloc(size);
	if (moved != NULL && at != NULL) {
		size_t before = malloc_usable_size(at);
		memcpy(moved, at, before < size ? before : size);
		forget_block(at, __builtin_return_address(0));
		__libc_free(at);
	}
	return moved;
}

#endif

/* Before anything is watched: backtrace() gets itself a library when first called. */
__attribute__((constructor)) static void warm_up(void)
{
	void *frames[FRAMES];
	(void)backtrace(frames, FRAMES);
}

/* --- which library --- */

#if defined(HAS_SANITIZER)

static bool is_sanitizer(const void *frame)
{
	Dl_info where;
	return dladdr(frame, &where) != 0 && strstr(where.dli_fname, "san.so") != NULL;
}

/* The sanitizer's backtrace(), ours, the sanitizer's free(), and then the caller. */
static const void *giver_of(const struct finding *finding)
{
	static const bool way[] = {true, false, true};
	int i = 0;
	for (size_t j = 0; j < sizeof(way) / sizeof(way[0]); j++) {
		while (i < finding->frame_count - 1 && is_sanitizer(finding->frames[i]) == way[j]) {
			i++;
		}
	}
	return finding->frames[i];
}

#else

static const void *giver_of(const struct finding *finding)
{
	return finding->giver;
}

#endif

static enum secrets_culprit culprit_of(const struct finding *finding)
{
	Dl_info where, here;
	if (dladdr(giver_of(finding), &where) == 0 || dladdr(&secrets, &here) == 0) {
		return SECRETS_OTHERS;
	}
	return where.dli_fbase == here.dli_fbase || strstr(where.dli_fname, "libenvoi") != NULL
		? SECRETS_OURS
		: strstr(where.dli_fname, "libgnutls") != NULL ? SECRETS_GNUTLS
							       : SECRETS_OTHERS;
}

unsigned int secrets_given_back(enum secrets_culprit culprit, const char *name)
{
	unsigned int count = 0;
	for (size_t i = 0; i < secrets.finding_count; i++) {
		const struct finding *finding = &secrets.findings[i];
		if (culprit_of(finding) != culprit ||
			(name != NULL && strcmp(finding->form->name, name) != 0)) {
			continue;
		}
		count++;
		if (!finding->is_told && getenv("SECRETS_TELL") != NULL) {
			fprintf(stderr, "%s (%s) in a block of %zu bytes that was given back by\n",
				finding->form->name, finding->form->how, finding->size);
			backtrace_symbols_fd(finding->frames, finding->frame_count, 2);
			secrets.findings[i].is_told = true;
		}
	}
	return count;
}

void secrets_watch(bool on)
{
	secrets.is_watching = on;
}

/* --- what is held --- */

static unsigned int count_held(
	const char *name, const unsigned char *memory, size_t len, const char *where)
{
	unsigned int count = 0;
	const struct form *form;
	size_t position = 0;
	while ((form = find(memory, len, &position)) != NULL) {
		if (name == NULL || strcmp(form->name, name) == 0) {
			if (getenv("SECRETS_TELL") != NULL) {
				fprintf(stderr, "%s (%s) at %zu of %zu bytes in %s\n", form->name,
					form->how, position - 1, len, where);
			}
			count++;
		}
	}
	return count;
}

struct tally {
	const char *name;
	unsigned int count;
};

static int count_static(struct dl_phdr_info *object, size_t size, void *user)
{
	(void)size;
	struct tally *tally = user;
	if (strstr(object->dlpi_name, "san.so") != NULL) {
		return 0;
	}
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type == PT_LOAD && (part->p_flags & PF_W) != 0) {
			uintptr_t at = object->dlpi_addr + part->p_vaddr;
			tally->count += count_held(tally->name, (const unsigned char *)at,
				part->p_memsz, object->dlpi_name);
		}
	}
	return 0;
}

unsigned int secrets_held(const char *name)
{
	struct tally tally = {.name = name};
	assert_true(used_blocks < MOST_BLOCKS / 2);
	for (size_t i = 0; i < MOST_BLOCKS; i++) {
		if (blocks[i].at != NULL) {
			tally.count += count_held(name, blocks[i].at, blocks[i].size, "a block");
		}
	}
	dl_iterate_phdr(count_static, &tally);
	return tally.count;
}
