/*
 * envoi - payloads of resource binding and the old session request
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_FEATURES_FEATURE_PAYLOADS_H
#define ENVOI_FEATURES_FEATURE_PAYLOADS_H

#include <envoi/interfaces/features.h>
#include <envoi/payload.h>

/**
 * Resource binding (RFC 6120, section 7): in the request perhaps a resource, in the result the full
 * address. The reader of a value checks whether the address is full, and whose it is.
 */
struct envoi__bind {
	const char *resource; /* not prepared; NULL: the server shall choose */
	const struct envoi_jid *jid;
};
extern const struct envoi_payload_type envoi__bind_type;

/** Session establishment (RFC 3921, section 3), as a request. */
extern const struct envoi_payload_type envoi__session_type;

/** The same as a stream feature: clients may leave out optional ones. */
struct envoi__session_feature {
	bool is_optional;
};
extern const struct envoi_payload_type envoi__session_feature_type;

#endif
