// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions to the user, and signals that may arrive meanwhile.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "util.h"

#define PASSPHRASE_MAX 512

static volatile sig_atomic_t interrupted;

static void take_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* What asks a program to end, that a lost terminal sends included. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

/* As nohup(1) wants it */
static bool is_ignored(int sig)
{
	struct sigaction action;

	return !sigaction(sig, NULL, &action) && action.sa_handler == SIG_IGN;
}

/*
 * No SA_RESTART: a read that has begun has to return.  SA_RESETHAND: the second
 * signal kills, should the first not be noticed soon enough.
 */
void setup_signals(void)
{
	struct sigaction action = {
		.sa_handler = take_signal,
		.sa_flags = SA_RESETHAND,
	};
	size_t i;

	for (i = 0; i < SIGNAL_COUNT; i++)
		if (signals[i] != SIGHUP || !is_ignored(SIGHUP))
			sigaction(signals[i], &action, NULL);
}

void block_signals(sigset_t *before)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

bool was_interrupted(void)
{
	return interrupted;
}

int heed_signals(void)
{
	if (!interrupted)
		return 0;
	set_reason("interrupted");
	return -EINTR;
}

bool is_interactive(void)
{
	return isatty(STDIN_FILENO);
}

bool can_ask(void)
{
	return is_interactive() || has_agent();
}

/* A signal that is just before the wait would not end it, so none is until then. */
int wait_for_input(int fd, unsigned int seconds)
{
	struct timespec limit = { .tv_sec = seconds };
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	sigset_t before;
	int r;

	block_signals(&before);
	do {
		r = interrupted ? 0 : ppoll(&poll_fd, 1, seconds ? &limit : NULL,
					    &before);
	} while (r < 0 && errno == EINTR);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (heed_signals())
		return -EINTR;
	if (r)
		return r < 0 ? -errno : 0;
	set_reason("no passphrase was given within %u s", seconds);
	return -ETIMEDOUT;
}

bool confirm(const char *format, ...)
{
	char answer[16] = "";
	ssize_t bytes = 0;
	va_list args;
	int err;

	if (options.batch_mode || !is_interactive())
		return true;
	printf("\nWARNING!\n========\n");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n\nAre you sure? (Type 'yes' in capital letters): ");
	fflush(stdout);
	err = wait_for_input(STDIN_FILENO, 0);
	if (!err) {
		bytes = read(STDIN_FILENO, answer, sizeof(answer));
		err = heed_signals();
	}
	if (!err && bytes == 4 && !memcmp(answer, "YES\n", 4))
		return true;
	if (bytes < (ssize_t)sizeof(answer) &&
	    !memchr(answer, '\n', sizeof(answer)))
		putchar('\n');
	if (err)
		return false;
	/* What else was typed, or pasted, is not for the shell. */
	tcflush(STDIN_FILENO, TCIFLUSH);
	set_reason("not confirmed");
	return false;
}

/*
 * Reads up to the end of the line, which is not kept.  --timeout is for the first
 * byte, which a terminal gives away at the end of the line.
 */
static int read_line(int fd, struct libmktme_secret *secret)
{
	size_t len = 0;
	ssize_t r;
	int err;

	while (len < secret->bytes) {
		err = wait_for_input(fd, len ? 0 : options.timeout);
		if (err)
			return err;
		r = read(fd, secret->data + len, 1);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0 && len == 0) {
			set_reason("nothing to read on input");
			return -EINVAL;
		}
		if (r == 0 || secret->data[len] == '\n') {
			secret->data[len] = '\0';
			secret->bytes = len;
			return 0;
		}
		len++;
	}
	set_reason("the passphrase is too long");
	return -EINVAL;
}

/* Silence comes before the question: an answer may be quick. */
static int ask_silently(int in, int out, const char *question,
			struct libmktme_secret *secret)
{
	struct termios saved, silent;
	int err;

	if (tcgetattr(in, &saved))
		return -errno;
	silent = saved;
	silent.c_lflag &= ~ECHO;
	if (tcsetattr(in, TCSAFLUSH, &silent))
		return -errno;
	dprintf(out, "%s", question);
	err = read_line(in, secret);
	dprintf(out, "\n");
	tcsetattr(in, TCSAFLUSH, &saved);
	return err;
}

static int ask(struct libmktme_secret *secret, const char *question)
{
	int tty, err;

	err = libmktme_secret_alloc(secret, PASSPHRASE_MAX);
	if (err)
		return err;
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty >= 0) {
		err = ask_silently(tty, tty, question, secret);
		close(tty);
	} else {
		err = ask_silently(STDIN_FILENO, STDERR_FILENO, question,
				   secret);
	}
	if (err)
		libmktme_secret_free(secret);
	return err;
}

static int ask_again(const struct libmktme_secret *first)
{
	struct libmktme_secret second;
	int err;

	err = ask(&second, "Verify passphrase: ");
	if (err)
		return err;
	if (first->bytes != second.bytes ||
	    memcmp(first->data, second.data, first->bytes)) {
		set_reason("Passphrases do not match.");
		err = -EPERM;
	}
	libmktme_secret_free(&second);
	return err;
}

static int read_standard_input(struct libmktme_secret *secret)
{
	int err;

	err = libmktme_secret_alloc(secret, PASSPHRASE_MAX);
	if (!err)
		err = read_line(STDIN_FILENO, secret);
	if (err)
		libmktme_secret_free(secret);
	return err;
}

static int read_key_file(struct libmktme_secret *secret,
			 const struct source *source)
{
	int err;

	err = libmktme_secret_read(secret, source->file, source->offset,
				   source->bytes);
	if (!err || err == -ENOMEM || err == -EINTR)
		return err;
	if (err == -EFBIG)
		set_reason("'%s' has more than 8 MiB: say how much of it is the key (keyfile-size)",
			   source->file);
	else
		set_reason("cannot read the key file '%s'", source->file);
	return -ENODATA;
}

int read_secret(struct libmktme_secret *secret, const struct source *source)
{
	char question[300];
	int err;

	if (source->file)
		return read_key_file(secret, source);
	if (!is_interactive())
		return has_agent() ? agent_ask(secret, source) :
				     read_standard_input(secret);
	snprintf(question, sizeof(question), "%s: ", source->question);
	err = ask(secret, question);
	if (!err && source->is_verified) {
		err = ask_again(secret);
		if (err)
			libmktme_secret_free(secret);
	}
	return err;
}

void source_of_passphrase(const char *device, struct source *source)
{
	memset(source, 0, sizeof(*source));
	source->file = options.key_file;
	source->offset = options.keyfile_offset;
	source->bytes = options.keyfile_size;
	source->is_verified = options.verify_passphrase;
	snprintf(source->question, sizeof(source->question),
		 "Enter passphrase for %s", device);
}

void source_of_new_passphrase(const char *device, const char *file,
			      struct source *source)
{
	memset(source, 0, sizeof(*source));
	source->file = file ? file : options.new_keyfile;
	source->offset = options.new_keyfile_offset;
	source->bytes = options.new_keyfile_size;
	source->is_verified = true;
	snprintf(source->question, sizeof(source->question),
		 "Enter new passphrase for %s", device);
}
