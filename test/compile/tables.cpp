/*
 * envoi - tables in C++17: a payload with every row macro, a handler with every kind of row
 * SPDX-License-Identifier: MIT
 */
#include <envoi/envoi.hpp>

#define TEST_TABLES
#include "tables.h"

const envoi_payload_type *const cpp_sample_type = &sample_type;
const std::size_t cpp_has_number = has_number;

namespace
{

constexpr envoi_field options[] = {
	ENVOI_ATTR_INT(sample, number, "number")
		.ns("urn:n")
		.attr("a")
		.as("b")
		.has(ENVOI_HAS(sample, has_number))
		.range(-5, 7)
		.max_bytes(8)
		.max_items(9)
		.default_number(-10)
		.default_text("text"),
	ENVOI_FIELDS_END,
};

struct noting : envoi_handler {
	envoi_buffer *calls;

	void note(const char *call)
	{
		(void)!envoi_buffer_append_text(calls, call);
	}

	int on_message(envoi_delivery *)
	{
		note("message ");
		return ENVOI_DECLINED;
	}
	int on_presence(envoi_delivery *) noexcept
	{
		note("presence ");
		return ENVOI_OK;
	}
	bool is_wanted(const envoi_delivery *)
	{
		note("wanted ");
		return true;
	}
	int on_wanted(envoi_delivery *)
	{
		note("found ");
		return ENVOI_OK;
	}
	int on_get(envoi_delivery *in)
	{
		const auto *got = static_cast<const inner *>(
			envoi_delivery_payload(in, &inner_named));
		note(got->number == 5 ? "get:5 " : "get ");
		return ENVOI_OK;
	}
	int on_set(envoi_delivery *)
	{
		note("set ");
		return ENVOI_OK;
	}
	void on_event(const envoi_event *event)
	{
		note(event->type == ENVOI_EVENT_UNHANDLED ? "unhandled " : "event ");
	}
	void on_custom(const envoi_event *)
	{
		note("custom ");
	}
	void on_first(const envoi_event *)
	{
		note("first ");
	}
	void on_second(envoi_session *)
	{
		note("second ");
	}
	int on_in(envoi_session *, envoi_stanza *)
	{
		note("in ");
		return ENVOI_OK;
	}
	int on_out(envoi_session *, envoi_stanza *)
	{
		note("out ");
		return ENVOI_OK;
	}
	void on_restore(envoi_session *, bool)
	{
		note("restore ");
	}
	void on_destroy()
	{
		note("destroy");
		delete this;
	}

	static const envoi_payload_type inner_named;
};

const envoi_payload_type noting::inner_named = ENVOI_PAYLOAD_TYPE(
	inner, "urn:inner", "inner", inner_fields);

void on_minute(envoi_handler *self, envoi_session *)
{
	static_cast<noting *>(self)->note("minute ");
}

const envoi_stanza_row stanzas[] = {
	envoi::message<&noting::on_message>(ENVOI_TYPE_CHAT).priority(1),
	envoi::message<&noting::on_wanted>()
		.path("message/{urn:x}a@b='c'")
		.matching<&noting::is_wanted>()
		.once(),
	envoi::message<&noting::on_wanted>().at_depth(2, "urn:y", "d"),
	envoi::presence<&noting::on_presence>(),
	envoi::iq_get<&noting::on_get>().payload(&noting::inner_named),
	envoi::iq_set<&noting::on_set>().named("urn:set", "set").before_login(),
	ENVOI_ROWS_END,
};
constexpr envoi_event_row events[] = {
	envoi::event<&noting::on_event>(ENVOI_EVENT_UNHANDLED),
	envoi::once(envoi::event<&noting::on_first>(ENVOI_EVENT_UNHANDLED)),
	ENVOI_ROWS_END,
};
constexpr envoi_custom_event_row custom_events[] = {
	envoi::custom_event<&noting::on_custom>("own"),
	envoi::once(envoi::custom_event<&noting::on_first>("own")),
	ENVOI_ROWS_END,
};
constexpr envoi_timeout_row timeouts[] = {
	envoi::after<&noting::on_second>(1000),
	envoi::every<on_minute>(60000),
	ENVOI_ROWS_END,
};
constexpr envoi_filters filters =
	envoi::filters().in<&noting::on_in>().out<&noting::on_out>().priority(3);
constexpr const char *uris[] = {"urn:a", nullptr};
constexpr const char *needs[] = {nullptr};
const envoi_handler_impl noting_impl = envoi::handler("noting")
					       .stanzas(stanzas)
					       .events(events)
					       .custom_events(custom_events)
					       .timeouts(timeouts)
					       .filters(&filters)
					       .uris(uris)
					       .needs(needs)
					       .restore<&noting::on_restore>()
					       .destroy<&noting::on_destroy>();

} // namespace

const envoi_field *const cpp_options = options;

envoi_handler *cpp_handler_new(envoi_buffer *calls)
{
	return new noting{ENVOI_HANDLER(&noting_impl), calls};
}
