/*
 * envoi - listeners: connections that were admitted, and how they are counted
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <string.h>

#include <envoi/context.h>

#include "listener/listener.h"
#include "net/site.h"

/* --- tallies --- */

static int tally_new(
	struct envoi__tally **ret_tally, struct envoi__map *map, const char *key, size_t len)
{
	struct envoi__tally *tally = envoi_alloc(map->context, sizeof(*tally) + len);
	if (tally == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*tally = (struct envoi__tally){.key_len = len};
	memcpy(tally->key, key, len);
	int r = envoi__map_add(map, tally->key, len, tally);
	if (r < 0) {
		envoi_free(map->context, tally);
		return r;
	}
	*ret_tally = tally;
	return ENVOI_OK;
}

/* @retval ENVOI_ERR_LIMIT  *ret_tally is set nevertheless */
static int count_in(struct envoi__tally **ret_tally, struct envoi__map *map, const char *key,
	size_t len, unsigned int most)
{
	struct envoi__tally *tally = envoi__map_get(map, key, len);
	if (tally == NULL) {
		int r = tally_new(&tally, map, key, len);
		if (r < 0) {
			return r;
		}
	}
	*ret_tally = tally;
	if (tally->count >= most) {
		return ENVOI_ERR_LIMIT;
	}
	tally->count++;
	return ENVOI_OK;
}

static void count_out(struct envoi__tally *tally, struct envoi__map *map)
{
	if (tally != NULL && --tally->count == 0) {
		envoi__map_remove(map, tally->key, tally->key_len);
		envoi_free(map->context, tally);
	}
}

/* --- addresses --- */

static void write_address(char ret_text[INET6_ADDRSTRLEN], const struct sockaddr *address,
	const struct envoi__site *site)
{
	ret_text[0] = '\0';
	if (site->len == ENVOI__SITE_IP4_BYTES) {
		inet_ntop(AF_INET, site->bytes, ret_text, INET6_ADDRSTRLEN);
	} else if (site->len > 0) {
		const struct sockaddr_in6 *v6 = (const void *)address;
		inet_ntop(AF_INET6, &v6->sin6_addr, ret_text, INET6_ADDRSTRLEN);
	}
}

static void log_refusal(struct envoi_admission *admission, struct envoi__tally *tally)
{
	if (!tally->was_refused) {
		tally->was_refused = true;
		envoi_log(admission->context, ENVOI_LOG_WARNING, ENVOI_LOG_NET,
			"%s has %u connections without login: more are refused", admission->text,
			tally->count);
	}
}

static int count_address(
	struct envoi_admission *admission, const struct sockaddr *address, size_t address_len)
{
	struct envoi_listener *listener = admission->listener;
	struct envoi__tally *tally = NULL;
	struct envoi__site site;
	envoi__site_of(&site, address, address_len);
	write_address(admission->text, address, &site);
	if (site.len == 0) {
		return ENVOI_OK;
	}
	int r = count_in(&tally, &listener->addresses, (const char *)site.bytes, site.len,
		listener->values.per_address);
	if (r == ENVOI_ERR_LIMIT) {
		log_refusal(admission, tally);
	} else if (r == ENVOI_OK) {
		admission->address = tally;
	}
	return r;
}

/* --- life --- */

static void admission_free(struct envoi_admission *admission)
{
	struct envoi_context *context = admission->context;
	envoi__list_remove(&admission->link);
	envoi_free(context, admission);
	envoi_context_unref(context);
}

int envoi__admission_new(struct envoi_admission **ret_admission, struct envoi_listener *listener,
	const char *service, const struct sockaddr *address, size_t address_len)
{
	if (service == NULL) {
		return ENVOI_ERR_INVALID;
	}
	size_t service_size = strlen(service) + 1;
	struct envoi_admission *admission = envoi_alloc_zeroed(
		listener->context, sizeof(*admission) + service_size);
	if (admission == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	admission->context = envoi_context_ref(listener->context);
	admission->listener = listener;
	memcpy(admission->service, service, service_size);
	envoi__list_init(&admission->link);
	int r = count_address(admission, address, address_len);
	if (r < 0) {
		admission_free(admission);
		return r;
	}
	envoi__list_append(&listener->admissions, &admission->link);
	listener->stats.connections++;
	envoi__listener_changed(listener);
	*ret_admission = admission;
	return ENVOI_OK;
}

void envoi__admission_detach(struct envoi_admission *admission)
{
	struct envoi_listener *listener = admission->listener;
	count_out(admission->address, &listener->addresses);
	count_out(admission->account, &listener->accounts);
	admission->address = admission->account = NULL;
	admission->listener = NULL;
	envoi__list_remove(&admission->link);
}

void envoi__admission_drop(struct envoi_admission *admission)
{
	struct envoi_listener *listener = admission->listener;
	if (listener != NULL) {
		listener->stats.connections--;
		listener->stats.logged_in -= admission->is_logged_in;
		envoi__admission_detach(admission);
		envoi__listener_changed(listener);
	}
	admission_free(admission);
}

void envoi_admission_end(struct envoi_admission *admission)
{
	if (admission == NULL) {
		return;
	}
	if (admission->listener != NULL) {
		admission->listener->has_room = true;
	}
	envoi__admission_drop(admission);
}

int envoi_admission_log_in(struct envoi_admission *admission, const char *account)
{
	struct envoi_listener *listener = admission->listener;
	if (admission->is_logged_in) {
		return ENVOI_ERR_STATE;
	}
	if (listener != NULL && account != NULL) {
		struct envoi__tally *tally;
		int r = count_in(&tally, &listener->accounts, account, strlen(account),
			listener->values.per_account);
		if (r < 0) {
			return r;
		}
		admission->account = tally;
	}
	admission->is_logged_in = true;
	if (listener != NULL) {
		listener->stats.logged_in++;
		count_out(admission->address, &listener->addresses);
		admission->address = NULL;
	}
	return ENVOI_OK;
}

const char *envoi_admission_service(const struct envoi_admission *admission)
{
	return admission->service;
}

const char *envoi_admission_address(const struct envoi_admission *admission)
{
	return admission->text;
}
