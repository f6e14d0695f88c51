/*
 * envoi - a login: the client certificate
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_LOGIN_CERTIFICATE_H
#define ENVOI_CONNECTION_LOGIN_CERTIFICATE_H

struct envoi__login;
struct envoi_failure;

/** Load tls.cert-file and tls.key-file, if set, into the login's TLS configuration. Parameters and
 * results as envoi__login_tls_prepare(). */
int envoi__login_load_certificate(struct envoi__login *login, struct envoi_failure *why);

#endif
