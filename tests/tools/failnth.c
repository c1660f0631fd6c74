// SPDX-License-Identifier: GPL-2.0-only
/*
 * failnth N WORD NAME [ARGS...]: one ioctl of device-mapper, in which the Nth
 * allocation fails, of those that the kernel may let fail (fault injection).
 *
 *   create NAME                      suspend NAME
 *   load NAME SECTORS TARGET PARAMS  resume NAME
 *   message NAME TEXT                clear NAME
 *                                    remove NAME
 *
 * Status 0: an allocation was made to fail; 1: there are fewer than N.  Prints what
 * became of the ioctl, "ok" or the name of the error.  Nothing is injected with N = 0,
 * and then the status is 0.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BUFFER_BYTES	4096

/* udev shall not open the device: it would be in use when it is to be removed. */
#define UDEV_FLAGS	(0xeU << 16)

struct request {
	struct dm_ioctl header;
	union {
		struct {
			struct dm_target_spec spec;
			char params[BUFFER_BYTES];
		} load;
		struct {
			uint64_t sector;
			char text[BUFFER_BYTES];
		} message;
	};
};

static const struct {
	const char *word;
	unsigned long command;
	unsigned int flags;
	int args;
} words[] = {
	{ "create", DM_DEV_CREATE, 0, 0 },
	{ "load", DM_TABLE_LOAD, 0, 3 },
	{ "clear", DM_TABLE_CLEAR, 0, 0 },
	{ "suspend", DM_DEV_SUSPEND, DM_SUSPEND_FLAG, 0 },
	{ "resume", DM_DEV_SUSPEND, 0, 0 },
	{ "message", DM_TARGET_MSG, 0, 1 },
	{ "remove", DM_DEV_REMOVE, 0, 0 },
};

static void usage(void)
{
	errx(2, "usage: failnth N create|load|clear|suspend|resume|message|remove NAME [ARGS...]");
}

static void put_text(char *to, const char *text)
{
	if (strlen(text) >= BUFFER_BYTES)
		errx(2, "too long: '%s'", text);
	strcpy(to, text);
}

static unsigned long fill(struct request *request, int argc, char **argv)
{
	size_t i, count = sizeof(words) / sizeof(words[0]);

	for (i = 0; i < count; i++)
		if (!strcmp(argv[0], words[i].word) && argc == words[i].args + 2)
			break;
	if (i == count || strlen(argv[1]) >= DM_NAME_LEN)
		usage();
	request->header = (struct dm_ioctl){
		.version = { 4, 0, 0 },
		.data_size = sizeof(*request),
		.data_start = sizeof(request->header),
		.flags = words[i].flags,
		.event_nr = UDEV_FLAGS,
	};
	strcpy(request->header.name, argv[1]);
	if (words[i].command == DM_TABLE_LOAD) {
		request->header.target_count = 1;
		request->load.spec.length = strtoull(argv[2], NULL, 0);
		snprintf(request->load.spec.target_type, DM_MAX_TYPE_NAME, "%s",
			 argv[3]);
		put_text(request->load.params, argv[4]);
	} else if (words[i].command == DM_TARGET_MSG) {
		put_text(request->message.text, argv[2]);
	}
	return words[i].command;
}

/* A count in /proc that only this thread's allocations take down */
static void set_count(int fd, unsigned int count)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", count);

	if (pwrite(fd, text, len, 0) != len)
		err(2, "cannot set fail-nth");
}

static unsigned int get_count(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		err(2, "cannot read fail-nth");
	return strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	static struct request request;
	int control, fail_nth, error = 0;
	unsigned long command;
	unsigned int n, left;

	if (argc < 4)
		usage();
	n = strtoul(argv[1], NULL, 0);
	command = fill(&request, argc - 2, argv + 2);
	control = open("/dev/mapper/control", O_RDWR);
	if (control < 0)
		err(2, "/dev/mapper/control");
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fail_nth < 0)
		err(2, "this kernel does not inject faults");

	set_count(fail_nth, n);
	if (ioctl(control, command, &request))
		error = errno;
	left = get_count(fail_nth);
	set_count(fail_nth, 0);

	puts(error ? strerrorname_np(error) : "ok");
	return left > 0;
}
