/*
 * envoi - a network in which connecting goes as a table says
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_SCRIPTED_NETWORK_H
#define TEST_SCRIPTED_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/mainloop.h>

/** What happens to a connection; a table ends with a zeroed row. Others are ENETUNREACH at once. */
struct scripted_host {
	const char *address; /**< "192.0.2.1", "2001:db8::1" */
	uint16_t port; /**< 0: any */
	int error; /**< an errno; 0: connected */
	uint64_t delay_ms; /**< by the loop; UINT64_MAX: never, a black hole */
	int error_at_once; /**< an errno that connecting returns itself; 0: none */
};

/** Its @p sockets go into struct envoi_dial_options. */
struct scripted_network {
	struct envoi_sockets sockets;
	struct envoi_loop *loop;
	const struct scripted_host *hosts;
	char log[1024]; /**< "0 [2001:db8::1]:5222, 250 192.0.2.1:5222": when each was started */
	struct scripted_connection *connections; /* that the library has; what won is among them */
	size_t open; /**< how many */
};

void scripted_network_init(struct scripted_network *network, struct envoi_loop *loop,
	const struct scripted_host *hosts);

/** Close what won. */
void scripted_network_finish(struct scripted_network *network);

#endif
