/*
 * envoi - stanzas as documents of their own
 * SPDX-License-Identifier: MIT
 */
#include "stream/alone.h"

#include "xml/emit.h"

static size_t tag_name_len(const char *xml, size_t len)
{
	size_t at = 0;
	while (at < len && xml[at] != ' ' && xml[at] != '/' && xml[at] != '>') {
		at++;
	}
	return at;
}

int envoi__alone_write(
	struct envoi_buffer *out, const char *xml, size_t len, const char *content_ns)
{
	size_t before = envoi_buffer_len(out), name = tag_name_len(xml, len);
	struct envoi__emit emit = {.out = out};
	envoi__emit_bytes(&emit, xml, name);
	envoi__emit_attr(&emit, "", "xmlns", content_ns);
	envoi__emit_bytes(&emit, xml + name, len - name);
	int r = envoi__emit_flush(&emit);
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}
