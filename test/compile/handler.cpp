/*
 * envoi - a handler in C++17, where there are no designated initialisers: its tables and macros
 * compile without a warning. Compiled by tools/check.d/headers.
 * SPDX-License-Identifier: MIT
 */
#include <envoi/envoi.h>

namespace {

struct program {
	envoi_handler handler;
	int seen;
};

void on_event(envoi_handler *self, const envoi_event *)
{
	ENVOI_CONTAINER_OF(self, program, handler)->seen++;
}

int on_chat(envoi_handler *, envoi_delivery *)
{
	return ENVOI_DECLINED;
}

const envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_event},
	ENVOI_ROWS_END,
};
const envoi_stanza_row stanzas[] = {
	{ENVOI_MESSAGE, ENVOI_TYPE_CHAT, nullptr, nullptr, nullptr, false, 0, on_chat},
	ENVOI_ROWS_END,
};

} // namespace

int main()
{
	envoi_handler_impl impl{};
	impl.name = "program";
	impl.stanzas = stanzas;
	impl.events = events;
	program one{ENVOI_HANDLER(&impl), 0};
	return one.seen;
}
