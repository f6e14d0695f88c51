/*
 * envoi - the roster as text, for the next start of a program (RFC 6121, section 2.6)
 * SPDX-License-Identifier: MIT
 */
#include "roster/roster_inside.h"
#include "session/session.h"

#define NS_CACHE "urn:envoi:roster:1"
#define HEAD "<stream:stream xmlns:stream='" ENVOI_NS_STREAMS "'>"

/* --- writing --- */

static void write_list(struct envoi_xml_writer *writer, const struct envoi_roster *roster)
{
	size_t position = 0;
	const struct envoi_roster_item *item;
	envoi_xml_open(writer, ENVOI__NS_ROSTER, "query");
	envoi_xml_attr(writer, "ver", roster->version);
	while ((item = envoi_roster_next(roster, &position)) != NULL) {
		(void)envoi_payload_write(writer, &envoi__roster_item_type, item, NULL);
	}
	envoi_xml_close(writer);
}

int envoi_roster_save(const struct envoi_roster *roster, struct envoi_buffer *out)
{
	if (roster->account == NULL) {
		return envoi__session_refuse(
			roster->session, ENVOI_ERR_STATE, "roster: no list was fetched or loaded");
	}
	struct envoi_xml_writer *writer = envoi_xml_writer_new(out, NULL);
	envoi_xml_open(writer, NS_CACHE, "roster");
	envoi_xml_attr(writer, "account", envoi_jid_text(roster->account));
	write_list(writer, roster);
	envoi_xml_close(writer);
	int r = envoi_xml_writer_finish(writer);
	return r < 0 ? envoi__session_refuse(roster->session, r, NULL) : r;
}

/* --- reading --- */

/* What was saved may be longer than a stanza. */
static int make_parser(struct envoi_xml_parser **ret_parser, struct envoi_context *context,
	const char *text, size_t len)
{
	struct envoi_xml_limits limits = envoi_xml_limits_default;
	limits.stanza_bytes = len > limits.stanza_bytes ? len : limits.stanza_bytes;
	limits.children = limits.stanza_bytes < UINT32_MAX ? (unsigned int)limits.stanza_bytes
							   : UINT32_MAX;
	int r = envoi_xml_parser_new(ret_parser, context, &limits);
	if (r < 0) {
		return r;
	}
	(void)envoi_xml_parser_feed(*ret_parser, HEAD, sizeof(HEAD) - 1);
	(void)envoi_xml_parser_feed(*ret_parser, text, len);
	return ENVOI_OK;
}

static int take(struct envoi_element **ret_element, struct envoi_xml_parser *parser,
	enum envoi_xml_item_kind kind)
{
	struct envoi_xml_item item;
	int r = envoi_xml_parser_next(parser, &item);
	if (r != ENVOI_OK) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_INVALID;
	}
	if (item.kind != kind) {
		envoi_element_unref(item.element);
		return ENVOI_ERR_INVALID;
	}
	*ret_element = item.element;
	return ENVOI_OK;
}

static int parse(struct envoi_element **ret_root, struct envoi_context *context, const char *text,
	size_t len)
{
	struct envoi_xml_parser *parser;
	struct envoi_element *head = NULL, *root = NULL;
	int r = make_parser(&parser, context, text, len);
	if (r < 0) {
		return r;
	}
	r = take(&head, parser, ENVOI_XML_HEAD);
	if (r == ENVOI_OK) {
		r = take(&root, parser, ENVOI_XML_ELEMENT);
	}
	if (r == ENVOI_OK && envoi_xml_parser_has_pending(parser)) {
		r = ENVOI_ERR_INVALID;
	}
	envoi_xml_parser_free(parser);
	envoi_element_unref(head);
	if (r < 0) {
		root = envoi_element_unref(root);
	}
	*ret_root = root;
	return r;
}

static int check_account(const struct envoi_roster *roster, const char *text)
{
	struct envoi_jid *account;
	int r = text == NULL ? ENVOI_ERR_INVALID
			     : envoi_jid_from_text(&account, roster->context, text);
	if (r < 0) {
		return r;
	}
	bool is_own = envoi_jid_is_bare_of(account, envoi_session_jid(roster->session));
	envoi_jid_unref(account);
	return is_own ? ENVOI_OK : ENVOI_ERR_INVALID;
}

/* Every item is well-formed, is held, and has an address of its own. */
static int check(const struct envoi__roster_query *query, const struct envoi_element *list,
	const struct envoi__contacts *contacts)
{
	bool is_whole = query->item_count == envoi__roster_count_items(list) &&
		contacts->by_address.count == query->item_count;
	return is_whole ? ENVOI_OK : ENVOI_ERR_INVALID;
}

static int load_list(struct envoi_roster *roster, const struct envoi_element *list)
{
	struct envoi__contacts contacts;
	const void *decoded;
	if (list == NULL) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_payload_parse(&decoded, &envoi__roster_query_type, list, NULL);
	if (r < 0) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_INVALID;
	}
	const struct envoi__roster_query *query = decoded;
	envoi__contacts_init(&contacts, roster->context);
	r = envoi__roster_collect(&contacts, roster, query);
	if (r == ENVOI_OK) {
		r = check(query, list, &contacts);
	}
	if (r == ENVOI_OK) {
		r = envoi__roster_adopt(roster, &contacts);
	}
	if (r < 0) {
		envoi__contacts_finish(&contacts);
		return r;
	}
	envoi__roster_set_version(roster, query->ver);
	return ENVOI_OK;
}

static int refuse_load(const struct envoi_roster *roster, int code)
{
	return code == ENVOI_ERR_INVALID
		? envoi__session_refuse(roster->session, code,
			  "roster: the text is malformed or of another account")
		: envoi__session_refuse(roster->session, code, NULL);
}

int envoi_roster_load(struct envoi_roster *roster, const char *text, size_t len)
{
	struct envoi_element *root;
	if (roster->session == NULL || roster->fetching != NULL || roster->is_complete ||
		envoi_session_jid(roster->session) == NULL) {
		return envoi__session_refuse(roster->session, ENVOI_ERR_STATE,
			"roster: a list was fetched or is being fetched, or the session has no "
			"address");
	}
	int r = text == NULL ? ENVOI_ERR_INVALID : parse(&root, roster->context, text, len);
	if (r < 0) {
		return refuse_load(roster, r);
	}
	r = envoi_element_is(root, NS_CACHE, "roster")
		? check_account(roster, envoi_element_attr(root, "account"))
		: ENVOI_ERR_INVALID;
	if (r == ENVOI_OK) {
		r = load_list(roster, envoi_element_child(root, ENVOI__NS_ROSTER, "query"));
	}
	envoi_element_unref(root);
	return r < 0 ? refuse_load(roster, r) : r;
}
