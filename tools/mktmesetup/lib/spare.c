// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small namespace in free capacity, for a self-test, and its removal.  It has a
 * name in its label by which it is known if it was left behind.
 */

#include <errno.h>
#include <ndctl/libndctl.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

#include "lib_private.h"

/* At least, and as regions want it: a multiple of their alignment */
#define SPARE_BYTES (16ULL << 20)

static bool has_name(struct ndctl_namespace *ndns)
{
	const char *name = ndctl_namespace_get_alt_name(ndns);

	return name && !strcmp(name, LIBMKTME_SPARE_NAME);
}

/* Of the size that we make, and not turned into something else */
static bool is_as_made(struct ndctl_region *region,
		       struct ndctl_namespace *ndns)
{
	uint64_t align = ndctl_region_get_align(region);
	uint64_t most = SPARE_BYTES;

	if (align != ULONG_MAX && align > most)
		most = align;
	return !ndctl_namespace_get_pfn(ndns) &&
	       !ndctl_namespace_get_btt(ndns) &&
	       !ndctl_namespace_get_dax(ndns) &&
	       ndctl_namespace_get_size(ndns) <= most;
}

static void count_signature(const char *type, void *arg)
{
	(void)type;
	(*(unsigned int *)arg)++;
}

/* One that is disabled has to be enabled, or nobody can tell. */
static bool is_empty(struct ndctl_namespace *ndns)
{
	unsigned int count = 0;
	const char *name;
	char path[64];

	if (!ndctl_namespace_is_enabled(ndns) &&
	    ndctl_namespace_enable(ndns) < 0)
		return false;
	name = ndctl_namespace_get_block_device(ndns);
	if (!name || !*name)
		return false;
	snprintf(path, sizeof(path), "/dev/%.32s", name);
	return !libmktme_signatures(path, count_signature, &count);
}

/* It is found before the test, and after it. */
static void warn_once(const char *name)
{
	static bool has_warned;

	if (!has_warned)
		libmktme_warning(
			"%s has the name of a self-test, but somebody uses it: it is left alone",
			name);
	has_warned = true;
}

static int remove_one(struct ndctl_region *region, struct ndctl_namespace *ndns)
{
	const char *name = ndctl_namespace_get_devname(ndns);
	int err;

	if (!is_as_made(region, ndns) || !is_empty(ndns)) {
		warn_once(name);
		return 0;
	}
	libmktme_debug("removing %s", name);
	err = ndctl_namespace_disable_safe(ndns);
	if (err > 0)
		err = 0;
	if (!err)
		err = ndctl_namespace_delete(ndns);
	if (err)
		libmktme_reason("cannot remove %s: %s", name, strerror(-err));
	return err;
}

static int remove_from(struct ndctl_region *region)
{
	struct ndctl_namespace *ndns, *next;
	int err = 0;

	ndctl_namespace_foreach_safe(region, ndns, next)
	{
		/* What was deleted keeps its name. */
		if (!err && ndctl_namespace_get_size(ndns) && has_name(ndns))
			err = remove_one(region, ndns);
	}
	return err;
}

/* Calls @fn for each region until it returns something else than 0. */
static int each_region(int (*fn)(struct ndctl_region *region, void *arg),
		       void *arg)
{
	struct ndctl_region *region;
	struct ndctl_ctx *ctx;
	struct ndctl_bus *bus;
	int r;

	r = ndctl_new(&ctx);
	if (r)
		return r;
	ndctl_bus_foreach(ctx, bus)
	{
		ndctl_region_foreach(bus, region)
		{
			if (!r)
				r = fn(region, arg);
		}
	}
	ndctl_unref(ctx);
	return r;
}

static int remove_left(struct ndctl_region *region, void *arg)
{
	(void)arg;
	return ndctl_region_is_enabled(region) ? remove_from(region) : 0;
}

int libmktme_spare_remove(void)
{
	return each_region(remove_left, NULL);
}

static uint64_t size_for(struct ndctl_region *region)
{
	uint64_t align = ndctl_region_get_align(region);

	if (align == ULONG_MAX || !align)
		align = 1;
	return (SPARE_BYTES + align - 1) / align * align;
}

static bool has_room(struct ndctl_region *region)
{
	uint64_t extent = ndctl_region_get_max_available_extent(region);

	/* Older kernels do not tell the largest piece, but how much there is. */
	if (extent == ULLONG_MAX)
		extent = ndctl_region_get_available_size(region);
	return ndctl_region_is_enabled(region) &&
	       ndctl_region_get_ro(region) != 1 && extent != ULLONG_MAX &&
	       extent >= size_for(region) &&
	       ndctl_region_get_interleave_set(region);
}

static int set_up(struct ndctl_region *region, struct ndctl_namespace *ndns)
{
	uuid_t uuid;
	int err;

	uuid_generate(uuid);
	err = ndctl_namespace_set_uuid(ndns, uuid);
	if (!err)
		err = ndctl_namespace_set_alt_name(ndns, LIBMKTME_SPARE_NAME);
	if (!err)
		err = ndctl_namespace_set_size(ndns, size_for(region));
	if (!err)
		err = ndctl_namespace_set_enforce_mode(ndns, NDCTL_NS_MODE_RAW);
	if (err)
		return err;
	err = ndctl_namespace_enable(ndns);
	return err > 0 ? 0 : err;
}

struct wanted {
	char *path;
	size_t size;
	int err;
};

/* Return: 1 if there is one now; what does not work here may work elsewhere */
static int create_in(struct ndctl_region *region, void *arg)
{
	struct ndctl_namespace *ndns;
	struct wanted *wanted = arg;

	if (!has_room(region))
		return 0;
	ndns = ndctl_region_get_namespace_seed(region);
	if (!ndns)
		return 0;
	wanted->err = set_up(region, ndns);
	if (wanted->err) {
		libmktme_debug("%s: no namespace: %s",
			       ndctl_region_get_devname(region),
			       strerror(-wanted->err));
		ndctl_namespace_delete(ndns);
		return 0;
	}
	snprintf(wanted->path, wanted->size, "/dev/%s",
		 ndctl_namespace_get_block_device(ndns));
	return 1;
}

int libmktme_spare_create(char *path, size_t size)
{
	struct wanted wanted = { .path = path, .size = size };
	int r;

	r = each_region(create_in, &wanted);
	if (r)
		return r < 0 ? r : 0;
	if (wanted.err)
		libmktme_reason("no namespace can be made for it: %s",
				strerror(-wanted.err));
	else
		libmktme_reason("no region has free capacity for a namespace");
	libmktme_hint(
		"name one that holds nothing: 'mktmesetup probe --self-test DEVICE'");
	return wanted.err ?: -ENOSPC;
}
