/*
 * envoi - what an address of a component costs
 * SPDX-License-Identifier: MIT
 *
 * usage: bench-component COUNT: prints the bytes that each of COUNT addresses takes, with presence
 * and one contact, and the bytes of each further contact
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include <envoi/component_presence.h>
#include <envoi/values.h>

static void check(int r)
{
	if (r < 0) {
		fprintf(stderr, "bench-component: %s\n", envoi_error_text(r));
		exit(1);
	}
}

/* Large blocks are mapped. */
static size_t used(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static void add_addresses(
	struct envoi_component *component, struct envoi_stanza *presence, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char own[64];
		snprintf(own, sizeof(own), "user%zu@gw.example.org", i);
		check(envoi_component_set_presence(component, own, presence));
		check(envoi_component_load_subscription(
			component, own, "alice@example.org", ENVOI_COMPONENT_FROM));
	}
}

static void add_contacts(struct envoi_component *component, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char contact[64];
		snprintf(contact, sizeof(contact), "contact%zu@example.org", i);
		check(envoi_component_load_subscription(
			component, "user0@gw.example.org", contact, ENVOI_COMPONENT_FROM));
	}
}

int main(int argc, char **argv)
{
	uint64_t count;
	struct envoi_component *component;
	if (argc != 2 || envoi_uint_parse(argv[1], 1, 10000000, &count) < 0) {
		fputs("usage: bench-component COUNT\n", stderr);
		return 2;
	}
	check(envoi_component_new(&component, NULL, "gw.example.org"));
	struct envoi_context *context = envoi_session_context(envoi_component_session(component));
	struct envoi_stanza *presence = envoi_presence_new(context, ENVOI_TYPE_AVAILABLE, NULL);
	size_t before = used();
	add_addresses(component, presence, count);
	size_t between = used();
	add_contacts(component, count);
	size_t after = used();
	printf("%zu addresses, %zu bytes each; %zu bytes each further contact\n", (size_t)count,
		(between - before) / count, (after - between) / count);
	envoi_stanza_unref(presence);
	envoi_component_free(component);
	return 0;
}
