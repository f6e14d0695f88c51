/*
 * envoi - resolver on c-ares
 * SPDX-License-Identifier: MIT
 */
#include "net/cares.h"

#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>

#include <envoi/context.h>

#include "base/guard.h"
#include "net/cares_query.h"

/* Two seconds, then four, then eight. */
#define FIRST_TIMEOUT_MS 2000
#define TRIES 3

/*
 * c-ares must not be called from its own callbacks: several of its releases use freed memory then.
 * Its callbacks therefore copy the answer and put the request into a list; a deferred call reports
 * the requests of the list, and may call c-ares.
 *
 * c-ares cannot cancel a single query: a cancelled request loses its look-up and is freed when
 * c-ares has answered it. When no look-up is left, all queries are cancelled.
 */
struct envoi__cares_resolver {
	struct envoi_resolver base;
	struct envoi_loop *loop;
	ares_channel channel; /* NULL: to be made before the next query */
	char *servers; /* NULL: the system's */
	struct envoi__list sockets;
	struct envoi_timer timer;
	struct envoi_deferred report;
	struct envoi__list done;
	size_t done_count;
	size_t asked; /* requests that c-ares has */
	size_t awaited; /* of these, requests with a look-up */
	bool is_stale; /* a query failed: read the configuration again */
	struct envoi__guard guard;
};

struct socket_watch {
	struct envoi__list link;
	struct envoi_watch watch;
	struct envoi__cares_resolver *resolver;
};

static struct envoi__cares_resolver *cares_from_base(struct envoi_resolver *base)
{
	return ENVOI_CONTAINER_OF(base, struct envoi__cares_resolver, base);
}

/* --- sockets and time --- */

static void on_timer(struct envoi_timer *timer);

/* After each call of c-ares: set the timer for the next one. */
static void update_timer(struct envoi__cares_resolver *self)
{
	struct timeval left;
	if (ares_timeout(self->channel, NULL, &left) == NULL) {
		envoi_timer_stop(&self->timer);
		return;
	}
	uint64_t left_ms = (uint64_t)left.tv_sec * 1000 + ((uint64_t)left.tv_usec + 999) / 1000;
	envoi_timer_start(&self->timer, self->loop, left_ms, on_timer);
}

static void on_timer(struct envoi_timer *timer)
{
	struct envoi__cares_resolver *self = ENVOI_CONTAINER_OF(
		timer, struct envoi__cares_resolver, timer);
	ares_process_fd(self->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	update_timer(self);
}

static void on_socket(struct envoi_watch *watch, unsigned int ready)
{
	struct envoi__cares_resolver *self =
		ENVOI_CONTAINER_OF(watch, struct socket_watch, watch)->resolver;
	ares_socket_t fd = watch->fd;
	ares_process_fd(self->channel, ready & ENVOI_IO_READ ? fd : ARES_SOCKET_BAD,
		ready & ENVOI_IO_WRITE ? fd : ARES_SOCKET_BAD);
	update_timer(self); /* the watch may have been freed */
}

static struct socket_watch *find_socket(struct envoi__cares_resolver *self, int fd)
{
	struct envoi__list *link = self->sockets.next;
	for (; link != &self->sockets; link = link->next) {
		struct socket_watch *s = ENVOI_CONTAINER_OF(link, struct socket_watch, link);
		if (s->watch.fd == fd) {
			return s;
		}
	}
	return NULL;
}

static void drop_socket(struct socket_watch *s)
{
	envoi_watch_stop(&s->watch);
	envoi__list_remove(&s->link);
	envoi_free(s->resolver->base.context, s);
}

static int watch_socket(struct envoi__cares_resolver *self, int fd, unsigned int interest)
{
	struct socket_watch *s = envoi_alloc_zeroed(self->base.context, sizeof(*s));
	if (s == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_watch_start(&s->watch, self->loop, fd, interest, on_socket);
	if (r < 0) {
		envoi_free(self->base.context, s);
		return r;
	}
	s->resolver = self;
	envoi__list_append(&self->sockets, &s->link);
	return ENVOI_OK;
}

/*
 * Called by c-ares, also without interest before it closes a socket. A socket that cannot
 * be watched, because memory is short, does not answer: the query times out.
 */
static void on_socket_state(void *user, ares_socket_t fd, int readable, int writable)
{
	struct envoi__cares_resolver *self = user;
	struct socket_watch *s = find_socket(self, fd);
	unsigned int interest = (readable ? ENVOI_IO_READ : 0u) | (writable ? ENVOI_IO_WRITE : 0u);
	int r = ENVOI_OK;
	if (s == NULL && interest != 0) {
		r = watch_socket(self, fd, interest);
	} else if (s != NULL && interest != 0) {
		r = envoi_watch_set(&s->watch, interest);
	} else if (s != NULL) {
		drop_socket(s);
	}
	if (r < 0) {
		envoi_log(self->base.context, ENVOI_LOG_WARNING, ENVOI_LOG_NET,
			"cannot watch a name server's socket: %s", envoi_error_text(r));
	}
}

/* --- the channel --- */

static int library_code;

static void library_init(void)
{
	library_code = ares_library_init(ARES_LIB_INIT_ALL);
}

/* No search domains: names are absolute. */
static int open_channel(struct envoi__cares_resolver *self)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = FIRST_TIMEOUT_MS,
		.tries = TRIES,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = self,
	};
	int code = ares_init_options(&self->channel, &options,
		ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
	if (code != ARES_SUCCESS) {
		self->channel = NULL;
		return code == ARES_ENOMEM ? ENVOI_ERR_NOMEM : ENVOI_ERR_SYSTEM;
	}
	if (self->servers == NULL) {
		return ENVOI_OK;
	}
	code = ares_set_servers_ports_csv(self->channel, self->servers);
	if (code != ARES_SUCCESS) {
		ares_destroy(self->channel);
		self->channel = NULL;
		return code == ARES_ENOMEM ? ENVOI_ERR_NOMEM : ENVOI_ERR_INVALID;
	}
	return ENVOI_OK;
}

static void close_channel(struct envoi__cares_resolver *self)
{
	if (self->channel != NULL) {
		ares_destroy(self->channel);
		self->channel = NULL;
	}
	envoi_timer_stop(&self->timer);
	self->is_stale = false;
}

static int prepare_channel(struct envoi__cares_resolver *self)
{
	if (self->is_stale && self->asked == 0) {
		close_channel(self);
	}
	return self->channel != NULL ? ENVOI_OK : open_channel(self);
}

/* --- requests --- */

/* Not inside a callback of c-ares. */
static void drop_unawaited(struct envoi__cares_resolver *self)
{
	if (self->awaited == 0 && self->asked > 0) {
		ares_cancel(self->channel);
		update_timer(self);
	}
}

static void report_first(struct envoi__cares_resolver *self)
{
	struct envoi__cares_request *request = ENVOI_CONTAINER_OF(
		self->done.next, struct envoi__cares_request, link);
	envoi__list_remove(&request->link);
	self->done_count--;
	struct envoi_lookup_result result = {
		.status = request->status,
		.srvs = request->srvs,
		.srv_count = request->srvs != NULL ? request->count : 0,
		.addresses = request->addresses,
		.address_count = request->addresses != NULL ? request->count : 0,
		.left_out = request->left_out,
		.text = request->text,
	};
	request->lookup->backend = NULL;
	envoi_lookup_finish(request->lookup, &result);
	envoi__cares_request_free(request);
}

/* A callback may destroy the resolver, which empties the list. */
static void on_report(struct envoi_deferred *deferred)
{
	struct envoi__cares_resolver *self = ENVOI_CONTAINER_OF(
		deferred, struct envoi__cares_resolver, report);
	drop_unawaited(self);
	envoi__guard_enter(&self->guard);
	for (size_t left = self->done_count; left > 0 && self->done_count > 0; left--) {
		report_first(self);
	}
	if (envoi__guard_leave(&self->guard)) {
		envoi_free(self->base.context, self);
	}
}

static void put_to_done(struct envoi__cares_resolver *self, struct envoi__cares_request *request)
{
	envoi__list_append(&self->done, &request->link);
	self->done_count++;
	envoi_deferred_post(&self->report, self->loop, on_report);
}

/* c-ares must not be called here: this is its callback. */
static void on_answered(struct envoi__cares_request *request, int code)
{
	struct envoi__cares_resolver *self = request->resolver;
	self->asked--;
	if (request->lookup == NULL) {
		envoi__cares_request_free(request);
		return;
	}
	self->awaited--;
	envoi__cares_set_status(request, code);
	if (request->status == ENVOI_LOOKUP_FAILED || request->status == ENVOI_LOOKUP_TIMEOUT) {
		self->is_stale = true;
	}
	put_to_done(self, request);
}

static struct envoi__cares_request *new_request(
	struct envoi__cares_resolver *self, struct envoi_lookup *lookup, int family)
{
	struct envoi__cares_request *request = envoi_alloc_zeroed(
		self->base.context, sizeof(*request));
	if (request != NULL) {
		envoi__list_init(&request->link);
		request->context = self->base.context;
		request->resolver = self;
		request->answered = on_answered;
		request->lookup = lookup;
		request->family = family;
		lookup->backend = request;
	}
	return request;
}

static void ask(
	struct envoi__cares_resolver *self, struct envoi__cares_request *request, const char *name)
{
	self->asked++;
	self->awaited++;
	envoi__cares_query(self->channel, name, request);
	update_timer(self);
}

static int lookup_srv(struct envoi_resolver *base, struct envoi_lookup *lookup, const char *name)
{
	struct envoi__cares_resolver *self = cares_from_base(base);
	int r = prepare_channel(self);
	if (r < 0) {
		return r;
	}
	struct envoi__cares_request *request = new_request(self, lookup, 0);
	if (request == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	ask(self, request, name);
	return ENVOI_OK;
}

/* @return whether the hosts file has the name: then the request has its answer */
static bool find_in_hosts_file(
	struct envoi__cares_resolver *self, struct envoi__cares_request *request, const char *host)
{
	struct hostent *found = NULL;
	int other = request->family == AF_INET ? AF_INET6 : AF_INET;
	int code = ares_gethostbyname_file(self->channel, host, request->family, &found);
	if (code == ARES_SUCCESS && found->h_addrtype == request->family) {
		envoi__cares_set_address(request, found->h_addr_list);
		ares_free_hostent(found);
		return true;
	}
	code = ares_gethostbyname_file(self->channel, host, other, &found);
	if (code == ARES_SUCCESS) {
		envoi__cares_set_address(request, NULL);
		ares_free_hostent(found);
		return true;
	}
	return false;
}

static int lookup_address(
	struct envoi_resolver *base, struct envoi_lookup *lookup, const char *host, int family)
{
	struct envoi__cares_resolver *self = cares_from_base(base);
	int r = prepare_channel(self);
	if (r < 0) {
		return r;
	}
	struct envoi__cares_request *request = new_request(self, lookup, family);
	if (request == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (find_in_hosts_file(self, request, host)) {
		put_to_done(self, request);
	} else {
		ask(self, request, host);
	}
	return ENVOI_OK;
}

static void cancel(struct envoi_resolver *base, struct envoi_lookup *lookup)
{
	struct envoi__cares_resolver *self = cares_from_base(base);
	struct envoi__cares_request *request = lookup->backend;
	lookup->backend = NULL;
	request->lookup = NULL;
	if (!envoi__list_is_empty(&request->link)) {
		envoi__list_remove(&request->link);
		self->done_count--;
		envoi__cares_request_free(request);
	} else {
		self->awaited--;
		drop_unawaited(self);
	}
	if (self->done_count == 0) {
		envoi_deferred_cancel(&self->report);
	}
}

static void destroy(struct envoi_resolver *base)
{
	struct envoi__cares_resolver *self = cares_from_base(base);
	close_channel(self);
	envoi_deferred_cancel(&self->report);
	for (; self->done_count > 0; self->done_count--) {
		struct envoi__cares_request *request = ENVOI_CONTAINER_OF(
			self->done.next, struct envoi__cares_request, link);
		envoi__list_remove(&request->link);
		envoi__cares_request_free(request);
	}
	envoi_free(base->context, self->servers);
	envoi__guard_enter(&self->guard);
	envoi__guard_end(&self->guard);
	if (envoi__guard_leave(&self->guard)) {
		envoi_free(base->context, self);
	}
}

static const struct envoi_resolver_impl cares_impl = {
	.name = "c-ares",
	.lookup_srv = lookup_srv,
	.lookup_address = lookup_address,
	.cancel = cancel,
	.destroy = destroy,
};

int envoi_resolver_new_cares(
	struct envoi_resolver **ret_resolver, struct envoi_context *context, const char *servers)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, library_init);
	struct envoi_loop *loop = envoi_context_loop(context);
	if (library_code != ARES_SUCCESS || loop == NULL) {
		return ENVOI_ERR_SYSTEM;
	}
	struct envoi__cares_resolver *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_resolver_init(&self->base, &cares_impl, context);
	self->loop = loop;
	envoi__list_init(&self->sockets);
	envoi__list_init(&self->done);
	int r = ENVOI_ERR_NOMEM;
	if (servers != NULL) {
		self->servers = envoi_strndup(context, servers, strlen(servers));
		if (self->servers == NULL) {
			goto destroy_self;
		}
	}
	r = open_channel(self);
	if (r < 0) {
		goto destroy_self;
	}
	*ret_resolver = &self->base;
	return ENVOI_OK;

destroy_self:
	destroy(&self->base);
	return r;
}
