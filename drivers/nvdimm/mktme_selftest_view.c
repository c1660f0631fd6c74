// SPDX-License-Identifier: GPL-2.0-only
/*
 * The self-test's views of its memory: through KeyID 0, and through KeyIDs of
 * its own.  Several of them cover the same lines at a time, which is allowed
 * nowhere else.
 */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/libnvdimm.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mktme_selftest.h"

/*
 * A dirty line of KeyID 0 might be evicted at any time, so there shall be none.
 */
static int create_base_view(struct selftest *st)
{
	struct selftest_view *view = &st->views[VIEW_BASE];

	view->kaddr = memremap(st->base.phys, st->base.bytes, MEMREMAP_WB);
	if (!view->kaddr) {
		st->result->error = "its memory cannot be mapped";
		return -ENOMEM;
	}
	mktme_flush_lines(view->kaddr, st->base.bytes);
	return 0;
}

/* Without a free KeyID there is no such view; the checks see to that. */
static int create_view(struct selftest *st, enum selftest_view_id id)
{
	struct selftest_view *view = &st->views[id];
	const char *error = NULL;
	int r;

	view->keyid = mktme_keyid_reserve(&error);
	if (IS_ERR(view->keyid)) {
		view->keyid = NULL;
		return 0;
	}
	r = mktme_mapping_map(&view->mapping, &st->base,
			      mktme_keyid_number(view->keyid), false, &error);
	if (r) {
		st->result->error = error;
		return r;
	}
	view->kaddr = view->mapping.kaddr;
	st->result->keyids++;
	return 0;
}

/**
 * mktme_selftest_views_create() - map the memory in every way that can be had
 * @st: @base is set
 *
 * Nothing has a key yet.
 *
 * Context: Process context, sleeps.
 * Return: 0 or -errno, with the reason in the result; in any case
 * mktme_selftest_views_destroy() is to be called
 */
int mktme_selftest_views_create(struct selftest *st)
{
	int r, id;

	r = create_base_view(st);
	for (id = VIEW_FIRST; !r && id < SELFTEST_VIEWS; id++)
		r = create_view(st, id);
	if (r)
		return r;
	if (mktme_selftest_has(st, VIEW_FIRST))
		return 0;
	st->result->error = "every KeyID is in use";
	return -ENOSPC;
}

static void destroy_view(struct selftest_view *view)
{
	if (view->kaddr)
		mktme_mapping_unmap(&view->mapping, true);
	if (view->keyid)
		mktme_keyid_put(view->keyid);
}

/**
 * mktme_selftest_views_destroy() - leave zeros, and give every KeyID back
 * @st: whatever there is of it
 *
 * Context: Process context, sleeps.
 */
void mktme_selftest_views_destroy(struct selftest *st)
{
	void *base = st->views[VIEW_BASE].kaddr;
	int id;

	for (id = VIEW_FIRST; id < SELFTEST_VIEWS; id++)
		destroy_view(&st->views[id]);
	if (!base)
		return;
	memset(base, 0, st->base.bytes);
	mktme_flush_lines(base, st->base.bytes);
	memunmap(base);
}

/**
 * mktme_selftest_write() - store lines, and leave them in the cache
 * @st: the run
 * @id: through which view
 * @stride: bytes from one line to the next
 * @sample: what to store
 */
void mktme_selftest_write(struct selftest *st, enum selftest_view_id id,
			  size_t stride, const struct selftest_sample *sample)
{
	void *kaddr = st->views[id].kaddr;
	size_t i;

	for (i = 0; i < SELFTEST_LINES; i++)
		memcpy(kaddr + i * stride,
		       sample->bytes + i * SELFTEST_LINE_BYTES,
		       SELFTEST_LINE_BYTES);
	/* Compilers may know that nobody reads this address. */
	barrier();
}

/**
 * mktme_selftest_read() - load lines, from the cache if they are there
 * @st: the run
 * @id: through which view
 * @stride: bytes from one line to the next
 * @sample: filled in
 *
 * Return: 0, or -EIO if there is a media error
 */
int mktme_selftest_read(struct selftest *st, enum selftest_view_id id,
			size_t stride, struct selftest_sample *sample)
{
	const void *kaddr = st->views[id].kaddr;
	size_t i;

	for (i = 0; i < SELFTEST_LINES; i++) {
		if (copy_mc_to_kernel(sample->bytes + i * SELFTEST_LINE_BYTES,
				      kaddr + i * stride,
				      SELFTEST_LINE_BYTES)) {
			st->result->error = "media error";
			return -EIO;
		}
	}
	return 0;
}

struct read_call {
	struct selftest *st;
	enum selftest_view_id id;
	size_t stride;
	struct selftest_sample *sample;
};

static int read_here(void *data)
{
	struct read_call *call = data;

	return mktme_selftest_read(call->st, call->id, call->stride,
				   call->sample);
}

/**
 * mktme_selftest_read_on() - the same on another CPU
 * @st: the run
 * @cpu: which one
 * @id: through which view
 * @stride: bytes from one line to the next
 * @sample: filled in
 *
 * Return: 0 or -errno
 */
int mktme_selftest_read_on(struct selftest *st, int cpu,
			   enum selftest_view_id id, size_t stride,
			   struct selftest_sample *sample)
{
	struct read_call call = { st, id, stride, sample };
	int r = smp_call_on_cpu(cpu, read_here, &call, false);

	if (r == -ENXIO)
		st->result->error = "a CPU went offline";
	return r;
}

/**
 * mktme_selftest_flush() - CLFLUSHOPT and a fence
 * @st: the run
 * @id: of which view
 * @stride: bytes from one line to the next
 */
void mktme_selftest_flush(struct selftest *st, enum selftest_view_id id,
			  size_t stride)
{
	void *kaddr = st->views[id].kaddr;
	size_t i;

	if (stride == SELFTEST_LINE_BYTES) {
		mktme_flush_lines(kaddr, SELFTEST_SAMPLE_BYTES);
		return;
	}
	for (i = 0; i < SELFTEST_LINES; i++)
		mktme_flush_lines(kaddr + i * stride, SELFTEST_LINE_BYTES);
}

/**
 * mktme_selftest_write_back() - CLWB and a fence, of lines one behind the other
 * @st: the run
 * @id: of which view
 * @bytes: from the first line on
 *
 * Where there is no CLWB the kernel takes what also drops the line.
 */
void mktme_selftest_write_back(struct selftest *st, enum selftest_view_id id,
			       size_t bytes)
{
	arch_wb_cache_pmem(st->views[id].kaddr, bytes);
	/* Nothing else orders CLWB, and what it did is looked at next. */
	wmb();
}

/**
 * mktme_selftest_equal() - compare line by line
 * @a: one
 * @b: other
 *
 * Return: how many lines are equal
 */
unsigned int mktme_selftest_equal(const struct selftest_sample *a,
				  const struct selftest_sample *b)
{
	unsigned int equal = 0;
	size_t i;

	for (i = 0; i < SELFTEST_SAMPLE_BYTES; i += SELFTEST_LINE_BYTES)
		equal += !memcmp(a->bytes + i, b->bytes + i,
				 SELFTEST_LINE_BYTES);
	return equal;
}
