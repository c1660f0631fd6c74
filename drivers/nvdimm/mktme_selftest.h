/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of mktme_selftest share with each other.
 */

#ifndef _MKTME_SELFTEST_H
#define _MKTME_SELFTEST_H

#include <linux/cpumask.h>
#include <linux/sizes.h>

#include "mktme_hw.h"
#include "mktme_priv.h"

/* What is mapped and written: one large page. */
#define SELFTEST_BYTES		SZ_2M

/* What most checks look at: a page of lines, or one of each 32 KiB. */
#define SELFTEST_LINE_BYTES	64
#define SELFTEST_LINES		64
#define SELFTEST_SAMPLE_BYTES	(SELFTEST_LINES * SELFTEST_LINE_BYTES)

#define SELFTEST_PACKAGES	64
#define SELFTEST_TIMED_CALLS	64

/**
 * enum selftest_view_id - the ways to look at the memory
 * @VIEW_BASE: KeyID 0
 * @VIEW_FIRST: the KeyID that most checks are about
 * @VIEW_RAW: a KeyID with NO_ENCRYPT
 * @VIEW_SECOND: another KeyID, if there is one
 * @SELFTEST_VIEWS: how many
 */
enum selftest_view_id {
	VIEW_BASE,
	VIEW_FIRST,
	VIEW_RAW,
	VIEW_SECOND,
	SELFTEST_VIEWS,
};

/**
 * enum selftest_answer - to a question that is answered by looking at lines
 * @ANSWER_UNKNOWN: it could not be asked
 * @ANSWER_NO: true of no line
 * @ANSWER_YES: true of every line
 * @ANSWER_PARTLY: of some
 */
enum selftest_answer {
	ANSWER_UNKNOWN,
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_PARTLY,
};

/**
 * enum selftest_table - whose table of keys decides about the memory
 * @TABLE_UNKNOWN: one package, or nothing that makes sense
 * @TABLE_SHARED: programming any package is programming all
 * @TABLE_HOME: that of one package, whoever reads
 * @TABLE_READER: that of the package which reads
 * @TABLE_INTERLEAVED: for some lines that of one package, for others another's
 */
enum selftest_table {
	TABLE_UNKNOWN,
	TABLE_SHARED,
	TABLE_HOME,
	TABLE_READER,
	TABLE_INTERLEAVED,
};

/**
 * enum selftest_base_shows - what KeyID 0 shows of what a KeyID wrote
 * @BASE_UNKNOWN: it could not be asked
 * @BASE_PLAINTEXT: what was written: nothing was encrypted
 * @BASE_CIPHERTEXT: the same as NO_ENCRYPT shows
 * @BASE_OTHER: neither; KeyID 0 has a key of its own
 */
enum selftest_base_shows {
	BASE_UNKNOWN,
	BASE_PLAINTEXT,
	BASE_CIPHERTEXT,
	BASE_OTHER,
};

/* enum selftest_error - kinds of nonsense to try PCONFIG with */
enum selftest_error {
	ERROR_COMMAND,
	ERROR_KEYID,
	ERROR_ALGORITHM,
	ERROR_CONTROL,
	ERROR_RESERVED,
	ERROR_KEY_TAIL,
	SELFTEST_ERRORS,
};

/* enum selftest_state - of the last run */
enum selftest_state {
	STATE_IDLE,
	STATE_RUNNING,
	STATE_DONE,
	STATE_FAILED,
};

/* struct selftest_times - of calls that succeeded, in ns */
struct selftest_times {
	u64 min;
	u64 median;
	u64 max;
};

/**
 * struct selftest_result - what was found
 * @error: why a run failed; NULL if it did not
 * @algorithm: with which everything but @encrypts was done
 * @keyids: how many KeyIDs it had
 * @packages: how many CPU packages
 * @was_tried: @errors is valid
 * @errors: what PCONFIG said to each kind of nonsense
 * @direct: times of SET_KEY_DIRECT
 * @random: times of SET_KEY_RANDOM
 * @calls: how often PCONFIG was to succeed
 * @busy: how often it ended with DEVICE_BUSY
 * @no_entropy: how often with ENTROPY_ERROR
 * @encrypts: by algorithm: the media does not hold what a KeyID writes
 * @reads_back: what a KeyID wrote is read through it, from the media
 * @base_encrypts: nor what KeyID 0 writes
 * @base_shows: what KeyID 0 shows of what a KeyID wrote
 * @cleared_is_base: a KeyID without key shows what KeyID 0 shows
 * @other_key_hides: nothing can be read with another key
 * @data_key_counts: nor if only the data key is another one
 * @tweak_key_counts: nor if only the tweak key is
 * @same_key_same_data: what one KeyID wrote can be read through another one
 * @same_key_same_ciphertext: they write the same to the media
 * @same_key_again: so does one KeyID that was given the key anew
 * @random_keys_differ: two keys made by the CPU do not
 * @ciphertext_repeats: equal blocks at different addresses are encrypted alike
 * @alias_sees_store: a store is seen through another KeyID at once
 * @alias_keeps_stale: what the other one had cached stays when the store was flushed
 * @alias_after_clwb: it is seen after CLWB, if it had not
 * @alias_after_flush: it is seen after CLFLUSHOPT of both
 * @dirty_line_new_key: what is in a cache is encrypted with a key set later
 * @cache_survives_key: what is in a cache is still read when the key was changed
 * @table: see there
 * @home: with TABLE_HOME: number of the package, as in sysfs
 * @flush_clean_ns: CLFLUSHOPT for each MiB, clean
 * @flush_dirty_ns: likewise, dirty
 */
struct selftest_result {
	const char *error;
	enum mktme_algorithm algorithm;
	unsigned int keyids;
	unsigned int packages;
	bool was_tried[SELFTEST_ERRORS];
	struct mktme_trial errors[SELFTEST_ERRORS];
	struct selftest_times direct;
	struct selftest_times random;
	unsigned int calls;
	unsigned int busy;
	unsigned int no_entropy;
	enum selftest_answer encrypts[MKTME_ALGORITHMS];
	enum selftest_answer reads_back;
	enum selftest_answer base_encrypts;
	enum selftest_base_shows base_shows;
	enum selftest_answer cleared_is_base;
	enum selftest_answer other_key_hides;
	enum selftest_answer data_key_counts;
	enum selftest_answer tweak_key_counts;
	enum selftest_answer same_key_same_data;
	enum selftest_answer same_key_same_ciphertext;
	enum selftest_answer same_key_again;
	enum selftest_answer random_keys_differ;
	enum selftest_answer ciphertext_repeats;
	enum selftest_answer alias_sees_store;
	enum selftest_answer alias_keeps_stale;
	enum selftest_answer alias_after_clwb;
	enum selftest_answer alias_after_flush;
	enum selftest_answer dirty_line_new_key;
	enum selftest_answer cache_survives_key;
	enum selftest_table table;
	int home;
	u64 flush_clean_ns;
	u64 flush_dirty_ns;
};

/**
 * struct selftest_view - one way to look at the memory
 * @keyid: reserved; NULL for KeyID 0, or if there is no such view
 * @mapping: through @keyid
 * @kaddr: where it is; NULL if there is no such view
 */
struct selftest_view {
	struct mktme_keyid *keyid;
	struct mktme_mapping mapping;
	void *kaddr;
};

/* Two keys for one: data key, tweak key. */
struct selftest_key {
	u8 data[MKTME_KEY_FIELD_BYTES / 2];
	u8 tweak[MKTME_KEY_FIELD_BYTES / 2];
};

/* Lines as they were written or read */
struct selftest_sample {
	u8 bytes[SELFTEST_SAMPLE_BYTES];
};

/**
 * struct selftest - one run
 * @base: the memory
 * @views: of it
 * @cpus: one of each package
 * @result: what was found so far
 * @operand: of PCONFIG; wiped after each use
 * @keys: different ones, made for this run; no secrets, but treated as such
 * @times: of calls
 * @plain: what is written; each has its own contents
 * @seen: what was read
 */
struct selftest {
	struct mktme_base base;
	struct selftest_view views[SELFTEST_VIEWS];
	int cpus[SELFTEST_PACKAGES];
	struct selftest_result *result;
	struct mktme_key_program *operand;
	struct selftest_key keys[2];
	u64 times[SELFTEST_TIMED_CALLS];
	struct selftest_sample plain[2];
	struct selftest_sample seen[3];
};

static inline bool mktme_selftest_has(const struct selftest *st,
				      enum selftest_view_id id)
{
	return st->views[id].kaddr;
}

/* mktme_selftest_view.c */
int mktme_selftest_views_create(struct selftest *st);
void mktme_selftest_views_destroy(struct selftest *st);
void mktme_selftest_write(struct selftest *st, enum selftest_view_id id,
			  size_t stride, const struct selftest_sample *sample);
int mktme_selftest_read(struct selftest *st, enum selftest_view_id id,
			size_t stride, struct selftest_sample *sample);
int mktme_selftest_read_on(struct selftest *st, int cpu,
			   enum selftest_view_id id, size_t stride,
			   struct selftest_sample *sample);
void mktme_selftest_flush(struct selftest *st, enum selftest_view_id id,
			  size_t stride);
void mktme_selftest_write_back(struct selftest *st, enum selftest_view_id id,
			       size_t bytes);
unsigned int mktme_selftest_equal(const struct selftest_sample *a,
				  const struct selftest_sample *b);

/* mktme_selftest_key.c */
int mktme_selftest_find_packages(struct selftest *st);
int mktme_selftest_set_key(struct selftest *st, enum selftest_view_id id,
			   const struct selftest_key *key);
int mktme_selftest_set_key_on(struct selftest *st, int cpu,
			      enum selftest_view_id id,
			      const struct selftest_key *key);
int mktme_selftest_set_random(struct selftest *st, enum selftest_view_id id);
int mktme_selftest_set_plain(struct selftest *st, enum selftest_view_id id);
int mktme_selftest_clear(struct selftest *st, enum selftest_view_id id);
int mktme_selftest_try_errors(struct selftest *st);
int mktme_selftest_time_keys(struct selftest *st);

/* mktme_selftest_checks.c */
int mktme_selftest_run_checks(struct selftest *st);

/* mktme_selftest_sysfs.c */
extern struct selftest_result mktme_selftest_result;
extern enum selftest_state mktme_selftest_state;
int mktme_selftest_sysfs_init(int (*run)(dev_t dev));
void mktme_selftest_sysfs_exit(void);

#endif /* _MKTME_SELFTEST_H */
