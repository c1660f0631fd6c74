// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which memory is below a block device; the only file that calls libndctl.
 */

#include <errno.h>
#include <limits.h>
#include <ndctl/libndctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib_private.h"

/* Where a block device is in sysfs, and what of a whole disk it covers. */
struct extent {
	char disk[LIBMKTME_NAME_BYTES];
	uint64_t start_sector;
};

/* ---- the block device ---- */

static int stat_block_device(const char *path, struct stat *st)
{
	if (stat(path, st)) {
		if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
		libmktme_reason("no such device");
		return -ENODEV;
	}
	if (!S_ISBLK(st->st_mode)) {
		libmktme_reason("not a block device");
		return -ENOTBLK;
	}
	return 0;
}

static int read_block_attribute(const struct libmktme_base *base,
				const char *name, uint64_t *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", base->major,
		 base->minor, name);
	return libmktme_read_u64(path, value);
}

/* Copies the last component of @path and cuts it off. */
static void pop_component(char *path, char *name, size_t size)
{
	char *slash = strrchr(path, '/');

	snprintf(name, size, "%.*s", (int)size - 1, slash ? slash + 1 : path);
	if (slash)
		*slash = '\0';
}

static int find_extent(struct libmktme_base *base, struct extent *extent)
{
	char link[64], path[PATH_MAX];
	uint64_t value;
	int err;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", base->major,
		 base->minor);
	if (!realpath(link, path))
		return -errno;
	pop_component(path, base->name, sizeof(base->name));
	strcpy(extent->disk, base->name);
	extent->start_sector = 0;
	if (!read_block_attribute(base, "partition", &value)) {
		base->is_partition = true;
		pop_component(path, extent->disk, sizeof(extent->disk));
		err = read_block_attribute(base, "start",
					   &extent->start_sector);
		if (err)
			return err;
	}
	err = read_block_attribute(base, "size", &value);
	base->bytes = value * LIBMKTME_SECTOR_BYTES;
	if (!err && !read_block_attribute(base, "ro", &value))
		base->is_readonly = value;
	return err;
}

/* ---- the namespace ---- */

/*
 * In fsdax mode the head of the namespace holds the info block and maybe
 * struct pages: the block device starts at the resource of the "pfn" object.
 */
static void fill_fsdax(struct libmktme_base *base, struct ndctl_pfn *pfn)
{
	strcpy(base->mode, "fsdax");
	base->phys = ndctl_pfn_get_resource(pfn);
	ndctl_pfn_get_uuid(pfn, base->namespace_uuid);
}

static bool match_namespace(struct ndctl_namespace *ndns, const char *disk,
			    struct libmktme_base *base)
{
	struct ndctl_pfn *pfn = ndctl_namespace_get_pfn(ndns);
	struct ndctl_btt *btt = ndctl_namespace_get_btt(ndns);
	const char *name;

	if (ndctl_namespace_get_dax(ndns))
		return false;
	if (pfn)
		name = ndctl_pfn_get_block_device(pfn);
	else if (btt)
		name = ndctl_btt_get_block_device(btt);
	else
		name = ndctl_namespace_get_block_device(ndns);
	if (!name || strcmp(name, disk))
		return false;
	if (pfn) {
		fill_fsdax(base, pfn);
	} else {
		strcpy(base->mode, btt ? "sector" : "raw");
		base->phys = ndctl_namespace_get_resource(ndns);
	}
	return true;
}

static void fill_identity(struct libmktme_base *base,
			  struct ndctl_region *region,
			  struct ndctl_namespace *ndns)
{
	/* Without labels there is none, and libndctl does not check. */
	struct ndctl_interleave_set *set =
		ndctl_region_get_interleave_set(region);

	ndctl_namespace_get_uuid(ndns, base->label_uuid);
	if (set)
		base->interleave_set = ndctl_interleave_set_get_cookie(set);
	base->numa_node = ndctl_region_get_numa_node(region);
	snprintf(base->namespace_name, sizeof(base->namespace_name), "%s",
		 ndctl_namespace_get_devname(ndns));
	snprintf(base->region_name, sizeof(base->region_name), "%s",
		 ndctl_region_get_devname(region));
}

static bool search_bus(struct ndctl_bus *bus, const char *disk,
		       struct libmktme_base *base)
{
	struct ndctl_namespace *ndns;
	struct ndctl_region *region;

	ndctl_region_foreach(bus, region)
	{
		ndctl_namespace_foreach(region, ndns)
		{
			if (!match_namespace(ndns, disk, base))
				continue;
			fill_identity(base, region, ndns);
			return true;
		}
	}
	return false;
}

static int find_namespace(const char *disk, struct libmktme_base *base)
{
	struct ndctl_ctx *ctx;
	struct ndctl_bus *bus;
	bool is_found = false;
	int err;

	err = ndctl_new(&ctx);
	if (err)
		return err;
	ndctl_bus_foreach(ctx, bus)
	{
		is_found = search_bus(bus, disk, base);
		if (is_found)
			break;
	}
	ndctl_unref(ctx);
	if (!is_found) {
		libmktme_reason("not persistent memory");
		return -ENOTBLK;
	}
	if (base->phys == ULLONG_MAX || !base->phys) {
		libmktme_reason("its physical address cannot be read");
		libmktme_hint("only root may read physical addresses");
		return -EACCES;
	}
	return 0;
}

int libmktme_base_find(const char *path, struct libmktme_base *base)
{
	struct extent extent;
	struct stat st;
	int err;

	memset(base, 0, sizeof(*base));
	snprintf(base->path, sizeof(base->path), "%s", path);
	base->numa_node = -1;
	err = stat_block_device(path, &st);
	if (err)
		return err;
	base->major = major(st.st_rdev);
	base->minor = minor(st.st_rdev);
	err = find_extent(base, &extent);
	if (err)
		return err;
	err = find_namespace(extent.disk, base);
	base->phys += extent.start_sector * LIBMKTME_SECTOR_BYTES;
	return err;
}

/* ---- what it is good for ---- */

static bool has_mode(const struct libmktme_base *base, const char *mode)
{
	return !strcmp(base->mode, mode);
}

static void advise_fsdax(const struct libmktme_base *base)
{
	libmktme_hint(
		"'ndctl create-namespace -f -e %s --mode=fsdax' makes one that fits; it destroys what is there",
		base->namespace_name);
}

/* The kernel has no DAX for another one, and says so when it is too late. */
static int require_pages(const struct libmktme_base *base)
{
	if (!base->is_partition ||
	    !((base->phys | base->bytes) % LIBMKTME_PAGE_BYTES))
		return 0;
	libmktme_reason(
		"the partition does not begin and end on multiples of 4 KiB");
	libmktme_hint(
		"start and size have to be multiples of 8 sectors; tools that make partitions let you choose them");
	return -EOPNOTSUPP;
}

int libmktme_base_require_dax(const struct libmktme_base *base)
{
	if (has_mode(base, "fsdax") || has_mode(base, "raw"))
		return require_pages(base);
	libmktme_reason("%s is in %s mode; fsdax or raw mode is needed",
			base->namespace_name, base->mode);
	advise_fsdax(base);
	return -EOPNOTSUPP;
}

int libmktme_base_require_usable(const struct libmktme_base *base)
{
	int err = libmktme_base_require_dax(base);

	if (err || !uuid_is_null(base->label_uuid))
		return err;
	libmktme_reason("%s has no label, so nothing identifies it",
			base->namespace_name);
	libmktme_hint(
		"'ndctl disable-region %s', 'init-labels' of its DIMMs and 'enable-region' make room for labels; create the namespace anew then. All of the region is lost",
		base->region_name);
	return -EOPNOTSUPP;
}

static int stat_directory_of(const char *path, struct stat *st)
{
	char directory[PATH_MAX], name[LIBMKTME_NAME_BYTES];

	snprintf(directory, sizeof(directory), "%s%s",
		 strchr(path, '/') ? "" : "./", path);
	pop_component(directory, name, sizeof(name));
	return stat(directory[0] ? directory : "/", st);
}

/*
 * A path of the block device that a file is on, or will be when it is made, or
 * that the path names.
 */
static int path_of_device(const char *path, char *device, size_t size)
{
	struct stat st;
	dev_t number;

	if (stat(path, &st) && (errno != ENOENT || stat_directory_of(path, &st)))
		return -errno;
	number = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	snprintf(device, size, "/dev/block/%u:%u", major(number),
		 minor(number));
	return 0;
}

int libmktme_base_require_persistent(const struct libmktme_base *base,
				     const char *header)
{
	struct libmktme_base other;
	char device[64];

	if (!header) {
		libmktme_reason(
			"without TME bypass a header there would be unreadable after the next boot");
		libmktme_hint(
			"detach it (--header FILE); or put it into a window: 'mktmesetup open --type plaintext --device-size 4M %s NAME', then --header /dev/mapper/NAME; or enable 'TME bypass' in the BIOS set-up",
			base->path);
		return -EOPNOTSUPP;
	}
	if (!path_of_device(header, device, sizeof(device)) &&
	    !libmktme_base_find(device, &other)) {
		libmktme_reason(
			"without TME bypass '%s' would be unreadable after the next boot",
			header);
		libmktme_hint(
			"detach the header to a disk, or put it into a window");
		return -EOPNOTSUPP;
	}
	if (base->is_partition) {
		libmktme_reason(
			"without TME bypass the partition table would be unreadable after the next boot");
		libmktme_hint("use the whole namespace");
		return -EOPNOTSUPP;
	}
	if (has_mode(base, "raw"))
		return 0;
	libmktme_reason(
		"without TME bypass the info block of the namespace would be unreadable after the next boot");
	libmktme_hint(
		"'ndctl create-namespace -f -e %s --mode=raw' makes one that needs none; it destroys what is there",
		base->namespace_name);
	return -EOPNOTSUPP;
}

/* ---- numbers and names ---- */

void libmktme_base_path(const char *number, char *path, size_t size)
{
	char link[128], target[PATH_MAX];
	char name[LIBMKTME_NAME_BYTES];

	snprintf(link, sizeof(link), "/sys/dev/block/%s", number);
	if (!strchr(number, ':') || !realpath(link, target)) {
		snprintf(path, size, "%s", number);
		return;
	}
	pop_component(target, name, sizeof(name));
	snprintf(path, size, "/dev/%s", name);
}
