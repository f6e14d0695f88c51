/*
 * envoi - the client helper: whether to believe a server that cannot be verified
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

#include <string.h>

static struct envoi_client *from_decider(struct envoi_tls_decider *decider)
{
	return ENVOI_CONTAINER_OF(decider, struct envoi_client, trust);
}

static bool is_logging_in(const struct envoi_client *client)
{
	return !envoi__guard_is_over(&client->guard) &&
		(client->state == ENVOI__CLIENT_CONNECTING ||
			client->state == ENVOI__CLIENT_NEGOTIATING);
}

void envoi__client_question_opens(struct envoi_client *client)
{
	if (client->open_questions++ == 0) {
		envoi__client_stop_deadline(client);
	}
}

void envoi__client_question_closes(struct envoi_client *client)
{
	if (--client->open_questions == 0 && is_logging_in(client)) {
		envoi__client_start_deadline(client, client->left_ms);
	}
}

static void decide(struct envoi_tls_decider *self, struct envoi_tls_question *question)
{
	struct envoi_client *client = from_decider(self);
	envoi__client_question_opens(client);
	if (client->decider != NULL) {
		client->decider->impl->decide(client->decider, question);
	}
}

static void keep_pin(struct envoi_client *client, const char *pin)
{
	const char *before = envoi_settings_text(client->settings, "tls.pins");
	struct envoi_buffer pins;
	envoi_buffer_init(&pins, client->context, 0);
	int r = ENVOI_OK;
	if (before == NULL || strstr(before, pin) == NULL) {
		r = envoi_buffer_printf(&pins, "%s%s%s", before == NULL ? "" : before,
			before == NULL || before[0] == '\0' ? "" : " ", pin);
		r = r < 0 ? r : envoi_buffer_append(&pins, "", 1);
		r = r < 0 ? r
			  : envoi_settings_set(
				    client->settings, "tls.pins", envoi_buffer_data(&pins));
	}
	envoi_buffer_finish(&pins);
	if (r < 0) {
		envoi_log(client->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"the pin of the server is lost: %s", envoi_error_text(r));
	}
}

static void over(struct envoi_tls_decider *self, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	struct envoi_client *client = from_decider(self);
	if (answer == ENVOI_TLS_ACCEPT_AND_PIN) {
		keep_pin(client, envoi_tls_question_peer(question)->pin);
	}
	envoi__client_question_closes(client);
	if (client->decider != NULL && client->decider->impl->over != NULL) {
		client->decider->impl->over(client->decider, question, answer);
	}
}

static const struct envoi_tls_decider_impl trust_impl = {.decide = decide, .over = over};

int envoi__client_use_decider(struct envoi_client *client)
{
	client->trust.impl = &trust_impl;
	return envoi_tls_config_set_decider(
		client->tls, client->decider != NULL ? &client->trust : NULL);
}

void envoi_client_set_tls_decider(struct envoi_client *client, struct envoi_tls_decider *decider)
{
	client->decider = decider;
}
