// SPDX-License-Identifier: GPL-2.0-only
/*
 * The self-test's use of PCONFIG: keys for its KeyIDs, and nonsense, to see
 * what the hardware says to it.
 */

#include <linux/bits.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "mktme_selftest.h"

/* As in mktme_pconfig.c: somebody else may hold the key table. */
#define TRIES			100
#define BACKOFF_MIN_US		10
#define BACKOFF_MAX_US		100

/* The documents name commands up to 3. */
#define NO_COMMAND		0x80

static bool has_package(const struct selftest *st, int package)
{
	unsigned int i;

	for (i = 0; i < st->result->packages; i++)
		if (topology_logical_package_id(st->cpus[i]) == package)
			return true;
	return false;
}

/**
 * mktme_selftest_find_packages() - one CPU of each package
 * @st: @cpus is filled in, and how many there are in the result
 *
 * Return: 0, or -E2BIG if there are more than a run can deal with
 */
int mktme_selftest_find_packages(struct selftest *st)
{
	int cpu, r = 0;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		if (has_package(st, topology_logical_package_id(cpu)))
			continue;
		if (st->result->packages == SELFTEST_PACKAGES) {
			st->result->error = "too many CPU packages";
			r = -E2BIG;
			break;
		}
		st->cpus[st->result->packages++] = cpu;
	}
	cpus_read_unlock();
	return r;
}

static struct mktme_key_program *
prepare(struct selftest *st, enum selftest_view_id id, u32 command)
{
	u32 alg = mktme_pconfig_alg_bit(st->result->algorithm);

	memzero_explicit(st->operand, sizeof(*st->operand));
	st->operand->keyid = mktme_keyid_number(st->views[id].keyid);
	st->operand->keyid_ctrl = command | alg << KEYID_CTRL_ALG_SHIFT;
	return st->operand;
}

static void set_key_fields(struct selftest *st, const struct selftest_key *key)
{
	unsigned int half = mktme_key_bytes(st->result->algorithm) / 2;

	memcpy(st->operand->data_key, key->data, half);
	memcpy(st->operand->tweak_key, key->tweak, half);
}

static void count(struct selftest_result *result,
		  const struct mktme_trial *trial)
{
	if (trial->is_fault)
		return;
	result->busy += trial->status == MKTME_DEVICE_BUSY;
	result->no_entropy += trial->status == MKTME_ENTROPY_ERROR;
}

static bool should_retry(const struct mktme_trial *trial)
{
	return !trial->is_fault && (trial->status == MKTME_DEVICE_BUSY ||
				    trial->status == MKTME_ENTROPY_ERROR);
}

static int judge(struct selftest *st, const struct mktme_trial *trial)
{
	if (trial->is_fault) {
		st->result->error = "PCONFIG faulted";
		return -EIO;
	}
	switch (trial->status) {
	case MKTME_PROG_SUCCESS:
		return 0;
	case MKTME_DEVICE_BUSY:
		st->result->error = "PCONFIG: the key table stays busy";
		return -EAGAIN;
	case MKTME_ENTROPY_ERROR:
		st->result->error = "PCONFIG: not enough entropy, again and again";
		return -EAGAIN;
	default:
		st->result->error = "PCONFIG refused what should be valid";
		return -EIO;
	}
}

static int try(struct selftest *st, enum selftest_view_id id, int cpu,
	       struct mktme_trial *trial)
{
	int r;

	if (signal_pending(current)) {
		st->result->error = "interrupted";
		return -EINTR;
	}
	r = mktme_keyid_try(st->views[id].keyid, cpu, st->operand, trial);
	if (r)
		st->result->error = r == -ENXIO ? "a CPU went offline" :
						  "the machine is shutting down";
	else
		count(st->result, trial);
	return r;
}

/* What is in @operand is to succeed. */
static int execute(struct selftest *st, enum selftest_view_id id, int cpu,
		   struct mktme_trial *trial)
{
	int r, tries;

	st->result->calls++;
	for (tries = 0; tries < TRIES; tries++) {
		r = try(st, id, cpu, trial);
		if (r || !should_retry(trial))
			break;
		usleep_range(BACKOFF_MIN_US, BACKOFF_MAX_US);
	}
	return r ?: judge(st, trial);
}

static int execute_everywhere(struct selftest *st, enum selftest_view_id id)
{
	struct mktme_trial trial;
	unsigned int i;
	int r = 0;

	for (i = 0; !r && i < st->result->packages; i++)
		r = execute(st, id, st->cpus[i], &trial);
	memzero_explicit(st->operand, sizeof(*st->operand));
	return r;
}

/**
 * mktme_selftest_set_key() - give a KeyID a key, on every package
 * @st: the run
 * @id: view of the KeyID; the caller has flushed what it cares for
 * @key: the key
 *
 * Context: Process context, sleeps.
 * Return: 0 or -errno, with the reason in the result
 */
int mktme_selftest_set_key(struct selftest *st, enum selftest_view_id id,
			   const struct selftest_key *key)
{
	prepare(st, id, KEYID_CTRL_SET_KEY_DIRECT);
	set_key_fields(st, key);
	return execute_everywhere(st, id);
}

/**
 * mktme_selftest_set_key_on() - likewise, on the package of one CPU
 * @st: the run
 * @cpu: the CPU
 * @id: view of the KeyID
 * @key: the key
 *
 * Return: 0 or -errno
 */
int mktme_selftest_set_key_on(struct selftest *st, int cpu,
			      enum selftest_view_id id,
			      const struct selftest_key *key)
{
	struct mktme_trial trial;
	int r;

	prepare(st, id, KEYID_CTRL_SET_KEY_DIRECT);
	set_key_fields(st, key);
	r = execute(st, id, cpu, &trial);
	memzero_explicit(st->operand, sizeof(*st->operand));
	return r;
}

/**
 * mktme_selftest_set_random() - let the CPU make a key
 * @st: the run
 * @id: view of the KeyID
 *
 * Each package makes another one.
 *
 * Return: 0 or -errno
 */
int mktme_selftest_set_random(struct selftest *st, enum selftest_view_id id)
{
	prepare(st, id, KEYID_CTRL_SET_KEY_RANDOM);
	return execute_everywhere(st, id);
}

/**
 * mktme_selftest_set_plain() - let a KeyID show what the media holds
 * @st: the run
 * @id: view of the KeyID
 *
 * Return: 0 or -errno
 */
int mktme_selftest_set_plain(struct selftest *st, enum selftest_view_id id)
{
	prepare(st, id, KEYID_CTRL_NO_ENCRYPT);
	return execute_everywhere(st, id);
}

/**
 * mktme_selftest_clear() - take the key away
 * @st: the run
 * @id: view of the KeyID
 *
 * Return: 0 or -errno
 */
int mktme_selftest_clear(struct selftest *st, enum selftest_view_id id)
{
	prepare(st, id, KEYID_CTRL_CLEAR_KEY);
	return execute_everywhere(st, id);
}

/*
 * Nonsense.  Whatever the hardware makes of it, if it takes it, concerns a
 * KeyID that is ours, or one that is in no address: even if only its low bits
 * counted, CLEAR_KEY would leave KeyID 0 as it is (TME spec).
 */
static void prepare_error(struct selftest *st, enum selftest_error error)
{
	struct mktme_key_program *operand;

	operand = prepare(st, VIEW_FIRST, KEYID_CTRL_CLEAR_KEY);
	switch (error) {
	case ERROR_COMMAND:
		operand->keyid_ctrl |= NO_COMMAND;
		break;
	case ERROR_KEYID:
		operand->keyid = BIT(mktme_cap.keyid_bits);
		break;
	case ERROR_ALGORITHM:
		operand->keyid_ctrl = KEYID_CTRL_CLEAR_KEY;
		break;
	case ERROR_CONTROL:
		operand->keyid_ctrl |= BIT(31);
		break;
	case ERROR_RESERVED:
		operand->reserved[sizeof(operand->reserved) - 1] = 1;
		break;
	case ERROR_KEY_TAIL:
		prepare(st, VIEW_FIRST, KEYID_CTRL_SET_KEY_DIRECT);
		set_key_fields(st, &st->keys[0]);
		operand->data_key[MKTME_KEY_FIELD_BYTES - 1] = 1;
		break;
	case SELFTEST_ERRORS:
		break;
	}
}

static int try_error(struct selftest *st, enum selftest_error error)
{
	struct mktme_trial *trial = &st->result->errors[error];
	int r, tries;

	for (tries = 0; tries < TRIES; tries++) {
		prepare_error(st, error);
		r = try(st, VIEW_FIRST, st->cpus[0], trial);
		if (r || !should_retry(trial))
			break;
		usleep_range(BACKOFF_MIN_US, BACKOFF_MAX_US);
	}
	memzero_explicit(st->operand, sizeof(*st->operand));
	if (!r && should_retry(trial))
		r = judge(st, trial);
	st->result->was_tried[error] = !r;
	return r;
}

/**
 * mktme_selftest_try_errors() - what does PCONFIG say to each kind of nonsense?
 * @st: the run
 *
 * Documents differ: a status (TME spec), or #GP (current SDM).
 *
 * Return: 0 or -errno
 */
int mktme_selftest_try_errors(struct selftest *st)
{
	int r = 0, error;

	for (error = 0; !r && error < SELFTEST_ERRORS; error++)
		r = try_error(st, error);
	return r;
}

static int compare_times(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int time_command(struct selftest *st, u32 command,
			struct selftest_times *times)
{
	struct mktme_trial trial;
	int i, r;

	for (i = 0; i < SELFTEST_TIMED_CALLS; i++) {
		prepare(st, VIEW_FIRST, command);
		set_key_fields(st, &st->keys[i % 2]);
		r = execute(st, VIEW_FIRST,
			    st->cpus[i % st->result->packages], &trial);
		if (r)
			break;
		st->times[i] = trial.ns;
	}
	memzero_explicit(st->operand, sizeof(*st->operand));
	if (!i)
		return r;
	sort(st->times, i, sizeof(st->times[0]), compare_times, NULL);
	times->min = st->times[0];
	times->median = st->times[i / 2];
	times->max = st->times[i - 1];
	return r;
}

/**
 * mktme_selftest_time_keys() - how long does it take to set a key?
 * @st: the run
 *
 * Return: 0 or -errno
 */
int mktme_selftest_time_keys(struct selftest *st)
{
	int r;

	r = time_command(st, KEYID_CTRL_SET_KEY_DIRECT, &st->result->direct);
	return r ?: time_command(st, KEYID_CTRL_SET_KEY_RANDOM,
				 &st->result->random);
}
