// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel module shows in sysfs, from a directory made for the test.
 */

#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char dir[] = "/tmp/mktme-caps.XXXXXX";

static const char *const files[][2] = {
	{ "keyids_total", "15" },
	{ "keyids_used", "2" },
	{ "keyid_bits", "6" },
	{ "keyid_shift", "40" },
	{ "packages", "2" },
	{ "bypass", "1" },
	{ "algorithms", "aes-xts-128 rot13 aes-xts-256" },
};

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

static int make_files(void **state)
{
	size_t i;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	for (i = 0; i < ARRAY_SIZE(files); i++)
		write_file(files[i][0], files[i][1]);
	return 0;
}

static int remove_files(void **state)
{
	char path[128];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i][0]);
		unlink(path);
	}
	return rmdir(dir);
}

static void test_read(void **state)
{
	struct libmktme_caps caps;

	(void)state;
	assert_int_equal(libmktme_caps_read_from(dir, &caps), 0);
	assert_int_equal(caps.keyids_total, 15);
	assert_int_equal(caps.keyids_used, 2);
	assert_int_equal(caps.keyid_bits, 6);
	assert_int_equal(caps.keyid_shift, 40);
	assert_int_equal(caps.packages, 2);
	assert_int_equal(caps.algorithms, (1 << 0) | (1 << 2));
	assert_true(caps.has_bypass);
}

static void test_one_algorithm(void **state)
{
	struct libmktme_caps caps;

	(void)state;
	write_file("algorithms", "aes-xts-256");
	write_file("bypass", "0");
	assert_int_equal(libmktme_caps_read_from(dir, &caps), 0);
	assert_int_equal(caps.algorithms, 1 << 2);
	assert_false(caps.has_bypass);
}

static void test_malformed(void **state)
{
	struct libmktme_caps caps;

	(void)state;
	write_file("keyids_total", "many");
	assert_int_equal(libmktme_caps_read_from(dir, &caps), -EINVAL);
	assert_int_equal(libmktme_caps_read_from("/nonexistent", &caps),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_one_algorithm),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
