/*
 * envoi - the store of a server: accounts, rosters, offline messages
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_STORE_H
#define ENVOI_INTERFACES_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/stanza.h>
#include <envoi/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A server (<envoi/server.h>) keeps in its store the data that outlives the process.
 * envoi_store_new_memory() makes one that ends with the process. Others implement struct
 * envoi_store_impl.
 *
 * Each function of a store begins a job and returns. The job ends from the loop, once, with its
 * `done`. A store may collect jobs that write, and end them together, after one synchronisation of
 * its file: the server acknowledges a message that it has to store (XEP-0198, section 4) after its
 * job has ended, not before.
 *
 * Jobs of one account take effect in the order in which they were begun, and reading shows what
 * earlier jobs have written. Jobs of different accounts may end in any order.
 *
 * Accounts are named by the localpart of their address, prepared (RFC 7622, section 3.3). Texts
 * that are passed to a function are borrowed for the call; what `done` is given is borrowed for its
 * call.
 */

struct envoi_store;
struct envoi_store_job;

/** What was read. Members that the function does not read are zeroed. */
struct envoi_store_answer;

/**
 * A job has ended. The job may be begun again or freed inside; the store must not be destroyed.
 *
 * @param code    ENVOI_OK, or an error that the function lists. ENVOI_ERR_SYSTEM: the store cannot
 *                be read or written, for a full disk for example; ENVOI_ERR_NOMEM; after both
 *                nothing is changed
 * @param answer  borrowed for the call; NULL after an error, and of functions that only write
 */
typedef void envoi_store_done_fn(
	struct envoi_store_job *job, int code, const struct envoi_store_answer *answer);

/** A job. Embedded in what begins it, zeroed before its first use, and borrowed by the store until
 * `done` is called or envoi_store_cancel() returns. */
struct envoi_store_job {
	envoi_store_done_fn *done; /**< set before the job is begun */
	void *data; /**< the store's while the job is open; NULL: it is not open */
	/** the store's while the job is open: a job can be ended from the loop without memory */
	struct envoi_deferred deferred;
	int code; /**< the store's while the job is open */
};

/** The state of a subscription, as seen from the account: bits (RFC 6121, appendix A.1). */
enum envoi_store_subscription {
	ENVOI_STORE_TO = 1, /**< the account receives the contact's presence */
	ENVOI_STORE_FROM = 2, /**< the contact receives the account's presence */
	ENVOI_STORE_PENDING_OUT = 4, /**< the account has requested TO */
	ENVOI_STORE_PENDING_IN = 8, /**< the contact has requested FROM */
};

/** A contact of an account. */
struct envoi_store_contact {
	const char *jid; /**< the bare address, in canonical form */
	const char *name; /**< NULL: none */
	const char *const *groups;
	size_t group_count;
	unsigned int subscription; /**< OR of enum envoi_store_subscription */
	/** in the roster that clients see; false: only its request is pending (RFC 6121, section
	 * 3.1.3) */
	bool is_listed;
	/** the presence of type subscribe that is pending, as XML; NULL: none is */
	const char *request;
	uint64_t version; /**< of the roster, in which the contact was changed last */
};

/** A roster. */
struct envoi_store_roster {
	const struct envoi_store_contact *contacts; /**< in any order */
	size_t contact_count;
	uint64_t version; /**< of the last change; 0: there was none */
	uint64_t removed; /**< of the last removal; 0: there was none */
};

/** A message that waits for its recipient. */
struct envoi_store_message {
	/** given by the store: larger than those of earlier messages of the account; not 0 */
	uint64_t id;
	const char *xml; /**< the stanza as it will be delivered, in `jabber:client` */
	size_t len; /**< bytes of @p xml, which needs no NUL */
};

/** What was found by a job that reads. Borrowed for the call. */
struct envoi_store_answer {
	/** as envoi_sasl_verifier_print() writes them; secret: the store wipes them after the call
	 */
	const char *const *verifiers;
	size_t verifier_count;
	struct envoi_store_roster roster;
	const struct envoi_store_message *messages; /**< in the order of their ids */
	size_t message_count;
	const void *value; /**< of get_value */
	size_t value_len;
};

/** Which accounts get verifiers. */
enum envoi_store_mode {
	ENVOI_STORE_ANY, /**< an account that does not exist is made */
	ENVOI_STORE_NEW, /**< the account must not exist: else ENVOI_ERR_EXISTS */
	ENVOI_STORE_CHANGE, /**< the account must exist: else ENVOI_ERR_NOT_FOUND */
};

/**
 * The functions of a store. All are REQUIRED. Each begins @p job, which has `done` and is not open.
 * They are called from the loop and must not call back before they return.
 */
struct envoi_store_impl {
	const char *name; /**< "memory" */

	/* --- accounts --- */

	/** Read the verifiers of an account. Ends with ENVOI_ERR_NOT_FOUND: there is no account. */
	void (*look_up)(
		struct envoi_store *store, struct envoi_store_job *job, const char *account);
	/** Make an account, or replace its verifiers; its other contents stay. Ends with
	 * ENVOI_ERR_EXISTS or ENVOI_ERR_NOT_FOUND as @p mode says. */
	void (*set_verifiers)(struct envoi_store *store, struct envoi_store_job *job,
		const char *account, const char *const *verifiers, size_t count,
		enum envoi_store_mode mode);
	/** Remove an account with all its contents. Ends with ENVOI_ERR_NOT_FOUND. */
	void (*remove)(struct envoi_store *store, struct envoi_store_job *job, const char *account);

	/* --- rosters --- */

	/** Read the roster of an account. Ends with ENVOI_ERR_NOT_FOUND: there is no account. */
	void (*load_roster)(
		struct envoi_store *store, struct envoi_store_job *job, const char *account);
	/**
	 * Add or replace a contact, which is the one of its jid. A contact that is listed raises
	 * the version of the roster to contact->version.
	 * Ends with ENVOI_ERR_NOT_FOUND: there is no account.
	 */
	void (*set_contact)(struct envoi_store *store, struct envoi_store_job *job,
		const char *account, const struct envoi_store_contact *contact);
	/**
	 * Remove a contact; nothing if there is none.
	 * @param version  the roster's version and last removal from now on; 0: both are unchanged
	 * Ends with ENVOI_ERR_NOT_FOUND: there is no account.
	 */
	void (*remove_contact)(struct envoi_store *store, struct envoi_store_job *job,
		const char *account, const char *jid, uint64_t version);

	/* --- offline messages (XEP-0160) --- */

	/**
	 * Add a message after those that wait.
	 * @param limit  the most messages of an account
	 * Ends with ENVOI_ERR_NOT_FOUND: there is no account; ENVOI_ERR_LIMIT: @p limit messages
	 * wait.
	 */
	void (*add_message)(struct envoi_store *store, struct envoi_store_job *job,
		const char *account, const char *xml, size_t len, size_t limit);
	/** Read the oldest messages that wait, at most @p limit. Ends with ENVOI_ERR_NOT_FOUND:
	 * there is no account. */
	void (*load_messages)(struct envoi_store *store, struct envoi_store_job *job,
		const char *account, size_t limit);
	/** Remove messages by their ids; nothing for those that do not exist. */
	void (*remove_messages)(struct envoi_store *store, struct envoi_store_job *job,
		const char *account, const uint64_t *ids, size_t count);

	/* --- values: private storage, vcards, block lists --- */

	/**
	 * Store a value under a key, in place of the one before.
	 * @param value  NULL: remove it
	 * @param limit  the most values of an account
	 * Ends with ENVOI_ERR_NOT_FOUND: there is no account; ENVOI_ERR_LIMIT: it has @p limit
	 * values, and none of this key.
	 */
	void (*set_value)(struct envoi_store *store, struct envoi_store_job *job,
		const char *account, const char *key, const void *value, size_t len, size_t limit);
	/** Read a value. Ends with ENVOI_ERR_NOT_FOUND: there is no account, or no such value. */
	void (*get_value)(struct envoi_store *store, struct envoi_store_job *job,
		const char *account, const char *key);

	/* --- life --- */

	/** Forget an open job: `done` is not called. What it writes may be written. */
	void (*cancel)(struct envoi_store *store, struct envoi_store_job *job);
	/** Free the store. No job is open. */
	void (*destroy)(struct envoi_store *store);
};

/** Base of every store; embedded first. Filled in by the implementation before it is used. */
struct envoi_store {
	const struct envoi_store_impl *impl;
	/** secret and random: struct envoi_sasl_decoys. A store that outlives the process keeps
	 * it */
	unsigned char decoy_key[ENVOI_SASL_DECOY_KEY_BYTES];
	/** random text that begins the versions of rosters (RFC 6121, section 2.6). A store gets
	 * another one when it is made, and when an older copy of it is put back */
	char generation[ENVOI_ID_SIZE];
};

/** End an open job without `done`; nothing for one that is not open. */
ENVOI_API void envoi_store_cancel(struct envoi_store *store, struct envoi_store_job *job);

/** Free a store that no server uses; NULL is allowed. */
ENVOI_API void envoi_store_destroy(struct envoi_store *store);

#ifdef __cplusplus
}
#endif
#endif
