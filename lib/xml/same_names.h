/*
 * envoi - attributes of a tag by their names
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_SAME_NAMES_H
#define ENVOI_XML_SAME_NAMES_H

#include <stdint.h>
#include <string.h>

enum {
	ENVOI__SAME_NAMES_FEW = 12, /* to compare each with each costs less */
	ENVOI__SAME_NAMES_MOST = 1024,
	ENVOI__SAME_NAMES_LISTS = 256,
};

/** Lists of attributes whose names may be equal: to compare each attribute with all before it takes
 * a time that grows with the square of their number. */
struct envoi__same_names {
	uint16_t last[ENVOI__SAME_NAMES_LISTS]; /* number of the last in each list, 0: none */
	uint16_t before[ENVOI__SAME_NAMES_MOST + 1]; /* that one, by number; 0: none */
	uint16_t place[ENVOI__SAME_NAMES_MOST + 1]; /* for the user, by number */
};

static inline void envoi__same_names_begin(struct envoi__same_names *names)
{
	memset(names->last, 0, sizeof(names->last));
}

/**
 * Add an attribute.
 * @param name    equal names are one pointer
 * @param number  from 1 on
 * @return the number of the last one before it that may have the name; 0: none. The next is
 *         names->before[] of that, and so on
 */
static inline unsigned int envoi__same_names_add(
	struct envoi__same_names *names, const void *name, unsigned int number)
{
	uint64_t bits = (uint64_t)(uintptr_t)name * UINT64_C(0x9e3779b97f4a7c15);
	uint16_t *last = &names->last[bits >> 56];
	names->before[number] = *last;
	*last = (uint16_t)number;
	return names->before[number];
}

#endif
