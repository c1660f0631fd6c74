// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device-mapper target for persistent memory that the memory controller
 * encrypts: bios and DAX mappings go through a window of nd_mktme.
 *
 * The table line, the status line and the verifier are described in
 * include/uapi/linux/dm-mktme.h.
 */

#include <linux/badblocks.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/device-mapper.h>
#include <linux/highmem.h>
#include <linux/libnvdimm.h>
#include <linux/mktme.h>
#include <linux/module.h>
#include <linux/nd.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <uapi/linux/dm-mktme.h>

#define DM_MSG_PREFIX "mktme"

#define ALIGN_SECTORS		(DM_MKTME_ALIGN_BYTES >> SECTOR_SHIFT)
#define VERIFIER_SECTORS	(DM_MKTME_VERIFIER_BYTES >> SECTOR_SHIFT)
#define LINES_PER_PAGE		(PAGE_SIZE / sizeof(struct mktme_verifier_line))

/* Of one DAX access if there are bad blocks, which are counted in unsigned int. */
#define DAX_PAGES_MAX		PHYS_PFN(SZ_1G)

#define MIN_ARGS		4
#define MAX_OPTIONS		3

/**
 * struct mktme_key_arg - <key> of a table line or a message
 * @type: of a key object, or NULL
 * @description: likewise
 * @ref: what the engine gets to know; points to the two above
 */
struct mktme_key_arg {
	char *type;
	char *description;
	struct mktme_key_ref ref;
};

/**
 * struct mktme_c - context of one target
 * @data_bytes: length of the data
 * @data: kernel address of the data, through the KeyID
 * @data_phys: physical address of the data, with the KeyID
 * @bad_blocks: of the base's disk
 * @user: this target, as the engine knows it
 * @md: the mapped device
 * @dev: the base
 * @dax_dev_copy: @dev as device-mapper shall see it if the base itself offers
 *	no DAX (raw namespaces): with a dax device of our own
 * @region: NVDIMM region of @dev, for flushing its write queues
 * @start: sector of @dev at which the data begins
 * @base: the memory below the window: its struct pages if they are there,
 *	verifier and data
 * @key: the key in the table line
 * @window: @base mapped through a KeyID that holds the key
 * @data_offset: from the beginning of the window to the data
 * @is_raw: the base is a raw namespace
 * @has_verifier: the 2 MiB before the data are the verifier
 * @init_verifier: write the verifier
 * @memmap_on_media: the window's struct pages are in the window itself
 *
 * What each access reads comes first, in one cache line.
 */
struct mktme_c {
	size_t data_bytes;
	void *data;
	phys_addr_t data_phys;
	struct badblocks *bad_blocks;
	struct mktme_user user;
	struct mapped_device *md;
	struct dm_dev *dev;
	struct dm_dev dax_dev_copy;
	struct nd_region *region;
	sector_t start;
	struct mktme_base base;
	struct mktme_key_arg key;
	struct mktme_window *window;
	size_t data_offset;
	bool is_raw;
	bool has_verifier;
	bool init_verifier;
	bool memmap_on_media;
};

static const char * const algorithm_names[MKTME_ALGORITHMS] = {
	[MKTME_AES_XTS_128] = DM_MKTME_ALG_XTS_128,
	[MKTME_AES_XTS_256] = DM_MKTME_ALG_XTS_256,
};

/*
 * Arguments, one function each
 */

static int parse_algorithm(struct mktme_c *mc, const char *arg, char **error)
{
	int i = match_string(algorithm_names, MKTME_ALGORITHMS, arg);

	if (i < 0) {
		*error = "<algorithm>: must be aes-xts-128 or aes-xts-256";
		return -EINVAL;
	}
	mc->key.ref.algorithm = i;
	return 0;
}

/*
 * ":<bytes>:<type>:<description>"; the description may contain colons.  Blanks
 * can be had by escaping, but user space's library escapes what it is given and
 * not what it prints: such a line could not be fed back.
 */
static int parse_key_object(struct mktme_key_arg *key, const char *arg,
			    char **error)
{
	const char *type, *description;
	char dummy;

	*error = "<key>: must be :<bytes>:<type>:<description>, random or plaintext";
	if (sscanf(arg, ":%u%c", &key->ref.bytes, &dummy) != 2 || dummy != ':')
		return -EINVAL;
	type = strchr(arg + 1, ':') + 1;
	description = strchr(type, ':');
	if (!description || !description[1])
		return -EINVAL;
	if (strpbrk(description, " \t\n")) {
		*error = "<key>: description must not contain blanks";
		return -EINVAL;
	}

	*error = "out of memory";
	key->type = kstrndup(type, description - type, GFP_KERNEL);
	key->description = kstrdup(description + 1, GFP_KERNEL);
	if (!key->type || !key->description)
		return -ENOMEM;
	key->ref.type = key->type;
	key->ref.description = key->description;
	return 0;
}

static int parse_key(struct mktme_key_arg *key, const char *arg, char **error)
{
	if (!strcmp(arg, DM_MKTME_KEY_RANDOM))
		key->ref.kind = MKTME_KEY_RANDOM;
	else if (!strcmp(arg, DM_MKTME_KEY_PLAINTEXT))
		key->ref.kind = MKTME_KEY_PLAINTEXT;
	else
		return parse_key_object(key, arg, error);
	return 0;
}

static void free_key(struct mktme_key_arg *key)
{
	kfree(key->description);
	kfree(key->type);
}

static int parse_device(struct mktme_c *mc, struct dm_target *ti,
			const char *arg, char **error)
{
	int r = dm_get_device(ti, arg, dm_table_get_mode(ti->table), &mc->dev);

	if (r)
		*error = "<device>: cannot be opened";
	return r;
}

static int parse_offset(struct mktme_c *mc, const char *arg, char **error)
{
	unsigned long long start;
	char dummy;

	if (sscanf(arg, "%llu%c", &start, &dummy) != 1 ||
	    start != (sector_t)start) {
		*error = "<offset>: must be a number of sectors";
		return -EINVAL;
	}
	mc->start = start;
	return 0;
}

static int parse_option(struct mktme_c *mc, const char *arg, char **error)
{
	if (!strcmp(arg, DM_MKTME_OPT_INIT_VERIFIER)) {
		mc->init_verifier = true;
	} else if (!strcmp(arg, DM_MKTME_OPT_NO_VERIFIER)) {
		mc->has_verifier = false;
	} else if (!strcmp(arg, DM_MKTME_OPT_DISCARD_KEY)) {
		mc->key.ref.discard = true;
	} else if (!strcmp(arg, DM_MKTME_OPT_MEMMAP_DEV)) {
		mc->memmap_on_media = true;
	} else {
		*error = "<option>: must be init_verifier, no_verifier, discard_key or memmap=dev";
		return -EINVAL;
	}
	return 0;
}

static int check_options(const struct mktme_c *mc, struct dm_target *ti)
{
	bool can_write = mc->user.may_write;

	if (mc->init_verifier && !mc->has_verifier)
		ti->error = "<option>: init_verifier and no_verifier exclude each other";
	else if (mc->init_verifier && !can_write)
		ti->error = "<option>: init_verifier needs a writable device";
	else if (mc->has_verifier && mc->key.ref.kind == MKTME_KEY_PLAINTEXT)
		ti->error = "<option>: a plaintext key needs no_verifier";
	else if (mc->key.ref.discard && mc->key.ref.kind != MKTME_KEY_OBJECT)
		ti->error = "<option>: discard_key needs a key object";
	else if (mc->memmap_on_media && !mc->has_verifier)
		ti->error = "<option>: memmap=dev writes to the media and needs the verifier";
	else if (mc->memmap_on_media && !can_write)
		ti->error = "<option>: memmap=dev needs a writable device";
	else
		return 0;
	return -EINVAL;
}

static int parse_options(struct mktme_c *mc, struct dm_target *ti,
			 struct dm_arg_set *as)
{
	static const struct dm_arg args[] = {
		{ 0, MAX_OPTIONS, "<#options>: must be 0 to 3, and as many must follow" },
	};
	unsigned int count = 0;
	int r;

	if (as->argc) {
		r = dm_read_arg_group(args, as, &count, &ti->error);
		if (r)
			return r;
	}
	while (count--) {
		r = parse_option(mc, dm_shift_arg(as), &ti->error);
		if (r)
			return r;
	}
	if (as->argc) {
		ti->error = "<option>: more options than <#options> says";
		return -EINVAL;
	}
	return check_options(mc, ti);
}

/*
 * The base: where its memory is
 */

static sector_t window_sector(const struct mktme_c *mc)
{
	return mc->start - (mc->data_offset >> SECTOR_SHIFT);
}

static void set_data_offset(struct mktme_c *mc, const struct dm_target *ti)
{
	size_t verifier = mc->has_verifier ? DM_MKTME_VERIFIER_BYTES : 0;

	mc->data_bytes = ti->len << SECTOR_SHIFT;
	if (mc->memmap_on_media)
		mc->base.memmap_bytes = mktme_memmap_bytes(verifier +
							   mc->data_bytes);
	mc->data_offset = mc->base.memmap_bytes + verifier;
	mc->base.bytes = mc->data_offset + mc->data_bytes;
}

static void hint_len(const struct mktme_c *mc, sector_t len)
{
	sector_t lower = round_down(len, ALIGN_SECTORS);

	DMERR("%pg: <len> %llu: the nearest valid ones are %llu and %llu",
	      mc->dev->bdev, (u64)len, (u64)(lower ?: ALIGN_SECTORS),
	      (u64)(lower + ALIGN_SECTORS));
}

static int check_range(const struct mktme_c *mc, const struct dm_target *ti,
		       char **error)
{
	sector_t device_sectors = bdev_nr_sectors(mc->dev->bdev);

	if (ti->begin) {
		*error = "<start>: must be 0";
		return -EINVAL;
	}
	if (!ti->len || ti->len % ALIGN_SECTORS) {
		hint_len(mc, ti->len);
		*error = "<len>: must be a multiple of 2 MiB (4096 sectors)";
		return -EINVAL;
	}
	if (mc->has_verifier && mc->start < VERIFIER_SECTORS) {
		*error = "<offset>: the verifier needs 2 MiB (4096 sectors) before it";
		return -EINVAL;
	}
	if (mc->start < mc->data_offset >> SECTOR_SHIFT) {
		DMERR("%pg: <offset> %llu: struct pages and verifier need %zu sectors before it",
		      mc->dev->bdev, (u64)mc->start,
		      mc->data_offset >> SECTOR_SHIFT);
		*error = "<offset>: too little room before it for memmap=dev";
		return -EINVAL;
	}
	if (mc->start > device_sectors || ti->len > device_sectors - mc->start) {
		*error = "<len>: reaches beyond the end of <device>";
		return -EINVAL;
	}
	return 0;
}

static bool is_raw_namespace(const struct device *dev)
{
	return dev->type && (!strcmp(dev->type->name, "nd_namespace_io") ||
			     !strcmp(dev->type->name, "nd_namespace_pmem"));
}

/*
 * Only a disk of the pmem driver has the NVDIMM bus above it; its parent is a
 * namespace or a pfn device, and the parent of that is the region.  A raw
 * namespace has no struct pages, so its disk has no DAX, and no dax_dev.
 */
static int find_region(struct mktme_c *mc, char **error)
{
	struct gendisk *disk = mc->dev->bdev->bd_disk;
	struct device *dev = mc->base.dev;
	bool has_dax = blk_queue_dax(disk->queue);

	if (!dev || !dev->bus || strcmp(dev->bus->name, "nd") ||
	    !dev->parent) {
		*error = "<device>: is not a pmem namespace";
		return -EOPNOTSUPP;
	}
	mc->is_raw = !has_dax && is_raw_namespace(dev);
	if (!mc->dev->dax_dev && !mc->is_raw) {
		*error = has_dax ?
			 "<device>: the partition is not aligned to 4 KiB" :
			 "<device>: the namespace is neither in fsdax nor in raw mode";
		return -EOPNOTSUPP;
	}
	if (!disk->bb) {
		*error = "<device>: has no list of bad blocks";
		return -EOPNOTSUPP;
	}
	mc->bad_blocks = disk->bb;
	mc->region = to_nd_region(dev->parent);
	if (!is_nvdimm_sync(mc->region)) {
		*error = "<device>: its flush is asynchronous (virtio-pmem)";
		return -EOPNOTSUPP;
	}
	mc->base.bdev = mc->dev->bdev;
	mc->base.nid = disk->node_id;
	return 0;
}

/*
 * An open disk may be deleted all the same, and no longer names its parent
 * then, which may be freed.  Its mutex keeps it from going just now.
 */
static int get_base_dev(struct mktme_c *mc, char **error)
{
	struct gendisk *disk = mc->dev->bdev->bd_disk;
	bool is_live;

	mutex_lock(&disk->open_mutex);
	is_live = disk_live(disk);
	if (is_live)
		mc->base.dev = get_device(disk_to_dev(disk)->parent);
	mutex_unlock(&disk->open_mutex);
	if (mc->base.dev)
		return 0;
	*error = is_live ? "<device>: is not a pmem namespace" :
			   "<device>: is being removed";
	return is_live ? -EOPNOTSUPP : -ENODEV;
}

/*
 * device-mapper asks each base for its dax device.  That of a raw namespace is
 * not offered, so it gets one of ours, which is never used for data.
 */
static int set_up_raw_dax(struct mktme_c *mc, char **error)
{
	struct dax_device *dax_dev;

	if (!mc->is_raw)
		return 0;
	dax_dev = alloc_dax(mc, NULL);
	if (IS_ERR(dax_dev)) {
		*error = "<device>: cannot have a dax device";
		return PTR_ERR(dax_dev);
	}
	set_dax_synchronous(dax_dev);
	dax_write_cache(dax_dev, nvdimm_has_cache(mc->region));
	mc->dax_dev_copy = *mc->dev;
	mc->dax_dev_copy.dax_dev = dax_dev;
	return 0;
}

/*
 * One page in recovery mode: asking for more, or for access, fails if there is
 * a bad block anywhere in it.
 */
static int find_page(const struct mktme_c *mc, sector_t sector, void **kaddr,
		     phys_addr_t *phys, char **error)
{
	pgoff_t pgoff = (get_start_sect(mc->dev->bdev) + sector) >>
			PAGE_SECTORS_SHIFT;
	dax_pfn_t pfn;
	long r;
	int id;

	id = dax_read_lock();
	r = dax_direct_access(mc->dev->dax_dev, pgoff, 1, DAX_RECOVERY_WRITE,
			      kaddr, &pfn);
	dax_read_unlock(id);
	if (r != 1) {
		*error = "<device>: its memory cannot be accessed";
		return r < 0 ? r : -EIO;
	}
	*phys = dax_pfn_to_phys(pfn);
	return 0;
}

static void hint_offset(const struct mktme_c *mc)
{
	phys_addr_t phys = mc->base.phys + mc->data_offset;
	sector_t misaligned = (phys & (DM_MKTME_ALIGN_BYTES - 1)) >>
			      SECTOR_SHIFT;

	if (misaligned)
		DMERR("%pg: sector %llu is at physical address %pa; the next valid <offset> is %llu",
		      mc->dev->bdev, mc->start, &phys,
		      mc->start + ALIGN_SECTORS - misaligned);
}

static int find_raw_base(struct mktme_c *mc)
{
	const struct nd_namespace_io *nsio = to_nd_namespace_io(mc->base.dev);
	sector_t sector = get_start_sect(mc->dev->bdev) + window_sector(mc);

	mc->base.phys = nsio->res.start + ((u64)sector << SECTOR_SHIFT);
	return 0;
}

static int find_fsdax_base(struct mktme_c *mc, char **error)
{
	struct mktme_base *base = &mc->base;
	sector_t first = window_sector(mc);
	sector_t last = first + (base->bytes >> SECTOR_SHIFT) - PAGE_SECTORS;
	phys_addr_t last_phys;
	void *last_kaddr;
	int r;

	r = find_page(mc, first, &base->kaddr, &base->phys, error);
	if (r)
		return r;
	r = find_page(mc, last, &last_kaddr, &last_phys, error);
	if (r)
		return r;
	if (last_phys != base->phys + base->bytes - PAGE_SIZE ||
	    last_kaddr != base->kaddr + base->bytes - PAGE_SIZE) {
		*error = "<device>: its memory is not contiguous";
		return -EOPNOTSUPP;
	}
	return 0;
}

static int find_base(struct mktme_c *mc, char **error)
{
	int r;

	if (mc->start % PAGE_SECTORS) {
		*error = "<offset>: must be a multiple of 8 sectors";
		return -EINVAL;
	}
	r = mc->is_raw ? find_raw_base(mc) : find_fsdax_base(mc, error);
	if (r)
		return r;
	if (!IS_ALIGNED(mc->base.phys, DM_MKTME_ALIGN_BYTES)) {
		hint_offset(mc);
		*error = "<offset>: its physical address must be a multiple of 2 MiB";
		return -EINVAL;
	}
	return 0;
}

/*
 * Bad blocks.  The list of a pmem disk counts from where its data begin,
 * partitions included.
 */

/* Return: sectors from @sector to the end of the first bad block, 0 for none */
static unsigned int find_bad_block(const struct mktme_c *mc, sector_t sector,
				   unsigned int sectors, unsigned int *bad)
{
	sector_t first, count;

	sector += get_start_sect(mc->dev->bdev);
	if (!badblocks_check(mc->bad_blocks, sector, sectors, &first, &count))
		return 0;
	if (first < sector) {
		count -= sector - first;
		first = sector;
	}
	*bad = min_t(sector_t, count, sectors - (first - sector));
	return first - sector + *bad;
}

static bool has_bad_blocks(const struct mktme_c *mc)
{
	return unlikely(mc->bad_blocks->count);
}

/*
 * @offset counts from the beginning of the data; @bytes is that of a bio or of
 * one DAX write, 2 GiB at most.
 */
static bool has_bad_block(const struct mktme_c *mc, size_t offset, size_t bytes)
{
	unsigned int bad;

	return has_bad_blocks(mc) &&
	       find_bad_block(mc, mc->start + (offset >> SECTOR_SHIFT),
			      bytes >> SECTOR_SHIFT, &bad);
}

/* Verifier and struct pages are read and written without being asked for. */
static int check_bad_blocks(const struct mktme_c *mc, char **error)
{
	unsigned int bad, skip;

	if (!mc->data_offset || !has_bad_blocks(mc))
		return 0;
	skip = find_bad_block(mc, window_sector(mc),
			      mc->data_offset >> SECTOR_SHIFT, &bad);
	if (!skip)
		return 0;
	DMERR("%pg: bad block at sector %llu, in the verifier or its struct pages",
	      mc->dev->bdev, (u64)(window_sector(mc) + skip - bad));
	*error = "<device>: media error in the verifier";
	return -EIO;
}

/*
 * The media is repaired below, and what is there afterwards is noise: the
 * caller writes through the window, and has promised nothing before that.
 */
static int repair(const struct mktme_c *mc, size_t offset, size_t bytes)
{
	struct block_device *bdev = mc->dev->bdev;
	sector_t sector = mc->start + (offset >> SECTOR_SHIFT);
	int r;

	r = mktme_window_clear_poison(mc->window, mc->data_offset + offset,
				      bytes);
	if (r) {
		DMERR_LIMIT("%pg: bad block near sector %llu could not be repaired",
			    bdev, (u64)sector);
		return r;
	}
	badblocks_clear(mc->bad_blocks, get_start_sect(bdev) + sector,
			bytes >> SECTOR_SHIFT);
	return 0;
}

/*
 * The verifier
 */

static void fill_line(struct mktme_verifier_line *line, u32 index,
		      u64 data_sectors)
{
	memset(line, 0, sizeof(*line));
	memcpy(line->magic, DM_MKTME_VERIFIER_MAGIC, sizeof(line->magic));
	line->version = cpu_to_le32(DM_MKTME_VERIFIER_VERSION);
	line->index = cpu_to_le32(index);
	line->data_sectors = cpu_to_le64(data_sectors);
}

static int write_verifier(const struct mktme_c *mc, u64 data_sectors)
{
	struct mktme_verifier_line line;
	void *kaddr = mktme_window_kaddr(mc->window) + mc->base.memmap_bytes;
	u32 i;

	for (i = 0; i < DM_MKTME_VERIFIER_LINES; i++) {
		fill_line(&line, i, data_sectors);
		memcpy_flushcache(kaddr + i * sizeof(line), &line,
				  sizeof(line));
	}
	return nvdimm_flush(mc->region, NULL);
}

/* What was found in the lines of a verifier */
struct verifier_findings {
	unsigned int unencrypted;
	unsigned int wrong;
	unsigned int other_length;
	u32 first_wrong;
};

/* @expected: right, but for what differs from line to line and volume to volume */
static void inspect_line(const struct mktme_verifier_line *line,
			 struct mktme_verifier_line *expected, u32 index,
			 u64 data_sectors, struct verifier_findings *found)
{
	expected->index = cpu_to_le32(index);
	expected->data_sectors = line->data_sectors;
	if (memcmp(line, expected, sizeof(*expected))) {
		if (!found->wrong++)
			found->first_wrong = index;
		return;
	}
	if (line->data_sectors != cpu_to_le64(data_sectors))
		found->other_length++;
}

/*
 * Without a verifier nobody knows what the lines should be, but they must not look
 * the same through the KeyID and raw.
 *
 * The copies survive a machine check, where a load of the media would not.
 */
static int inspect_page(const struct mktme_c *mc, const void *page,
			const void *raw_page, u32 index, u64 data_sectors,
			struct mktme_verifier_line *line,
			struct mktme_verifier_line *raw,
			struct verifier_findings *found)
{
	struct mktme_verifier_line expected;
	unsigned int i;

	fill_line(&expected, 0, 0);
	if (copy_mc_to_kernel(line, page, PAGE_SIZE) ||
	    copy_mc_to_kernel(raw, raw_page, PAGE_SIZE))
		return -EIO;
	for (i = 0; i < LINES_PER_PAGE; i++) {
		found->unencrypted += !memcmp(&line[i], &raw[i], sizeof(*line));
		if (mc->has_verifier)
			inspect_line(&line[i], &expected, index + i,
				     data_sectors, found);
	}
	return 0;
}

/*
 * Both views are flushed first, so that the media is read and not a cache.  Data
 * that cannot be read tell nothing; a verifier has no bad blocks by now.
 */
static int inspect(const struct mktme_c *mc, struct mktme_window *window,
		   size_t window_offset, struct mktme_raw *raw,
		   u64 data_sectors, struct verifier_findings *found)
{
	const void *page = mktme_window_kaddr(window) + window_offset;
	const void *raw_page = mktme_raw_kaddr(raw);
	struct mktme_verifier_line *lines;
	size_t offset;
	int r = 0;

	lines = kvmalloc(2 * PAGE_SIZE, GFP_KERNEL);
	if (!lines)
		return -ENOMEM;
	mktme_window_flush(window, window_offset, DM_MKTME_VERIFIER_BYTES);
	mktme_raw_flush(raw, DM_MKTME_VERIFIER_BYTES);
	for (offset = 0; !r && offset < DM_MKTME_VERIFIER_BYTES;
	     offset += PAGE_SIZE) {
		if (!mc->has_verifier && has_bad_block(mc, offset, PAGE_SIZE))
			continue;
		r = inspect_page(mc, page + offset, raw_page + offset,
				 offset / sizeof(*lines), data_sectors, lines,
				 lines + LINES_PER_PAGE, found);
		if (!mc->has_verifier)
			r = 0;
	}
	mktme_raw_flush(raw, DM_MKTME_VERIFIER_BYTES);
	kvfree(lines);
	return r;
}

static int judge(const struct mktme_c *mc,
		 const struct verifier_findings *found, char **error)
{
	phys_addr_t wrong = mc->base.phys + mc->base.memmap_bytes +
			    found->first_wrong *
			    sizeof(struct mktme_verifier_line);

	if (found->unencrypted) {
		DMERR("%pg: %u of %zu lines of the %s are the same on the media",
		      mc->dev->bdev, found->unencrypted,
		      DM_MKTME_VERIFIER_LINES,
		      mc->has_verifier ? "verifier" : "data");
		*error = "<device>: the memory is not being encrypted";
		return -EPROTO;
	}
	if (found->wrong) {
		DMERR("%pg: %u of %zu lines of the verifier do not match, first at %pa",
		      mc->dev->bdev, found->wrong, DM_MKTME_VERIFIER_LINES,
		      &wrong);
		*error = "<key>: does not match the verifier: wrong key, or the data have moved";
		return -EKEYREJECTED;
	}
	if (found->other_length) {
		*error = "<len>: is not the one that the verifier was made for";
		return -ESTALE;
	}
	return 0;
}

/* The verifier, or what is in its place, as a base of its own */
static struct mktme_base verifier_base(const struct mktme_c *mc)
{
	struct mktme_base base = mc->base;

	base.phys += base.memmap_bytes;
	if (base.kaddr)
		base.kaddr += base.memmap_bytes;
	base.memmap_bytes = 0;
	base.bytes = DM_MKTME_VERIFIER_BYTES;
	return base;
}

static int check_verifier(const struct mktme_c *mc, struct mktme_window *window,
			  size_t window_offset, u64 data_sectors, char **error)
{
	struct mktme_base base = verifier_base(mc);
	struct verifier_findings found = { 0 };
	struct mktme_raw *raw;
	int r;

	raw = mktme_raw_map(&base, (const char **)error);
	if (IS_ERR(raw))
		return PTR_ERR(raw);
	r = inspect(mc, window, window_offset, raw, data_sectors, &found);
	mktme_raw_unmap(raw);
	if (r) {
		*error = r == -EIO ? "<device>: media error in the verifier" :
				     "out of memory";
		return r;
	}
	return judge(mc, &found, error);
}

/*
 * Mapping a window with its struct pages on the media writes them there.  So
 * see first, through a window of the verifier alone, that it is the right key
 * and the right place.
 */
static int check_verifier_alone(const struct mktme_c *mc, u64 data_sectors,
				char **error)
{
	struct mktme_base base = verifier_base(mc);
	struct mktme_user user = { .disk = mc->user.disk };
	struct mktme_window *window;
	int r;

	window = mktme_window_map(&base, &mc->key.ref, &user,
				  (const char **)error);
	if (IS_ERR(window))
		return PTR_ERR(window);
	r = check_verifier(mc, window, 0, data_sectors, error);
	mktme_window_unmap(window, &user);
	return r;
}

/*
 * Constructor and destructor
 */

static int map_window(struct mktme_c *mc, struct dm_target *ti)
{
	const char **error = (const char **)&ti->error;
	int r;

	if (mc->memmap_on_media) {
		mc->window = mktme_window_share(&mc->base, &mc->key.ref,
						&mc->user, error);
		if (mc->window)
			return PTR_ERR_OR_ZERO(mc->window);
		if (!mc->init_verifier) {
			r = check_verifier_alone(mc, ti->len, &ti->error);
			if (r)
				return r;
		}
	}
	mc->window = mktme_window_map(&mc->base, &mc->key.ref, &mc->user,
				      error);
	return PTR_ERR_OR_ZERO(mc->window);
}

static int open_window(struct mktme_c *mc, struct dm_target *ti)
{
	int r;

	r = map_window(mc, ti);
	if (r)
		return r;
	mc->data = mktme_window_kaddr(mc->window) + mc->data_offset;
	mc->data_phys = mktme_window_phys(mc->window) + mc->data_offset;
	if (mktme_user_is_gone(&mc->user)) {
		ti->error = "<device>: is being removed";
		return -ENODEV;
	}
	if (mc->init_verifier) {
		r = write_verifier(mc, ti->len);
		if (r) {
			ti->error = "<device>: the verifier cannot be flushed";
			return r;
		}
	}
	if (mc->key.ref.kind == MKTME_KEY_PLAINTEXT)
		return 0;
	return check_verifier(mc, mc->window, mc->base.memmap_bytes, ti->len,
			      &ti->error);
}

/* Accepts a context of which any suffix has not been built. */
static void mktme_dtr(struct dm_target *ti)
{
	struct mktme_c *mc = ti->private;

	if (!IS_ERR_OR_NULL(mc->window))
		mktme_window_unmap(mc->window, &mc->user);
	if (mc->dax_dev_copy.dax_dev) {
		kill_dax(mc->dax_dev_copy.dax_dev);
		put_dax(mc->dax_dev_copy.dax_dev);
	}
	put_device(mc->base.dev);
	if (mc->dev)
		dm_put_device(ti, mc->dev);
	free_key(&mc->key);
	kfree(mc);
}

static int parse(struct mktme_c *mc, struct dm_target *ti,
		 struct dm_arg_set *as)
{
	int r;

	r = parse_algorithm(mc, dm_shift_arg(as), &ti->error);
	if (r)
		return r;
	r = parse_key(&mc->key, dm_shift_arg(as), &ti->error);
	if (r)
		return r;
	r = parse_device(mc, ti, dm_shift_arg(as), &ti->error);
	if (r)
		return r;
	r = parse_offset(mc, dm_shift_arg(as), &ti->error);
	if (r)
		return r;
	return parse_options(mc, ti, as);
}

/* The base stays as it is while its device is locked. */
static int look_at_base(struct mktme_c *mc, char **error)
{
	int r;

	if (!disk_live(mc->dev->bdev->bd_disk)) {
		*error = "<device>: is being removed";
		return -ENODEV;
	}
	r = find_region(mc, error);
	if (r)
		return r;
	r = find_base(mc, error);
	if (r)
		return r;
	r = check_bad_blocks(mc, error);
	if (r)
		return r;
	return set_up_raw_dax(mc, error);
}

static int find_and_look_at_base(struct mktme_c *mc, char **error)
{
	int r;

	r = get_base_dev(mc, error);
	if (r)
		return r;
	r = device_lock_interruptible(mc->base.dev);
	if (r) {
		*error = "<device>: interrupted while waiting for it";
		return r;
	}
	r = look_at_base(mc, error);
	device_unlock(mc->base.dev);
	return r;
}

static int construct(struct mktme_c *mc, struct dm_target *ti,
		     struct dm_arg_set *as)
{
	int r;

	r = parse(mc, ti, as);
	if (r)
		return r;
	set_data_offset(mc, ti);
	r = check_range(mc, ti, &ti->error);
	if (r)
		return r;
	r = find_and_look_at_base(mc, &ti->error);
	if (r)
		return r;
	r = open_window(mc, ti);
	if (r)
		return r;
	mktme_window_publish(mc->window, &mc->user);
	return 0;
}

/* A device that is being removed has no name any more. */
static void mktme_name(struct mktme_user *user, char *name)
{
	struct mktme_c *mc = container_of(user, struct mktme_c, user);
	char current_name[DM_NAME_LEN];

	BUILD_BUG_ON(MKTME_NAME_BYTES < DM_NAME_LEN);
	if (!dm_copy_name_and_uuid(mc->md, current_name, NULL))
		strscpy(name, current_name, MKTME_NAME_BYTES);
}

static int mktme_memory_failure(struct mktme_user *user, u64 offset, u64 bytes,
				int flags);

static const struct mktme_user_ops mktme_user_ops = {
	.name = mktme_name,
	.memory_failure = mktme_memory_failure,
};

static int mktme_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct dm_arg_set as = { .argc = argc, .argv = argv };
	struct mktme_c *mc;
	int r;

	if (argc < MIN_ARGS) {
		ti->error = "needs <algorithm> <key> <device> <offset>";
		return -EINVAL;
	}
	mc = kzalloc(sizeof(*mc), GFP_KERNEL);
	if (!mc) {
		ti->error = "out of memory";
		return -ENOMEM;
	}
	mc->has_verifier = true;
	mc->user.ops = &mktme_user_ops;
	mc->md = dm_table_get_md(ti->table);
	mc->user.disk = dm_disk(mc->md);
	mc->user.may_write = dm_table_get_mode(ti->table) & BLK_OPEN_WRITE;
	ti->private = mc;
	r = construct(mc, ti, &as);
	if (r) {
		mktme_dtr(ti);
		return r;
	}
	ti->error = NULL;
	ti->num_flush_bios = 1;
	ti->flush_supported = true;
	return 0;
}

/*
 * I/O.  No lock is taken: device-mapper keeps the table while these run.  DAX
 * operations are called inside dax_read_lock(), and cannot wait for the machine
 * to wake up.  The target begins at sector 0: offsets are the mapped device's.
 */

static bool is_inside(const struct mktme_c *mc, size_t offset, size_t bytes)
{
	return offset <= mc->data_bytes && bytes <= mc->data_bytes - offset;
}

static blk_status_t copy_segment(const struct mktme_c *mc, struct bio_vec *bv,
				 size_t offset, bool is_write)
{
	void *media = mc->data + offset;
	blk_status_t status = BLK_STS_OK;
	void *buffer;

	if (!is_inside(mc, offset, bv->bv_len))
		return BLK_STS_IOERR;
	if (has_bad_block(mc, offset, bv->bv_len) &&
	    (!is_write || repair(mc, offset, bv->bv_len)))
		return BLK_STS_IOERR;
	buffer = bvec_kmap_local(bv);
	if (is_write)
		memcpy_flushcache(media, buffer, bv->bv_len);
	else if (copy_mc_to_kernel(buffer, media, bv->bv_len))
		status = BLK_STS_IOERR;
	kunmap_local(buffer);
	return status;
}

/*
 * Stores of this CPU are fenced by nvdimm_flush(), before the bio completes.  A
 * flush that the core sends has no data.
 */
static blk_status_t copy_bio(const struct mktme_c *mc, struct bio *bio,
			     size_t offset)
{
	bool is_write = op_is_write(bio_op(bio));
	blk_status_t status;
	struct bvec_iter iter;
	struct bio_vec bv;

	bio_for_each_segment(bv, bio, iter) {
		status = copy_segment(mc, &bv, offset, is_write);
		if (status)
			return status;
		offset += bv.bv_len;
	}
	if (bio->bi_opf & (REQ_PREFLUSH | REQ_FUA))
		return errno_to_blk_status(nvdimm_flush(mc->region, NULL));
	return BLK_STS_OK;
}

/*
 * The engine waits for whoever holds dax_read_lock(), so one who is to be waited
 * for does not wait inside for the machine to wake up.
 */
static bool begin_access(struct mktme_c *mc, int *id)
{
	*id = dax_read_lock();
	while (!mktme_user_enter(&mc->user)) {
		dax_read_unlock(*id);
		if (mktme_user_is_gone(&mc->user))
			return false;
		mktme_user_wait(&mc->user);
		*id = dax_read_lock();
	}
	return true;
}

/*
 * The block layer only warns of writes to a disk that is read-only.  A flush
 * writes nothing.
 */
static bool is_allowed(const struct mktme_c *mc, const struct bio *bio)
{
	return bio_op(bio) == REQ_OP_READ ||
	       (bio_op(bio) == REQ_OP_WRITE &&
		(mc->user.may_write || !bio_sectors(bio)));
}

static int mktme_map(struct dm_target *ti, struct bio *bio)
{
	struct mktme_c *mc = ti->private;
	size_t offset;
	int id;

	if (!is_allowed(mc, bio) || !begin_access(mc, &id))
		return DM_MAPIO_KILL;
	offset = dm_target_offset(ti, bio->bi_iter.bi_sector) << SECTOR_SHIFT;
	bio->bi_status = copy_bio(mc, bio, offset);
	dax_read_unlock(id);
	bio_endio(bio);
	return DM_MAPIO_SUBMITTED;
}

#if IS_ENABLED(CONFIG_FS_DAX)
static bool may_write(struct mktme_c *mc)
{
	return mc->user.may_write && mktme_user_enter(&mc->user);
}

/*
 * Up to the first bad block, and in recovery page by page from there on: the
 * firmware does not clear large ranges reliably.  Not inline, since each access
 * would have its stack protected for the sake of @bad.
 */
static noinline long pages_to_bad_block(const struct mktme_c *mc, size_t offset,
					long nr_pages,
					enum dax_access_mode mode)
{
	sector_t sector = mc->start + (offset >> SECTOR_SHIFT);
	unsigned int bad, skip;

	nr_pages = min_t(long, nr_pages, DAX_PAGES_MAX);
	skip = find_bad_block(mc, sector, nr_pages << PAGE_SECTORS_SHIFT, &bad);
	if (!skip)
		return nr_pages;
	if (mode != DAX_RECOVERY_WRITE)
		return -DAX_EHWPOISON;
	return max_t(long, 1, (skip - bad) >> PAGE_SECTORS_SHIFT);
}

static long mktme_dax_direct_access(struct dm_target *ti, pgoff_t pgoff,
				    long nr_pages, enum dax_access_mode mode,
				    void **kaddr, dax_pfn_t *pfn)
{
	struct mktme_c *mc = ti->private;
	size_t offset = PFN_PHYS(pgoff);

	if (!mktme_user_enter(&mc->user))
		return -EIO;
	if (offset >= mc->data_bytes)
		return -ERANGE;
	nr_pages = min_t(long, nr_pages, PHYS_PFN(mc->data_bytes - offset));
	if (has_bad_blocks(mc)) {
		nr_pages = pages_to_bad_block(mc, offset, nr_pages, mode);
		if (nr_pages < 0)
			return nr_pages;
	}
	if (kaddr)
		*kaddr = mc->data + offset;
	if (pfn)
		*pfn = phys_to_dax_pfn(mc->data_phys + offset);
	return nr_pages;
}

static void zero(void *addr, size_t bytes)
{
	for (; bytes > PAGE_SIZE; bytes -= PAGE_SIZE, addr += PAGE_SIZE)
		memcpy_flushcache(addr, page_address(ZERO_PAGE(0)), PAGE_SIZE);
	memcpy_flushcache(addr, page_address(ZERO_PAGE(0)), bytes);
}

static int mktme_dax_zero_page_range(struct dm_target *ti, pgoff_t pgoff,
				     size_t nr_pages)
{
	struct mktme_c *mc = ti->private;
	size_t offset = PFN_PHYS(pgoff);
	size_t bytes = nr_pages << PAGE_SHIFT;

	if (!may_write(mc) || !is_inside(mc, offset, bytes))
		return -EIO;
	if (has_bad_block(mc, offset, bytes) && repair(mc, offset, bytes))
		return -EIO;
	zero(mc->data + offset, bytes);
	return 0;
}

/*
 * Poison is cleared by the page, so parts of pages cannot be recovered.  Of what was
 * repaired nothing may stay noise, even if the caller's memory ends.
 */
static size_t mktme_dax_recovery_write(struct dm_target *ti, pgoff_t pgoff,
				       void *addr, size_t bytes,
				       struct iov_iter *i)
{
	struct mktme_c *mc = ti->private;
	size_t offset = PFN_PHYS(pgoff);
	size_t repair_bytes = PAGE_ALIGN(offset_in_page(addr) + bytes);
	bool is_bad;
	size_t done;

	if (!may_write(mc) || !is_inside(mc, offset, repair_bytes))
		return 0;
	is_bad = has_bad_block(mc, offset, repair_bytes);
	if (is_bad && (repair_bytes != bytes || repair(mc, offset, bytes)))
		return 0;
	done = _copy_from_iter_flushcache(addr, bytes, i);
	if (is_bad)
		zero(addr + done, bytes - done);
	return done;
}

/*
 * Whoever holds the mapped device's dax device, a file system, knows who has
 * data there.  The target fills the device, so both count from the same place.
 */
static int mktme_memory_failure(struct mktme_user *user, u64 offset, u64 bytes,
				int flags)
{
	struct mktme_c *mc = container_of(user, struct mktme_c, user);
	struct dax_device *dax_dev;
	u64 start;
	int r;

	if (offset < mc->data_offset)
		return -EOPNOTSUPP;
	dax_dev = fs_dax_get_by_bdev(user->disk->part0, &start, NULL, NULL);
	if (!dax_dev)
		return -EOPNOTSUPP;
	r = dax_holder_notify_failure(dax_dev, offset - mc->data_offset, bytes,
				      flags);
	fs_put_dax(dax_dev, NULL);
	return r;
}
#else
#define mktme_dax_direct_access NULL
#define mktme_dax_zero_page_range NULL
#define mktme_dax_recovery_write NULL

static int mktme_memory_failure(struct mktme_user *user, u64 offset, u64 bytes,
				int flags)
{
	return -EOPNOTSUPP;
}
#endif

/*
 * Status
 */

/* The list of bad blocks goes with the base. */
static u64 bad_sectors(struct mktme_c *mc)
{
	sector_t sector = 0, sectors = mc->data_bytes >> SECTOR_SHIFT;
	unsigned int step, skip, bad;
	u64 count = 0;

	if (!mktme_window_pin(mc->window, &mc->user))
		return 0;
	while (has_bad_blocks(mc) && sector < sectors) {
		step = min_t(sector_t, sectors - sector, INT_MAX);
		skip = find_bad_block(mc, mc->start + sector, step, &bad);
		sector += skip ?: step;
		count += skip ? bad : 0;
	}
	mktme_window_unpin(mc->window, &mc->user);
	return count;
}

static void emit_info(struct mktme_c *mc, char *result, unsigned int maxlen)
{
	unsigned int programmed, online, sz = 0;

	programmed = mktme_window_packages(mc->window, &online);
	DMEMIT("%u %u/%u %s %llu %llu %s", mktme_window_keyid(mc->window),
	       programmed, online, mc->has_verifier ? "verified" : "none",
	       (u64)mc->base.bytes >> SECTOR_SHIFT, bad_sectors(mc),
	       mktme_user_is_gone(&mc->user) ? "gone" : "active");
}

static unsigned int emit_key(const struct mktme_c *mc, char *result,
			     unsigned int maxlen)
{
	unsigned int sz = 0;

	switch (mc->key.ref.kind) {
	case MKTME_KEY_OBJECT:
		DMEMIT(":%u:%s:%s", mc->key.ref.bytes, mc->key.type,
		       mc->key.description);
		break;
	case MKTME_KEY_RANDOM:
		DMEMIT(DM_MKTME_KEY_RANDOM);
		break;
	case MKTME_KEY_PLAINTEXT:
		DMEMIT(DM_MKTME_KEY_PLAINTEXT);
		break;
	}
	return sz;
}

/* "init_verifier" is not repeated: what was written once is checked. */
static void emit_table(struct mktme_c *mc, char *result, unsigned int maxlen)
{
	unsigned int options = !mc->has_verifier + mc->key.ref.discard +
			       mc->memmap_on_media;
	unsigned int sz = 0;

	DMEMIT("%s ", algorithm_names[mc->key.ref.algorithm]);
	sz += emit_key(mc, result + sz, maxlen - sz);
	DMEMIT(" %s %llu", mc->dev->name, (u64)mc->start);
	if (options)
		DMEMIT(" %u", options);
	if (!mc->has_verifier)
		DMEMIT(" %s", DM_MKTME_OPT_NO_VERIFIER);
	if (mc->key.ref.discard)
		DMEMIT(" %s", DM_MKTME_OPT_DISCARD_KEY);
	if (mc->memmap_on_media)
		DMEMIT(" %s", DM_MKTME_OPT_MEMMAP_DEV);
}

static const char *ima_key_type(const struct mktme_c *mc)
{
	switch (mc->key.ref.kind) {
	case MKTME_KEY_RANDOM:
		return DM_MKTME_KEY_RANDOM;
	case MKTME_KEY_PLAINTEXT:
		return DM_MKTME_KEY_PLAINTEXT;
	default:
		return mc->key.type;
	}
}

static void emit_ima(struct mktme_c *mc, struct dm_target *ti, char *result,
		     unsigned int maxlen)
{
	unsigned int sz = 0;

	DMEMIT_TARGET_NAME_VERSION(ti->type);
	DMEMIT(",algorithm=%s,key_type=%s,offset=%llu,verifier=%c;",
	       algorithm_names[mc->key.ref.algorithm], ima_key_type(mc),
	       (u64)mc->start, mc->has_verifier ? 'y' : 'n');
}

static void mktme_status(struct dm_target *ti, status_type_t type,
			 unsigned int status_flags, char *result,
			 unsigned int maxlen)
{
	struct mktme_c *mc = ti->private;

	switch (type) {
	case STATUSTYPE_INFO:
		emit_info(mc, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		emit_table(mc, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		emit_ima(mc, ti, result, maxlen);
		break;
	}
}

/*
 * Messages
 */

static int supply_key(struct mktme_c *mc, const char *arg)
{
	struct mktme_key_arg key = {
		.ref.algorithm = mc->key.ref.algorithm,
	};
	char *error = "";
	int r;

	r = parse_key(&key, arg, &error);
	if (!r && key.ref.kind != MKTME_KEY_OBJECT) {
		error = "<key>: must be :<bytes>:<type>:<description>";
		r = -EINVAL;
	}
	if (!r)
		r = mktme_window_rebind(mc->window, &mc->user, &key.ref,
					(const char **)&error);
	if (r)
		DMERR("%s: rebind: %s", mc->dev->name, error);
	free_key(&key);
	return r;
}

static int mktme_message(struct dm_target *ti, unsigned int argc, char **argv,
			 char *result, unsigned int maxlen)
{
	if (argc == 2 && !strcasecmp(argv[0], DM_MKTME_MSG_REBIND))
		return supply_key(ti->private, argv[1]);
	DMERR("message: must be \"rebind <key>\"");
	return -EINVAL;
}

static int mktme_iterate_devices(struct dm_target *ti,
				 iterate_devices_callout_fn fn, void *data)
{
	struct mktme_c *mc = ti->private;

	return fn(ti, mc->is_raw ? &mc->dax_dev_copy : mc->dev, mc->start,
		  ti->len, data);
}

/* Pages are what is copied and mapped; smaller I/O works, but need not. */
static void mktme_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	limits->physical_block_size = PAGE_SIZE;
	limits->io_min = PAGE_SIZE;
}

static struct target_type mktme_target = {
	.name			= DM_MKTME_TARGET_NAME,
	.version		= { DM_MKTME_VERSION_MAJOR,
				    DM_MKTME_VERSION_MINOR,
				    DM_MKTME_VERSION_PATCH },
	.features		= DM_TARGET_SINGLETON | DM_TARGET_NOWAIT,
	.module			= THIS_MODULE,
	.ctr			= mktme_ctr,
	.dtr			= mktme_dtr,
	.map			= mktme_map,
	.status			= mktme_status,
	.message		= mktme_message,
	.iterate_devices	= mktme_iterate_devices,
	.io_hints		= mktme_io_hints,
	.direct_access		= mktme_dax_direct_access,
	.dax_zero_page_range	= mktme_dax_zero_page_range,
	.dax_recovery_write	= mktme_dax_recovery_write,
};

static int __init dm_mktme_init(void)
{
	return dm_register_target(&mktme_target);
}
module_init(dm_mktme_init);

static void __exit dm_mktme_exit(void)
{
	dm_unregister_target(&mktme_target);
}
module_exit(dm_mktme_exit);

MODULE_DESCRIPTION(DM_NAME " target for persistent memory encrypted by TME-MK");
MODULE_AUTHOR("dm-mktme developers");
MODULE_LICENSE("GPL");
