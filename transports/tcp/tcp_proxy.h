/*
 * envoi - connectors over TCP: the server through a proxy
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TCP_PROXY_H
#define ENVOI_TCP_PROXY_H

#include <stdbool.h>
#include <stdint.h>

struct envoi_channel;
struct envoi_context;
struct envoi_dial_options;
struct envoi_failure;
struct envoi_settings;
struct envoi__proxy_opening;
struct tcp_proxy;

/**
 * Read the settings proxy.*.
 *
 * @param[out] ret_proxy  NULL: proxy.type is none
 * @param options  of the dial without a proxy: domain, host, port, routes, timeouts; copied
 * @retval ENVOI_ERR_INVALID  proxy.host is not set, or the server's name cannot be sent
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__tcp_proxy_new(struct tcp_proxy **ret_proxy, struct envoi_context *context,
	const struct envoi_settings *settings, const struct envoi_dial_options *options);

/** NULL is allowed. The password is wiped. */
void envoi__tcp_proxy_free(struct tcp_proxy *proxy);

/** @return whether the server's places are looked up here (proxy.resolve): before all below */
bool envoi__tcp_proxy_is_local(const struct tcp_proxy *proxy);

/** Called once, from the loop. @param failure  NULL: there is at least one place; borrowed */
typedef void envoi__tcp_proxy_looked_up_fn(void *user, const struct envoi_failure *failure);

/** Look up the server's places. @param options  as of envoi__tcp_proxy_new(); borrowed
 * Errors as envoi__tcp_proxy_names_new() */
int envoi__tcp_proxy_look_up(struct tcp_proxy *proxy, const struct envoi_dial_options *options,
	envoi__tcp_proxy_looked_up_fn *done, void *user);

/** The options of a dial to the proxy, without trials; texts are borrowed from @p proxy. */
void envoi__tcp_proxy_dial_options(
	const struct tcp_proxy *proxy, struct envoi_dial_options *ret_options);

/** @return whether TLS comes first on the current place of the server */
bool envoi__tcp_proxy_is_direct(const struct tcp_proxy *proxy);

/** Have the proxy connect to the server. @param channel  to the proxy; taken, on failure too
 * Errors as envoi__proxy_opening_new() */
int envoi__tcp_proxy_open(const struct tcp_proxy *proxy, struct envoi__proxy_opening **ret_opening,
	struct envoi_context *context, struct envoi_channel *channel,
	void (*done)(
		void *user, struct envoi_channel *channel, const struct envoi_failure *failure),
	void *user);

/** Set the deadline of all places. @param timeout_ms  from now; 0: none */
void envoi__tcp_proxy_set_timeout(struct tcp_proxy *proxy, uint64_t timeout_ms);

/** Suspend the deadline while the application decides about a certificate, or continue it. */
void envoi__tcp_proxy_wait(struct tcp_proxy *proxy, bool is_waiting);

/** Go to the next place of the server, and keep the attempts of the last one. @return false: there
 * is none, or no time is left */
bool envoi__tcp_proxy_next(struct tcp_proxy *proxy, const struct envoi_failure *why);

/** Add the attempts at earlier places. @param proxy  NULL: none */
void envoi__tcp_proxy_add_attempts(const struct tcp_proxy *proxy, struct envoi_failure *to);

#endif
