/*
 * envoi - fuzz target: rosters as text
 * SPDX-License-Identifier: MIT
 *
 * Input: a text of envoi_roster_save() for alice@example.org. What is loaded is saved and loaded
 * again with the same contacts; what is refused changes nothing.
 */
#include "fuzz.h"

#include <envoi/interfaces/session.h>
#include <envoi/roster.h>

static struct envoi_settings *settings;

static struct envoi_roster *roster_new(struct envoi_session *session)
{
	struct envoi_roster *roster;
	EXPECT(envoi_roster_new(&roster, session, settings) == ENVOI_OK);
	return roster;
}

static struct envoi_session *session_new(struct envoi_context *context)
{
	struct envoi_session *session;
	struct envoi_jid *jid;
	EXPECT(envoi_session_new(&session, context, NULL) == ENVOI_OK);
	EXPECT(envoi_jid_from_text(&jid, context, "alice@example.org/desk") == ENVOI_OK);
	envoi_session_set_jid(session, jid);
	envoi_jid_unref(jid);
	return session;
}

static void check_same(const struct envoi_roster *a, const struct envoi_roster *b)
{
	size_t position = 0;
	const struct envoi_roster_item *item;
	EXPECT(envoi_roster_count(a) == envoi_roster_count(b));
	while ((item = envoi_roster_next(a, &position)) != NULL) {
		const struct envoi_roster_item *other = envoi_roster_find(b, item->jid);
		EXPECT(other != NULL && envoi_jid_equal(item->jid, other->jid));
		EXPECT(item->group_count == other->group_count);
		EXPECT(item->subscription == other->subscription && item->ask == other->ask);
		for (size_t i = 0; i < item->group_count; i++) {
			EXPECT(envoi_roster_item_is_in(other, item->groups[i]));
		}
	}
}

/* Each group is one of its members' as often as it says. */
static void check_groups(const struct envoi_roster *roster)
{
	size_t position = 0, members;
	const char *group;
	while ((group = envoi_roster_next_group(roster, &position, &members)) != NULL) {
		size_t at = 0, count = 0;
		const struct envoi_roster_item *item;
		while ((item = envoi_roster_next_in_group(roster, group, &at)) != NULL) {
			for (size_t i = 0; i < item->group_count; i++) {
				count += item->groups[i][0] == group[0] ? 1 : 0;
			}
		}
		EXPECT(members > 0 && count >= members);
	}
}

static void check_again(struct envoi_session *session, const struct envoi_roster *roster)
{
	struct envoi_buffer text;
	struct envoi_roster *again = roster_new(session);
	envoi_buffer_init(&text, envoi_session_context(session), 0);
	EXPECT(envoi_roster_save(roster, &text) == ENVOI_OK);
	EXPECT(envoi_roster_load(again, envoi_buffer_data(&text), envoi_buffer_len(&text)) ==
		ENVOI_OK);
	check_same(roster, again);
	EXPECT(envoi_roster_load(again, envoi_buffer_data(&text), envoi_buffer_len(&text) - 1) ==
		ENVOI_ERR_INVALID);
	check_same(roster, again);
	envoi_buffer_finish(&text);
	envoi_roster_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envoi_context *context = fuzz_context();
	EXPECT(envoi_settings_new(&settings, context) == ENVOI_OK);
	struct envoi_session *session = session_new(context);
	struct envoi_roster *roster = roster_new(session);
	int r = envoi_roster_load(roster, (const char *)data, size);
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_INVALID || r == ENVOI_ERR_LIMIT);
	if (r == ENVOI_OK) {
		check_groups(roster);
		check_again(session, roster);
	} else {
		EXPECT(envoi_roster_count(roster) == 0);
	}
	envoi_roster_free(roster);
	envoi_session_free(session);
	envoi_settings_free(settings);
	envoi_context_unref(context);
	return 0;
}
