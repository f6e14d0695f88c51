/*
 * envoi - tests: a router without session, and handlers whose actions a test sets
 * SPDX-License-Identifier: MIT
 */
#include "router_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "stanzas.h"

static int host_send(
	struct envoi__router_host *host, struct envoi_stanza *stanza, bool is_automatic)
{
	struct router_fixture *f = ENVOI_CONTAINER_OF(host, struct router_fixture, host);
	int r = stanza == NULL ? ENVOI_ERR_NOMEM : f->is_full ? ENVOI_ERR_FULL : ENVOI_OK;
	if (r == ENVOI_OK) {
		write_line(&f->sent, envoi_stanza_element(stanza));
		f->sent_count++;
	} else if (is_automatic) {
		f->dropped_count++;
	}
	envoi_stanza_unref(stanza);
	return r;
}

static void host_unhandled(
	struct envoi__router_host *host, struct envoi_stanza *stanza, const char *text)
{
	struct router_fixture *f = ENVOI_CONTAINER_OF(host, struct router_fixture, host);
	write_text(&f->unhandled, "%s: %s\n",
		stanza == NULL ? "-" : envoi_element_name(envoi_stanza_element(stanza)), text);
}

static struct envoi_stream *host_stream(struct envoi__router_host *host)
{
	(void)host;
	return NULL;
}

static uint64_t host_epoch(struct envoi__router_host *host)
{
	return ENVOI_CONTAINER_OF(host, struct router_fixture, host)->epoch;
}

static const struct envoi__router_host_impl host_impl = {
	.send = host_send,
	.unhandled = host_unhandled,
	.stream = host_stream,
	.epoch = host_epoch,
};

int router_setup(void **state)
{
	struct router_fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(test_allocator_context(&f->context, &f->allocator), ENVOI_OK);
	assert_int_equal(envoi_context_new(&f->other, NULL), ENVOI_OK);
	f->epoch = 1;
	f->host.impl = &host_impl;
	envoi__router_init(&f->router, f->context, &f->host, NULL, 3);
	envoi_buffer_init(&f->sent, f->other, 0);
	envoi_buffer_init(&f->unhandled, f->other, 0);
	envoi_buffer_init(&f->asked, f->other, 0);
	*state = f;
	return 0;
}

int router_teardown(void **state)
{
	struct router_fixture *f = *state;
	envoi__router_close(&f->router);
	envoi__router_finish(&f->router);
	envoi_buffer_finish(&f->sent);
	envoi_buffer_finish(&f->unhandled);
	envoi_buffer_finish(&f->asked);
	envoi_context_unref(f->other);
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	free(f);
	return 0;
}

int probe_on_stanza(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct probe *probe = ENVOI_CONTAINER_OF(self, struct probe, base);
	write_text(&probe->f->asked, "%c", probe->letter);
	if (probe->act != NULL) {
		probe->act(probe, in);
	}
	return probe->returns;
}

void probe_init(struct probe *probe, struct router_fixture *f, char letter)
{
	*probe = (struct probe){.f = f, .letter = letter};
	probe->impl.stanzas = probe->rows;
	probe->base.impl = &probe->impl;
	for (size_t i = 0; i + 1 < sizeof(probe->rows) / sizeof(probe->rows[0]); i++) {
		probe->rows[i].handle = probe_on_stanza;
	}
}

void probe_add(struct probe *probe)
{
	assert_int_equal(
		envoi__router_add(&probe->f->router, &probe->member, &probe->base), ENVOI_OK);
}

void probe_remove(struct probe *probe)
{
	envoi__router_remove(&probe->f->router, probe->member);
	probe->member = NULL;
}

void route_as(struct router_fixture *f, const char *xml, bool is_logged_in)
{
	struct envoi_stanza *stanza = stanza_from_text(f->context, xml);
	forget_text(&f->asked);
	envoi__router_route(&f->router, stanza, is_logged_in);
	envoi_stanza_unref(stanza);
}

bool route_without_memory(struct router_fixture *f, const char *xml, size_t n)
{
	struct envoi_stanza *stanza = stanza_from_text(f->context, xml);
	forget_text(&f->asked);
	envoi__arena_drop_spares(f->context);
	f->allocator.fail_at = f->allocator.calls + n;
	envoi__router_route(&f->router, stanza, true);
	bool failed = f->allocator.calls >= f->allocator.fail_at;
	f->allocator.fail_at = 0;
	envoi_stanza_unref(stanza);
	return failed;
}

void route(struct router_fixture *f, const char *xml)
{
	route_as(f, xml, true);
}

const char get_time[] = "<iq type='get' id='1' from='a@b/c' to='me@x/y'>"
			"<time xmlns='urn:xmpp:time'/></iq>";

void assert_sent_error(struct router_fixture *f, const char *condition)
{
	char expected[200];
	snprintf(expected, sizeof(expected), "<%s xmlns=", condition);
	assert_int_equal(f->sent_count, 1);
	assert_non_null(strstr(written_text(&f->sent), "type='error'"));
	assert_non_null(strstr(written_text(&f->sent), "to='a@b/c'"));
	assert_non_null(strstr(written_text(&f->sent), "id='1'"));
	assert_non_null(strstr(written_text(&f->sent), expected));
}

void forget_all(struct router_fixture *f)
{
	forget_text(&f->sent);
	forget_text(&f->unhandled);
	f->sent_count = f->dropped_count = 0;
}
