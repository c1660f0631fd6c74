// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup close: remove the mapping of a volume.
 */

#include "util.h"

int cmd_close(const struct command *command, int argc, char **argv)
{
	bool is_deferred = false;
	const char *name;
	int r, err;

	r = parse_flag(command, argc, argv, "deferred", &is_deferred);
	if (r >= 0)
		return r;
	if (argc - optind != 1)
		return usage_error(command, "one NAME is needed");
	name = argv[optind];
	err = libmktme_volume_deactivate(name, is_deferred);
	return err ? report_failure("close", name, err) : EXIT_OK;
}
