/*
 * envoi - resolver on c-ares: queries that are answered with messages as bytes
 * SPDX-License-Identifier: MIT
 */
#include "net/cares_query.h"

#include <arpa/nameser.h>

#include <envoi/context.h>

#include "net/cares.h"

enum {
	/* of the message: the shortest name, type, class, TTL, length, and the address */
	BYTES_OF_A = 15,
	BYTES_OF_AAAA = 27,
};

static int parse_srv(struct envoi__cares_request *request, const unsigned char *reply, size_t len)
{
	struct ares_srv_reply *replies = NULL;
	size_t count = 0;
	int code = ares_parse_srv_reply(reply, (int)len, &replies);
	for (const struct ares_srv_reply *r = replies; r != NULL; r = r->next) {
		count++;
	}
	if (code == ARES_SUCCESS) {
		code = envoi__cares_begin_records(request, count);
	}
	for (const struct ares_srv_reply *r = replies; r != NULL && code == ARES_SUCCESS;
		r = r->next) {
		envoi__cares_add_srv(request,
			&(struct envoi_srv){
				.target = r->host,
				.port = r->port,
				.priority = r->priority,
				.weight = r->weight,
			});
	}
	ares_free_data(replies);
	return code == ARES_SUCCESS ? envoi__cares_end_records(request) : code;
}

static int parse_a(struct envoi__cares_request *request, const unsigned char *reply, size_t len)
{
	struct envoi_context *context = request->context;
	int count = (int)(len / BYTES_OF_A + 1);
	struct ares_addrttl *found = envoi_alloc(context, (size_t)count * sizeof(*found));
	if (found == NULL) {
		return ARES_ENOMEM;
	}
	int code = ares_parse_a_reply(reply, (int)len, NULL, found, &count);
	if (code == ARES_SUCCESS) {
		code = envoi__cares_begin_records(request, (size_t)count);
	}
	for (int i = 0; i < count && code == ARES_SUCCESS; i++) {
		envoi__cares_add_address(request, &found[i].ipaddr);
	}
	envoi_free(context, found);
	return code;
}

static int parse_aaaa(struct envoi__cares_request *request, const unsigned char *reply, size_t len)
{
	struct envoi_context *context = request->context;
	int count = (int)(len / BYTES_OF_AAAA + 1);
	struct ares_addr6ttl *found = envoi_alloc(context, (size_t)count * sizeof(*found));
	if (found == NULL) {
		return ARES_ENOMEM;
	}
	int code = ares_parse_aaaa_reply(reply, (int)len, NULL, found, &count);
	if (code == ARES_SUCCESS) {
		code = envoi__cares_begin_records(request, (size_t)count);
	}
	for (int i = 0; i < count && code == ARES_SUCCESS; i++) {
		envoi__cares_add_address(request, &found[i].ip6addr);
	}
	envoi_free(context, found);
	return code;
}

int envoi__cares_parse(struct envoi__cares_request *request, const unsigned char *reply, size_t len)
{
	return request->family == 0          ? parse_srv(request, reply, len)
		: request->family == AF_INET ? parse_a(request, reply, len)
					     : parse_aaaa(request, reply, len);
}

static void on_reply(void *user, int code, int timeouts, unsigned char *reply, int len)
{
	(void)timeouts;
	struct envoi__cares_request *request = user;
	if (code == ARES_SUCCESS && request->lookup != NULL) {
		code = envoi__cares_parse(request, reply, (size_t)len);
	}
	request->answered(request, code);
}

void envoi__cares_query(
	ares_channel channel, const char *name, struct envoi__cares_request *request)
{
	int type = request->family == 0      ? ns_t_srv
		: request->family == AF_INET ? ns_t_a
					     : ns_t_aaaa;
	ares_query(channel, name, ns_c_in, type, on_reply, request);
}
