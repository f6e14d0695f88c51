/*
 * envoi - a resolver that answers from a table
 * SPDX-License-Identifier: MIT
 */
#include "scripted_resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#define MAX_RECORDS 256

struct scripted_resolver {
	struct envoi_resolver base;
	const struct scripted_answer *answers;
	size_t asked, pending;
};

struct question {
	struct scripted_resolver *resolver;
	struct envoi_lookup *lookup;
	const struct scripted_answer *answer;
	struct envoi_timer timer;
	struct envoi_srv srvs[MAX_RECORDS];
	char targets[MAX_RECORDS][256];
	struct sockaddr_storage addresses[MAX_RECORDS];
};

static const struct scripted_resolver *scripted_from_const(const struct envoi_resolver *base)
{
	return (const struct scripted_resolver *)(const void *)base;
}

static struct scripted_resolver *scripted_from_base(struct envoi_resolver *base)
{
	return ENVOI_CONTAINER_OF(base, struct scripted_resolver, base);
}

static void read_srv(struct question *q, size_t i, const char *record)
{
	unsigned int priority, weight, port;
	if (sscanf(record, "%u %u %u %255s", &priority, &weight, &port, q->targets[i]) != 4) {
		abort();
	}
	q->srvs[i] = (struct envoi_srv){
		.target = q->targets[i],
		.priority = (uint16_t)priority,
		.weight = (uint16_t)weight,
		.port = (uint16_t)port,
	};
}

static void read_address(struct question *q, size_t i, const char *record)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	char text[64];
	if (sscanf(record, "%63s", text) != 1) {
		abort();
	}
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		memcpy(&q->addresses[i], &in, sizeof(in));
	} else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1) {
		memcpy(&q->addresses[i], &in6, sizeof(in6));
	} else {
		abort();
	}
}

static size_t read_records(struct question *q)
{
	size_t count = 0;
	char record[300];
	const char *at = q->answer->records;
	while (at != NULL && *at != '\0' && count < MAX_RECORDS) {
		size_t len = strcspn(at, ",");
		snprintf(record, sizeof(record), "%.*s", (int)len, at);
		if (q->answer->family == 0) {
			read_srv(q, count++, record);
		} else {
			read_address(q, count++, record);
		}
		at += len + (at[len] == ',');
	}
	return count;
}

static void drop(struct question *q)
{
	q->resolver->pending--;
	q->lookup->backend = NULL;
	envoi_timer_stop(&q->timer);
	free(q);
}

static void on_timer(struct envoi_timer *timer)
{
	struct question *q = ENVOI_CONTAINER_OF(timer, struct question, timer);
	struct envoi_lookup *lookup = q->lookup;
	size_t count = read_records(q);
	struct envoi_lookup_result result = {
		.status = q->answer->status,
		.srvs = q->answer->family == 0 ? q->srvs : NULL,
		.srv_count = q->answer->family == 0 ? count : 0,
		.addresses = q->answer->family != 0 ? q->addresses : NULL,
		.address_count = q->answer->family != 0 ? count : 0,
		.left_out = q->answer->left_out,
		.text = q->answer->status != ENVOI_LOOKUP_OK
			? envoi_lookup_status_text(q->answer->status)
			: NULL,
	};
	q->resolver->pending--;
	lookup->backend = NULL;
	envoi_lookup_finish(lookup, &result);
	free(q);
}

static const struct scripted_answer *find(
	const struct scripted_resolver *self, const char *name, int family)
{
	static const struct scripted_answer unknown = {.status = ENVOI_LOOKUP_NO_NAME};
	for (const struct scripted_answer *a = self->answers; a->name != NULL; a++) {
		if (strcmp(a->name, name) == 0 && a->family == family) {
			return a;
		}
	}
	return &unknown;
}

static int ask(
	struct scripted_resolver *self, struct envoi_lookup *lookup, const char *name, int family)
{
	const struct scripted_answer *answer = find(self, name, family);
	if (answer->code < 0) {
		return answer->code;
	}
	struct question *q = calloc(1, sizeof(*q));
	if (q == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	q->resolver = self;
	q->lookup = lookup;
	q->answer = answer;
	lookup->backend = q;
	self->asked++;
	self->pending++;
	envoi_timer_start(
		&q->timer, envoi_context_loop(self->base.context), q->answer->delay_ms, on_timer);
	return ENVOI_OK;
}

static int lookup_srv(struct envoi_resolver *base, struct envoi_lookup *lookup, const char *name)
{
	return ask(scripted_from_base(base), lookup, name, 0);
}

static int lookup_address(
	struct envoi_resolver *base, struct envoi_lookup *lookup, const char *host, int family)
{
	return ask(scripted_from_base(base), lookup, host, family);
}

static void cancel(struct envoi_resolver *base, struct envoi_lookup *lookup)
{
	(void)base;
	drop(lookup->backend);
}

static void destroy(struct envoi_resolver *base)
{
	free(scripted_from_base(base));
}

static const struct envoi_resolver_impl scripted_impl = {
	.name = "scripted",
	.lookup_srv = lookup_srv,
	.lookup_address = lookup_address,
	.cancel = cancel,
	.destroy = destroy,
};

int scripted_resolver_new(struct envoi_resolver **ret_resolver, struct envoi_context *context,
	const struct scripted_answer *answers)
{
	struct scripted_resolver *self = calloc(1, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_resolver_init(&self->base, &scripted_impl, context);
	self->answers = answers;
	*ret_resolver = &self->base;
	return ENVOI_OK;
}

void scripted_resolver_set(struct envoi_resolver *resolver, const struct scripted_answer *answers)
{
	scripted_from_base(resolver)->answers = answers;
}

size_t scripted_resolver_asked(const struct envoi_resolver *resolver)
{
	return scripted_from_const(resolver)->asked;
}

size_t scripted_resolver_pending(const struct envoi_resolver *resolver)
{
	return scripted_from_const(resolver)->pending;
}
