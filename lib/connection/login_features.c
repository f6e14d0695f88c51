/*
 * envoi - a login: the stream features that it negotiates
 * SPDX-License-Identifier: MIT
 */
#include "connection/login.h"

int envoi__login_features_make(struct envoi__login *login)
{
	envoi__feature_maker *const *makers = login->with.kind->features;
	struct envoi__login_features *features = &login->features;
	envoi__login_features_free(features);
	for (size_t i = 0; i < ENVOI__LOGIN_FEATURES && makers[i] != NULL; i++) {
		struct envoi_handler *feature;
		int r = makers[i](login, &feature);
		if (r < 0) {
			return r;
		}
		if (feature != NULL) {
			features->items[features->count++] = feature;
		}
	}
	return ENVOI_OK;
}

void envoi__login_features_free(struct envoi__login_features *features)
{
	while (features->count > 0) {
		envoi_handler_destroy(features->items[--features->count]);
	}
}
