/*
 * envoi - a name server on loopback that answers from a table
 * SPDX-License-Identifier: MIT
 */
#include "dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <envoi/context.h>

#define HEADER 12
#define TYPE_A 1
#define TYPE_AAAA 28
#define TYPE_SRV 33

/* A message that is being written; one that does not fit is a mistake of the test. */
struct message {
	unsigned char bytes[4096];
	size_t len;
};

static void put(struct message *m, const void *bytes, size_t len)
{
	if (len > sizeof(m->bytes) - m->len) {
		abort();
	}
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void put_16(struct message *m, unsigned int value)
{
	unsigned char bytes[2] = {(unsigned char)(value >> 8), (unsigned char)value};
	put(m, bytes, 2);
}

static void put_name(struct message *m, const char *name)
{
	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t len = strcspn(name, ".");
		unsigned char prefix = (unsigned char)len;
		put(m, &prefix, 1);
		put(m, name, len);
		name += len + (name[len] == '.');
	}
	put(m, "", 1);
}

/* The owner is the question's name, by a pointer to it (RFC 1035, section 4.1.4). */
static void put_record_head(struct message *m, unsigned int type, size_t data_len)
{
	put(m, "\xc0\x0c", 2);
	put_16(m, type);
	put_16(m, 1);
	put(m, "\0\0\1\0", 4);
	put_16(m, (unsigned int)data_len);
}

static void put_record(struct message *m, unsigned int type, const char *text)
{
	unsigned char address[16];
	if (type != TYPE_SRV) {
		inet_pton(type == TYPE_A ? AF_INET : AF_INET6, text, address);
		put_record_head(m, type, type == TYPE_A ? 4 : 16);
		put(m, address, type == TYPE_A ? 4 : 16);
		return;
	}
	unsigned int priority, weight, port;
	char target[256];
	if (sscanf(text, "%u %u %u %255s", &priority, &weight, &port, target) != 4) {
		abort();
	}
	struct message name = {0};
	put_name(&name, target);
	put_record_head(m, type, 6 + name.len);
	put_16(m, priority);
	put_16(m, weight);
	put_16(m, port);
	put(m, name.bytes, name.len);
}

static unsigned int put_records(struct message *m, unsigned int type, const char *records)
{
	unsigned int count = 0;
	char one[300];
	while (records != NULL && *records != '\0') {
		size_t len = strcspn(records, ",");
		snprintf(one, sizeof(one), "%.*s", (int)len, records);
		put_record(m, type, one);
		count++;
		records += len + (records[len] == ',');
	}
	return count;
}

/* @return bytes of the question's name, or 0 */
static size_t read_name(const unsigned char *bytes, size_t len, char *name, size_t size)
{
	size_t at = 0, out = 0;
	while (at < len && bytes[at] != 0) {
		size_t label = bytes[at];
		if (at + 1 + label > len || out + label + 2 > size) {
			return 0;
		}
		memcpy(name + out, bytes + at + 1, label);
		out += label;
		name[out++] = '.';
		at += 1 + label;
	}
	name[out > 0 ? out - 1 : 0] = '\0';
	return at + 1;
}

static const struct dns_answer *find(
	const struct dns_server *server, const char *name, unsigned int type)
{
	static const struct dns_answer unknown = {.rcode = 3};
	for (const struct dns_answer *a = server->answers; a->name != NULL; a++) {
		if (strcmp(a->name, name) == 0 && a->type == type) {
			return a;
		}
	}
	return &unknown;
}

/* @return false: be silent */
static bool answer(struct dns_server *server, const unsigned char *query, size_t len, bool is_tcp,
	struct message *reply)
{
	char name[256];
	size_t name_len = len > HEADER ? read_name(query + HEADER, len - HEADER, name, sizeof(name))
				       : 0;
	size_t question_len = name_len + 4;
	if (name_len == 0 || len < HEADER + question_len) {
		return false;
	}
	const unsigned char *type_bytes = query + HEADER + name_len;
	const struct dns_answer *a = find(
		server, name, (unsigned int)type_bytes[0] << 8 | type_bytes[1]);
	server->questions++;
	server->tcp_questions += is_tcp;
	bool cut = a->truncated && !is_tcp;
	put(reply, query, 2);
	put_16(reply, 0x8180 | a->rcode | (cut ? 0x200 : 0));
	put_16(reply, 1);
	put(reply, "\0\0\0\0\0\0", 6);
	put(reply, query + HEADER, question_len);
	unsigned int count = a->raw_count;
	if (a->raw != NULL) {
		put(reply, a->raw, a->raw_len);
	} else if (!cut) {
		count = put_records(reply, a->type, a->records);
	}
	reply->bytes[6] = (unsigned char)(count >> 8);
	reply->bytes[7] = (unsigned char)count;
	return !a->silent;
}

static void on_udp(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct dns_server *server = ENVOI_CONTAINER_OF(watch, struct dns_server, udp);
	unsigned char query[1024];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(
		watch->fd, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
	struct message reply = {0};
	if (len > 0 && answer(server, query, (size_t)len, false, &reply)) {
		sendto(watch->fd, reply.bytes, reply.len, 0, (struct sockaddr *)&from, from_len);
	}
}

static void on_tcp(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct dns_server *server = ENVOI_CONTAINER_OF(watch, struct dns_server, tcp);
	unsigned char query[1024];
	ssize_t len = recv(watch->fd, query, sizeof(query), MSG_DONTWAIT);
	if (len <= 2) { /* queries come in one piece over loopback */
		envoi_watch_stop(watch);
		close(watch->fd);
		return;
	}
	struct message reply = {0}, framed = {0};
	if (answer(server, query + 2, (size_t)len - 2, true, &reply)) {
		put_16(&framed, (unsigned int)reply.len);
		put(&framed, reply.bytes, reply.len);
		if (send(watch->fd, framed.bytes, framed.len, MSG_NOSIGNAL) < 0) {
			envoi_watch_stop(watch);
			close(watch->fd);
		}
	}
}

static void on_connection(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct dns_server *server = ENVOI_CONTAINER_OF(watch, struct dns_server, listener);
	int fd = accept(watch->fd, NULL, NULL);
	if (fd >= 0 &&
		(server->tcp.loop != NULL ||
			envoi_watch_start(&server->tcp, server->loop, fd, ENVOI_IO_READ, on_tcp) <
				0)) {
		close(fd);
	}
}

static int bound_socket(int type, struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
		(bind(fd, (struct sockaddr *)address, len) < 0 ||
			(type == SOCK_STREAM && listen(fd, 5) < 0) ||
			getsockname(fd, (struct sockaddr *)address, &len) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* One port for both: one that is free for the one may be another program's for the other. */
static int bound_pair(int *ret_udp, int *ret_tcp, struct sockaddr_in *address)
{
	for (int attempts = 0; attempts < 50; attempts++) {
		*address = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		*ret_udp = bound_socket(SOCK_DGRAM, address);
		*ret_tcp = bound_socket(SOCK_STREAM, address);
		if (*ret_udp >= 0 && *ret_tcp >= 0) {
			return 0;
		}
		close(*ret_udp);
		close(*ret_tcp);
	}
	return -1;
}

int dns_server_start(
	struct dns_server *server, struct envoi_loop *loop, const struct dns_answer *answers)
{
	*server = (struct dns_server){.loop = loop, .answers = answers};
	struct sockaddr_in address;
	int udp, tcp;
	if (bound_pair(&udp, &tcp, &address) < 0 ||
		envoi_watch_start(&server->udp, loop, udp, ENVOI_IO_READ, on_udp) < 0 ||
		envoi_watch_start(&server->listener, loop, tcp, ENVOI_IO_READ, on_connection) < 0) {
		return -1;
	}
	snprintf(server->address, sizeof(server->address), "127.0.0.1:%u", ntohs(address.sin_port));
	return 0;
}

static void stop(struct envoi_watch *watch)
{
	if (watch->loop != NULL) {
		envoi_watch_stop(watch);
		close(watch->fd);
	}
}

void dns_server_stop(struct dns_server *server)
{
	stop(&server->udp);
	stop(&server->listener);
	stop(&server->tcp);
}
