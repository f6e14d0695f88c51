/*
 * envoi - a login: TLS, the trust decisions of the application, the client certificate
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_LOGIN_TLS_H
#define ENVOI_CONNECTION_LOGIN_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/failure.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/tls.h>

#include "base/list.h"

struct envoi__login;

struct envoi__login_tls {
	struct envoi_tls_config *config; /* NULL: tls.mode is none */
	struct envoi_tls_decider decider; /* calls the application's */
	struct envoi__list asked; /* open questions of the application's decider */
	unsigned char (*refused)[ENVOI_TLS_SPKI_BYTES]; /* keys that the application has refused */
	size_t refused_count;
	struct envoi_timer key_password_timer;
	bool waits_for_key_password, was_key_password_denied;
};

void envoi__login_tls_init(struct envoi__login_tls *tls);
void envoi__login_tls_finish(struct envoi__login_tls *tls, struct envoi_context *context);

/**
 * Make the TLS configuration, with the authorities and the client certificate.
 *
 * @param[out] why  set when this fails
 * @retval ENVOI_AGAIN  the application was asked for the password of the key, and may have freed
 *                      the login; the login starts again when the password is set
 */
int envoi__login_tls_prepare(struct envoi__login *login, struct envoi_failure *why);

#endif
