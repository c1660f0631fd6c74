// SPDX-License-Identifier: GPL-2.0-only
/*
 * The self-test of the kernel module mktme_selftest: started, read and judged.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib_private.h"

#define MODULE "mktme_selftest"
#define SYSFS "/sys/devices/" MODULE

/* All files that are answers, in the order of a report. */
static const char *const answers[] = {
	"algorithm",
	"keyids",
	"packages",
	"error_command",
	"error_keyid",
	"error_algorithm",
	"error_control",
	"error_reserved",
	"error_key_tail",
	"pconfig_calls",
	"pconfig_busy",
	"pconfig_no_entropy",
	"direct_ns_min",
	"direct_ns_median",
	"direct_ns_max",
	"random_ns_min",
	"random_ns_median",
	"random_ns_max",
	"encrypts_aes_xts_128",
	"encrypts_aes_xts_256",
	"reads_back",
	"keyid0_encrypts",
	"keyid0_shows",
	"cleared_is_keyid0",
	"other_key_hides",
	"data_key_counts",
	"tweak_key_counts",
	"same_key_same_data",
	"same_key_same_ciphertext",
	"same_key_again",
	"random_keys_differ",
	"ciphertext_repeats",
	"alias_sees_store",
	"alias_keeps_stale",
	"alias_after_clwb",
	"alias_after_flush",
	"dirty_line_new_key",
	"cache_survives_key",
	"table",
	"home_package",
	"flush_clean_ns_per_mib",
	"flush_dirty_ns_per_mib",
};

struct report {
	void (*fn)(const struct libmktme_probe_item *item, void *arg);
	void *arg;
	struct libmktme_caps caps;
	unsigned int failed;
};

/* ---- the module ---- */

static int read_answer(const char *name, char *value, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS "/%s", name);
	return libmktme_read_line(path, value, size);
}

int libmktme_selftest_load(void)
{
	if (access(SYSFS "/run", F_OK))
		libmktme_modprobe(MODULE);
	if (!access(SYSFS "/run", F_OK))
		return 0;
	libmktme_reason("the kernel module " MODULE " cannot be loaded");
	libmktme_hint("it is built along with nd_mktme; see the kernel log");
	return -ENODEV;
}

void libmktme_selftest_unload(void)
{
	libmktme_modprobe_remove(MODULE);
}

/* The kernel says why in a file of its own, also of what a signal ended. */
static int explain(int err)
{
	char text[128];

	if (!read_answer("error", text, sizeof(text)) && strcmp(text, "none"))
		libmktme_reason("%s", text);
	return err;
}

int libmktme_selftest_run(const struct libmktme_base *base)
{
	char number[32];
	int fd, len, err = 0;

	fd = open(SYSFS "/run", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = snprintf(number, sizeof(number), "%u:%u", base->major,
		       base->minor);
	if (write(fd, number, len) != len)
		err = -errno;
	close(fd);
	return err ? explain(err) : 0;
}

void libmktme_selftest_foreach(void (*fn)(const char *name, const char *value,
					  void *arg),
			       void *arg)
{
	char value[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(answers); i++)
		if (!read_answer(answers[i], value, sizeof(value)))
			fn(answers[i], value, arg);
}

/* ---- what an answer means ---- */

struct meaning {
	const char *value;
	enum libmktme_verdict verdict;
	const char *text;
};

struct question {
	const char *name;
	const char *title;
	struct meaning meanings[4];
	const char *advice;
};

#define NOT_ENCRYPTED                                                 \
	"the CPU takes keys, but does not use them for this memory; " \
	"look for settings of the firmware, and report it"
#define STRANGE "no document allows that; please report it"
#define NO_KEYID "there is no KeyID to look with"

static const struct question questions[] = {
	{ "reads_back",
	  "what was written is read again",
	  { { "yes", LIBMKTME_OK, "yes, from the media" },
	    { "no", LIBMKTME_FAIL, "no: other bytes come back" },
	    { "partly", LIBMKTME_FAIL, "some lines only" },
	    { "unknown", LIBMKTME_UNKNOWN, "not asked" } },
	  STRANGE },
	{ "keyid0_shows",
	  "what KeyID 0 shows of it",
	  { { "ciphertext", LIBMKTME_OK, "ciphertext, as the media holds it" },
	    { "other", LIBMKTME_OK, "noise: KeyID 0 has a key of its own" },
	    { "plaintext", LIBMKTME_FAIL, "what was written" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  NOT_ENCRYPTED },
	{ "cleared_is_keyid0",
	  "a KeyID without key is as KeyID 0",
	  { { "yes", LIBMKTME_OK, "yes, as documented" },
	    { "no", LIBMKTME_WARN, "no: CLEAR_KEY does something else" },
	    { "partly", LIBMKTME_WARN, "for some lines only" },
	    { "unknown", LIBMKTME_UNKNOWN, "not asked" } },
	  STRANGE },
	{ "other_key_hides",
	  "another key shows noise",
	  { { "yes", LIBMKTME_OK, "yes: a wrong key is noticed" },
	    { "no", LIBMKTME_FAIL, "no: everything can be read" },
	    { "partly", LIBMKTME_FAIL, "no: some lines can be read" },
	    { "unknown", LIBMKTME_UNKNOWN, "not asked" } },
	  NOT_ENCRYPTED },
	{ "data_key_counts",
	  "so does another data key",
	  { { "yes", LIBMKTME_OK, "yes" },
	    { "no", LIBMKTME_WARN, "no: it is not used" },
	    { "partly", LIBMKTME_WARN, "for some lines only" },
	    { "unknown", LIBMKTME_UNKNOWN, "not asked" } },
	  STRANGE },
	{ "tweak_key_counts",
	  "and another tweak key",
	  { { "yes", LIBMKTME_OK, "yes" },
	    { "no", LIBMKTME_WARN, "no: it is not used" },
	    { "partly", LIBMKTME_WARN, "for some lines only" },
	    { "unknown", LIBMKTME_UNKNOWN, "not asked" } },
	  STRANGE },
	{ "same_key_again",
	  "a key set again: the same ciphertext",
	  { { "yes", LIBMKTME_OK, "yes: a volume can be opened again" },
	    { "no", LIBMKTME_FAIL, "no: a volume could not be opened again" },
	    { "partly", LIBMKTME_FAIL, "for some lines only" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  STRANGE },
	{ "same_key_same_data",
	  "another KeyID with that key reads it",
	  { { "yes", LIBMKTME_OK, "yes: any KeyID will do" },
	    { "no", LIBMKTME_FAIL, "no: the KeyID is part of the tweak" },
	    { "partly", LIBMKTME_FAIL, "some lines only" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  STRANGE },
	{ "same_key_same_ciphertext",
	  "and writes the same ciphertext",
	  { { "yes", LIBMKTME_OK, "yes" },
	    { "no", LIBMKTME_FAIL, "no" },
	    { "partly", LIBMKTME_FAIL, "for some lines only" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  STRANGE },
	{ "random_keys_differ",
	  "keys made by the CPU differ",
	  { { "yes", LIBMKTME_OK, "yes" },
	    { "no", LIBMKTME_WARN, "no: it makes the same one again" },
	    { "partly", LIBMKTME_WARN, "for some lines only" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  "do not use 'open --type random'; please report it" },
	{ "ciphertext_repeats",
	  "equal blocks are encrypted alike",
	  { { "no", LIBMKTME_OK, "no: the tweak depends on the address" },
	    { "yes", LIBMKTME_WARN, "yes: patterns of the data can be seen" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  STRANGE },
	{ "alias_sees_store",
	  "a store is seen through another KeyID",
	  { { "no", LIBMKTME_OK, "no: not coherent, as documented" },
	    { "yes", LIBMKTME_OK, "yes: coherent, more than documented" },
	    { "partly", LIBMKTME_OK, "some lines, before they are flushed" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  NULL },
	{ "alias_keeps_stale",
	  "a line cached there before stays stale",
	  { { "yes", LIBMKTME_OK, "yes, until it is flushed there, too" },
	    { "no", LIBMKTME_OK, "no: coherent, more than documented" },
	    { "partly", LIBMKTME_OK, "some lines" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  NULL },
	{ "alias_after_clwb",
	  "after CLWB the media has the store",
	  { { "yes", LIBMKTME_OK, "yes" },
	    { "no", LIBMKTME_FAIL, "no: CLWB does not reach what is read" },
	    { "partly", LIBMKTME_FAIL, "some lines" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  "what fsync and MAP_SYNC promise rests on CLWB; please report it" },
	{ "alias_after_flush",
	  "after CLFLUSHOPT the media has it",
	  { { "yes", LIBMKTME_OK, "yes" },
	    { "no", LIBMKTME_FAIL, "no: keys could not be changed safely" },
	    { "partly", LIBMKTME_FAIL, "some lines" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  STRANGE },
	{ "cache_survives_key",
	  "caches keep what another key had",
	  { { "yes", LIBMKTME_OK, "yes, as documented" },
	    { "no", LIBMKTME_OK, "no: PCONFIG flushes, or drops it" },
	    { "partly", LIBMKTME_OK, "some lines" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  NULL },
	{ "dirty_line_new_key",
	  "a dirty line takes the key set later",
	  { { "yes", LIBMKTME_OK, "yes: flushes before it are needed" },
	    { "no", LIBMKTME_OK, "no: with the one that it was stored with" },
	    { "partly", LIBMKTME_OK, "some lines" },
	    { "unknown", LIBMKTME_UNKNOWN, NO_KEYID } },
	  NULL },
};

__attribute__((format(printf, 6, 7))) static void
say(struct report *report, const char *key, const char *title,
    enum libmktme_verdict verdict, const char *advice, const char *format, ...)
{
	struct libmktme_probe_item item = { key, title, verdict, "", NULL };
	va_list args;

	va_start(args, format);
	vsnprintf(item.detail, sizeof(item.detail), format, args);
	va_end(args);
	if (verdict != LIBMKTME_OK && verdict != LIBMKTME_UNKNOWN)
		item.advice = advice;
	report->failed += verdict == LIBMKTME_FAIL;
	report->fn(&item, report->arg);
}

static void judge_question(struct report *report,
			   const struct question *question)
{
	const struct meaning *meaning = question->meanings;
	char value[32];
	size_t i;

	if (read_answer(question->name, value, sizeof(value)))
		return;
	for (i = 0; i < ARRAY_SIZE(question->meanings) && meaning[i].value; i++)
		if (!strcmp(meaning[i].value, value)) {
			say(report, question->name, question->title,
			    meaning[i].verdict, question->advice, "%s",
			    meaning[i].text);
			return;
		}
	say(report, question->name, question->title, LIBMKTME_UNKNOWN, NULL,
	    "'%s'", value);
}

/* ---- PCONFIG ---- */

/* What hardware may do, by the TME specification or by the SDM. */
struct nonsense {
	const char *name;
	const char *title;
	bool may_be_ignored;
};

static const struct nonsense nonsenses[] = {
	{ "error_command", "PCONFIG: bad command", false },
	{ "error_keyid", "PCONFIG: bad KeyID", false },
	{ "error_algorithm", "PCONFIG: bad algorithm", false },
	{ "error_control", "PCONFIG: reserved bits of the control", false },
	{ "error_reserved", "PCONFIG: reserved bytes", true },
	{ "error_key_tail", "PCONFIG: a key longer than it may be", true },
};

static void judge_nonsense(struct report *report,
			   const struct nonsense *nonsense)
{
	char value[32];

	if (read_answer(nonsense->name, value, sizeof(value)))
		return;
	if (!strcmp(value, "unknown"))
		say(report, nonsense->name, nonsense->title, LIBMKTME_UNKNOWN,
		    NULL, "not asked");
	else if (!strcmp(value, "fault"))
		say(report, nonsense->name, nonsense->title, LIBMKTME_OK, NULL,
		    "refused by #GP");
	else if (strcmp(value, "accepted"))
		say(report, nonsense->name, nonsense->title, LIBMKTME_OK, NULL,
		    "refused by %s", value);
	else
		say(report, nonsense->name, nonsense->title,
		    nonsense->may_be_ignored ? LIBMKTME_OK : LIBMKTME_WARN,
		    STRANGE, "%s",
		    nonsense->may_be_ignored ? "ignored" : "accepted");
}

static uint64_t number(const char *name)
{
	char value[32];

	if (read_answer(name, value, sizeof(value)))
		return 0;
	return strtoull(value, NULL, 10);
}

static double microseconds(const char *prefix, const char *which)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", prefix, which);
	return number(name) / 1e3;
}

static void report_times(struct report *report, const char *key,
			 const char *title, const char *prefix)
{
	double max = microseconds(prefix, "max");

	if (max == 0)
		return;
	say(report, key, title, LIBMKTME_OK, NULL, "%.1f us; %.1f to %.1f us",
	    microseconds(prefix, "median"), microseconds(prefix, "min"), max);
}

static void report_pconfig(struct report *report)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nonsenses); i++)
		judge_nonsense(report, &nonsenses[i]);
	say(report, "pconfig_retries", "PCONFIG: retries", LIBMKTME_OK, NULL,
	    "%" PRIu64 " calls; %" PRIu64 " times busy, %" PRIu64
	    " times without entropy",
	    number("pconfig_calls"), number("pconfig_busy"),
	    number("pconfig_no_entropy"));
	report_times(report, "direct_ns", "PCONFIG: time to set a key",
		     "direct_ns");
	report_times(report, "random_ns", "PCONFIG: time to make a random key",
		     "random_ns");
}

/* ---- encryption ---- */

static void judge_encryption(struct report *report, const char *key,
			     const char *title, const char *algorithm)
{
	const struct libmktme_algorithm *alg =
		libmktme_algorithm_by_name(algorithm);
	char value[32];

	if (!(report->caps.algorithms & alg->activate_bit) ||
	    read_answer(key, value, sizeof(value)))
		return;
	if (!strcmp(value, "yes"))
		say(report, key, title, LIBMKTME_OK, NULL,
		    "yes: the media holds something else than was written");
	else if (!strcmp(value, "unknown"))
		say(report, key, title, LIBMKTME_UNKNOWN, NULL, NO_KEYID);
	else
		say(report, key, title, LIBMKTME_FAIL, NOT_ENCRYPTED,
		    "%s: the media holds what was written", value);
}

/* What the firmware says is one thing, what happens to this memory another. */
static void judge_keyid0(struct report *report)
{
	const char *key = "keyid0_encrypts", *title = "KeyID 0 encrypts";
	char value[32];

	if (read_answer(key, value, sizeof(value)))
		return;
	if (!strcmp(value, "unknown"))
		say(report, key, title, LIBMKTME_UNKNOWN, NULL, NO_KEYID);
	else if (!strcmp(value, "no") && report->caps.has_bypass)
		say(report, key, title, LIBMKTME_OK, NULL,
		    "no: TME bypass works");
	else if (!strcmp(value, "no"))
		say(report, key, title, LIBMKTME_WARN,
		    "the firmware may exclude this memory; 'format' nevertheless wants a detached header",
		    "no, although TME bypass is off");
	else if (report->caps.has_bypass)
		say(report, key, title, LIBMKTME_FAIL,
		    "what is written without a key is lost at the next boot; please report it",
		    "%s, although TME bypass is on", value);
	else
		say(report, key, title, LIBMKTME_OK, NULL,
		    "%s, as it should without TME bypass", value);
}

/* ---- packages, caches ---- */

static void report_table(struct report *report)
{
	const char *key = "table", *title = "whose table of keys";
	char value[32], home[32] = "";

	if (read_answer(key, value, sizeof(value)))
		return;
	read_answer("home_package", home, sizeof(home));
	if (!strcmp(value, "home"))
		say(report, key, title, LIBMKTME_OK, NULL,
		    "that of package %s, whoever reads", home);
	else if (!strcmp(value, "shared"))
		say(report, key, title, LIBMKTME_OK, NULL,
		    "all packages have one in common");
	else if (!strcmp(value, "reader"))
		say(report, key, title, LIBMKTME_OK, NULL,
		    "that of the package which reads");
	else if (!strcmp(value, "interleaved"))
		say(report, key, title, LIBMKTME_OK, NULL,
		    "those of several packages, line by line");
	else if (number("packages") == 1)
		say(report, key, title, LIBMKTME_UNKNOWN, NULL,
		    "there is one package");
	else
		say(report, key, title, LIBMKTME_UNKNOWN, NULL,
		    "what the packages show makes no sense");
}

static void report_flushes(struct report *report)
{
	uint64_t clean = number("flush_clean_ns_per_mib");
	uint64_t dirty = number("flush_dirty_ns_per_mib");

	if (dirty)
		say(report, "flush_ns", "time to flush a MiB", LIBMKTME_OK,
		    NULL, "%.0f us clean, %.0f us dirty", clean / 1e3,
		    dirty / 1e3);
}

static void report_state(struct report *report)
{
	char state[32] = "", error[100] = "";

	read_answer("state", state, sizeof(state));
	read_answer("error", error, sizeof(error));
	if (!strcmp(state, "done"))
		say(report, "run", "self-test", LIBMKTME_OK, NULL,
		    "ended; it had %" PRIu64 " KeyIDs and %" PRIu64
		    " CPU package%s",
		    number("keyids"), number("packages"),
		    number("packages") == 1 ? "" : "s");
	else
		say(report, "run", "self-test", LIBMKTME_FAIL,
		    "what follows is what was found before", "%s: %s", state,
		    error);
}

int libmktme_selftest_judge(void (*fn)(const struct libmktme_probe_item *item,
				       void *arg),
			    void *arg)
{
	struct report report = { .fn = fn, .arg = arg };
	size_t i;
	int err;

	err = libmktme_caps_read(&report.caps);
	if (err)
		return err;
	report_state(&report);
	report_pconfig(&report);
	judge_encryption(&report, "encrypts_aes_xts_128",
			 "a KeyID encrypts (AES-XTS-128)", "aes-xts-128");
	judge_encryption(&report, "encrypts_aes_xts_256",
			 "a KeyID encrypts (AES-XTS-256)", "aes-xts-256");
	judge_keyid0(&report);
	for (i = 0; i < ARRAY_SIZE(questions); i++)
		judge_question(&report, &questions[i]);
	report_table(&report);
	report_flushes(&report);
	return report.failed ? -ENODEV : 0;
}
