/*
 * envoi - the command-line program: SIGINT and SIGTERM
 * SPDX-License-Identifier: MIT
 */
#include "signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct envoi_loop *loop_of(const struct signals *signals)
{
	return envoi_context_loop(envoi_session_context(envoi_client_session(signals->client)));
}

static void on_signal(struct envoi_watch *watch, unsigned int ready)
{
	(void)ready;
	struct signals *signals = ENVOI_CONTAINER_OF(watch, struct signals, watch);
	struct signalfd_siginfo info;
	if (read(watch->fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGINT && signals->interrupt != NULL && signals->interrupt(signals)) {
		return;
	}
	if (signals->has_come) { /* once more: do not wait for the server */
		envoi_loop_quit(loop_of(signals));
	}
	signals->has_come = true;
	envoi_client_quit(signals->client);
}

/* @return a descriptor on which SIGINT and SIGTERM arrive, or -1 */
static int open_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0
		? -1
		: signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int signals_watch(struct signals *signals, struct envoi_client *client)
{
	signals->client = client;
	int fd = open_signals();
	if (fd < 0 ||
		envoi_watch_start(&signals->watch, loop_of(signals), fd, ENVOI_IO_READ, on_signal) <
			0) {
		if (fd >= 0) {
			close(fd);
		}
		signals->client = NULL;
		complain("signals cannot be received");
		return STATUS_NO;
	}
	return STATUS_DONE;
}

void signals_unwatch(struct signals *signals)
{
	if (signals->client != NULL) {
		int fd = signals->watch.fd;
		envoi_watch_stop(&signals->watch);
		close(fd);
		signals->client = NULL;
	}
}
