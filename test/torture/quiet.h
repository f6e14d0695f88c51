/*
 * envoi - a handler that does nothing, beside the one whose callbacks free things
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TORTURE_QUIET_H
#define ENVOI_TORTURE_QUIET_H

#include <envoi/handler.h>

/** Has a place in each list of a session in which the other handler may end things. */
extern const struct envoi_handler_impl quiet_impl;

#endif
