/*
 * envoi - SASL: sources of identities
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl.h"

bool envoi__sasl_credentials_are_complete(const struct envoi_sasl_credentials *credentials)
{
	const struct envoi_sasl_credentials_impl *impl = credentials->impl;
	return impl->means != NULL && impl->request != NULL && impl->cancel != NULL &&
		impl->destroy != NULL;
}

void envoi_sasl_credentials_destroy(struct envoi_sasl_credentials *credentials)
{
	if (credentials != NULL && credentials->impl->destroy != NULL) {
		credentials->impl->destroy(credentials);
	}
}
