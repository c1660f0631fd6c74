// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passphrases when there is no terminal: at boot systemd knows whom to ask, on
 * the console, by plymouth or through a remote shell.
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define ASK_PASSWORD "systemd-ask-password"
#define NOTIFY "systemd-notify"
/* Several passphrases may have been kept. */
#define ANSWERS_MAX 8192

extern char **environ;

/*
 * Which volume it is about; whether there was a question before; what systemd
 * answered, a line for each passphrase, and where the next one begins.
 */
static struct {
	bool is_set;
	bool is_asked;
	char id[LIBMKTME_NAME_BYTES + 16];
	char name[LIBMKTME_NAME_BYTES];
	struct libmktme_secret answers;
	size_t next;
} agent;

void agent_setup(const char *name, const char *device)
{
	if (access("/run/systemd/system", F_OK))
		return;
	agent.is_set = true;
	agent.is_asked = false;
	snprintf(agent.id, sizeof(agent.id), "--id=" PROGRAM ":%s", device);
	snprintf(agent.name, sizeof(agent.name), "%s", name);
}

bool has_agent(void)
{
	return agent.is_set;
}

/* Both programs have nothing to read; @out is -1 if what they print is not. */
static int spawn(char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* Up to the end of the output */
static int read_answer(int fd, struct libmktme_secret *secret)
{
	size_t len = 0;
	ssize_t r;
	int err;

	while (len < secret->bytes) {
		err = wait_for_input(fd, 0);
		if (err)
			return err;
		r = read(fd, secret->data + len, secret->bytes - len);
		if (r < 0)
			return -errno;
		if (r == 0) {
			secret->data[len] = '\0';
			secret->bytes = len;
			return 0;
		}
		len += r;
	}
	return -E2BIG;
}

void notify_status(const char *text)
{
	char status[512];
	char *argv[] = { NOTIFY, status, NULL };
	pid_t pid;

	if (!getenv("NOTIFY_SOCKET"))
		return;
	snprintf(status, sizeof(status), "--status=%s", text);
	if (!spawn(argv, -1, &pid))
		libmktme_child_wait(pid);
}

static void explain(int err)
{
	switch (err) {
	case -ENOENT:
		set_reason(ASK_PASSWORD " is not installed");
		break;
	case -EINTR:
		set_reason("interrupted");
		break;
	case -E2BIG:
		set_reason("the passphrase is too long");
		break;
	default:
		set_reason("no passphrase was given");
	}
}

static int run(char *const argv[], struct libmktme_secret *secret)
{
	int fds[2], err, status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	err = spawn(argv, fds[1], &pid);
	close(fds[1]);
	if (err) {
		close(fds[0]);
		return err;
	}
	err = read_answer(fds[0], secret);
	/* Now it cannot wait for a reader any more. */
	close(fds[0]);
	status = libmktme_child_wait(pid);
	return err ? err : status;
}

/*
 * What was typed for other volumes may fit this one, so systemd keeps it for a
 * while, and gives all of it.  It is not offered again if it did not fit.
 */
static int ask(const struct source *source)
{
	char timeout[32], question[sizeof(source->question) + 160];
	char *argv[10] = { ASK_PASSWORD, "--no-tty", "--icon=drive-harddisk" };
	int argc = 3, err;

	snprintf(timeout, sizeof(timeout), "--timeout=%u", options.timeout);
	snprintf(question, sizeof(question), "%s (%s):", source->question,
		 agent.name);
	argv[argc++] = agent.id;
	argv[argc++] = timeout;
	if (!source->is_pin)
		argv[argc++] = "--keyname=" PROGRAM;
	if (!source->is_pin && !agent.is_asked) {
		argv[argc++] = "--accept-cached";
		argv[argc++] = "--multiple";
	}
	agent.is_asked = true;
	argv[argc] = question;
	notify_status(source->is_pin ? "waiting for the PIN of a token" :
				       "waiting for a passphrase");
	err = run(argv, &agent.answers);
	notify_status("opening");
	return err;
}

void agent_forget(void)
{
	libmktme_secret_free(&agent.answers);
	agent.next = 0;
}

bool agent_has_answers(void)
{
	return agent.next < agent.answers.bytes;
}

static int next_answer(struct libmktme_secret *secret)
{
	const char *line = agent.answers.data + agent.next;
	size_t len = strcspn(line, "\n");
	int err;

	err = libmktme_secret_alloc(secret, len);
	if (err)
		return err;
	memcpy(secret->data, line, len);
	agent.next += len + 1;
	return 0;
}

int agent_ask(struct libmktme_secret *secret, const struct source *source)
{
	int err;

	if (agent_has_answers())
		return next_answer(secret);
	agent_forget();
	err = libmktme_secret_alloc(&agent.answers, ANSWERS_MAX);
	if (!err)
		err = ask(source);
	if (!err)
		return next_answer(secret);
	explain(err);
	agent_forget();
	return err;
}
