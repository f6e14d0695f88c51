/*
 * A bot whose answers take long: each is computed in a thread of its own, and the bot goes on
 * meanwhile. Asked "1000000" it answers how many primes are below. See doc/guide/threads.md.
 *
 *	ENVOI_PASSWORD=... worker bot@example.org [NAME=VALUE...]
 */
#include <envoi/envoi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_JOBS 8 /* at the same time: the queue has room for all */

struct bot {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct envoi_post_queue *results;
	unsigned int jobs;
};

/* Of one thread after the other. It holds nothing of the library but the queue. */
struct job {
	struct bot *bot;
	struct envoi_post_queue *results;
	char *asker;
	unsigned long limit, primes;
};

static void free_job(void *user)
{
	struct job *job = user;
	free(job->asker);
	free(job);
}

/* On the loop's thread. */
static void on_result(void *user)
{
	struct job *job = user;
	char text[80];
	snprintf(text, sizeof(text), "%lu primes are below %lu", job->primes, job->limit);
	envoi_send_text(envoi_client_session(job->bot->client), job->asker, text, NULL);
	job->bot->jobs--;
	free_job(job);
}

static bool is_prime(unsigned long number)
{
	for (unsigned long i = 2; i <= number / i; i++) {
		if (number % i == 0) {
			return false;
		}
	}
	return number >= 2;
}

/* On a thread of its own. Posting fails when the bot has ended meanwhile. */
static void *work(void *user)
{
	struct job *job = user;
	struct envoi_post_queue *results = job->results;
	for (unsigned long number = 0; number < job->limit; number++) {
		job->primes += is_prime(number);
	}
	if (envoi_loop_post(results, on_result, free_job, job) < 0) {
		free_job(job);
	}
	envoi_post_queue_unref(results);
	return NULL;
}

static int start_job(struct bot *bot, const char *asker, unsigned long limit)
{
	struct job *job = calloc(1, sizeof(*job));
	pthread_t thread;
	if (job == NULL || (job->asker = strdup(asker)) == NULL) {
		free(job);
		return ENVOI_ERR_NOMEM;
	}
	job->bot = bot;
	job->limit = limit;
	job->results = envoi_post_queue_ref(bot->results);
	if (pthread_create(&thread, NULL, work, job) != 0) {
		envoi_post_queue_unref(job->results);
		free_job(job);
		return ENVOI_ERR_SYSTEM;
	}
	pthread_detach(thread);
	bot->jobs++;
	return ENVOI_OK;
}

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct bot *bot = ENVOI_CONTAINER_OF(self, struct bot, handler);
	struct envoi_stanza *stanza = envoi_delivery_stanza(in);
	const char *body = envoi_message_body(stanza, NULL);
	if (body == NULL) {
		return ENVOI_DECLINED;
	}
	if (bot->jobs == MOST_JOBS) {
		return envoi_reply_text(in, "busy, ask again later");
	}
	return start_job(bot, envoi_jid_text(envoi_stanza_from(stanza)), strtoul(body, NULL, 10));
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl bot_impl = {.name = "primes", .stanzas = stanzas};

static int run(struct bot *bot, struct envoi_context *context, char **settings)
{
	int r = envoi_post_queue_new(&bot->results, envoi_context_loop(context), MOST_JOBS);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_error_text(r));
		return 1;
	}
	envoi_client_set_password(bot->client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(bot->client, settings);
	envoi_client_add(bot->client, &bot->handler);
	r = envoi_client_run(bot->client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(bot->client));
	}
	envoi_post_queue_unref(bot->results);
	return r < 0;
}

int main(int argc, char **argv)
{
	struct bot bot = {.handler = ENVOI_HANDLER(&bot_impl)};
	struct envoi_context *context;
	int status = 1;
	if (argc < 2 || envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	if (envoi_client_new(&bot.client, context, argv[1]) == ENVOI_OK) {
		status = run(&bot, context, argv + 2);
	}
	envoi_client_free(bot.client);
	envoi_context_unref(context); /* frees the loop: results that come later are dropped */
	return status;
}
