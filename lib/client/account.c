/*
 * envoi - the client helper: what an account's logins have taught, from one run to the next
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/context.h"
#include "client/client.h"
#include "sasl/sasl.h"

#define FIRST_LINE "envoi-account 1 "

static int append_account(const struct envoi_client *client, struct envoi_buffer *out)
{
	return envoi_buffer_printf(out, FIRST_LINE "%s@%s\n", envoi_jid_local(client->jid),
		envoi_jid_domain(client->jid));
}

int envoi_client_save_account(const struct envoi_client *client, struct envoi_buffer *out)
{
	if (client->jid == NULL || envoi_jid_local(client->jid) == NULL) {
		return ENVOI_ERR_STATE;
	}
	size_t before = envoi_buffer_len(out);
	int r = append_account(client, out);
	if (r == ENVOI_OK) {
		r = envoi_sasl_history_write(client->history, out);
	}
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}

/* @return bytes of the first line when it names this account; 0: it does not */
static int check_first_line(
	const struct envoi_client *client, const char *text, size_t len, size_t *ret_line_len)
{
	struct envoi_buffer line;
	envoi_buffer_init(&line, client->context, 0);
	int r = append_account(client, &line);
	*ret_line_len = envoi_buffer_len(&line);
	if (r == ENVOI_OK &&
		(len < *ret_line_len ||
			memcmp(text, envoi_buffer_data(&line), *ret_line_len) != 0)) {
		r = ENVOI_ERR_INVALID;
	}
	envoi_buffer_finish(&line);
	return r;
}

/* Lines of which nobody knows the first word are those of a later version. */
static int read_lines(struct envoi_sasl_history *history, const char *text, size_t len)
{
	int r = ENVOI_OK;
	while (len > 0 && r >= 0) {
		const char *end = memchr(text, '\n', len);
		if (end == NULL) {
			return ENVOI_ERR_INVALID; /* cut off */
		}
		size_t line_len = (size_t)(end - text);
		r = envoi_sasl_history_read(history, text, line_len);
		text += line_len + 1;
		len -= line_len + 1;
	}
	return r < 0 ? r : ENVOI_OK;
}

int envoi_client_load_account(struct envoi_client *client, const char *text, size_t len)
{
	struct envoi_sasl_history *history;
	size_t first_len;
	if (client->state != ENVOI__CLIENT_OFFLINE || client->jid == NULL ||
		envoi_jid_local(client->jid) == NULL) {
		return ENVOI_ERR_STATE;
	}
	int r = check_first_line(client, text, len, &first_len);
	if (r == ENVOI_OK) {
		r = envoi_sasl_history_new(&history, client->context);
	}
	if (r < 0) {
		return r;
	}
	r = read_lines(history, text + first_len, len - first_len);
	if (r < 0) {
		envoi_sasl_history_free(history);
		return r;
	}
	envoi__client_free_features(client);
	envoi_sasl_history_free(client->history);
	client->history = history;
	return ENVOI_OK;
}

void envoi_client_forget_pin(struct envoi_client *client)
{
	envoi_sasl_history_forget_pin(client->history);
}

void envoi_client_forget_keys(struct envoi_client *client)
{
	envoi_sasl_history_forget_keys(client->history);
}

/* --- identities --- */

/* One stream's feature owns its source; the application's outlives them all, and the password is
 * the client's: there is one copy of it. */
struct lent {
	struct envoi_sasl_credentials base;
	struct envoi_client *client;
};

static struct envoi_client *lender(struct envoi_sasl_credentials *base)
{
	return ENVOI_CONTAINER_OF(base, struct lent, base)->client;
}

static unsigned int lent_means(struct envoi_sasl_credentials *base)
{
	const struct envoi_client *client = lender(base);
	if (client->credentials != NULL) {
		return client->credentials->impl->means(client->credentials);
	}
	if (envoi_jid_local(client->jid) == NULL) {
		return ENVOI_SASL_NOTHING;
	}
	return client->password != NULL ? ENVOI_SASL_PASSWORD : 0;
}

static void lent_request(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	struct envoi_client *client = lender(base);
	if (client->credentials != NULL) {
		envoi__client_question_opens(client);
		client->credentials->impl->request(client->credentials, request);
	} else {
		bool is_nobody = envoi_jid_local(client->jid) == NULL;
		envoi_sasl_answer(request, ENVOI_OK,
			&(struct envoi_sasl_identity){
				.password = is_nobody ? NULL : client->password});
	}
}

static void lent_cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	struct envoi_client *client = lender(base);
	envoi__client_question_closes(client);
	client->credentials->impl->cancel(client->credentials, request);
}

static void lent_answered(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	struct envoi_client *client = lender(base);
	struct envoi_sasl_credentials *lent = client->credentials;
	if (lent == NULL) {
		return;
	}
	envoi__client_question_closes(client);
	if (lent->impl->answered != NULL) {
		lent->impl->answered(lent, request);
	}
}

static void lent_destroy(struct envoi_sasl_credentials *base)
{
	struct lent *lent = ENVOI_CONTAINER_OF(base, struct lent, base);
	envoi_free(lent->client->context, lent);
}

static const struct envoi_sasl_credentials_impl lent_impl = {
	.means = lent_means,
	.request = lent_request,
	.cancel = lent_cancel,
	.answered = lent_answered,
	.destroy = lent_destroy,
};

int envoi__client_make_credentials(
	struct envoi_client *client, struct envoi_sasl_credentials **ret_credentials)
{
	struct lent *lent = envoi_alloc(client->context, sizeof(*lent));
	if (lent == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*lent = (struct lent){.base.impl = &lent_impl, .client = client};
	*ret_credentials = &lent->base;
	return ENVOI_OK;
}

int envoi_client_set_credentials(
	struct envoi_client *client, struct envoi_sasl_credentials *credentials)
{
	bool is_offline = client->state == ENVOI__CLIENT_OFFLINE;
	if (!is_offline ||
		(credentials != NULL && !envoi__sasl_credentials_are_complete(credentials))) {
		envoi_sasl_credentials_destroy(credentials);
		return is_offline ? ENVOI_ERR_INVALID : ENVOI_ERR_STATE;
	}
	envoi__client_free_features(client);
	envoi_sasl_credentials_destroy(client->credentials);
	client->credentials = credentials;
	return ENVOI_OK;
}
