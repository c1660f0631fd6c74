// SPDX-License-Identifier: GPL-2.0-only
/*
 * Something to read while the kernel is at work: it makes a struct page for each
 * 4 KiB of a volume, which takes a minute for some TiB, and nobody knows how far
 * it has come.
 *
 * The waiting is done by a thread of its own, because the keys are in the
 * keyring of the one that opens the volume.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

/*
 * After how long something is said, and how often then: to somebody who waits, and in
 * a log, where only what is unusual has a place.  libdevmapper tries for five seconds
 * to close what is in use.
 */
#define OPEN_SECONDS	 2
#define CLOSE_SECONDS	 7
#define TERMINAL_SECONDS 1
#define LOG_SECONDS	 30

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_over_cond;
static bool is_over;
static pthread_t thread;
static bool is_running;
static char what[LIBMKTME_NAME_BYTES + 32];
static unsigned int first_seconds;

static void say(long seconds, bool is_terminal)
{
	printf("%s%s: %ld s ...%s", is_terminal ? "\r" : "", what, seconds,
	       is_terminal ? "" : "\n");
	fflush(stdout);
}

static void *wait_and_say(void *unused)
{
	const bool is_terminal = isatty(STDOUT_FILENO);
	struct timespec start, next;
	bool has_said = false;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &start);
	next = start;
	next.tv_sec += is_terminal ? first_seconds : LOG_SECONDS;
	pthread_mutex_lock(&mutex);
	while (!is_over) {
		if (!pthread_cond_timedwait(&is_over_cond, &mutex, &next))
			continue;
		say(next.tv_sec - start.tv_sec, is_terminal);
		has_said = true;
		next.tv_sec += is_terminal ? TERMINAL_SECONDS : LOG_SECONDS;
	}
	pthread_mutex_unlock(&mutex);
	if (has_said && is_terminal)
		putchar('\n');
	return NULL;
}

static void start_thread(void)
{
	pthread_condattr_t attr;
	sigset_t all, old;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&is_over_cond, &attr);
	pthread_condattr_destroy(&attr);
	/* Signals are for the thread that works. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	is_running = !pthread_create(&thread, NULL, wait_and_say, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void begin(unsigned int seconds)
{
	first_seconds = seconds;
	is_over = false;
	is_running = false;
	if (!options.batch_mode)
		start_thread();
}

static void end(void)
{
	if (!is_running)
		return;
	pthread_mutex_lock(&mutex);
	is_over = true;
	pthread_cond_signal(&is_over_cond);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&is_over_cond);
}

/*
 * Who interrupts expects no volume, and a unit that did not start is not stopped.
 * It is in use only if somebody was very quick; then it stays.
 */
static int heed_interruption(const char *name)
{
	if (!was_interrupted() || libmktme_volume_deactivate(name, false))
		return 0;
	return heed_signals();
}

int activate(const char *name, const char *uuid, uint64_t phys,
	     const struct libmktme_table *table, unsigned int flags)
{
	char size[32];
	int err;

	format_bytes(table->sectors * LIBMKTME_SECTOR_BYTES, size,
		     sizeof(size));
	snprintf(what, sizeof(what), "Mapping %s", size);
	begin(OPEN_SECONDS);
	err = libmktme_volume_activate(name, uuid, phys, table, flags);
	if (!err)
		err = heed_interruption(name);
	end();
	return err;
}

int deactivate(const char *name, bool is_deferred)
{
	int err;

	snprintf(what, sizeof(what), "Closing '%s'", name);
	begin(CLOSE_SECONDS);
	err = libmktme_volume_deactivate(name, is_deferred);
	end();
	return err;
}
