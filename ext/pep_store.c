/*
 * envoi - personal eventing: storage
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/pep.h>

#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

/** An item on its way into a node. */
struct storing {
	struct envoi_context *context;
	struct envoi_session *session; /* as long as a request of it ends otherwise than canceled */
	char *node, *id; /* no id: NULL */
	enum envoi_pep_access access;
	uint32_t max_items;
	struct envoi_element *payload;
	bool is_created; /* the node was created here */
	bool is_configured; /* the node was configured here, since its last reading failed */
	bool is_refused; /* the item was once, because of the configuration */
	envoi_pep_fn *done;
	void *user;
};

static void storing_free(struct storing *storing)
{
	struct envoi_context *context = storing->context;
	envoi_element_unref(storing->payload);
	envoi_free(context, storing->node);
	envoi_free(context, storing->id);
	envoi_free(context, storing);
	envoi_context_unref(context);
}

/* Everything may be freed in the function of the program. */
static void end(struct storing *storing, int code, const char *text)
{
	envoi_pep_fn *done = storing->done;
	void *user = storing->user;
	storing_free(storing);
	done(user, code, text);
}

static void end_with(struct storing *storing, const struct envoi_answer *answer)
{
	end(storing, envoi_answer_code(answer), envoi_answer_text(answer));
}

/* Requests of the next step that cannot be sent end it. */
static void go_on(struct storing *storing, int r)
{
	if (r < 0) {
		end(storing, r, envoi_error_text(r));
	}
}

static enum envoi_stanza_condition condition_of(const struct envoi_answer *answer)
{
	const struct envoi_stanza_error *error = envoi_answer_error(answer);
	return error == NULL ? ENVOI_UNDEFINED_CONDITION : error->condition;
}

/* --- the configuration --- */

static char *access_model(const struct storing *storing)
{
	static const char *const models[] = {
		[ENVOI_PEP_PRIVATE] = "whitelist",
		[ENVOI_PEP_PRESENCE] = "presence",
		[ENVOI_PEP_OPEN] = "open",
	};
	return (char *)(uintptr_t)models[storing->access];
}

static struct envoi_pubsub_config wanted(const struct storing *storing, char number[ENVOI_INT_SIZE])
{
	bool is_any = storing->max_items == 0;
	return (struct envoi_pubsub_config){
		.access_model = access_model(storing),
		.has_persist = true,
		.persists = true,
		.max_items = is_any ? (char *)(uintptr_t) "max"
				    : envoi_uint_print(number, storing->max_items),
	};
}

/* A server without the word has a number. Where as many as possible are wanted, it is taken after
 * the word was tried. */
static bool has_room(const struct storing *storing, const char *max_items)
{
	uint64_t least = storing->max_items > 0 ? storing->max_items : 2, number;
	if (max_items == NULL || strcmp(max_items, "max") == 0) {
		return max_items != NULL;
	}
	bool is_enough = envoi_uint_parse(max_items, least, UINT64_MAX, &number) == ENVOI_OK;
	return is_enough &&
		(storing->max_items > 0 || storing->is_configured || storing->is_created);
}

static bool fits(const struct storing *storing, const struct envoi_pubsub_config *config)
{
	return config->access_model != NULL &&
		strcmp(config->access_model, access_model(storing)) == 0 && config->persists &&
		has_room(storing, config->max_items);
}

/* @retval ENVOI_DECLINED  the form says something else than is wanted */
static int check(const struct storing *storing, const struct envoi_form *form)
{
	void *value = NULL;
	int r = form == NULL
		? ENVOI_ERR_UNSUPPORTED
		: envoi_forms_read(&value, storing->context, &envoi_pubsub_config_type, form, NULL);
	if (r != ENVOI_OK) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_UNSUPPORTED;
	}
	bool is_right = fits(storing, value);
	envoi_payload_free(&envoi_pubsub_config_type, value);
	return is_right ? ENVOI_OK : ENVOI_DECLINED;
}

static bool has_field(const struct envoi_form *form, const char *var)
{
	return envoi_forms_field(form, var) != NULL;
}

/* Without the number of items, where the form does not take it. */
static int fill(
	struct envoi_form **ret_form, const struct storing *storing, const struct envoi_form *form)
{
	char number[ENVOI_INT_SIZE];
	struct envoi_pubsub_config config = wanted(storing, number);
	config.has_persist = has_field(form, "pubsub#persist_items");
	if (!config.has_persist) {
		config.persists = false;
	}
	if (!has_field(form, "pubsub#max_items")) {
		config.max_items = NULL;
	}
	int r = envoi_forms_fill(
		ret_form, storing->context, &envoi_pubsub_config_type, &config, form, NULL);
	if (r == ENVOI_ERR_INVALID && config.max_items != NULL) {
		config.max_items = NULL;
		r = envoi_forms_fill(
			ret_form, storing->context, &envoi_pubsub_config_type, &config, form, NULL);
	}
	return r;
}

/* --- steps, in the order of their being sent --- */

static void on_config(void *user, const struct envoi_answer *answer);
static void on_created(void *user, const struct envoi_answer *answer);
static void on_configured(void *user, const struct envoi_answer *answer);
static void on_published(void *user, const struct envoi_answer *answer);

static int read_config(struct storing *storing)
{
	return envoi_pubsub_config_get(storing->session, NULL, storing->node, on_config, storing);
}

static int create(struct storing *storing)
{
	char number[ENVOI_INT_SIZE];
	const struct envoi_pubsub_config config = wanted(storing, number);
	struct envoi_form *form;
	int r = envoi_forms_fill(
		&form, storing->context, &envoi_pubsub_config_type, &config, NULL, NULL);
	if (r == ENVOI_OK) {
		r = envoi_pubsub_create(
			storing->session, NULL, storing->node, form, on_created, storing);
		envoi_payload_free(&envoi_forms_type, form);
	}
	return r;
}

/* A node that cannot become what is wanted stays as it is. */
static int configure(struct storing *storing, const struct envoi_form *form)
{
	struct envoi_form *filled = NULL;
	int r = fill(&filled, storing, form);
	storing->is_configured = true;
	if (r == ENVOI_OK) {
		r = check(storing, filled);
	}
	if (r == ENVOI_OK) {
		r = envoi_pubsub_config_set(
			storing->session, NULL, storing->node, filled, on_configured, storing);
	}
	envoi_payload_free(&envoi_forms_type, filled);
	return r == ENVOI_OK || r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_UNSUPPORTED;
}

/* Servers know these two at least, and refuse unknown ones or ignore them. */
static int publish(struct storing *storing)
{
	const struct envoi_pubsub_config options = {
		.access_model = access_model(storing), .has_persist = true, .persists = true};
	struct envoi_form *form;
	int r = envoi_forms_fill(
		&form, storing->context, &envoi_pubsub_publish_options_type, &options, NULL, NULL);
	if (r == ENVOI_OK) {
		r = envoi_pubsub_publish(storing->session, NULL, storing->node, storing->id,
			storing->payload, form, on_published, storing);
		envoi_payload_free(&envoi_forms_type, form);
	}
	return r;
}

static int take_config(struct storing *storing, const struct envoi_form *form)
{
	int r = check(storing, form);
	if (r != ENVOI_DECLINED) {
		return r == ENVOI_OK ? publish(storing) : r;
	}
	return storing->is_configured ? ENVOI_ERR_UNSUPPORTED : configure(storing, form);
}

static void on_config(void *user, const struct envoi_answer *answer)
{
	struct storing *storing = user;
	if (envoi_answer_ok(answer)) {
		const struct envoi_pubsub_owner *owner = envoi_answer_payload(answer);
		go_on(storing,
			take_config(
				storing, owner->configure == NULL ? NULL : owner->configure->form));
	} else if (condition_of(answer) == ENVOI_ITEM_NOT_FOUND && !storing->is_created) {
		storing->is_created = true;
		go_on(storing, create(storing));
	} else {
		end_with(storing, answer);
	}
}

/* Another client may have created it meanwhile. */
static void on_created(void *user, const struct envoi_answer *answer)
{
	struct storing *storing = user;
	if (envoi_answer_ok(answer) || condition_of(answer) == ENVOI_CONFLICT) {
		go_on(storing, read_config(storing));
	} else {
		end_with(storing, answer);
	}
}

static void on_configured(void *user, const struct envoi_answer *answer)
{
	struct storing *storing = user;
	if (envoi_answer_ok(answer)) {
		go_on(storing, read_config(storing));
	} else {
		end_with(storing, answer);
	}
}

static void on_published(void *user, const struct envoi_answer *answer)
{
	struct storing *storing = user;
	const char *condition = envoi_pubsub_condition(envoi_answer_error(answer));
	if (condition != NULL && strcmp(condition, "precondition-not-met") == 0 &&
		!storing->is_refused) {
		storing->is_refused = true;
		storing->is_configured = false;
		go_on(storing, read_config(storing));
	} else {
		end_with(storing, answer);
	}
}

/* --- for programs --- */

static struct storing *storing_new(struct envoi_session *session, const struct envoi_pep_node *node,
	const char *id, const struct envoi_element *payload)
{
	struct envoi_context *context = envoi_session_context(session);
	struct storing *storing = envoi_alloc_zeroed(context, sizeof(*storing));
	if (storing == NULL) {
		return NULL;
	}
	storing->context = envoi_context_ref(context);
	storing->session = session;
	storing->access = node->access;
	storing->max_items = node->max_items;
	storing->node = envoi_strndup(context, node->name, strlen(node->name));
	storing->id = id == NULL ? NULL : envoi_strndup(context, id, strlen(id));
	storing->payload = envoi_element_dup(payload);
	if (storing->node == NULL || (id != NULL && storing->id == NULL) ||
		storing->payload == NULL) {
		storing_free(storing);
		return NULL;
	}
	return storing;
}

int envoi_pep_store(struct envoi_session *session, const struct envoi_pep_node *node,
	const char *id, const struct envoi_element *payload, envoi_pep_fn *done, void *user)
{
	if (node == NULL || node->name == NULL || node->name[0] == '\0' || payload == NULL ||
		node->access < ENVOI_PEP_PRIVATE || node->access > ENVOI_PEP_OPEN) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_element_error(payload);
	if (r < 0) {
		return r;
	}
	struct storing *storing = storing_new(session, node, id, payload);
	if (storing == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	storing->done = done;
	storing->user = user;
	r = read_config(storing);
	if (r < 0) {
		storing_free(storing);
	}
	return r;
}
