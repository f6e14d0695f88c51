/*
 * envoi-server - the web service, where the library was built without HTTP
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/channel.h>

#include "inside.h"

int envoi__web_open(struct envoi__resource *resource, struct envoi_channel *channel)
{
	(void)resource;
	envoi_channel_destroy(channel);
	return ENVOI_ERR_UNSUPPORTED;
}

void envoi__web_close(struct envoi__resource *resource)
{
	(void)resource;
}

void envoi__web_finish(struct envoi_server *server)
{
	(void)server;
}

bool envoi__web_is_base(const char *url)
{
	(void)url;
	return false;
}

int envoi_server_add_document(struct envoi_server *server, const char *path, const char *type,
	const void *data, size_t len)
{
	(void)server;
	(void)path;
	(void)type;
	(void)data;
	(void)len;
	return ENVOI_ERR_UNSUPPORTED;
}

void envoi_server_remove_documents(struct envoi_server *server)
{
	(void)server;
}
