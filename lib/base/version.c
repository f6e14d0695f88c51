/*
 * envoi - the version of the library
 * SPDX-License-Identifier: MIT
 */
#include <envoi/version.h>

const char *envoi_version(void)
{
	return ENVOI_VERSION;
}

bool envoi_version_at_least(int major, int minor, int patch)
{
	return ENVOI_VERSION_AT_LEAST(major, minor, patch);
}
