/*
 * envoi - resolver on c-ares: a request and its records
 * SPDX-License-Identifier: MIT
 */
#include "net/cares.h"

#include <ares.h>
#include <stdbool.h>
#include <string.h>

#include <envoi/context.h>

#include "net/host_names.h"

/* A message over TCP has room for thousands of records: the rest is counted and left out. */
#define MAX_RECORDS 256

void envoi__cares_request_free(struct envoi__cares_request *request)
{
	if (request != NULL) {
		struct envoi_context *context = request->context;
		envoi_free(context, request->srvs);
		envoi_free(context, request->addresses);
		envoi_free(context, request);
	}
}

#define NO_ANSWER "no name server is reachable, or none has an answer"

/*
 * The texts of ares_strerror() differ by version, and so do the codes: where every name server has
 * refused or failed, older versions report ARES_ECONNREFUSED.
 */
static const struct {
	int code;
	enum envoi_lookup_status status;
	const char *text; /* NULL: that of the status */
} outcomes[] = {
	{ARES_SUCCESS, ENVOI_LOOKUP_OK, NULL},
	{ARES_ENOTFOUND, ENVOI_LOOKUP_NO_NAME, NULL},
	{ARES_ENODATA, ENVOI_LOOKUP_NO_DATA, NULL},
	{ARES_ETIMEOUT, ENVOI_LOOKUP_TIMEOUT, NULL},
	{ARES_ENOMEM, ENVOI_LOOKUP_NOMEM, NULL},
	{ARES_ECONNREFUSED, ENVOI_LOOKUP_FAILED, NO_ANSWER},
	{ARES_ESERVFAIL, ENVOI_LOOKUP_FAILED, NO_ANSWER},
	{ARES_EREFUSED, ENVOI_LOOKUP_FAILED, NO_ANSWER},
	{ARES_ENOTIMP, ENVOI_LOOKUP_FAILED, NO_ANSWER},
	{ARES_EFORMERR, ENVOI_LOOKUP_FAILED, "the name server calls the query malformed"},
	{ARES_EBADRESP, ENVOI_LOOKUP_FAILED, "malformed answer of the name server"},
};

void envoi__cares_set_status(struct envoi__cares_request *request, int code)
{
	request->status = ENVOI_LOOKUP_FAILED;
	request->text = NULL;
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (outcomes[i].code == code) {
			request->status = outcomes[i].status;
			request->text = outcomes[i].text;
		}
	}
	if (request->text == NULL && request->status != ENVOI_LOOKUP_OK) {
		request->text = envoi_lookup_status_text(request->status);
	}
}

/* --- records --- */

/* Services: the records, then a slot for the target of each. */
#define TARGET_SIZE (ENVOI__MAX_DNS_NAME + 1)

/* RFC 2308, section 2.2: an answer without a record of the type that was asked for is no data, with
 * an alias in it too. */
int envoi__cares_begin_records(struct envoi__cares_request *request, size_t count)
{
	if (count == 0) {
		return ARES_ENODATA;
	}
	request->room = count < MAX_RECORDS ? count : MAX_RECORDS;
	request->left_out = count - request->room;
	if (request->family == 0) {
		request->srvs = envoi_alloc(
			request->context, request->room * (sizeof(*request->srvs) + TARGET_SIZE));
	} else {
		request->addresses = envoi_alloc(
			request->context, request->room * sizeof(*request->addresses));
	}
	return request->srvs == NULL && request->addresses == NULL ? ARES_ENOMEM : ARES_SUCCESS;
}

/* c-ares gives the root as an empty name, or as "." */
static const char *target_of(const struct envoi_srv *srv)
{
	return srv->target != NULL && srv->target[0] == '\0' ? "." : srv->target;
}

static void copy_target(char *to, const char *target)
{
	size_t len = strlen(target);
	if (len > 1 && target[len - 1] == '.') {
		len--;
	}
	memcpy(to, target, len);
	to[len] = '\0';
}

void envoi__cares_add_srv(struct envoi__cares_request *request, const struct envoi_srv *srv)
{
	const char *target = target_of(srv);
	bool is_usable = target != NULL && (strcmp(target, ".") == 0 || envoi__is_dns_name(target));
	if (!is_usable || request->count == request->room) {
		return;
	}
	char *slot = (char *)(request->srvs + request->room) + request->count * TARGET_SIZE;
	copy_target(slot, target);
	request->srvs[request->count] = *srv;
	request->srvs[request->count++].target = slot;
}

void envoi__cares_add_address(struct envoi__cares_request *request, const void *bytes)
{
	if (request->count < request->room) {
		envoi__make_sockaddr(
			&request->addresses[request->count++], request->family, bytes, 0);
	}
}

int envoi__cares_end_records(const struct envoi__cares_request *request)
{
	return request->count > 0 ? ARES_SUCCESS : ARES_EBADRESP;
}

void envoi__cares_set_address(struct envoi__cares_request *request, char *const *bytes)
{
	size_t count = 0;
	while (bytes != NULL && bytes[count] != NULL) {
		count++;
	}
	int code = envoi__cares_begin_records(request, count);
	for (size_t i = 0; code == ARES_SUCCESS && i < count; i++) {
		envoi__cares_add_address(request, bytes[i]);
	}
	envoi__cares_set_status(request, code);
}
