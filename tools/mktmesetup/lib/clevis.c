// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tokens of clevis, for network keys (tang) among others.
 *
 * libcryptsetup has no handler for them, and clevis itself would activate the
 * volume with cryptsetup.  So its program that only prints the passphrase of a
 * keyslot is asked.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "container_private.h"

#define CLEVIS "/usr/bin/clevis"
/* A server that is not there shall not keep people from their passphrase. */
#define TIMEOUT_MS 30000
#define PASSPHRASE_MAX 4096

extern char **environ;

/* ---- the child ---- */

static int spawn(const char *device, const char *slot, int out, int messages,
		 pid_t *pid)
{
	char *const argv[] = { "clevis",       "luks", "pass",	     "-d",
			       (char *)device, "-s",   (char *)slot, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
	/* A group of its own, to be killed as a whole: it starts others. */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	err = posix_spawn(pid, CLEVIS, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (err == ENOENT)
		libmktme_warning("clevis is not installed");
	return -err;
}

static int milliseconds_left(const struct timespec *end)
{
	struct timespec now;
	long left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (end->tv_sec - now.tv_sec) * 1000 +
	       (end->tv_nsec - now.tv_nsec) / 1000000;
	return left > 0 ? left : 0;
}

/* Return: -ETIMEDOUT, -EINTR, or 0 at the end of the output */
static int read_output(int fd, struct libmktme_secret *pass)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct timespec end;
	size_t len = 0;
	ssize_t r;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += TIMEOUT_MS / 1000;
	while (len < pass->bytes) {
		r = poll(&poll_fd, 1, milliseconds_left(&end));
		if (r == 0)
			return -ETIMEDOUT;
		if (r > 0)
			r = read(fd, pass->data + len, pass->bytes - len);
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		len += r;
	}
	if (len && pass->data[len - 1] == '\n')
		len--;
	pass->data[len] = '\0';
	pass->bytes = len;
	return 0;
}

static int collect(pid_t pid, int err)
{
	if (err)
		kill(-pid, SIGKILL);
	if (libmktme_child_wait(pid) && !err)
		err = -EPERM;
	return err;
}

/* The first line that it said is the cause, the others are what follows from it. */
static void explain(int err, int messages)
{
	char text[1024];
	ssize_t len;

	if (err == -ETIMEDOUT) {
		libmktme_warning("clevis did not answer within %d seconds",
				 TIMEOUT_MS / 1000);
		return;
	}
	len = pread(messages, text, sizeof(text) - 1, 0);
	if (len <= 0)
		return;
	text[len] = '\0';
	libmktme_warning("clevis: %.*s", (int)strcspn(text, "\n"), text);
}

static int run(const char *device, const char *slot,
	       struct libmktme_secret *pass)
{
	int messages, fds[2], err;
	pid_t pid;

	messages = memfd_create("clevis-messages", MFD_CLOEXEC);
	if (messages < 0)
		return -errno;
	if (pipe2(fds, O_CLOEXEC)) {
		err = -errno;
		close(messages);
		return err;
	}
	err = spawn(device, slot, fds[1], messages, &pid);
	close(fds[1]);
	if (!err)
		err = collect(pid, read_output(fds[0], pass));
	if (!err && !pass->bytes)
		err = -EPERM;
	if (err)
		explain(err, messages);
	close(fds[0]);
	close(messages);
	return err;
}

/* ---- the handler ---- */

static int find_keyslot(struct crypt_device *cd, int token)
{
	int slot;

	for (slot = 0; slot < crypt_keyslot_max(CRYPT_LUKS2); slot++)
		if (!crypt_token_is_assigned(cd, token, slot))
			return slot;
	return -ENOENT;
}

static int open_token(struct crypt_device *cd, int token, char **buffer,
		      size_t *bytes, void *arg)
{
	const char *device = crypt_get_metadata_device_name(cd);
	struct libmktme_secret pass;
	char text[16];
	int slot, err;

	(void)arg;
	slot = find_keyslot(cd, token);
	if (slot < 0)
		return slot;
	if (!device)
		device = crypt_get_device_name(cd);
	snprintf(text, sizeof(text), "%d", slot);
	err = libmktme_secret_alloc(&pass, PASSPHRASE_MAX);
	if (err)
		return err;
	err = run(device, text, &pass);
	if (err) {
		libmktme_secret_free(&pass);
		/* Not now, perhaps later: the other tokens have their turn. */
		return err == -EINTR ? err : -EAGAIN;
	}
	*buffer = pass.data;
	*bytes = pass.bytes;
	return 0;
}

static void free_buffer(void *buffer, size_t bytes)
{
	(void)bytes;
	crypt_safe_free(buffer);
}

const crypt_token_handler libmktme_clevis_handler = {
	.name = "clevis",
	.open = open_token,
	.buffer_free = free_buffer,
};
