/*
 * envoi - counting descriptors
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_OPEN_FDS_H
#define TEST_OPEN_FDS_H

/** @return how many descriptors the process has open */
int count_open_fds(void);

#endif
