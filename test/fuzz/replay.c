/*
 * envoi - runs a fuzz target over files
 * SPDX-License-Identifier: MIT
 *
 * usage: TARGET FILE|FOLDER...   (every file once; a failure aborts)
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static size_t replayed;

static void die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(1);
}

static void replay_file(const char *path, FILE *file)
{
	struct envoi_context *context = fuzz_context();
	struct envoi_buffer bytes;
	envoi_buffer_init(&bytes, context, 0);
	char piece[4096];
	size_t len;
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0) {
		EXPECT(envoi_buffer_append(&bytes, piece, len) == ENVOI_OK);
	}
	if (ferror(file)) {
		die(path);
	}
	/* In memory of exactly that size, so that sanitizers see every step too far. */
	size_t size = envoi_buffer_len(&bytes);
	uint8_t *data = malloc(size > 0 ? size : 1);
	EXPECT(data != NULL);
	if (size > 0) {
		memcpy(data, envoi_buffer_data(&bytes), size);
	}
	envoi_buffer_finish(&bytes);
	envoi_context_unref(context);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	replayed++;
}

static void replay_folder(const char *path, DIR *folder)
{
	const struct dirent *entry;
	while ((entry = readdir(folder)) != NULL) {
		char inner[4096];
		if (entry->d_name[0] == '.') {
			continue;
		}
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		FILE *file = fopen(inner, "rb");
		if (file == NULL) {
			die(inner);
		}
		replay_file(inner, file);
		fclose(file);
	}
}

int main(int argument_count, char **arguments)
{
	for (int i = 1; i < argument_count; i++) {
		DIR *folder = opendir(arguments[i]);
		if (folder != NULL) {
			replay_folder(arguments[i], folder);
			closedir(folder);
			continue;
		}
		FILE *file = fopen(arguments[i], "rb");
		if (file == NULL) {
			die(arguments[i]);
		}
		replay_file(arguments[i], file);
		fclose(file);
	}
	printf("%zu inputs\n", replayed);
	return replayed > 0 ? 0 : 1;
}
