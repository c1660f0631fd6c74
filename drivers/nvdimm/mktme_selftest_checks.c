// SPDX-License-Identifier: GPL-2.0-only
/*
 * The self-test's questions to the hardware.  Each starts from lines that are
 * in no cache, and leaves none dirty behind.
 *
 * A key is known by what it makes of a sample: nobody can tell beforehand what
 * that is, since the tweak is not documented.
 */

#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "mktme_selftest.h"

#define LINE			SELFTEST_LINE_BYTES
/* Lines all over the memory, if it is interleaved between packages */
#define WIDE			(SELFTEST_BYTES / SELFTEST_LINES)

/* Of AES */
#define BLOCK_BYTES		16

/* How many packages are compared with each other */
#define MATRIX_PACKAGES		8

static enum selftest_answer answer(unsigned int lines)
{
	if (!lines)
		return ANSWER_NO;
	return lines == SELFTEST_LINES ? ANSWER_YES : ANSWER_PARTLY;
}

static enum selftest_answer are_equal(const struct selftest_sample *a,
				      const struct selftest_sample *b)
{
	return answer(mktme_selftest_equal(a, b));
}

static enum selftest_answer differ(const struct selftest_sample *a,
				   const struct selftest_sample *b)
{
	return answer(SELFTEST_LINES - mktme_selftest_equal(a, b));
}

/*
 * Through which view can one see what the media holds?  Without a KeyID to
 * spare it is KeyID 0, if the firmware says that this one bypasses encryption.
 */
static bool find_media_view(const struct selftest *st,
			    enum selftest_view_id *id)
{
	*id = mktme_selftest_has(st, VIEW_RAW) ? VIEW_RAW : VIEW_BASE;
	return *id == VIEW_RAW || mktme_cap.bypass;
}

static void write_out(struct selftest *st, enum selftest_view_id id,
		      const struct selftest_sample *sample)
{
	mktme_selftest_write(st, id, LINE, sample);
	mktme_selftest_flush(st, id, LINE);
}

/* From the media, not from a cache */
static int read_anew(struct selftest *st, enum selftest_view_id id,
		     struct selftest_sample *sample)
{
	int r;

	mktme_selftest_flush(st, id, LINE);
	r = mktme_selftest_read(st, id, LINE, sample);
	mktme_selftest_flush(st, id, LINE);
	return r;
}

/* What the media holds when @plain was written through @id */
static int encrypt(struct selftest *st, enum selftest_view_id id,
		   const struct selftest_sample *plain,
		   struct selftest_sample *cipher)
{
	enum selftest_view_id media;

	if (!find_media_view(st, &media))
		return -ENODATA;
	write_out(st, id, plain);
	return read_anew(st, media, cipher);
}

/*
 * The key of VIEW_FIRST, with nothing in caches that was read with another one
 */
static int change_key(struct selftest *st, const struct selftest_key *key)
{
	int r;

	mktme_selftest_flush(st, VIEW_FIRST, LINE);
	r = mktme_selftest_set_key(st, VIEW_FIRST, key);
	mktme_selftest_flush(st, VIEW_FIRST, LINE);
	return r;
}

/*
 * What is encrypted?
 */

static int check_base(struct selftest *st)
{
	struct selftest_result *result = st->result;
	int r;

	if (!mktme_selftest_has(st, VIEW_RAW))
		return 0;
	r = mktme_selftest_set_plain(st, VIEW_RAW);
	if (r)
		return r;
	r = encrypt(st, VIEW_BASE, &st->plain[0], &st->seen[0]);
	if (!r)
		result->base_encrypts = differ(&st->seen[0], &st->plain[0]);
	return r;
}

static int check_algorithm(struct selftest *st, enum mktme_algorithm algorithm)
{
	struct selftest_result *result = st->result;
	int r;

	if (!(mktme_cap.algs & mktme_pconfig_alg_bit(algorithm)))
		return 0;
	result->algorithm = algorithm;
	r = change_key(st, &st->keys[0]);
	if (r)
		return r;
	r = encrypt(st, VIEW_FIRST, &st->plain[0], &st->seen[0]);
	if (r)
		return r;
	result->encrypts[algorithm] = differ(&st->seen[0], &st->plain[0]);
	r = read_anew(st, VIEW_FIRST, &st->seen[1]);
	if (!r)
		result->reads_back = are_equal(&st->seen[1], &st->plain[0]);
	return r;
}

/*
 * XTS-256 is the last, and what everything else is done with, if it is there.
 */
static int check_algorithms(struct selftest *st)
{
	int algorithm, r = 0;

	for (algorithm = 0; !r && algorithm < MKTME_ALGORITHMS; algorithm++)
		r = check_algorithm(st, algorithm);
	return r;
}

static int check_base_shows(struct selftest *st)
{
	struct selftest_result *result = st->result;
	int r;

	r = encrypt(st, VIEW_FIRST, &st->plain[0], &st->seen[0]);
	if (r)
		return r;
	r = read_anew(st, VIEW_BASE, &st->seen[1]);
	if (r)
		return r;
	if (mktme_selftest_equal(&st->seen[1], &st->plain[0]))
		result->base_shows = BASE_PLAINTEXT;
	else if (!mktme_selftest_has(st, VIEW_RAW))
		result->base_shows = BASE_UNKNOWN;
	else if (are_equal(&st->seen[1], &st->seen[0]) == ANSWER_YES)
		result->base_shows = BASE_CIPHERTEXT;
	else
		result->base_shows = BASE_OTHER;
	return 0;
}

static int check_cleared(struct selftest *st)
{
	int r;

	write_out(st, VIEW_FIRST, &st->plain[0]);
	r = mktme_selftest_clear(st, VIEW_FIRST);
	if (!r)
		r = read_anew(st, VIEW_FIRST, &st->seen[0]);
	if (!r)
		r = read_anew(st, VIEW_BASE, &st->seen[1]);
	if (!r)
		st->result->cleared_is_base = are_equal(&st->seen[0],
							&st->seen[1]);
	return r ?: change_key(st, &st->keys[0]);
}

/*
 * What do keys do?
 */

/* Does another key than that with which @plain was written show none of it? */
static int check_hides(struct selftest *st, const struct selftest_key *key,
		       enum selftest_answer *hides)
{
	int r;

	write_out(st, VIEW_FIRST, &st->plain[0]);
	r = change_key(st, key);
	if (!r)
		r = read_anew(st, VIEW_FIRST, &st->seen[1]);
	if (!r)
		*hides = differ(&st->seen[1], &st->plain[0]);
	return r ?: change_key(st, &st->keys[0]);
}

static int check_other_keys(struct selftest *st)
{
	struct selftest_result *result = st->result;
	struct selftest_key mixed;
	int r;

	r = check_hides(st, &st->keys[1], &result->other_key_hides);
	if (r)
		return r;
	mixed = st->keys[0];
	memcpy(mixed.data, st->keys[1].data, sizeof(mixed.data));
	r = check_hides(st, &mixed, &result->data_key_counts);
	if (!r) {
		mixed = st->keys[0];
		memcpy(mixed.tweak, st->keys[1].tweak, sizeof(mixed.tweak));
		r = check_hides(st, &mixed, &result->tweak_key_counts);
	}
	memzero_explicit(&mixed, sizeof(mixed));
	return r;
}

/* A volume is opened with the same key in whatever KeyID is free. */
static int check_second_keyid(struct selftest *st)
{
	struct selftest_result *result = st->result;
	int r;

	if (!mktme_selftest_has(st, VIEW_SECOND))
		return 0;
	r = mktme_selftest_set_key(st, VIEW_SECOND, &st->keys[0]);
	if (r)
		return r;
	write_out(st, VIEW_FIRST, &st->plain[0]);
	r = read_anew(st, VIEW_SECOND, &st->seen[1]);
	if (r)
		return r;
	result->same_key_same_data = are_equal(&st->seen[1], &st->plain[0]);
	write_out(st, VIEW_SECOND, &st->plain[1]);
	r = encrypt(st, VIEW_SECOND, &st->plain[0], &st->seen[1]);
	if (!r)
		result->same_key_same_ciphertext = are_equal(&st->seen[0],
							     &st->seen[1]);
	return r;
}

static int check_same_key(struct selftest *st)
{
	int r;

	r = encrypt(st, VIEW_FIRST, &st->plain[0], &st->seen[0]);
	if (!r)
		r = check_second_keyid(st);
	if (!r)
		r = change_key(st, &st->keys[1]);
	write_out(st, VIEW_FIRST, &st->plain[1]);
	if (!r)
		r = change_key(st, &st->keys[0]);
	if (!r)
		r = encrypt(st, VIEW_FIRST, &st->plain[0], &st->seen[1]);
	if (!r)
		st->result->same_key_again = are_equal(&st->seen[0],
						       &st->seen[1]);
	return r;
}

static int encrypt_randomly(struct selftest *st, struct selftest_sample *cipher)
{
	int r;

	mktme_selftest_flush(st, VIEW_FIRST, LINE);
	r = mktme_selftest_set_random(st, VIEW_FIRST);
	return r ?: encrypt(st, VIEW_FIRST, &st->plain[0], cipher);
}

static int check_random(struct selftest *st)
{
	int r;

	r = encrypt_randomly(st, &st->seen[0]);
	if (!r)
		r = encrypt_randomly(st, &st->seen[1]);
	if (!r)
		st->result->random_keys_differ = differ(&st->seen[0],
							&st->seen[1]);
	return r ?: change_key(st, &st->keys[0]);
}

static bool has_equal_blocks(const struct selftest_sample *sample)
{
	const u8 *end = sample->bytes + sizeof(sample->bytes);
	const u8 *a, *b;

	for (a = sample->bytes; a < end; a += BLOCK_BYTES)
		for (b = a + BLOCK_BYTES; b < end; b += BLOCK_BYTES)
			if (!memcmp(a, b, BLOCK_BYTES))
				return true;
	return false;
}

/* Does the tweak depend on the address, down to the block? */
static int check_repeats(struct selftest *st)
{
	int r;

	memset(&st->seen[1], 0, sizeof(st->seen[1]));
	r = encrypt(st, VIEW_FIRST, &st->seen[1], &st->seen[0]);
	if (!r)
		st->result->ciphertext_repeats =
			has_equal_blocks(&st->seen[0]) ? ANSWER_YES : ANSWER_NO;
	return r;
}

/*
 * What do caches do?  Chapter 7 of the TME spec keeps nothing coherent between
 * KeyIDs, and obliges hardware to nothing.
 *
 * Each question writes plain[0], and then plain[1] over it, through VIEW_FIRST;
 * seen[0] and seen[1] are what these are on the media.
 */

static int begin_store(struct selftest *st, enum selftest_view_id media,
		       bool is_cached)
{
	int r = 0;

	write_out(st, VIEW_FIRST, &st->plain[0]);
	mktme_selftest_flush(st, media, LINE);
	if (is_cached)
		r = mktme_selftest_read(st, media, LINE, &st->seen[2]);
	mktme_selftest_write(st, VIEW_FIRST, LINE, &st->plain[1]);
	return r;
}

/* How many lines are as they were when plain[@which] had been written? */
static int end_store(struct selftest *st, enum selftest_view_id media,
		     unsigned int which, enum selftest_answer *as_which)
{
	int r = mktme_selftest_read(st, media, LINE, &st->seen[2]);

	if (!r)
		*as_which = are_equal(&st->seen[2], &st->seen[which]);
	mktme_selftest_flush(st, VIEW_FIRST, LINE);
	mktme_selftest_flush(st, media, LINE);
	return r;
}

static int check_stores(struct selftest *st, enum selftest_view_id media)
{
	struct selftest_result *result = st->result;
	int r;

	r = begin_store(st, media, false);
	r = r ?: end_store(st, media, 1, &result->alias_sees_store);
	if (r)
		return r;

	r = begin_store(st, media, true);
	mktme_selftest_flush(st, VIEW_FIRST, LINE);
	r = r ?: end_store(st, media, 0, &result->alias_keeps_stale);
	if (r)
		return r;

	r = begin_store(st, media, false);
	mktme_selftest_write_back(st, VIEW_FIRST, SELFTEST_SAMPLE_BYTES);
	r = r ?: end_store(st, media, 1, &result->alias_after_clwb);
	if (r)
		return r;

	r = begin_store(st, media, true);
	mktme_selftest_flush(st, VIEW_FIRST, LINE);
	mktme_selftest_flush(st, media, LINE);
	return r ?: end_store(st, media, 1, &result->alias_after_flush);
}

/*
 * What happens to a dirty line when the key changes, which we never let happen?
 */
static int check_dirty_line(struct selftest *st, enum selftest_view_id media)
{
	struct selftest_result *result = st->result;
	int r;

	r = begin_store(st, media, false);
	if (!r)
		r = mktme_selftest_set_key(st, VIEW_FIRST, &st->keys[1]);
	if (!r)
		r = mktme_selftest_read(st, VIEW_FIRST, LINE, &st->seen[2]);
	if (r)
		return r;
	result->cache_survives_key = are_equal(&st->seen[2], &st->plain[1]);
	mktme_selftest_flush(st, VIEW_FIRST, LINE);
	r = read_anew(st, media, &st->seen[2]);
	if (!r)
		r = encrypt(st, VIEW_FIRST, &st->plain[1], &st->seen[0]);
	if (r)
		return r;
	if (differ(&st->seen[0], &st->seen[1]) == ANSWER_YES)
		result->dirty_line_new_key = are_equal(&st->seen[2],
						       &st->seen[0]);
	return change_key(st, &st->keys[0]);
}

static int check_caches(struct selftest *st)
{
	enum selftest_view_id media;
	int r, i;

	if (!find_media_view(st, &media))
		return -ENODATA;
	for (i = 0; i < 2; i++) {
		r = encrypt(st, VIEW_FIRST, &st->plain[i], &st->seen[i]);
		if (r)
			return r;
	}
	r = check_stores(st, media);
	return r ?: check_dirty_line(st, media);
}

/*
 * Whose table of keys?
 */

struct matrix {
	unsigned int n;
	unsigned int changed[MATRIX_PACKAGES][MATRIX_PACKAGES];
};

/* A row: one package gets another key, and all of them look. */
static int fill_row(struct selftest *st, struct matrix *matrix,
		    unsigned int row)
{
	unsigned int reader;
	int r;

	mktme_selftest_flush(st, VIEW_FIRST, WIDE);
	r = mktme_selftest_set_key(st, VIEW_FIRST, &st->keys[0]);
	if (r)
		return r;
	mktme_selftest_flush(st, VIEW_FIRST, WIDE);
	mktme_selftest_write(st, VIEW_FIRST, WIDE, &st->plain[0]);
	mktme_selftest_flush(st, VIEW_FIRST, WIDE);
	r = mktme_selftest_set_key_on(st, st->cpus[row], VIEW_FIRST,
				      &st->keys[1]);
	for (reader = 0; !r && reader < matrix->n; reader++) {
		mktme_selftest_flush(st, VIEW_FIRST, WIDE);
		r = mktme_selftest_read_on(st, st->cpus[reader], VIEW_FIRST,
					   WIDE, &st->seen[0]);
		matrix->changed[row][reader] =
			SELFTEST_LINES -
			mktme_selftest_equal(&st->seen[0], &st->plain[0]);
	}
	return r;
}

/* Is the row of a package full where @is_full says so, and empty elsewhere? */
static bool fits(const struct matrix *matrix, unsigned int home,
		 bool (*is_full)(unsigned int row, unsigned int reader,
				 unsigned int home))
{
	unsigned int row, reader;

	for (row = 0; row < matrix->n; row++)
		for (reader = 0; reader < matrix->n; reader++)
			if (matrix->changed[row][reader] !=
			    (is_full(row, reader, home) ? SELFTEST_LINES : 0))
				return false;
	return true;
}

static bool is_full_if_shared(unsigned int row, unsigned int reader,
			      unsigned int home)
{
	return true;
}

static bool is_full_if_home(unsigned int row, unsigned int reader,
			    unsigned int home)
{
	return row == home;
}

static bool is_full_if_reader(unsigned int row, unsigned int reader,
			      unsigned int home)
{
	return row == reader;
}

/* Each line belongs to one package, whoever reads. */
static bool is_interleaved(const struct matrix *matrix)
{
	unsigned int row, reader, sum;

	for (reader = 0; reader < matrix->n; reader++) {
		sum = 0;
		for (row = 0; row < matrix->n; row++) {
			if (matrix->changed[row][reader] !=
			    matrix->changed[row][0])
				return false;
			sum += matrix->changed[row][reader];
		}
		if (sum != SELFTEST_LINES)
			return false;
	}
	return true;
}

static void judge_matrix(struct selftest *st, const struct matrix *matrix)
{
	struct selftest_result *result = st->result;
	unsigned int home;

	for (home = 0; home < matrix->n; home++) {
		if (!fits(matrix, home, is_full_if_home))
			continue;
		result->table = TABLE_HOME;
		result->home = topology_physical_package_id(st->cpus[home]);
		return;
	}
	if (fits(matrix, 0, is_full_if_shared))
		result->table = TABLE_SHARED;
	else if (fits(matrix, 0, is_full_if_reader))
		result->table = TABLE_READER;
	else if (is_interleaved(matrix))
		result->table = TABLE_INTERLEAVED;
}

static int check_packages(struct selftest *st)
{
	struct matrix matrix = {
		.n = min_t(unsigned int, st->result->packages, MATRIX_PACKAGES),
	};
	unsigned int row;
	int r = 0;

	if (matrix.n < 2)
		return 0;
	for (row = 0; !r && row < matrix.n; row++)
		r = fill_row(st, &matrix, row);
	if (!r)
		judge_matrix(st, &matrix);
	mktme_selftest_flush(st, VIEW_FIRST, WIDE);
	return r ?: change_key(st, &st->keys[0]);
}

/*
 * What does it cost?
 */

static u64 time_flush(const struct selftest *st)
{
	u64 start = ktime_get_ns();

	mktme_flush_lines(st->views[VIEW_FIRST].kaddr, SELFTEST_BYTES);
	return (ktime_get_ns() - start) / (SELFTEST_BYTES / SZ_1M);
}

static int time_flushes(struct selftest *st)
{
	void *kaddr = st->views[VIEW_FIRST].kaddr;

	memset(kaddr, 0, SELFTEST_BYTES);
	st->result->flush_dirty_ns = time_flush(st);
	memset(kaddr, 0, SELFTEST_BYTES);
	mktme_selftest_write_back(st, VIEW_FIRST, SELFTEST_BYTES);
	st->result->flush_clean_ns = time_flush(st);
	return 0;
}

static int (*const checks[])(struct selftest *st) = {
	mktme_selftest_try_errors,
	mktme_selftest_time_keys,
	check_base,
	check_algorithms,
	check_base_shows,
	check_cleared,
	check_other_keys,
	check_same_key,
	check_random,
	check_repeats,
	check_caches,
	check_packages,
	time_flushes,
};

/* What can be asked without a view of the media is asked all the same. */
static int run_check(struct selftest *st, unsigned int i)
{
	int r = checks[i](st);

	return r == -ENODATA ? 0 : r;
}

/**
 * mktme_selftest_run_checks() - ask everything
 * @st: with views
 *
 * Context: Process context, sleeps.
 * Return: 0 or -errno, with the reason in the result; what was found until then
 * is there
 */
int mktme_selftest_run_checks(struct selftest *st)
{
	unsigned int i;
	int r;

	get_random_bytes(st->keys, sizeof(st->keys));
	get_random_bytes(st->plain, sizeof(st->plain));
	st->result->algorithm = mktme_cap.algs & TME_ALG_AES_XTS_256 ?
				MKTME_AES_XTS_256 : MKTME_AES_XTS_128;
	r = mktme_selftest_find_packages(st);
	for (i = 0; !r && i < ARRAY_SIZE(checks); i++) {
		if (signal_pending(current)) {
			st->result->error = "interrupted";
			return -EINTR;
		}
		r = run_check(st, i);
	}
	return r;
}
