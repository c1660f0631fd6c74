// SPDX-License-Identifier: GPL-2.0-only
/*
 * systemd's generator for /etc/mktmetab: for each line a drop-in of
 * mktmesetup@NAME.service, which says what it needs, and links, which say who
 * needs it.  In the manner of systemd-cryptsetup-generator.
 */

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/libmktme.h"

#define PROGRAM "mktmesetup-generator"
#define TEMPLATE UNITDIR "/mktmesetup@.service"
#define LOCAL_TARGET "mktmesetup.target"
#define REMOTE_TARGET "remote-mktmesetup.target"
/* A name of LIBMKTME_NAME_BYTES, each byte written as "\x20", and an affix */
#define UNIT_BYTES 768

/* Where the units go */
static const char *destination;

/* ---- messages ---- */

/* There is no journal yet when generators run. */
static void say(const char *msg)
{
	FILE *file = getenv("SYSTEMD_SCOPE") ? fopen("/dev/kmsg", "we") : NULL;

	if (file) {
		fprintf(file, "<4>" PROGRAM ": %s\n", msg);
		fclose(file);
	} else {
		fprintf(stderr, PROGRAM ": %s\n", msg);
	}
}

__attribute__((format(printf, 1, 2))) static void complain(const char *format,
							   ...)
{
	char msg[512];
	va_list args;

	va_start(args, format);
	vsnprintf(msg, sizeof(msg), format, args);
	va_end(args);
	say(msg);
}

static void take_message(enum libmktme_log_level level, const char *msg)
{
	(void)level;
	say(msg);
}

/* ---- names of units ---- */

/* As systemd-escape does */
static void escape(const char *text, char *name, size_t size)
{
	static const char plain[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz:_.";
	const char *c;
	size_t len = 0;

	for (c = text; *c && len + 5 < size; c++) {
		if (*c == '/')
			name[len++] = '-';
		else if (strchr(plain, *c) && !(*c == '.' && c == text))
			name[len++] = *c;
		else
			len += sprintf(name + len, "\\x%02x",
				       (unsigned char)*c);
	}
	name[len] = '\0';
}

/* As systemd-escape --path --suffix=device: no slash but between two words */
static void device_unit(const char *path, char *unit, size_t size)
{
	char name[UNIT_BYTES], words[PATH_MAX];
	size_t len = 0;

	for (; *path && len + 1 < sizeof(words); path++)
		if (*path != '/' || (len && path[1] && path[1] != '/'))
			words[len++] = *path;
	words[len] = '\0';
	escape(words, name, sizeof(name));
	snprintf(unit, size, "%s.device", name);
}

static bool is_device(const char *path)
{
	return !strncmp(path, "/dev/", 5);
}

/* ---- files ---- */

static int make_directory(const char *unit, const char *suffix, char *path,
			  size_t size)
{
	snprintf(path, size, "%s/%s.%s", destination, unit, suffix);
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

/* drop_in() - begin a drop-in of @unit that is not there yet */
static FILE *drop_in(const char *unit, const char *name)
{
	char directory[PATH_MAX], path[PATH_MAX + 64];
	FILE *file;

	if (make_directory(unit, "d", directory, sizeof(directory)))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s.conf", directory, name);
	file = fopen(path, "wxe");
	if (file)
		fprintf(file, "# Made by " PROGRAM "\n");
	return file;
}

static int add_link(const char *unit, const char *kind, const char *wanted,
		    const char *target)
{
	char directory[PATH_MAX], path[PATH_MAX + UNIT_BYTES];
	int err;

	err = make_directory(unit, kind, directory, sizeof(directory));
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%s", directory, wanted);
	return symlink(target, path) && errno != EEXIST ? -errno : 0;
}

/* In a unit file '%' and quotes mean something. */
static void print_path(FILE *file, const char *key, const char *path)
{
	fprintf(file, "%s=", key);
	for (; *path; path++) {
		if (*path == '%')
			putc('%', file);
		else if (strchr("\\\"'", *path))
			putc('\\', file);
		putc(*path, file);
	}
	putc('\n', file);
}

/* ---- a line ---- */

static void print_unit(FILE *file, const char *key, const char *unit)
{
	fprintf(file, "%s=%s\nAfter=%s\n", key, unit, unit);
}

/* A file that is needed, or a device in the place of one */
static void print_need(FILE *file, const char *path)
{
	char unit[UNIT_BYTES + 16];

	if (!path)
		return;
	if (!is_device(path)) {
		print_path(file, "RequiresMountsFor", path);
		return;
	}
	device_unit(path, unit, sizeof(unit));
	print_unit(file, "Requires", unit);
}

static void print_service(FILE *file, const struct libmktme_tab_entry *entry,
			  const char *device)
{
	fprintf(file, "[Unit]\n");
	print_path(file, "SourcePath", libmktme_tab_path());
	print_unit(file, "BindsTo", device);
	print_need(file, entry->key_file);
	print_need(file, entry->header);
	if (entry->is_netdev)
		fprintf(file,
			"Wants=network-online.target\nAfter=network-online.target\n");
	if (!entry->is_nofail)
		fprintf(file, "Before=%s\n",
			entry->is_netdev ? REMOTE_TARGET : LOCAL_TARGET);
	/* What the initramfs has opened is in use to the very end. */
	if (!entry->is_in_initramfs)
		fprintf(file, "Conflicts=umount.target\n");
}

/* Whoever waits for the volume may have to wait for a person. */
static int add_timeouts(const struct libmktme_tab_entry *entry,
			const char *device, const char *mapped)
{
	FILE *file;
	int err = 0;

	if (entry->device_timeout) {
		file = drop_in(device, "50-device-timeout");
		if (!file)
			return errno == EEXIST ? 0 : -errno;
		fprintf(file, "[Unit]\n");
		print_path(file, "JobRunningTimeoutSec", entry->device_timeout);
		err = fclose(file) ? -errno : 0;
	}
	if (err || entry->is_noauto || entry->is_nofail)
		return err;
	file = drop_in(mapped, "40-device-timeout");
	if (!file)
		return -errno;
	fprintf(file, "[Unit]\nJobTimeoutSec=infinity\n");
	return fclose(file) ? -errno : 0;
}

static int add_links(const struct libmktme_tab_entry *entry,
		     const char *service, const char *device,
		     const char *mapped)
{
	const char *target = entry->is_netdev ? REMOTE_TARGET : LOCAL_TARGET;
	int err;

	err = add_link(mapped, "requires", service, TEMPLATE);
	if (err || entry->is_noauto)
		return err;
	/* It comes with its memory, at boot or later, and again. */
	err = add_link(device, "wants", service, TEMPLATE);
	if (!err)
		err = add_link(target, entry->is_nofail ? "wants" : "requires",
			       service, TEMPLATE);
	if (err)
		return err;
	if (entry->is_netdev)
		return add_link("multi-user.target", "wants", REMOTE_TARGET,
				UNITDIR "/" REMOTE_TARGET);
	return add_link("sysinit.target", "wants", LOCAL_TARGET,
			UNITDIR "/" LOCAL_TARGET);
}

static int add_service(const struct libmktme_tab_entry *entry,
		       const char *service, const char *device)
{
	FILE *file = drop_in(service, "50-mktmetab");

	if (!file)
		return -errno;
	print_service(file, entry, device);
	return fclose(file) ? -errno : 0;
}

static int add_line(const struct libmktme_tab_entry *entry, void *arg)
{
	char name[UNIT_BYTES], path[PATH_MAX];
	char service[UNIT_BYTES + 32], mapped[UNIT_BYTES + 32];
	char device[UNIT_BYTES + 16];
	const char *tab = arg;
	int err;

	err = libmktme_tab_device(entry->device, path, sizeof(path));
	if (!err && !is_device(path))
		err = -ENODEV;
	if (err) {
		complain("%s:%u: '%s' is no device", tab, entry->line,
			 entry->device);
		return 0;
	}
	device_unit(path, device, sizeof(device));
	escape(entry->name, name, sizeof(name));
	snprintf(service, sizeof(service), "mktmesetup@%s.service", name);
	snprintf(mapped, sizeof(mapped), "dev-mapper-%s.device", name);
	err = add_service(entry, service, device);
	if (err == -EEXIST) {
		complain("%s:%u: there is another '%s'", tab, entry->line,
			 entry->name);
		return 0;
	}
	if (!err)
		err = add_links(entry, service, device, mapped);
	if (!err)
		err = add_timeouts(entry, device, mapped);
	if (err)
		complain("%s:%u: cannot write the unit: %s", tab, entry->line,
			 strerror(-err));
	return 0;
}

int main(int argc, char **argv)
{
	const char *tab = libmktme_tab_path();
	int err;

	if (argc != 4 && argc != 2) {
		fprintf(stderr,
			"Usage: " PROGRAM " NORMAL-DIR [EARLY-DIR LATE-DIR]\n");
		return EXIT_FAILURE;
	}
	destination = argv[1];
	libmktme_set_log_callback(take_message, false);
	err = libmktme_tab_foreach(tab, NULL, add_line, (void *)tab);
	if (!err || err == -ENOENT)
		return EXIT_SUCCESS;
	complain("cannot read %s: %s", tab, strerror(-err));
	return EXIT_FAILURE;
}
