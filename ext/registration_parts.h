/*
 * envoi - In-Band Registration: what its sources share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_REGISTRATION_PARTS_H
#define ENVOI_EXT_REGISTRATION_PARTS_H

#include <envoi/ext/registration.h>

/**
 * Choose what is sent: the form alone, or the fields alone (section 4).
 * @param[out] ret_sent  its pointers are those of @p registration
 * @retval ENVOI_ERR_INVALID  there is nothing to send, or an empty password (section 3.1)
 */
int envoi__registration_choose(
	struct envoi_registration *ret_sent, const struct envoi_registration *registration);

#endif
