/*
 * envoi - resolver on c-ares: from replies to records
 * SPDX-License-Identifier: MIT
 */
#include "net/cares.h"

#include <ares.h>
#include <stdbool.h>
#include <string.h>

#include <envoi/context.h>

#include "net/host_names.h"

/* More would be no service of anybody's but an attempt to keep us busy. */
#define MAX_RECORDS 64

void envoi__cares_request_free(struct envoi_context *context, struct envoi__cares_request *request)
{
	if (request != NULL) {
		envoi_free(context, request->srvs);
		envoi_free(context, request->addresses);
		envoi_free(context, request);
	}
}

static enum envoi_lookup_status status_of(int code)
{
	switch (code) {
	case ARES_SUCCESS:
		return ENVOI_LOOKUP_OK;
	case ARES_ENOTFOUND:
		return ENVOI_LOOKUP_NO_NAME;
	case ARES_ENODATA:
		return ENVOI_LOOKUP_NO_DATA;
	case ARES_ETIMEOUT:
		return ENVOI_LOOKUP_TIMEOUT;
	case ARES_ENOMEM:
		return ENVOI_LOOKUP_NOMEM;
	default:
		return ENVOI_LOOKUP_FAILED;
	}
}

void envoi__cares_set_status(struct envoi__cares_request *request, int code)
{
	request->status = status_of(code);
	if (request->status == ENVOI_LOOKUP_OK) {
		request->text = NULL;
	} else if (code == ARES_ECONNREFUSED) {
		/* c-ares says so too when all have said that they cannot or will not */
		request->text = "no name server is there, or none has an answer";
	} else if (request->status == ENVOI_LOOKUP_FAILED) {
		request->text = ares_strerror(code);
	} else {
		request->text = envoi_lookup_status_text(request->status);
	}
}

/* --- SRV --- */

/* c-ares gives the root as an empty name */
static bool is_usable(const struct ares_srv_reply *reply)
{
	return reply->host != NULL && (reply->host[0] == '\0' || envoi__is_dns_name(reply->host));
}

static const char *target_of(const struct ares_srv_reply *reply)
{
	return reply->host[0] == '\0' ? "." : reply->host;
}

static char *copy_target(char *to, const char *target)
{
	size_t len = strlen(target);
	if (len > 1 && target[len - 1] == '.') {
		len--;
	}
	memcpy(to, target, len);
	to[len] = '\0';
	return to + len + 1;
}

static int copy_srvs(struct envoi_context *context, struct envoi__cares_request *request,
	const struct ares_srv_reply *replies)
{
	size_t count = 0, text_len = 0;
	for (const struct ares_srv_reply *r = replies; r != NULL && count < MAX_RECORDS;
		r = r->next) {
		if (is_usable(r)) {
			count++;
			text_len += strlen(target_of(r)) + 1;
		}
	}
	if (count == 0) {
		return ARES_EBADRESP;
	}
	struct envoi_srv *srvs = envoi_alloc(context, count * sizeof(*srvs) + text_len);
	if (srvs == NULL) {
		return ARES_ENOMEM;
	}
	char *text = (char *)(srvs + count);
	size_t i = 0;
	for (const struct ares_srv_reply *r = replies; i < count; r = r->next) {
		if (is_usable(r)) {
			srvs[i++] = (struct envoi_srv){
				.target = text,
				.port = r->port,
				.priority = r->priority,
				.weight = r->weight,
			};
			text = copy_target(text, target_of(r));
		}
	}
	request->srvs = srvs;
	request->count = count;
	return ARES_SUCCESS;
}

static int parse_srv(struct envoi_context *context, struct envoi__cares_request *request,
	const unsigned char *reply, int len)
{
	struct ares_srv_reply *replies = NULL;
	int code = ares_parse_srv_reply(reply, len, &replies);
	if (code == ARES_SUCCESS) {
		code = copy_srvs(context, request, replies);
	}
	ares_free_data(replies);
	return code;
}

/* --- addresses --- */

static int room_for_addresses(
	struct envoi_context *context, struct envoi__cares_request *request, size_t count)
{
	if (count == 0) {
		return ARES_ENODATA;
	}
	request->addresses = envoi_alloc(context, count * sizeof(*request->addresses));
	return request->addresses == NULL ? ARES_ENOMEM : ARES_SUCCESS;
}

static void add_address(struct envoi__cares_request *request, const void *bytes)
{
	envoi__make_sockaddr(&request->addresses[request->count++], request->family, bytes, 0);
}

static int parse_a(struct envoi_context *context, struct envoi__cares_request *request,
	const unsigned char *reply, int len)
{
	struct ares_addrttl found[MAX_RECORDS];
	int count = MAX_RECORDS;
	int code = ares_parse_a_reply(reply, len, NULL, found, &count);
	if (code == ARES_SUCCESS) {
		code = room_for_addresses(context, request, (size_t)count);
	}
	for (int i = 0; code == ARES_SUCCESS && i < count; i++) {
		add_address(request, &found[i].ipaddr);
	}
	return code;
}

static int parse_aaaa(struct envoi_context *context, struct envoi__cares_request *request,
	const unsigned char *reply, int len)
{
	struct ares_addr6ttl found[MAX_RECORDS];
	int count = MAX_RECORDS;
	int code = ares_parse_aaaa_reply(reply, len, NULL, found, &count);
	if (code == ARES_SUCCESS) {
		code = room_for_addresses(context, request, (size_t)count);
	}
	for (int i = 0; code == ARES_SUCCESS && i < count; i++) {
		add_address(request, &found[i].ip6addr);
	}
	return code;
}

void envoi__cares_parse(struct envoi_context *context, struct envoi__cares_request *request,
	const unsigned char *reply, int len)
{
	int code = request->family == 0      ? parse_srv(context, request, reply, len)
		: request->family == AF_INET ? parse_a(context, request, reply, len)
					     : parse_aaaa(context, request, reply, len);
	envoi__cares_set_status(request, code);
}

void envoi__cares_set_address(
	struct envoi_context *context, struct envoi__cares_request *request, char *const *bytes)
{
	size_t count = 0;
	while (bytes != NULL && bytes[count] != NULL && count < MAX_RECORDS) {
		count++;
	}
	int code = room_for_addresses(context, request, count);
	for (size_t i = 0; code == ARES_SUCCESS && i < count; i++) {
		add_address(request, bytes[i]);
	}
	envoi__cares_set_status(request, code);
}
