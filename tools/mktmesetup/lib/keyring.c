// SPDX-License-Identifier: GPL-2.0-only
/*
 * Volume keys in the keyring of the calling thread.
 *
 * Type "logon": the kernel never gives such a key back to user space.  The
 * thread's keyring is the one that a device-mapper ioctl of this thread
 * searches first, and the one that dies with the process.
 */

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib_private.h"

#define KEY_TYPE "logon"

void libmktme_key_explain(int err)
{
	if (err != -EDQUOT)
		return;
	libmktme_reason("the key quota of this user is full");
	libmktme_hint(
		"see /proc/key-users; root's limits are /proc/sys/kernel/keys/root_maxkeys and root_maxbytes");
}

int libmktme_key_add(const char *description, const struct libmktme_secret *key)
{
	int err;

	if (syscall(SYS_add_key, KEY_TYPE, description, key->data, key->bytes,
		    KEY_SPEC_THREAD_KEYRING) >= 0)
		return 0;
	err = -errno;
	libmktme_key_explain(err);
	return err;
}

void libmktme_key_drop(const char *description)
{
	long id;

	id = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_THREAD_KEYRING,
		     KEY_TYPE, description, 0);
	if (id < 0)
		return;
	syscall(SYS_keyctl, KEYCTL_UNLINK, id, KEY_SPEC_THREAD_KEYRING);
}
