// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses a block device.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib_private.h"

static bool find_mount(unsigned int major, unsigned int minor, char *who,
		       size_t size)
{
	unsigned int mount_major, mount_minor;
	bool is_found = false;
	char point[PATH_MAX];
	char line[PATH_MAX + 256];
	FILE *file;

	file = fopen("/proc/self/mountinfo", "re");
	if (!file)
		return false;
	while (!is_found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*d %*d %u:%u %*s %4095s", &mount_major,
			   &mount_minor, point) != 3)
			continue;
		is_found = mount_major == major && mount_minor == minor;
	}
	fclose(file);
	if (is_found)
		snprintf(who, size, "mounted on %s", point);
	return is_found;
}

/* Another block device on top of it; device-mapper's have a name. */
static bool find_holder(unsigned int major, unsigned int minor, char *who,
			size_t size)
{
	char path[128], name_path[512], name[LIBMKTME_NAME_BYTES];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major,
		 minor);
	dir = opendir(path);
	if (!dir)
		return false;
	do {
		entry = readdir(dir);
	} while (entry && entry->d_name[0] == '.');
	if (entry) {
		snprintf(name_path, sizeof(name_path), "%s/%s/dm/name", path,
			 entry->d_name);
		if (libmktme_read_line(name_path, name, sizeof(name)))
			snprintf(name, sizeof(name), "%.64s", entry->d_name);
		snprintf(who, size, "held by '%s'", name);
	}
	closedir(dir);
	return entry;
}

void libmktme_explain_use(unsigned int major, unsigned int minor)
{
	char who[PATH_MAX + 16];

	if (find_mount(major, minor, who, sizeof(who)) ||
	    find_holder(major, minor, who, sizeof(who)))
		libmktme_reason("it is in use: %s", who);
	else
		libmktme_reason("it is in use");
}

/* ---- volumes on the same memory ---- */

struct search {
	const struct libmktme_base *base;
	uint64_t start;
	uint64_t end;
	int volumes;
	int zombies;
	char overlapping[LIBMKTME_NAME_BYTES];
	char zombie[LIBMKTME_WORD_BYTES];
};

static void look_at_volume(const struct libmktme_volume *volume, void *arg)
{
	const struct libmktme_table *table = &volume->table;
	struct search *search = arg;
	uint64_t start, end;

	if (!table->sectors || !libmktme_table_is_on(table, search->base))
		return;
	search->volumes++;
	start = table->offset * LIBMKTME_SECTOR_BYTES;
	end = start + table->sectors * LIBMKTME_SECTOR_BYTES;
	if (!table->has_no_verifier)
		start -= DM_MKTME_VERIFIER_BYTES;
	/* In front of all that the kernel may keep its struct pages. */
	if (volume->status.window_sectors)
		start = end -
			volume->status.window_sectors * LIBMKTME_SECTOR_BYTES;
	if (start < search->end && end > search->start)
		snprintf(search->overlapping, sizeof(search->overlapping), "%s",
			 volume->name);
}

/*
 * What has lost its table, or its memory, has device and range until its users are
 * gone.  The range may have been opened through a partition, or the whole device.
 */
static void look_at_window(const char *dir, const char *window, void *arg)
{
	struct search *search = arg;
	uint64_t start, end, phys = search->base->phys;
	char word[LIBMKTME_WORD_BYTES];

	libmktme_window_word(dir, window, "state", word, sizeof(word));
	if (strcmp(word, "zombie"))
		return;
	libmktme_window_word(dir, window, "base", word, sizeof(word));
	if (!strcmp(word, search->base->name))
		search->zombies++;
	start = libmktme_window_number(dir, window, "physical_base");
	end = start + libmktme_window_number(dir, window, "size");
	if (start < phys + search->end && end > phys + search->start)
		libmktme_window_word(dir, window, "disk", search->zombie,
				     sizeof(search->zombie));
}

static int count_holders(const struct libmktme_base *base)
{
	struct dirent *entry;
	char path[128];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders",
		 base->major, base->minor);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			count++;
	closedir(dir);
	return count;
}

/* What is beside the range is fine, if volumes alone, and what is left, have the device. */
static int check_holders(const struct libmktme_base *base, uint64_t start,
			 uint64_t end)
{
	struct search search = { .base = base, .start = start, .end = end };
	int count;

	count = libmktme_volume_foreach(look_at_volume, &search);
	if (count < 0)
		return count;
	if (search.overlapping[0]) {
		libmktme_reason("it is in use: held by '%s'",
				search.overlapping);
		return -EBUSY;
	}
	libmktme_window_foreach(LIBMKTME_SYSFS, look_at_window, &search);
	if (search.zombie[0]) {
		libmktme_reason("it is in use: what was on '%s' still has users; unmount it, stop its users",
				search.zombie);
		return -EBUSY;
	}
	if ((search.volumes || search.zombies) &&
	    search.volumes == count_holders(base))
		return 0;
	libmktme_explain_use(base->major, base->minor);
	return -EBUSY;
}

static int try_exclusively(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int libmktme_base_require_unused(const struct libmktme_base *base,
				 uint64_t start, uint64_t end)
{
	int err = try_exclusively(base->path);

	return err == -EBUSY ? check_holders(base, start, end) : err;
}

int libmktme_header_require_unused(const char *header)
{
	struct stat st;
	int err;

	if (stat(header, &st) || !S_ISBLK(st.st_mode))
		return 0;
	err = try_exclusively(header);
	if (err == -EBUSY)
		libmktme_explain_use(major(st.st_rdev), minor(st.st_rdev));
	return err;
}
