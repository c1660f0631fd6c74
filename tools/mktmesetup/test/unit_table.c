// SPDX-License-Identifier: GPL-2.0-only
/*
 * Table and status lines: what is written can be read, nonsense cannot.
 */

#include "unit.h"

static const char *const good_lines[] = {
	"aes-xts-256 :64:logon:cryptsetup:b3c3-d0 259:1 12288",
	"aes-xts-128 :32:user:mktme:x /dev/pmem0 8192 1 no_verifier",
	"aes-xts-256 :64:encrypted:a:b:c 259:1 0 1 init_verifier",
	"aes-xts-256 :64:logon:with\\ blank 259:1 0",
	"aes-xts-256 :64:logon:with\\\\backslash 259:1 0",
	"aes-xts-256 :64:logon:with\\\ttab 259:1 0",
	"aes-xts-256 :64:logon:latin-1\\\xa0 259:1 0",
	"aes-xts-256 :64:logon:x /dev/with\\ blank 0",
	"aes-xts-256 random 259:1 4096 1 init_verifier",
	"aes-xts-128 plaintext 259:1 0 1 no_verifier",
	"aes-xts-256 :64:logon:x 259:1 0 2 discard_key memmap=dev",
};

static void test_round_trip(void **state)
{
	struct libmktme_table table = { 0 };
	char line[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good_lines); i++) {
		memset(&table, 0, sizeof(table));
		assert_int_equal(libmktme_table_parse(good_lines[i], &table),
				 0);
		assert_int_equal(
			libmktme_table_format(&table, line, sizeof(line)), 0);
		assert_string_equal(line, good_lines[i]);
	}
}

static void test_fields(void **state)
{
	struct libmktme_table table = { .sectors = 4096 };

	(void)state;
	assert_int_equal(libmktme_table_parse(good_lines[0], &table), 0);
	assert_int_equal(table.sectors, 4096);
	assert_string_equal(table.algorithm, "aes-xts-256");
	assert_int_equal(table.key_bytes, 64);
	assert_string_equal(table.key_type, "logon");
	assert_string_equal(table.key_description, "cryptsetup:b3c3-d0");
	assert_string_equal(table.device, "259:1");
	assert_int_equal(table.offset, 12288);
	assert_false(table.has_init_verifier);
	assert_false(table.has_no_verifier);
}

static void test_escapes(void **state)
{
	struct libmktme_table table = { 0 };

	(void)state;
	assert_int_equal(
		libmktme_table_parse("aes-xts-256 :64:logon:a\\ \\\\b 259:1 0",
				     &table),
		0);
	assert_string_equal(table.key_description, "a \\b");
}

static void test_no_room(void **state)
{
	struct libmktme_table table = { 0 };
	char line[16];

	(void)state;
	assert_int_equal(libmktme_table_parse(good_lines[0], &table), 0);
	assert_int_equal(libmktme_table_format(&table, line, sizeof(line)),
			 -ENOSPC);
}

static void test_key(void **state)
{
	struct libmktme_table table = { 0 };
	char key[40];

	(void)state;
	assert_int_equal(
		libmktme_table_parse("aes-xts-256 :64:logon:a\\ b:c 259:1 0",
				     &table),
		0);
	assert_int_equal(libmktme_table_format_key(&table, key, sizeof(key)),
			 0);
	assert_string_equal(key, ":64:logon:a\\ b:c");
	assert_int_equal(libmktme_table_format_key(&table, key, 8), -ENOSPC);
	strcpy(table.key_type, "random");
	assert_int_equal(libmktme_table_format_key(&table, key, sizeof(key)),
			 0);
	assert_string_equal(key, "random");
}

static const char *const bad_lines[] = {
	"",
	"aes-xts-256",
	"aes-xts-256 :64:logon:x 259:1",
	"aes-xts-256 0123456789abcdef 259:1 0",
	"aes-xts-256 :0:logon:x 259:1 0",
	"aes-xts-256 :-64:logon:x 259:1 0",
	"aes-xts-256 :4294967360:logon:x 259:1 0",
	"aes-xts-256 :64:random:x 259:1 0",
	"aes-xts-256 :64:logon 259:1 0",
	"aes-xts-256 :64:logon: 259:1 0",
	"aes-xts-256 :64::x 259:1 0",
	"aes-xts-256 :64:a_type_that_is_too_long:x 259:1 0",
	"an_algorithm_that_is_too_long :64:logon:x 259:1 0",
	"aes-xts-256 :64:logon:x 259:1 12x",
	"aes-xts-256 :64:logon:x 259:1 -1",
	"aes-xts-256 :64:logon:x 259:1 99999999999999999999999",
	"aes-xts-256 :64:logon:x 259:1 0 1",
	"aes-xts-256 :64:logon:x 259:1 0 1 nonsense",
	"aes-xts-256 :64:logon:x 259:1 0 0 no_verifier",
	"aes-xts-256 :64:logon:x 259:1 0 x",
};

static void test_malformed(void **state)
{
	struct libmktme_table table;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		memset(&table, 0, sizeof(table));
		assert_int_equal(libmktme_table_parse(bad_lines[i], &table),
				 -EINVAL);
	}
}

static void test_status(void **state)
{
	struct libmktme_status status;

	(void)state;
	assert_int_equal(libmktme_status_parse(
				 "3 1/2 verified 1048576 8 active", &status),
			 0);
	assert_int_equal(status.keyid, 3);
	assert_int_equal(status.programmed, 1);
	assert_int_equal(status.packages, 2);
	assert_true(status.is_verified);
	assert_false(status.is_gone);
	assert_int_equal(status.window_sectors, 1048576);
	assert_int_equal(status.poison_sectors, 8);
	assert_int_equal(
		libmktme_status_parse("3 1/1 none 4096 0 gone", &status), 0);
	assert_false(status.is_verified);
	assert_true(status.is_gone);
	assert_int_equal(libmktme_status_parse("3 1/1 maybe 4096 0 active",
					       &status),
			 -EINVAL);
	assert_int_equal(libmktme_status_parse("3 1 verified 4096 0 active",
					       &status),
			 -EINVAL);
	assert_int_equal(libmktme_status_parse("", &status), -EINVAL);
	assert_int_equal(libmktme_status_parse("3 1/1 none 4096 0 odd",
					       &status),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
