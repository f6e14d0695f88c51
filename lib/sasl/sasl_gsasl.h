/*
 * envoi - SASL mechanisms on libgsasl: private header
 * SPDX-License-Identifier: MIT
 *
 * One exchange in two files, which call each other through libgsasl: sasl_gsasl.c has the steps,
 * sasl_gsasl_properties.c the properties that libgsasl requests within them.
 */
#ifndef ENVOI_SASL_SASL_GSASL_H
#define ENVOI_SASL_SASL_GSASL_H

#include <gsasl.h>

#include "sasl/sasl.h"

struct envoi__gsasl_exchange {
	struct envoi_sasl_exchange base;
	Gsasl_session *session;
	char *authcid, *authzid, *hostname;
	char *password; /* as given */
	bool has_begun;
};

/** @return ENVOI_OK, ENVOI_AGAIN or an error for a code of libgsasl's */
int envoi__gsasl_code(int gsasl_code);

/** libgsasl calls it for every property that it needs (sasl_gsasl_properties.c). */
int envoi__gsasl_on_property(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property);

#endif
