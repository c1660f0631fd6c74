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
#include <uapi/linux/dm-mktme.h>

#define DM_MSG_PREFIX "mktme"

#define ALIGN_SECTORS		(DM_MKTME_ALIGN_BYTES >> SECTOR_SHIFT)
#define VERIFIER_SECTORS	(DM_MKTME_VERIFIER_BYTES >> SECTOR_SHIFT)
#define LINES_PER_PAGE		(PAGE_SIZE / sizeof(struct mktme_verifier_line))

/* As much as one DAX access is given; badblocks are looked up by int. */
#define DAX_PAGES_MAX		PHYS_PFN(SZ_1G)

#define MIN_ARGS		4
#define MAX_OPTIONS		2

/**
 * struct mktme_c - context of one target
 * @dev: the base
 * @region: NVDIMM region of @dev, for flushing its write queues
 * @start: sector of @dev at which the data begins
 * @data_bytes: length of the data
 * @base: the memory below the window: verifier and data
 * @key_type: of the key in the table line
 * @key_description: likewise
 * @key_ref: the key in the table line; points to the two above
 * @keyid: KeyID that holds the key
 * @window: @base mapped through @keyid
 * @data: kernel address of the data, through the KeyID
 * @data_phys: physical address of the data, with the KeyID
 * @has_verifier: the 2 MiB before the data are the verifier
 * @init_verifier: write the verifier
 */
struct mktme_c {
	struct dm_dev *dev;
	struct nd_region *region;
	sector_t start;
	size_t data_bytes;
	struct mktme_base base;
	char *key_type;
	char *key_description;
	struct mktme_key_ref key_ref;
	struct mktme_keyid *keyid;
	struct mktme_window *window;
	void *data;
	phys_addr_t data_phys;
	bool has_verifier;
	bool init_verifier;
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
	mc->key_ref.algorithm = i;
	return 0;
}

/*
 * ":<bytes>:<type>:<description>"; the description may contain colons.  Blanks
 * can be had by escaping, but user space's library escapes what it is given and
 * not what it prints: such a line could not be fed back.
 */
static int parse_key(struct mktme_c *mc, const char *arg, char **error)
{
	const char *type, *description;
	char dummy;

	*error = "<key>: must be :<bytes>:<type>:<description>";
	if (sscanf(arg, ":%u%c", &mc->key_ref.bytes, &dummy) != 2 ||
	    dummy != ':')
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
	mc->key_type = kstrndup(type, description - type, GFP_KERNEL);
	mc->key_description = kstrdup(description + 1, GFP_KERNEL);
	if (!mc->key_type || !mc->key_description)
		return -ENOMEM;
	mc->key_ref.type = mc->key_type;
	mc->key_ref.description = mc->key_description;
	return 0;
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
	} else {
		*error = "<option>: must be init_verifier or no_verifier";
		return -EINVAL;
	}
	return 0;
}

static int parse_options(struct mktme_c *mc, struct dm_target *ti,
			 struct dm_arg_set *as)
{
	static const struct dm_arg args[] = {
		{ 0, MAX_OPTIONS, "<#options>: must be 0, 1 or 2, and as many must follow" },
	};
	unsigned int count;
	int r;

	if (!as->argc)
		return 0;
	r = dm_read_arg_group(args, as, &count, &ti->error);
	if (r)
		return r;
	while (count--) {
		r = parse_option(mc, dm_shift_arg(as), &ti->error);
		if (r)
			return r;
	}
	if (as->argc) {
		ti->error = "<option>: more options than <#options> says";
		return -EINVAL;
	}
	if (mc->init_verifier && !mc->has_verifier) {
		ti->error = "<option>: init_verifier and no_verifier exclude each other";
		return -EINVAL;
	}
	if (mc->init_verifier &&
	    !(dm_table_get_mode(ti->table) & BLK_OPEN_WRITE)) {
		ti->error = "<option>: init_verifier needs a writable device";
		return -EINVAL;
	}
	return 0;
}

/*
 * The base: where its memory is
 */

static sector_t window_sector(const struct mktme_c *mc)
{
	return mc->start - (mc->has_verifier ? VERIFIER_SECTORS : 0);
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
		*error = "<len>: must be a multiple of 2 MiB (4096 sectors)";
		return -EINVAL;
	}
	if (mc->has_verifier && mc->start < VERIFIER_SECTORS) {
		*error = "<offset>: the verifier needs 2 MiB (4096 sectors) before it";
		return -EINVAL;
	}
	if (mc->start > device_sectors || ti->len > device_sectors - mc->start) {
		*error = "<len>: reaches beyond the end of <device>";
		return -EINVAL;
	}
	return 0;
}

/*
 * Only a disk of the pmem driver has the NVDIMM bus above it; its parent is a
 * namespace or a pfn device, and the parent of that is the region.
 */
static int find_region(struct mktme_c *mc, char **error)
{
	struct gendisk *disk = mc->dev->bdev->bd_disk;
	struct device *dev = disk_to_dev(disk)->parent;

	if (!dev || !dev->bus || strcmp(dev->bus->name, "nd") ||
	    !dev->parent) {
		*error = "<device>: is not a pmem namespace";
		return -EOPNOTSUPP;
	}
	if (!mc->dev->dax_dev) {
		*error = blk_queue_dax(disk->queue) ?
			 "<device>: the partition is not aligned to 4 KiB" :
			 "<device>: the namespace is not in fsdax mode";
		return -EOPNOTSUPP;
	}
	mc->region = to_nd_region(dev->parent);
	if (!is_nvdimm_sync(mc->region)) {
		*error = "<device>: its flush is asynchronous (virtio-pmem)";
		return -EOPNOTSUPP;
	}
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

static void hint_offset(const struct mktme_c *mc, phys_addr_t phys)
{
	sector_t misaligned = (phys & (DM_MKTME_ALIGN_BYTES - 1)) >>
			      SECTOR_SHIFT;

	if (misaligned)
		DMERR("%pg: sector %llu is at physical address %pa; the next valid <offset> is %llu",
		      mc->dev->bdev, mc->start, &phys,
		      mc->start + ALIGN_SECTORS - misaligned);
}

static int find_base(struct mktme_c *mc, const struct dm_target *ti,
		     char **error)
{
	struct mktme_base *base = &mc->base;
	sector_t first = window_sector(mc);
	sector_t last = mc->start + ti->len - PAGE_SECTORS;
	phys_addr_t phys, last_phys;
	void *last_kaddr;
	int r;

	if (mc->start % PAGE_SECTORS) {
		*error = "<offset>: must be a multiple of 8 sectors";
		return -EINVAL;
	}
	r = find_page(mc, first, &base->kaddr, &base->phys, error);
	if (r)
		return r;
	r = find_page(mc, last, &last_kaddr, &last_phys, error);
	if (r)
		return r;
	base->bytes = (mc->start + ti->len - first) << SECTOR_SHIFT;
	base->nid = mc->dev->bdev->bd_disk->node_id;
	phys = base->phys + base->bytes - PAGE_SIZE;
	if (last_phys != phys ||
	    last_kaddr != base->kaddr + base->bytes - PAGE_SIZE) {
		*error = "<device>: its memory is not contiguous";
		return -EOPNOTSUPP;
	}
	if (!IS_ALIGNED(base->phys, DM_MKTME_ALIGN_BYTES)) {
		hint_offset(mc, base->phys);
		*error = "<offset>: its physical address must be a multiple of 2 MiB";
		return -EINVAL;
	}
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
	void *kaddr = mktme_window_kaddr(mc->window);
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

static void inspect_line(const struct mktme_verifier_line *line,
			 const struct mktme_verifier_line *raw, u32 index,
			 u64 data_sectors, struct verifier_findings *found)
{
	struct mktme_verifier_line expected;

	if (!memcmp(line, raw, sizeof(*line)))
		found->unencrypted++;
	fill_line(&expected, index, le64_to_cpu(line->data_sectors));
	if (memcmp(line, &expected, sizeof(expected))) {
		if (!found->wrong++)
			found->first_wrong = index;
		return;
	}
	if (line->data_sectors != cpu_to_le64(data_sectors))
		found->other_length++;
}

/* The copies survive a machine check, where a load of the media would not. */
static int inspect_page(const void *page, const void *raw_page, u32 index,
			u64 data_sectors,
			struct mktme_verifier_line *line,
			struct mktme_verifier_line *raw,
			struct verifier_findings *found)
{
	unsigned int i;

	if (copy_mc_to_kernel(line, page, PAGE_SIZE) ||
	    copy_mc_to_kernel(raw, raw_page, PAGE_SIZE))
		return -EIO;
	for (i = 0; i < LINES_PER_PAGE; i++)
		inspect_line(&line[i], &raw[i], index + i, data_sectors, found);
	return 0;
}

/* Both views are flushed first, so that the media is read and not a cache. */
static int inspect_verifier(const struct mktme_c *mc,
			    struct mktme_window *raw_view, u64 data_sectors,
			    struct verifier_findings *found)
{
	const void *page = mktme_window_kaddr(mc->window);
	const void *raw_page = mktme_window_kaddr(raw_view);
	struct mktme_verifier_line *lines;
	size_t offset;
	int r = 0;

	lines = kvmalloc(2 * PAGE_SIZE, GFP_KERNEL);
	if (!lines)
		return -ENOMEM;
	mktme_window_flush(mc->window, 0, DM_MKTME_VERIFIER_BYTES);
	mktme_window_flush(raw_view, 0, DM_MKTME_VERIFIER_BYTES);
	for (offset = 0; !r && offset < DM_MKTME_VERIFIER_BYTES;
	     offset += PAGE_SIZE)
		r = inspect_page(page + offset, raw_page + offset,
				 offset / sizeof(*lines), data_sectors, lines,
				 lines + LINES_PER_PAGE, found);
	mktme_window_flush(raw_view, 0, DM_MKTME_VERIFIER_BYTES);
	kvfree(lines);
	return r;
}

static int judge_verifier(const struct mktme_c *mc,
			  const struct verifier_findings *found, char **error)
{
	phys_addr_t wrong = mc->base.phys + found->first_wrong *
			    sizeof(struct mktme_verifier_line);

	if (found->unencrypted) {
		DMERR("%pg: %u of %zu lines of the verifier are the same on the media",
		      mc->dev->bdev, found->unencrypted,
		      DM_MKTME_VERIFIER_LINES);
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

static int check_verifier(const struct mktme_c *mc, u64 data_sectors,
			  char **error)
{
	struct mktme_base base = mc->base;
	struct verifier_findings found = { 0 };
	struct mktme_window *raw_view;
	int r;

	base.bytes = DM_MKTME_VERIFIER_BYTES;
	raw_view = mktme_raw_map(&base, (const char **)error);
	if (IS_ERR(raw_view))
		return PTR_ERR(raw_view);
	r = inspect_verifier(mc, raw_view, data_sectors, &found);
	mktme_raw_unmap(raw_view);
	if (r) {
		*error = r == -EIO ? "<device>: media error in the verifier" :
				     "out of memory";
		return r;
	}
	return judge_verifier(mc, &found, error);
}

/*
 * Constructor and destructor
 */

static int open_window(struct mktme_c *mc, struct dm_target *ti)
{
	const char **error = (const char **)&ti->error;
	size_t skip = mc->has_verifier ? DM_MKTME_VERIFIER_BYTES : 0;

	mc->keyid = mktme_keyid_get(&mc->key_ref, error);
	if (IS_ERR(mc->keyid))
		return PTR_ERR(mc->keyid);
	mc->window = mktme_window_map(&mc->base, mc->keyid, error);
	if (IS_ERR(mc->window))
		return PTR_ERR(mc->window);
	mc->data = mktme_window_kaddr(mc->window) + skip;
	mc->data_phys = mktme_window_phys(mc->window) + skip;
	mc->data_bytes = mc->base.bytes - skip;
	return 0;
}

/* Accepts a context of which any suffix has not been built. */
static void mktme_dtr(struct dm_target *ti)
{
	struct mktme_c *mc = ti->private;

	if (!IS_ERR_OR_NULL(mc->window))
		mktme_window_unmap(mc->window);
	if (!IS_ERR_OR_NULL(mc->keyid))
		mktme_keyid_put(mc->keyid);
	if (mc->dev)
		dm_put_device(ti, mc->dev);
	kfree(mc->key_description);
	kfree(mc->key_type);
	kfree(mc);
}

static int construct(struct mktme_c *mc, struct dm_target *ti,
		     struct dm_arg_set *as)
{
	int r;

	r = parse_algorithm(mc, dm_shift_arg(as), &ti->error);
	if (r)
		return r;
	r = parse_key(mc, dm_shift_arg(as), &ti->error);
	if (r)
		return r;
	r = parse_device(mc, ti, dm_shift_arg(as), &ti->error);
	if (r)
		return r;
	r = parse_offset(mc, dm_shift_arg(as), &ti->error);
	if (r)
		return r;
	r = parse_options(mc, ti, as);
	if (r)
		return r;
	r = check_range(mc, ti, &ti->error);
	if (r)
		return r;
	r = find_region(mc, &ti->error);
	if (r)
		return r;
	r = find_base(mc, ti, &ti->error);
	if (r)
		return r;
	r = open_window(mc, ti);
	if (r)
		return r;
	if (mc->init_verifier) {
		r = write_verifier(mc, ti->len);
		if (r) {
			ti->error = "<device>: the verifier cannot be flushed";
			return r;
		}
	}
	return mc->has_verifier ? check_verifier(mc, ti->len, &ti->error) : 0;
}

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
 * I/O.  No lock is taken: device-mapper keeps the table while these run.
 */

/*
 * Finds the first bad block.  The badblocks of a pmem disk count from where its
 * data begin, partitions included, and are looked up by int.
 *
 * Return: sectors from @sector to the end of that block, 0 if there is none
 */
static unsigned int find_bad_block(const struct mktme_c *mc, sector_t sector,
				   unsigned int sectors, unsigned int *bad)
{
	struct block_device *bdev = mc->dev->bdev;
	sector_t first, count;

	sector += get_start_sect(bdev) + mc->start;
	if (!badblocks_check(bdev->bd_disk->bb, sector, sectors, &first,
			     &count))
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
	const struct badblocks *bb = mc->dev->bdev->bd_disk->bb;

	return unlikely(bb && bb->count);
}

/* @bytes is that of a bio or of one DAX access: 1 GiB at most. */
static bool has_bad_block(const struct mktme_c *mc, size_t offset, size_t bytes)
{
	unsigned int bad;

	return has_bad_blocks(mc) &&
	       find_bad_block(mc, offset >> SECTOR_SHIFT,
			      bytes >> SECTOR_SHIFT, &bad);
}

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

	if (!is_inside(mc, offset, bv->bv_len) ||
	    has_bad_block(mc, offset, bv->bv_len))
		return BLK_STS_IOERR;
	buffer = bvec_kmap_local(bv);
	if (is_write)
		memcpy_flushcache(media, buffer, bv->bv_len);
	else if (copy_mc_to_kernel(buffer, media, bv->bv_len))
		status = BLK_STS_IOERR;
	kunmap_local(buffer);
	return status;
}

/* Stores of this CPU are fenced by nvdimm_flush(), before the bio completes. */
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
	if (bio->bi_opf & REQ_FUA)
		return errno_to_blk_status(nvdimm_flush(mc->region, NULL));
	return BLK_STS_OK;
}

static int mktme_map(struct dm_target *ti, struct bio *bio)
{
	const struct mktme_c *mc = ti->private;
	size_t offset;

	/* The core sends flushes without data: the base's driver does them. */
	if (bio->bi_opf & REQ_PREFLUSH) {
		bio_set_dev(bio, mc->dev->bdev);
		return DM_MAPIO_REMAPPED;
	}
	if (bio_op(bio) != REQ_OP_READ && bio_op(bio) != REQ_OP_WRITE)
		return DM_MAPIO_KILL;
	offset = dm_target_offset(ti, bio->bi_iter.bi_sector) << SECTOR_SHIFT;
	bio->bi_status = copy_bio(mc, bio, offset);
	bio_endio(bio);
	return DM_MAPIO_SUBMITTED;
}

#if IS_ENABLED(CONFIG_FS_DAX)
static size_t dax_offset(struct dm_target *ti, pgoff_t pgoff)
{
	return dm_target_offset(ti, (sector_t)pgoff << PAGE_SECTORS_SHIFT) <<
	       SECTOR_SHIFT;
}

static long mktme_dax_direct_access(struct dm_target *ti, pgoff_t pgoff,
				    long nr_pages, enum dax_access_mode mode,
				    void **kaddr, dax_pfn_t *pfn)
{
	const struct mktme_c *mc = ti->private;
	size_t offset = dax_offset(ti, pgoff);

	if (offset >= mc->data_bytes)
		return -ERANGE;
	nr_pages = min3(nr_pages, (long)DAX_PAGES_MAX,
			(long)PHYS_PFN(mc->data_bytes - offset));
	if (has_bad_block(mc, offset, (size_t)nr_pages << PAGE_SHIFT))
		return -EHWPOISON;
	if (kaddr)
		*kaddr = mc->data + offset;
	if (pfn)
		*pfn = phys_to_dax_pfn(mc->data_phys + offset);
	return nr_pages;
}

static int mktme_dax_zero_page_range(struct dm_target *ti, pgoff_t pgoff,
				     size_t nr_pages)
{
	const struct mktme_c *mc = ti->private;
	size_t offset = dax_offset(ti, pgoff);

	if (!is_inside(mc, offset, nr_pages << PAGE_SHIFT) ||
	    has_bad_block(mc, offset, nr_pages << PAGE_SHIFT))
		return -EIO;
	for (; nr_pages; nr_pages--, offset += PAGE_SIZE)
		memcpy_flushcache(mc->data + offset,
				  page_address(ZERO_PAGE(0)), PAGE_SIZE);
	return 0;
}
#else
#define mktme_dax_direct_access NULL
#define mktme_dax_zero_page_range NULL
#endif

/*
 * Status
 */

static u64 bad_sectors(const struct mktme_c *mc)
{
	sector_t sector = 0, sectors = mc->data_bytes >> SECTOR_SHIFT;
	unsigned int step, skip, bad;
	u64 count = 0;

	while (has_bad_blocks(mc) && sector < sectors) {
		step = min_t(sector_t, sectors - sector, INT_MAX);
		skip = find_bad_block(mc, sector, step, &bad);
		sector += skip ?: step;
		count += skip ? bad : 0;
	}
	return count;
}

static void emit_info(struct mktme_c *mc, char *result, unsigned int maxlen)
{
	unsigned int programmed, online, sz = 0;

	programmed = mktme_keyid_packages(mc->keyid, &online);
	DMEMIT("%u %u/%u %s %llu %llu", mktme_keyid_number(mc->keyid),
	       programmed, online, mc->has_verifier ? "verified" : "none",
	       (u64)mc->base.bytes >> SECTOR_SHIFT, bad_sectors(mc));
}

static void emit_table(struct mktme_c *mc, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;

	DMEMIT("%s :%u:%s:%s %s %llu", algorithm_names[mc->key_ref.algorithm],
	       mc->key_ref.bytes, mc->key_type, mc->key_description,
	       mc->dev->name, (u64)mc->start);
	if (!mc->has_verifier)
		DMEMIT(" 1 %s", DM_MKTME_OPT_NO_VERIFIER);
}

static void emit_ima(struct mktme_c *mc, struct dm_target *ti, char *result,
		     unsigned int maxlen)
{
	unsigned int sz = 0;

	DMEMIT_TARGET_NAME_VERSION(ti->type);
	DMEMIT(",algorithm=%s,key_type=%s,offset=%llu,verifier=%c;",
	       algorithm_names[mc->key_ref.algorithm], mc->key_type,
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

static int mktme_iterate_devices(struct dm_target *ti,
				 iterate_devices_callout_fn fn, void *data)
{
	struct mktme_c *mc = ti->private;

	return fn(ti, mc->dev, mc->start, ti->len, data);
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
	.iterate_devices	= mktme_iterate_devices,
	.io_hints		= mktme_io_hints,
	.direct_access		= mktme_dax_direct_access,
	.dax_zero_page_range	= mktme_dax_zero_page_range,
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
