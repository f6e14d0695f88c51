/*
 * envoi - tests: a store in a file for a loop in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_PACED_STORE_H
#define ENVOI_TEST_PACED_STORE_H

#include <envoi/context.h>
#include <envoi/interfaces/store.h>

/**
 * Make a store on SQLite, in a folder of its own, which is removed with it. Its thread reports to a
 * loop of its own. A job ends from the loop of @p context in the turn after it was begun, which
 * waits for the thread: virtual time does not pass meanwhile. Asserts.
 */
struct envoi_store *paced_store_new(struct envoi_context *context);

#endif
