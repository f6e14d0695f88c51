/*
 * envoi - SASL on a stream, with a scripted peer: what its tests share
 * SPDX-License-Identifier: MIT
 */
#ifndef SASL_PEER_H
#define SASL_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stream_fixture.h"

#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"

/* The exchange of RFC 5802, section 5: user "user", password "pencil". Our nonces are its. */
#define CLIENT_NONCE "fyko+d2lbbFgONRv9qkxdawL"
#define SERVER_NONCE "3rfcNHYJY1ZVvWVs7j"
#define CLIENT_FIRST "n,,n=user,r=" CLIENT_NONCE
#define SERVER_FIRST "r=" CLIENT_NONCE SERVER_NONCE ",s=QSXCR+Q6sek8bf92,i=4096"
#define CLIENT_FINAL "c=biws,r=" CLIENT_NONCE SERVER_NONCE ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
#define SERVER_FINAL "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="

extern struct stream_fixture fixture;

int sasl_setup(void **state);
int sasl_teardown(void **state);
/* For the next row of a table. */
void start_afresh(void);
void set(const char *name, const char *value);
void add_initiator(const char *authcid, const char *password);
void script_offer(const char *mechanisms);
/* An element of SASL with data, in base64 but for "" and "=". */
const char *element(char *xml, size_t size, const char *name, const char *mechanism,
	const void *data, size_t len);
void peer_sends_data(const char *name, const char *text);
void peer_expects_data(const char *name, const char *mechanism, const char *text);
void run_and_expect_closed(int code);
void script_restart(void);
void run_and_expect_login(const char *gained);
void script_scram_until_proof(void);

#endif
