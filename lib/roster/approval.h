/*
 * envoi - the roster: approvals of the account's requests
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROSTER_APPROVAL_H
#define ENVOI_ROSTER_APPROVAL_H

#include <envoi/roster.h>

/**
 * @return whether an approval of that contact answers a request of the account (RFC 6121, section
 *         3.1.6); true once for each request. While the contacts held are not all, true
 */
bool envoi__roster_take_approval(const struct envoi_roster *roster, const struct envoi_jid *jid);

#endif
