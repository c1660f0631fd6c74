// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup close: remove the mapping of a volume.
 */

#include "util.h"

int cmd_close(const struct command *command, int argc, char **argv)
{
	int err;

	(void)command;
	(void)argc;
	/* Whoever waits for udev has to give the semaphore back. */
	setup_signals();
	err = deactivate(argv[0], options.deferred);
	return err ? report_failure("close", argv[0], err) : EXIT_OK;
}
