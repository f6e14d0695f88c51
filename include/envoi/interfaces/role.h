/*
 * envoi - the two roles of a stream
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_ROLE_H
#define ENVOI_INTERFACES_ROLE_H

/** The role of this side of a stream (RFC 6120, section 4.2). */
enum envoi_role {
	ENVOI_INITIATOR, /**< opens the stream: a client, for example */
	ENVOI_RECEIVER, /**< answers: a server */
};

#endif
