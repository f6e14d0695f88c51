/*
 * envoi - name resolution: the resolver of a context
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/interfaces/resolver.h>

#include "base/context.h"

struct resolver_part {
	struct envoi__part part;
	struct envoi_resolver *resolver;
};

static void resolver_part_destroy(struct envoi__part *base)
{
	struct resolver_part *part = ENVOI_CONTAINER_OF(base, struct resolver_part, part);
	struct envoi_context *context = part->resolver->context;
	context->parts[ENVOI__PART_RESOLVER] = NULL;
	envoi_resolver_destroy(part->resolver);
	envoi_free(context, part);
}

int envoi_context_take_resolver(struct envoi_context *context, struct envoi_resolver *resolver)
{
	int r = ENVOI_ERR_STATE;
	if (context->parts[ENVOI__PART_RESOLVER] != NULL) {
		goto destroy_resolver;
	}
	struct resolver_part *part = envoi_alloc(context, sizeof(*part));
	if (part == NULL) {
		r = ENVOI_ERR_NOMEM;
		goto destroy_resolver;
	}
	*part = (struct resolver_part){
		.part = {.destroy = resolver_part_destroy},
		.resolver = resolver,
	};
	context->parts[ENVOI__PART_RESOLVER] = &part->part;
	return ENVOI_OK;

destroy_resolver:
	envoi_resolver_destroy(resolver);
	return r;
}

struct envoi_resolver *envoi_context_resolver(struct envoi_context *context)
{
	struct envoi_resolver *resolver;
	if (context->parts[ENVOI__PART_RESOLVER] == NULL &&
		(envoi_resolver_new_cares(&resolver, context, NULL) < 0 ||
			envoi_context_take_resolver(context, resolver) < 0)) {
		return NULL;
	}
	struct envoi__part *part = context->parts[ENVOI__PART_RESOLVER];
	return ENVOI_CONTAINER_OF(part, struct resolver_part, part)->resolver;
}
