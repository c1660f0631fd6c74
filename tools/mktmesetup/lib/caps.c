// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel modules say about this machine, and getting them loaded.
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib_private.h"

extern char **environ;

static int read_attribute(const char *dir, const char *name, char *line,
			  size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return libmktme_read_line(path, line, size);
}

static int read_number(const char *dir, const char *name, unsigned int *value)
{
	char path[256];
	uint64_t number;
	int err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	err = libmktme_read_u64(path, &number);
	if (!err)
		*value = number;
	return err;
}

static unsigned int parse_algorithms(char *line)
{
	const struct libmktme_algorithm *alg;
	char *saveptr, *word;
	unsigned int bits = 0;

	for (word = strtok_r(line, " ", &saveptr); word;
	     word = strtok_r(NULL, " ", &saveptr)) {
		alg = libmktme_algorithm_by_name(word);
		if (alg)
			bits |= alg->activate_bit;
	}
	return bits;
}

int libmktme_caps_read_from(const char *dir, struct libmktme_caps *caps)
{
	unsigned int bypass = 0;
	char line[128] = "";
	int err;

	memset(caps, 0, sizeof(*caps));
	err = read_number(dir, "keyids_total", &caps->keyids_total);
	if (!err)
		err = read_number(dir, "keyids_used", &caps->keyids_used);
	if (!err)
		err = read_number(dir, "keyid_bits", &caps->keyid_bits);
	if (!err)
		err = read_number(dir, "keyid_shift", &caps->keyid_shift);
	if (!err)
		err = read_number(dir, "packages", &caps->packages);
	if (!err)
		err = read_number(dir, "bypass", &bypass);
	if (!err)
		err = read_attribute(dir, "algorithms", line, sizeof(line));
	caps->algorithms = parse_algorithms(line);
	caps->has_bypass = bypass;
	return err;
}

int libmktme_caps_read(struct libmktme_caps *caps)
{
	return libmktme_caps_read_from(LIBMKTME_SYSFS, caps);
}

int libmktme_cpus_refused(char *list, size_t size)
{
	return read_attribute(LIBMKTME_SYSFS, "cpus_refused", list, size);
}

static int run_modprobe(char *option, const char *module)
{
	char *argv[] = { "modprobe", option, "--", (char *)module, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return -err;
	return libmktme_child_wait(pid) ? -ENODEV : 0;
}

int libmktme_modprobe(const char *module)
{
	return run_modprobe("-q", module);
}

int libmktme_modprobe_remove(const char *module)
{
	return run_modprobe("-qr", module);
}

int libmktme_caps_require(struct libmktme_caps *caps)
{
	/*
	 * Before the first question to device-mapper: libdevmapper would
	 * remember that it was not there.
	 */
	if (access("/sys/module/dm_mktme", F_OK))
		libmktme_modprobe("dm-mktme");
	if (libmktme_dm_has_target() <= 0) {
		libmktme_reason(
			"the kernel module dm-mktme cannot be loaded on this machine");
		libmktme_hint("'mktmesetup probe' tells what is missing");
		return -ENODEV;
	}
	if (libmktme_caps_read(caps) || !caps->keyids_total) {
		libmktme_reason("this machine has no KeyID to encrypt with");
		libmktme_hint("'mktmesetup probe' tells what is missing");
		return -ENODEV;
	}
	return 0;
}

int libmktme_caps_require_algorithm(const struct libmktme_caps *caps,
				    const struct libmktme_algorithm *alg)
{
	if (caps->algorithms & alg->activate_bit)
		return 0;
	libmktme_reason("the BIOS did not activate %s", alg->name);
	libmktme_hint("'mktmesetup probe' shows what is activated");
	return -EOPNOTSUPP;
}
