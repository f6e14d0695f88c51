/*
 * envoi - libxml2 on a counting allocator
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LIBXML_MEMORY_H
#define TEST_LIBXML_MEMORY_H

#include "test_allocator.h"

/** Counts what libxml2 allocates. */
extern struct test_allocator libxml_memory;

/** Call it first in main: before libxml2 was used. */
void libxml_memory_install(void);

#endif
