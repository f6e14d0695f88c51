/*
 * envoi - the command-line program: signals of the terminal, while lines are edited
 * SPDX-License-Identifier: MIT
 */
#include <sys/signalfd.h>
#include <unistd.h>

#include <envoi/context.h>

#include "editor_parts.h"

static void suspend(struct editor *editor)
{
	editor_hide();
	tcsetattr(STDIN_FILENO, TCSADRAIN, &editor->terminal->before);
	kill(getpid(), SIGSTOP);
}

/* libedit takes the terminal to be as it has set it. */
static void go_on(const struct editor *editor)
{
	el_set(editor->terminal->el, EL_PREP_TERM, 0);
	el_set(editor->terminal->el, EL_PREP_TERM, 1);
}

static void on_signal(struct envoi_watch *watch, unsigned int ready)
{
	struct editor *editor = ENVOI_CONTAINER_OF(watch, struct editor, signals);
	struct signalfd_siginfo info;
	(void)ready;
	if (read(watch->fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGTSTP) {
		suspend(editor);
		return;
	}
	editor_hide();
	if (info.ssi_signo == SIGCONT) {
		go_on(editor);
	}
	el_resize(editor->terminal->el);
	editor_show();
}

int editor_watch_signals(struct editor *editor)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	if (sigprocmask(SIG_BLOCK, &set, &editor->terminal->signals_before) < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	int r = fd < 0 ? ENVOI_ERR_SYSTEM
		       : envoi_watch_start(&editor->signals, envoi_context_loop(editor->context),
				 fd, ENVOI_IO_READ, on_signal);
	if (r < 0) {
		sigprocmask(SIG_SETMASK, &editor->terminal->signals_before, NULL);
		if (fd >= 0) {
			close(fd);
		}
	}
	return r;
}

void editor_unwatch_signals(struct editor *editor)
{
	int fd = editor->signals.fd;
	if (editor->signals.loop != NULL) {
		envoi_watch_stop(&editor->signals);
		close(fd);
		sigprocmask(SIG_SETMASK, &editor->terminal->signals_before, NULL);
	}
}
