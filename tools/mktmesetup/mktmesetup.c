// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup: manage persistent memory encrypted by TME-MK.
 */

#include <getopt.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "util.h"

/* Passphrases pass through this process: nothing of it may reach a disk. */
static void forbid_dumps(void)
{
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
	int r;

	forbid_dumps();
	setup_messages();
	r = options_parse(NULL, argc, argv);
	if (r >= 0)
		return r;
	if (optind == argc)
		return usage_error(NULL, "no command given");
	return run_command(argc - optind, argv + optind);
}
