/*
 * envoi - the command-line program: the files of the web service of `serve`
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <envoi/server.h>

enum {
	MOST_FILES = 256,
	MOST_BYTES = 16 << 20, /* in all */
	MOST_DEPTH = 4,
	PATH_SIZE = 1024,
};

struct reading {
	struct envoi_server *server;
	size_t files, bytes;
	char path[PATH_SIZE]; /* of a request: "/images/a.png" */
};

static const char *type_of(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".json", "application/json"},
		{".txt", "text/plain; charset=utf-8"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".jpg", "image/jpeg"},
		{".ico", "image/x-icon"},
		{".webmanifest", "application/manifest+json"},
	};
	const char *ending = strrchr(name, '.');
	for (size_t i = 0; ending != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(ending, types[i].ending) == 0) {
			return types[i].type;
		}
	}
	return "application/octet-stream";
}

/* Characters that no URL has to encode (RFC 3986, section 2.3). */
static bool is_plain(const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	return strspn(name, plain) == strlen(name);
}

static int add(struct reading *reading, const char *name, const char *data, size_t len)
{
	int r = envoi_server_add_document(reading->server, reading->path, type_of(name), data, len);
	size_t at = strlen(reading->path) - strlen(name);
	if (r == ENVOI_OK && strcmp(name, "index.html") == 0) {
		reading->path[at] = '\0';
		r = envoi_server_add_document(
			reading->server, reading->path, type_of(name), data, len);
	}
	return r;
}

static int read_file(struct reading *reading, int fd, const char *name, size_t len)
{
	struct envoi_buffer buffer;
	char piece[16384];
	ssize_t got;
	int r = ENVOI_OK;
	envoi_buffer_init(&buffer, envoi_listener_context(envoi_server_listener(reading->server)),
		MOST_BYTES);
	if (++reading->files > MOST_FILES || len > MOST_BYTES - reading->bytes) {
		return ENVOI_ERR_FULL;
	}
	while (r == ENVOI_OK && (got = read(fd, piece, sizeof(piece))) != 0) {
		r = got < 0 ? ENVOI_ERR_SYSTEM : envoi_buffer_append(&buffer, piece, (size_t)got);
	}
	reading->bytes += envoi_buffer_len(&buffer);
	if (r == ENVOI_OK) {
		r = add(reading, name, envoi_buffer_data(&buffer), envoi_buffer_len(&buffer));
	}
	envoi_buffer_finish(&buffer);
	return r;
}

static int read_folder(struct reading *reading, int fd, int depth);

/* Links, and what is neither file nor folder, are left out. */
static int read_entry(struct reading *reading, int folder, const char *name, int depth)
{
	struct stat status;
	size_t len = strlen(reading->path);
	if (name[0] == '.' || !is_plain(name) || len + strlen(name) + 2 > PATH_SIZE) {
		return ENVOI_OK;
	}
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ELOOP) {
		return ENVOI_OK;
	}
	int r = fd < 0 || fstat(fd, &status) < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
	snprintf(reading->path + len, PATH_SIZE - len, "%s", name);
	if (r == ENVOI_OK && S_ISREG(status.st_mode)) {
		r = read_file(reading, fd, name, (size_t)status.st_size);
	} else if (r == ENVOI_OK && S_ISDIR(status.st_mode) && depth < MOST_DEPTH) {
		snprintf(reading->path + len, PATH_SIZE - len, "%s/", name);
		r = read_folder(reading, fd, depth + 1);
		fd = -1; /* closed there */
	}
	reading->path[r < 0 ? strlen(reading->path) : len] = '\0'; /* named where it fails */
	if (fd >= 0) {
		close(fd);
	}
	return r;
}

/* @param fd  taken */
static int read_folder(struct reading *reading, int fd, int depth)
{
	struct dirent *entry;
	DIR *folder = fdopendir(fd);
	int r = folder == NULL ? ENVOI_ERR_SYSTEM : ENVOI_OK;
	if (folder == NULL) {
		close(fd);
		return r;
	}
	while (r == ENVOI_OK && (entry = readdir(folder)) != NULL) {
		r = read_entry(reading, fd, entry->d_name, depth);
	}
	closedir(folder);
	return r;
}

int web_read_files(struct envoi_server *server, const char *folder)
{
	struct reading reading = {.server = server, .path = "/"};
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		complain("--web-root: %s: %s", folder, strerror(errno));
		return STATUS_NO;
	}
	envoi_server_remove_documents(server);
	int r = read_folder(&reading, fd, 0);
	if (r < 0) {
		complain("--web-root: %s%s: %s", folder, reading.path,
			r == ENVOI_ERR_SYSTEM         ? strerror(errno)
				: r == ENVOI_ERR_FULL ? "more than 256 files, or 16 MiB in all"
						      : envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}
