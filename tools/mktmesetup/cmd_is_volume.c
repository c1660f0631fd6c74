// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup isVolume: is that a volume of ours?  For scripts and for udev, so it
 * says nothing.
 */

#include "util.h"

int cmd_is_volume(const struct command *command, int argc, char **argv)
{
	struct libmktme_container *container;
	int err;

	(void)command;
	(void)argc;
	err = libmktme_container_load(argv[0], &container);
	if (err) {
		if (options.verbose)
			report_failure("recognise", argv[0], err);
		return EXIT_OTHER;
	}
	libmktme_container_free(container);
	return EXIT_OK;
}
