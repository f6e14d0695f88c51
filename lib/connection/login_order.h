/*
 * envoi - a login: the order of its connectors, by the setting transports.order
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_LOGIN_ORDER_H
#define ENVOI_CONNECTION_LOGIN_ORDER_H

#include <stdbool.h>
#include <stddef.h>

struct envoi__connectors;
struct envoi_connector;

/** @retval ENVOI_OK  @p text has words among tcp, websocket and bosh, each once, between commas
 * @retval ENVOI_ERR_INVALID */
int envoi__login_order_check(const char *text);

/** @param url  one that an account remembers. @return whether the order has its route */
bool envoi__login_order_has_url(const char *order, const char *url);

/**
 * @param order  NULL: all connectors, as they are listed. Else those with other names come first,
 *               then those with the names in it, in its order
 * @return the connector at place @p at; NULL: there are no more
 */
struct envoi_connector *envoi__login_order_get(
	const struct envoi__connectors *connectors, const char *order, size_t at);

#endif
