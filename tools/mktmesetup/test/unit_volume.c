// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows from the state of a volume.
 */

#include "unit.h"

static const char *const words[] = { "held", "unavailable", "discarded",
				     "none" };

static void test_words(void **state)
{
	struct libmktme_volume volume = { .table.key_bytes = 64 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		strcpy(volume.key, words[i]);
		assert_int_equal(libmktme_volume_keeps_key(&volume), i == 0);
		assert_int_equal(libmktme_volume_lacks_key(&volume),
				 i == 1 || i == 2);
	}
}

/* The table was right until the key was given again. */
static void test_word_and_table(void **state)
{
	struct libmktme_volume volume = { .table.key_bytes = 64 };

	(void)state;
	assert_true(libmktme_volume_keeps_key(&volume));
	assert_false(libmktme_volume_lacks_key(&volume));
	volume.table.has_discard_key = true;
	assert_false(libmktme_volume_keeps_key(&volume));
	strcpy(volume.key, "held");
	assert_true(libmktme_volume_keeps_key(&volume));
}

static void test_require_key(void **state)
{
	struct libmktme_volume volume = {
		.table = { .sectors = 4096, .key_bytes = 64 },
	};

	(void)state;
	assert_int_equal(libmktme_volume_require_key(&volume), 0);
	volume.status.is_gone = true;
	assert_int_equal(libmktme_volume_require_key(&volume), -ENODEV);
	volume.status.is_gone = false;
	volume.table.key_bytes = 0;
	assert_int_equal(libmktme_volume_require_key(&volume), -EOPNOTSUPP);
	volume.table.sectors = 0;
	assert_int_equal(libmktme_volume_require_key(&volume), -ENODEV);
}

static void test_owner(void **state)
{
	struct libmktme_volume volume = {
		.uuid = "MKTME-123456781234abcd8def123456789abc-secret",
	};

	(void)state;
	assert_true(libmktme_volume_has_uuid(
		&volume, "12345678-1234-abcd-8def-123456789abc"));
	assert_false(libmktme_volume_has_uuid(
		&volume, "12345678-1234-abcd-8def-123456789abd"));
	strcpy(volume.uuid, "MKTME-PLAIN-secret");
	assert_false(libmktme_volume_has_uuid(
		&volume, "12345678-1234-abcd-8def-123456789abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_word_and_table),
		cmocka_unit_test(test_require_key),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
