/*
 * envoi - libxml2 on a counting allocator
 * SPDX-License-Identifier: MIT
 */
#include "libxml_memory.h"

#include <malloc.h>
#include <string.h>

#include <libxml/xmlmemory.h>

struct test_allocator libxml_memory;

static struct envoi_allocator functions(void)
{
	return test_allocator_functions(&libxml_memory);
}

static void *xml_alloc(size_t len)
{
	return functions().alloc(&libxml_memory, len);
}

/* Always moved, and the old block overwritten: sanitizers do not see what libxml2 reads there. */
static void *xml_realloc(void *memory, size_t len)
{
	void *moved = xml_alloc(len);
	if (moved == NULL || memory == NULL) {
		return moved;
	}
	size_t old = malloc_usable_size(memory);
	memcpy(moved, memory, old < len ? old : len);
	memset(memory, 0xa5, old);
	functions().free(&libxml_memory, memory);
	return moved;
}

static void xml_free(void *memory)
{
	functions().free(&libxml_memory, memory);
}

static char *xml_strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = xml_alloc(len);
	return copy == NULL ? NULL : memcpy(copy, text, len);
}

void libxml_memory_install(void)
{
	xmlMemSetup(xml_free, xml_alloc, xml_realloc, xml_strdup);
}
