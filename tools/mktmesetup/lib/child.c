// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that were started.
 */

#include <errno.h>
#include <sys/wait.h>

#include "libmktme.h"

int libmktme_child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}
