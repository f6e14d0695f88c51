/*
 * envoi - answers: how a request ended
 * SPDX-License-Identifier: MIT
 */
#include "router/answer.h"

#include <stdio.h>

static void decode(struct envoi_answer *answer, const struct envoi_payload_type *expected)
{
	struct envoi_payload_problem problem;
	const struct envoi_element *element = envoi_element_child(
		envoi_stanza_element(answer->stanza), expected->ns, expected->name);
	if (element == NULL) {
		answer->code = ENVOI_ERR_PROTOCOL;
		snprintf(
			answer->text, sizeof(answer->text), "the answer has no %s", expected->name);
		return;
	}
	int r = envoi_payload_parse(&answer->payload, expected, element, &problem);
	if (r == ENVOI_OK) {
		return;
	}
	answer->payload = NULL;
	bool is_malformed = r == ENVOI_ERR_PROTOCOL || r == ENVOI_ERR_LIMIT;
	answer->code = is_malformed ? ENVOI_ERR_PROTOCOL : r;
	snprintf(answer->text, sizeof(answer->text), "%s %s",
		is_malformed ? problem.where : expected->name,
		is_malformed ? problem.why : envoi_error_text(r));
}

void envoi__answer_init(struct envoi_answer *answer, int code, struct envoi_stanza *stanza,
	const struct envoi_payload_type *expected)
{
	*answer = (struct envoi_answer){.code = code, .stanza = stanza};
	if (code == ENVOI_ERR_STANZA) {
		answer->has_error = envoi_stanza_get_error(stanza, &answer->error);
	} else if (code == ENVOI_OK && expected != NULL) {
		decode(answer, expected);
	}
}

bool envoi_answer_ok(const struct envoi_answer *answer)
{
	return answer->code == ENVOI_OK;
}

int envoi_answer_code(const struct envoi_answer *answer)
{
	return answer->code;
}

const char *envoi_answer_text(const struct envoi_answer *answer)
{
	if (answer->has_error && answer->error.text != NULL) {
		return answer->error.text;
	}
	const char *condition = answer->has_error
		? envoi_stanza_condition_name(answer->error.condition)
		: NULL;
	if (condition != NULL) {
		return condition;
	}
	return answer->text[0] != '\0' ? answer->text : envoi_error_text(answer->code);
}

struct envoi_stanza *envoi_answer_stanza(const struct envoi_answer *answer)
{
	return answer->stanza;
}

const struct envoi_stanza_error *envoi_answer_error(const struct envoi_answer *answer)
{
	return answer->has_error ? &answer->error : NULL;
}

const void *envoi_answer_payload(const struct envoi_answer *answer)
{
	return answer->payload;
}
