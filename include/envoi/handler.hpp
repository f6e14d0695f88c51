/*
 * envoi - tables of handlers in C++17
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HANDLER_HPP
#define ENVOI_HANDLER_HPP

#include <cstdint>

#include <envoi/handler.h>

/*
 * Functions that make the rows of <envoi/handler.h>. Members are given by their names, so that
 * tables do not change when the structs get further members.
 *
 *	struct bot : envoi_handler {
 *		int on_chat(envoi_delivery *in);
 *		void on_stopped(const envoi_event *event);
 *		void on_minute(envoi_session *session);
 *	};
 *	constexpr envoi_stanza_row stanzas[] = {
 *		envoi::message<&bot::on_chat>(ENVOI_TYPE_CHAT),
 *		ENVOI_ROWS_END,
 *	};
 *	constexpr envoi_event_row events[] = {
 *		envoi::event<&bot::on_stopped>(ENVOI_EVENT_STOPPED),
 *		ENVOI_ROWS_END,
 *	};
 *	constexpr envoi_timeout_row timeouts[] = {
 *		envoi::every<&bot::on_minute>(60000),
 *		ENVOI_ROWS_END,
 *	};
 *	constexpr envoi_handler_impl bot_impl =
 *		envoi::handler("bot").stanzas(stanzas).events(events).timeouts(timeouts);
 *	bot one{ENVOI_HANDLER(&bot_impl)}; // envoi_client_add(client, &one)
 *
 * The function of a row is a member function of a class that is derived from envoi_handler, with
 * the arguments of the function in C but for `self`; or a function as in C. A member function that
 * throws ends the program (std::terminate()): an exception does not pass through the library.
 */

namespace envoi
{

/* What the functions below need. Nothing here is for direct use. */
namespace detail
{

template <auto function, class Type = decltype(function)> struct bound {
	static constexpr Type call = function;
};

template <auto function, class Handler, class Result, class... Arguments>
struct bound<function, Result (Handler::*)(Arguments...)> {
	static Result call(envoi_handler *self, Arguments... arguments) noexcept
	{
		return (static_cast<Handler *>(self)->*function)(arguments...);
	}
};

template <auto function, class Handler, class Result, class... Arguments>
struct bound<function, Result (Handler::*)(Arguments...) noexcept>
    : bound<static_cast<Result (Handler::*)(Arguments...)>(function)> {
};

} // namespace detail

/** A row of stanzas and its options: struct envoi_stanza_row describes them. */
struct stanza_row {
	envoi_stanza_row made;

	/** A copy with one member of the row in C replaced. */
	template <class Value>
	constexpr stanza_row with(Value envoi_stanza_row::*member, Value value) const
	{
		stanza_row changed = *this;
		changed.made.*member = value;
		return changed;
	}

	/** The row in C. */
	constexpr operator envoi_stanza_row() const
	{
		return made;
	}

	/** payload */
	constexpr stanza_row payload(const envoi_payload_type *type) const
	{
		return with(&envoi_stanza_row::payload, type);
	}
	/** The payload by namespace and name. */
	constexpr stanza_row named(const char *ns, const char *name) const
	{
		return with(&envoi_stanza_row::ns, ns).with(&envoi_stanza_row::name, name);
	}
	/** An element by namespace and name, @p levels below the stanza; nullptr: any. */
	constexpr stanza_row at_depth(unsigned int levels, const char *ns, const char *name) const
	{
		return named(ns, name).with(&envoi_stanza_row::depth, levels);
	}
	/** path */
	constexpr stanza_row path(const char *text) const
	{
		return with(&envoi_stanza_row::path, text);
	}
	/** bool function(const envoi_delivery *) */
	template <auto function> constexpr stanza_row matching() const
	{
		bool (*call)(
			envoi_handler *, const envoi_delivery *) = detail::bound<function>::call;
		return with(&envoi_stanza_row::matches, call);
	}
	/** once */
	constexpr stanza_row once() const
	{
		return with(&envoi_stanza_row::once, true);
	}
	/** before_login */
	constexpr stanza_row before_login() const
	{
		return with(&envoi_stanza_row::before_login, true);
	}
	/** priority */
	constexpr stanza_row priority(int number) const
	{
		return with(&envoi_stanza_row::priority, number);
	}
};

namespace detail
{

template <auto function>
constexpr stanza_row stanza(enum envoi_stanza_kind kind, enum envoi_stanza_type type)
{
	envoi_stanza_row row{};
	row.kind = kind;
	row.type = type;
	row.handle = bound<function>::call;
	return stanza_row{row};
}

} // namespace detail

/** A row for messages. int function(envoi_delivery *) */
template <auto function> constexpr stanza_row message(enum envoi_stanza_type type = ENVOI_TYPE_ANY)
{
	return detail::stanza<function>(ENVOI_MESSAGE, type);
}
/** A row for presence. int function(envoi_delivery *) */
template <auto function> constexpr stanza_row presence(enum envoi_stanza_type type = ENVOI_TYPE_ANY)
{
	return detail::stanza<function>(ENVOI_PRESENCE, type);
}
/** A row for requests of type get. int function(envoi_delivery *) */
template <auto function> constexpr stanza_row iq_get()
{
	return detail::stanza<function>(ENVOI_IQ_GET, ENVOI_TYPE_ANY);
}
/** A row for requests of type set. int function(envoi_delivery *) */
template <auto function> constexpr stanza_row iq_set()
{
	return detail::stanza<function>(ENVOI_IQ_SET, ENVOI_TYPE_ANY);
}

/** A row for a type of event. void function(const envoi_event *) */
template <auto function> constexpr envoi_event_row event(envoi_event_type type)
{
	envoi_event_row row{};
	row.type = type;
	row.handle = detail::bound<function>::call;
	return row;
}
/** A row for custom events of a name. void function(const envoi_event *) */
template <auto function> constexpr envoi_custom_event_row custom_event(const char *name)
{
	envoi_custom_event_row row{};
	row.name = name;
	row.handle = detail::bound<function>::call;
	return row;
}

/** A row of events or custom events that is called once: once(event<&bot::on_first>(...)). */
template <class Row> constexpr Row once(Row row)
{
	row.once = true;
	return row;
}

/** A row for a recurring timeout. void function(envoi_session *) */
template <auto function> constexpr envoi_timeout_row every(std::uint64_t interval_ms)
{
	envoi_timeout_row row{};
	row.interval_ms = interval_ms;
	row.recurring = true;
	row.handle = detail::bound<function>::call;
	return row;
}
/** A row for a timeout that fires once. void function(envoi_session *) */
template <auto function> constexpr envoi_timeout_row after(std::uint64_t interval_ms)
{
	envoi_timeout_row row = every<function>(interval_ms);
	row.recurring = false;
	return row;
}

/** Filters: struct envoi_filters describes them. */
struct filters {
	envoi_filters made{};

	/** The struct in C. */
	constexpr operator envoi_filters() const
	{
		return made;
	}

	/** int function(envoi_session *, envoi_stanza *) */
	template <auto function> constexpr filters in() const
	{
		filters changed = *this;
		changed.made.stanza_in = detail::bound<function>::call;
		return changed;
	}
	/** int function(envoi_session *, envoi_stanza *) */
	template <auto function> constexpr filters out() const
	{
		filters changed = *this;
		changed.made.stanza_out = detail::bound<function>::call;
		return changed;
	}
	/** priority */
	constexpr filters priority(int number) const
	{
		filters changed = *this;
		changed.made.priority = number;
		return changed;
	}
};

/** The tables of a handler: struct envoi_handler_impl describes them. Each ends with
 * ENVOI_ROWS_END, those of texts with NULL. */
struct handler {
	envoi_handler_impl made{};

	/** A copy with one member of the struct in C replaced. */
	template <class Value>
	constexpr handler with(Value envoi_handler_impl::*member, Value value) const
	{
		handler changed = *this;
		changed.made.*member = value;
		return changed;
	}

	/** A handler without tables. @param name  must live as long as the handler */
	constexpr explicit handler(const char *name)
	{
		made.name = name;
	}
	/** The struct in C. */
	constexpr operator envoi_handler_impl() const
	{
		return made;
	}

	/** stanzas */
	constexpr handler stanzas(const envoi_stanza_row *rows) const
	{
		return with(&envoi_handler_impl::stanzas, rows);
	}
	/** events */
	constexpr handler events(const envoi_event_row *rows) const
	{
		return with(&envoi_handler_impl::events, rows);
	}
	/** custom_events */
	constexpr handler custom_events(const envoi_custom_event_row *rows) const
	{
		return with(&envoi_handler_impl::custom_events, rows);
	}
	/** timeouts */
	constexpr handler timeouts(const envoi_timeout_row *rows) const
	{
		return with(&envoi_handler_impl::timeouts, rows);
	}
	/** @param functions  must live as long as the handler */
	constexpr handler filters(const envoi_filters *functions) const
	{
		return with(&envoi_handler_impl::filters, functions);
	}
	/** stream_feature */
	constexpr handler stream_feature(const envoi_stream_feature *feature) const
	{
		return with(&envoi_handler_impl::stream_feature, feature);
	}
	/** stream_elements */
	constexpr handler stream_elements(const envoi_stream_element_row *rows) const
	{
		return with(&envoi_handler_impl::stream_elements, rows);
	}
	/** uris */
	constexpr handler uris(const char *const *features) const
	{
		return with(&envoi_handler_impl::uris, features);
	}
	/** needs */
	constexpr handler needs(const char *const *names) const
	{
		return with(&envoi_handler_impl::needs, names);
	}
	/** void function(envoi_session *, bool is_resumed) */
	template <auto function> constexpr handler restore() const
	{
		handler changed = *this;
		changed.made.restore = detail::bound<function>::call;
		return changed;
	}
	/** void function() */
	template <auto function> constexpr handler destroy() const
	{
		handler changed = *this;
		changed.made.destroy = detail::bound<function>::call;
		return changed;
	}
};

} // namespace envoi

#endif
