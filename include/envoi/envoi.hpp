/*
 * envoi - everything for programs in C++17: <envoi/envoi.h>, tables, owning pointers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ENVOI_HPP
#define ENVOI_ENVOI_HPP

#include <memory>

#include <envoi/envoi.h>
#include <envoi/handler.hpp>
#include <envoi/payload.hpp>

namespace envoi
{

/** Frees an object, or drops a reference to it. */
struct deleter {
	/** envoi_client_free() */
	void operator()(envoi_client *client) const
	{
		envoi_client_free(client);
	}
	/** envoi_component_free() */
	void operator()(envoi_component *component) const
	{
		envoi_component_free(component);
	}
	/** envoi_context_unref() */
	void operator()(envoi_context *context) const
	{
		envoi_context_unref(context);
	}
	/** envoi_stanza_unref() */
	void operator()(envoi_stanza *stanza) const
	{
		envoi_stanza_unref(stanza);
	}
	/** envoi_element_unref() */
	void operator()(envoi_element *element) const
	{
		envoi_element_unref(element);
	}
	/** envoi_jid_unref() */
	void operator()(envoi_jid *jid) const
	{
		envoi_jid_unref(jid);
	}
};

/** Owns an object or a reference: envoi::owner<envoi_stanza>. */
template <class Object> using owner = std::unique_ptr<Object, deleter>;

/**
 * Make a client, as envoi_client_new().
 * @param context  borrowed; NULL: a context and a loop of the client's own
 * @return NULL: out of memory
 */
inline owner<envoi_client> make_client(envoi_context *context, const char *jid)
{
	envoi_client *client = nullptr;
	return owner<envoi_client>(
		envoi_client_new(&client, context, jid) == ENVOI_OK ? client : nullptr);
}

} // namespace envoi

#endif
