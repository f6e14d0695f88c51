/*
 * envoi - what a peer says in an error
 * SPDX-License-Identifier: MIT
 */
#include "stream/peer_error.h"

#include <string.h>

#include "base/failure.h"
#include "xml/language.h"

static bool is_better(
	const struct envoi_element *text, const struct envoi_element *than, const char *lang)
{
	return than == NULL || envoi__element_suits(text, lang) > envoi__element_suits(than, lang);
}

struct envoi__peer_error envoi__peer_error_read(
	const struct envoi_element *error, const char *ns, const char *lang)
{
	struct envoi__peer_error said = {NULL, NULL, NULL};
	for (const struct envoi_element *child = envoi_element_first(error); child != NULL;
		child = envoi_element_next(child)) {
		if (strcmp(envoi_element_ns(child), ns) != 0) {
			said.application = said.application != NULL ? said.application : child;
		} else if (strcmp(envoi_element_name(child), "text") != 0) {
			said.condition = said.condition != NULL ? said.condition : child;
		} else if (is_better(child, said.text, lang)) {
			said.text = child;
		}
	}
	return said;
}

const char *envoi__peer_error_name(const struct envoi__peer_error *said)
{
	return said->condition != NULL ? envoi_element_name(said->condition) : "";
}

#define PUT(member, text) envoi__failure_put((member), sizeof(member), (text))

void envoi__peer_error_put(const struct envoi__peer_error *said, struct envoi_failure *failure)
{
	const char *text = said->text != NULL ? envoi_element_text(said->text) : NULL;
	PUT(failure->condition, envoi__peer_error_name(said));
	if (said->application != NULL) {
		PUT(failure->application, envoi_element_name(said->application));
		PUT(failure->application_ns, envoi_element_ns(said->application));
	}
	if (text != NULL && text[0] != '\0') {
		const char *lang = envoi_element_lang(said->text);
		PUT(failure->text, text);
		PUT(failure->text_lang, lang != NULL ? lang : "");
		failure->is_peer_text = true;
	}
}
