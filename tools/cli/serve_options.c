/*
 * envoi - the command-line program: options of `serve`
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

static int take_one(const char **text, const char *name, const char *value)
{
	if (*text != NULL) {
		complain("--%s is given twice", name);
		return STATUS_USAGE;
	}
	*text = value;
	return STATUS_DONE;
}

static int take_more(const char **texts, size_t *count, const char *name, const char *value)
{
	if (*count == SERVE_MOST) {
		complain("--%s is given more than %d times", name, SERVE_MOST);
		return STATUS_USAGE;
	}
	texts[(*count)++] = value;
	return STATUS_DONE;
}

static int take_domain(struct invocation *invocation, const char *value)
{
	return take_one(&invocation->serve.domain, "domain", value);
}

static int take_account(struct invocation *invocation, const char *value)
{
	struct serve_options *options = &invocation->serve;
	return take_more(options->accounts, &options->account_count, "account", value);
}

static int take_account_file(struct invocation *invocation, const char *value)
{
	return take_one(&invocation->serve.account_file, "account-file", value);
}

static int take_listen(struct invocation *invocation, const char *value)
{
	struct serve_options *options = &invocation->serve;
	return take_more(options->listen, &options->listen_count, "listen", value);
}

static int take_listen_tls(struct invocation *invocation, const char *value)
{
	struct serve_options *options = &invocation->serve;
	return take_more(options->listen_tls, &options->listen_tls_count, "listen-tls", value);
}

static int take_component(struct invocation *invocation, const char *value)
{
	struct serve_options *options = &invocation->serve;
	return take_more(options->components, &options->component_count, "component", value);
}

static int take_component_file(struct invocation *invocation, const char *value)
{
	return take_one(&invocation->serve.component_file, "component-file", value);
}

static int take_listen_components(struct invocation *invocation, const char *value)
{
	struct serve_options *options = &invocation->serve;
	return take_more(options->listen_components, &options->listen_components_count,
		"listen-components", value);
}

static int take_web(struct invocation *invocation, const char *value)
{
	struct serve_options *options = &invocation->serve;
	return take_more(options->web, &options->web_count, "web", value);
}

static int take_web_root(struct invocation *invocation, const char *value)
{
	return take_one(&invocation->serve.web_root, "web-root", value);
}

static int take_web_clear(struct invocation *invocation, const char *value)
{
	(void)value;
	invocation->serve.is_web_clear = true;
	return STATUS_DONE;
}

static int take_certificate(struct invocation *invocation, const char *value)
{
	return take_one(&invocation->serve.certificate, "certificate", value);
}

static int take_key(struct invocation *invocation, const char *value)
{
	return take_one(&invocation->serve.key, "key", value);
}

static int take_ca_out(struct invocation *invocation, const char *value)
{
	return take_one(&invocation->serve.ca_out, "ca-out", value);
}

static int take_store(struct invocation *invocation, const char *value)
{
	return take_one(&invocation->serve.store, "store", value);
}

static int take_check(struct invocation *invocation, const char *value)
{
	(void)value;
	invocation->serve.is_check = true;
	return STATUS_DONE;
}

static const struct command_option options[] = {
	{"domain", "DOMAIN", "The domain that is served.", take_domain},
	{"account", "NAME:PASSWORD",
		"An account, several times for several. Other users of the machine can see it: see"
		" --account-file.",
		take_account},
	{"account-file", "FILE",
		"A file of accounts, NAME:PASSWORD, one a line; lines that begin with # are comments.",
		take_account_file},
	{"listen", "ADDRESS:PORT",
		"Where clients connect, several times for several: 127.0.0.1:5222, [::1]:5222. Port 0:"
		" the system chooses one, which is printed.",
		take_listen},
	{"listen-tls", "ADDRESS:PORT", "Where clients connect that begin with TLS (XEP-0368).",
		take_listen_tls},
	{"component", "DOMAIN:SECRET",
		"A component (XEP-0114), several times for several. Other users of the machine can see"
		" it: see --component-file.",
		take_component},
	{"component-file", "FILE", "A file of components, DOMAIN:SECRET, as --account-file.",
		take_component_file},
	{"listen-components", "ADDRESS:PORT",
		"Where components connect, without TLS: 127.0.0.1:5347.", take_listen_components},
	{"web", "ADDRESS:PORT",
		"Where browsers connect, by HTTPS: XMPP over WebSocket, the links to it (XEP-0156), and"
		" the files of --web-root.",
		take_web},
	{"web-root", "FOLDER",
		"Serve the files in this folder and in those below it, doc/examples/web for example."
		" They are read at the start, and again at SIGHUP.",
		take_web_root},
	{"web-clear", NULL,
		"HTTP without TLS at --web, whose addresses are those of this host then: 127.0.0.1.",
		take_web_clear},
	{"certificate", "FILE", "The certificate of the domain with those of its issuers, PEM.",
		take_certificate},
	{"key", "FILE", "The key of the certificate, PEM. Default: it is in the same file.",
		take_key},
	{"ca-out", "FILE",
		"Without --certificate one is made: write its authority there, for --ca-file of"
		" clients.",
		take_ca_out},
	{"store", "FILE",
		"Keep accounts, rosters and messages in this file, which is made if it does not exist."
		" Default: they are in memory. An account of --account that exists gets its password.",
		take_store},
	{"check", NULL, "Say what is wrong with the options, and end.", take_check},
	{NULL, NULL, NULL, NULL},
};

const struct command command_serve = {
	.name = "serve",
	.operands = "",
	.summary =
		"Serve a domain: accounts, rosters, messages; not connected to other servers. Prints"
		" who comes and goes. SIGTERM and SIGINT close all"
		" streams in order, the second of them at once; SIGHUP reads the certificate again, and the"
		" files of --web-root.",
	.least = 0,
	.most = 0,
	.options = options,
	.run = serve_run,
};
