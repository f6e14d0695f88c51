/*
 * envoi - resolver on c-ares: queries that are answered with parsed messages
 * SPDX-License-Identifier: MIT
 */
#include "net/cares_query.h"

#include "net/cares.h"

static ares_dns_rec_type_t type_of(const struct envoi__cares_request *request)
{
	return request->family == 0          ? ARES_REC_TYPE_SRV
		: request->family == AF_INET ? ARES_REC_TYPE_A
					     : ARES_REC_TYPE_AAAA;
}

/* @return the record, or NULL when it is of another type: of an alias, for example */
static const ares_dns_rr_t *record_at(
	const struct envoi__cares_request *request, const ares_dns_record_t *reply, size_t at)
{
	const ares_dns_rr_t *record = ares_dns_record_rr_get_const(reply, ARES_SECTION_ANSWER, at);
	return ares_dns_rr_get_type(record) == type_of(request) &&
			ares_dns_rr_get_class(record) == ARES_CLASS_IN
		? record
		: NULL;
}

static void add_record(struct envoi__cares_request *request, const ares_dns_rr_t *record)
{
	switch (type_of(request)) {
	case ARES_REC_TYPE_A:
		envoi__cares_add_address(request, ares_dns_rr_get_addr(record, ARES_RR_A_ADDR));
		break;
	case ARES_REC_TYPE_AAAA:
		envoi__cares_add_address(request, ares_dns_rr_get_addr6(record, ARES_RR_AAAA_ADDR));
		break;
	default:
		envoi__cares_add_srv(request,
			&(struct envoi_srv){
				.target = ares_dns_rr_get_str(record, ARES_RR_SRV_TARGET),
				.port = ares_dns_rr_get_u16(record, ARES_RR_SRV_PORT),
				.priority = ares_dns_rr_get_u16(record, ARES_RR_SRV_PRIORITY),
				.weight = ares_dns_rr_get_u16(record, ARES_RR_SRV_WEIGHT),
			});
	}
}

static int take_records(struct envoi__cares_request *request, const ares_dns_record_t *reply)
{
	size_t total = ares_dns_record_rr_cnt(reply, ARES_SECTION_ANSWER), count = 0;
	for (size_t i = 0; i < total; i++) {
		count += record_at(request, reply, i) != NULL;
	}
	int code = envoi__cares_begin_records(request, count);
	for (size_t i = 0; i < total && code == ARES_SUCCESS; i++) {
		const ares_dns_rr_t *record = record_at(request, reply, i);
		if (record != NULL) {
			add_record(request, record);
		}
	}
	return code == ARES_SUCCESS ? envoi__cares_end_records(request) : code;
}

int envoi__cares_parse(struct envoi__cares_request *request, const unsigned char *reply, size_t len)
{
	ares_dns_record_t *record = NULL;
	int code = (int)ares_dns_parse(reply, len, 0, &record);
	if (code == ARES_SUCCESS) {
		code = take_records(request, record);
		ares_dns_record_destroy(record);
	}
	return code;
}

static void on_reply(
	void *user, ares_status_t status, size_t timeouts, const ares_dns_record_t *reply)
{
	(void)timeouts;
	struct envoi__cares_request *request = user;
	int code = (int)status;
	if (code == ARES_SUCCESS && request->lookup != NULL) {
		code = take_records(request, reply);
	}
	request->answered(request, code);
}

void envoi__cares_query(
	ares_channel channel, const char *name, struct envoi__cares_request *request)
{
	ares_query_dnsrec(channel, name, ARES_CLASS_IN, type_of(request), on_reply, request, NULL);
}
