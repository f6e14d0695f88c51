/*
 * envoi - stanzas: what their files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STANZA_STANZA_H
#define ENVOI_STANZA_STANZA_H

#include <envoi/stanza.h>

/** An address, parsed on first use. */
struct envoi__stanza_address {
	const char *text; /* that was parsed; NULL: none yet */
	struct envoi_jid *jid; /* owned by the tree; NULL: malformed */
};

/** Lives in the arena of its element: a reference to it is one to the tree. */
struct envoi_stanza {
	struct envoi_element *element;
	enum envoi_stanza_kind kind;
	enum envoi_stanza_type type;
	struct envoi__stanza_address from, to;
	struct envoi__stanza_decoded *decoded; /* payloads decoded so far */
};

/** Make a stanza of an element whose kind and type are known.
 * @param element  taken; NULL: NULL is returned */
struct envoi_stanza *envoi__stanza_new(
	struct envoi_element *element, enum envoi_stanza_kind kind, enum envoi_stanza_type type);

/**
 * Parse the sender's address, which then is kept.
 * @retval ENVOI_OK           envoi_stanza_from() is the sender; or there is no `from`
 * @retval ENVOI_ERR_INVALID  `from` is no address
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__stanza_parse_from(struct envoi_stanza *stanza);

/** Keep the address that the attribute `to` was set from: it is not parsed again, which takes 620
 * instructions. Without memory it is. @param stanza  NULL is allowed */
void envoi__stanza_know_to(struct envoi_stanza *stanza, const struct envoi_jid *to);

/** @return whether a stanza of that kind can be of that type: ENVOI_TYPE_ANY for an iq only */
bool envoi__stanza_type_fits(enum envoi_stanza_kind kind, enum envoi_stanza_type type);

/** @return the word for the attribute `type`; NULL: none is to be set */
const char *envoi__stanza_type_word(enum envoi_stanza_kind kind, enum envoi_stanza_type type);

#endif
