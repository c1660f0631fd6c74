// SPDX-License-Identifier: GPL-2.0-only
/*
 * Active volumes: device-mapper devices with our target, and what it means
 * when the kernel refuses one.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib_private.h"

#define DM_UUID_PREFIX "MKTME-"
#define DM_UUID_PLAIN "PLAIN"

/* ---- what a failure of the constructor means ---- */

struct explanation {
	int err;
	const char *reason;
	const char *hint;
};

static const struct explanation explanations[] = {
	{ ENOKEY, "the kernel does not find the volume key",
	  "it must be in a keyring of this process, as 'keyctl show' lists them, or in @u" },
	{ EKEYREVOKED, "the volume key was revoked", NULL },
	{ EKEYEXPIRED, "the volume key has expired", NULL },
	{ ENODEV, "this machine cannot encrypt that memory",
	  "'mktmesetup probe' tells what is missing, and the kernel log more" },
	{ EOPNOTSUPP, "not persistent memory that can be used",
	  "a namespace in fsdax or raw mode is needed" },
	{ ERANGE,
	  "its addresses cannot be combined with a KeyID on this kernel",
	  "5-level paging (LA57), or fewer KeyID bits in the BIOS set-up, would help" },
	{ EEXIST, "a device-mapper device of that name already exists", NULL },
	{ EBUSY, "part of it is in use",
	  "'mktmesetup list' shows the active volumes" },
	{ ENOSPC, "every KeyID is in use",
	  "close a volume that is not needed, or assign more KeyIDs to TME-MK in the BIOS set-up" },
	{ EAGAIN, "the memory controller stayed busy", "try again" },
	{ EIO, "the memory or the hardware reported an error",
	  "see the kernel log" },
	{ EINVAL, "the kernel did not accept the parameters",
	  "see the kernel log" },
};

/* What else it means when the key of a volume is given again. */
static const struct explanation rebind_explanations[] = {
	{ EKEYREJECTED, "the key is not the one the volume was opened with",
	  NULL },
	{ EOPNOTSUPP, "it has no key that could be given again", NULL },
	{ ENODEV, "its memory has gone, or the key was lost in sleep",
	  "close it and open it again" },
	{ EINVAL, "the kernel did not accept the key", "see the kernel log" },
};

static bool explain_by(const struct explanation *table, size_t count, int err)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (table[i].err != -err)
			continue;
		libmktme_reason("%s", table[i].reason);
		if (table[i].hint)
			libmktme_hint("%s", table[i].hint);
		return true;
	}
	return false;
}

static void explain_by_table(int err)
{
	explain_by(explanations, ARRAY_SIZE(explanations), err);
}

static void explain_rebind(int err)
{
	if (!explain_by(rebind_explanations, ARRAY_SIZE(rebind_explanations),
			err))
		explain_by_table(err);
}

static void explain_activation(int err, uint64_t phys,
			       const struct libmktme_table *table)
{
	uint64_t verifier = phys + table->offset * LIBMKTME_SECTOR_BYTES -
			    DM_MKTME_VERIFIER_BYTES;

	switch (err) {
	case -EKEYREJECTED:
		libmktme_reason("key does not match (verifier at 0x%" PRIx64
				")",
				verifier);
		libmktme_hint(
			"the volume key is wrong, or the memory was moved, overwritten or formatted again since");
		break;
	case -ESTALE:
		libmktme_reason("the volume had another length than %" PRIu64
				" sectors when it was made",
				table->sectors);
		libmktme_hint("was the namespace or the partition resized?");
		break;
	case -EPROTO:
		libmktme_reason(
			"memory at 0x%" PRIx64
			" is not being encrypted: the media holds what the KeyID shows",
			verifier);
		libmktme_hint(
			"do not use this memory for secrets; 'mktmesetup probe' tells more");
		break;
	default:
		explain_by_table(err);
	}
}

/* ---- activate and deactivate ---- */

/*
 * "MKTME-<uuid without dashes>-<name>", in the manner of CRYPT-LUKS2, or
 * "MKTME-PLAIN-<name>".
 */
static void make_dm_uuid(const char *name, const char *uuid, char *text,
			 size_t size)
{
	char plain[LIBMKTME_UUID_BYTES];
	size_t i, len = 0;

	for (i = 0; uuid[i] && len < sizeof(plain) - 1; i++)
		if (uuid[i] != '-')
			plain[len++] = uuid[i];
	plain[len] = '\0';
	/* The kernel's limit is 128 bytes with the zero. */
	if (size > 128)
		size = 128;
	snprintf(text, size, DM_UUID_PREFIX "%s-%s", plain, name);
}

static bool is_ours(const struct libmktme_volume *volume)
{
	return !strncmp(volume->uuid, DM_UUID_PREFIX, strlen(DM_UUID_PREFIX));
}

/* Whoever opens it made the device and gave it no table yet. */
static bool is_half_open(const struct libmktme_volume *volume)
{
	return is_ours(volume) && !volume->table.sectors;
}

void libmktme_volume_explain_half_open(const struct libmktme_volume *volume)
{
	libmktme_reason(
		"'%s' is half open: it is being opened, or that was interrupted",
		volume->name);
	libmktme_hint("in the latter case: mktmesetup close %s", volume->name);
}

int libmktme_volume_check_name(const char *name)
{
	struct libmktme_volume volume;
	int err;

	if (!*name || strlen(name) >= LIBMKTME_NAME_BYTES ||
	    strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..")) {
		libmktme_reason("'%s' is not a valid name", name);
		return -EINVAL;
	}
	err = libmktme_dm_query(name, &volume);
	if (err == -ENODEV)
		return 0;
	if (err && err != -EINVAL)
		return err;
	libmktme_reason("'%s' is the name of another device", name);
	if (is_half_open(&volume))
		libmktme_volume_explain_half_open(&volume);
	return -EEXIST;
}

int libmktme_volume_activate(const char *name, const char *uuid, uint64_t phys,
			     const struct libmktme_table *table,
			     unsigned int flags)
{
	char dm_uuid[160], params[512];
	int err;

	err = libmktme_table_format(table, params, sizeof(params));
	if (err)
		return err;
	make_dm_uuid(name, uuid, dm_uuid, sizeof(dm_uuid));
	libmktme_debug("table: 0 %" PRIu64 " mktme %s", table->sectors, params);
	err = libmktme_dm_create(name, dm_uuid, table->sectors, params, flags);
	if (err)
		explain_activation(err, phys, table);
	return err;
}

int libmktme_volume_deactivate(const char *name, bool is_deferred)
{
	struct libmktme_volume volume;
	int err;

	err = libmktme_volume_get(name, &volume);
	if (err)
		return err;
	err = libmktme_dm_remove(name, is_deferred);
	if (err == -EBUSY) {
		libmktme_explain_use(volume.major, volume.minor);
		libmktme_hint(
			"unmount it first, or use --deferred to close it when its last user goes");
	}
	return err;
}

void libmktme_volume_explain_use(const struct libmktme_volume *volume)
{
	libmktme_explain_use(volume->major, volume->minor);
}

/* ---- look ---- */

static const char *type_of(const struct libmktme_volume *volume)
{
	const char *key_type = volume->table.key_type;

	if (!strcmp(key_type, DM_MKTME_KEY_RANDOM))
		return DM_MKTME_KEY_RANDOM;
	if (!strcmp(key_type, DM_MKTME_KEY_PLAINTEXT))
		return DM_MKTME_KEY_PLAINTEXT;
	/* dmsetup gives no UUID. */
	if (!is_ours(volume) ||
	    !strncmp(volume->uuid, DM_UUID_PREFIX DM_UUID_PLAIN "-",
		     strlen(DM_UUID_PREFIX DM_UUID_PLAIN "-")))
		return "plain";
	return "luks2";
}

const char *libmktme_volume_cipher(const struct libmktme_volume *volume)
{
	return strcmp(volume->table.key_type, DM_MKTME_KEY_PLAINTEXT) ?
		       volume->table.algorithm :
		       "none";
}

/* A volume without a live table is still one that can be closed. */
static int query(const char *name, struct libmktme_volume *volume)
{
	int err = libmktme_dm_query(name, volume);

	volume->type = type_of(volume);
	libmktme_window_read_key(LIBMKTME_SYSFS, volume->minor, volume->key,
				 sizeof(volume->key));
	return err == -EINVAL && is_ours(volume) ? 0 : err;
}

int libmktme_volume_get(const char *name, struct libmktme_volume *volume)
{
	int err = query(name, volume);

	if (err == -ENODEV)
		libmktme_reason("no such volume is active");
	if (err == -EINVAL)
		libmktme_reason("not a volume of mktmesetup");
	return err;
}

struct walk {
	void (*fn)(const struct libmktme_volume *volume, void *arg);
	void *arg;
	int count;
};

static int visit_name(const char *name, void *arg)
{
	struct libmktme_volume volume;
	struct walk *walk = arg;

	if (query(name, &volume))
		return 0;
	walk->fn(&volume, walk->arg);
	walk->count++;
	return 0;
}

int libmktme_volume_foreach(void (*fn)(const struct libmktme_volume *volume,
				       void *arg),
			    void *arg)
{
	struct walk walk = { fn, arg, 0 };
	int err = libmktme_dm_foreach_name(visit_name, &walk);

	return err ? err : walk.count;
}

/* ---- find ---- */

bool libmktme_volume_has_uuid(const struct libmktme_volume *volume,
			      const char *uuid)
{
	char prefix[sizeof(DM_UUID_PREFIX) + LIBMKTME_UUID_BYTES];

	make_dm_uuid("", uuid, prefix, sizeof(prefix));
	return !strncmp(volume->uuid, prefix, strlen(prefix));
}

struct find {
	const char *uuid;
	struct libmktme_volume *volume;
	bool is_found;
};

static void match_uuid(const struct libmktme_volume *volume, void *arg)
{
	struct find *find = arg;

	if (!libmktme_volume_has_uuid(volume, find->uuid))
		return;
	*find->volume = *volume;
	find->is_found = true;
}

int libmktme_volume_find(const char *uuid, struct libmktme_volume *volume)
{
	struct find find = { .uuid = uuid, .volume = volume };
	int count;

	count = libmktme_volume_foreach(match_uuid, &find);
	if (count < 0)
		return count;
	return find.is_found ? 0 : -ENODEV;
}

int libmktme_volume_end_on(const char *path, const struct libmktme_base *base,
			   uint64_t *end)
{
	char name_path[64], name[LIBMKTME_NAME_BYTES];
	struct libmktme_volume volume;
	struct stat st;

	*end = 0;
	if (stat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISBLK(st.st_mode))
		return 0;
	snprintf(name_path, sizeof(name_path), "/sys/dev/block/%u:%u/dm/name",
		 major(st.st_rdev), minor(st.st_rdev));
	if (libmktme_read_line(name_path, name, sizeof(name)) ||
	    query(name, &volume) || !libmktme_table_is_on(&volume.table, base))
		return 0;
	*end = (volume.table.offset + volume.table.sectors) *
	       LIBMKTME_SECTOR_BYTES;
	return 0;
}

/* ---- the key, once more ---- */

bool libmktme_volume_keeps_key(const struct libmktme_volume *volume)
{
	if (volume->key[0])
		return !strcmp(volume->key, "held");
	return volume->table.key_bytes && !volume->table.has_discard_key;
}

bool libmktme_volume_lacks_key(const struct libmktme_volume *volume)
{
	return !strcmp(volume->key, "unavailable") ||
	       !strcmp(volume->key, "discarded");
}

int libmktme_volume_require_key(const struct libmktme_volume *volume)
{
	int err = 0;

	if (!volume->table.sectors || volume->status.is_gone)
		err = -ENODEV;
	else if (!volume->table.key_bytes)
		err = -EOPNOTSUPP;
	explain_rebind(err);
	return err;
}

int libmktme_volume_rebind(const char *name, const struct libmktme_table *key)
{
	char text[2 * (LIBMKTME_NAME_BYTES + 32)], message[sizeof(text) + 8];
	int err;

	err = libmktme_table_format_key(key, text, sizeof(text));
	if (err)
		return err;
	snprintf(message, sizeof(message), DM_MKTME_MSG_REBIND " %s", text);
	libmktme_debug("message: %s", message);
	err = libmktme_dm_message(name, message);
	explain_rebind(err);
	return err;
}
