// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exit codes and the values of options.
 */

#include "unit.h"

struct code_case {
	int err;
	int code;
};

static const struct code_case code_cases[] = {
	{ 0, 0 },	{ -EINVAL, 1 },	      { -EIO, 1 },
	{ -EINTR, 1 },	{ -ENOKEY, 1 },	      { -ENOSPC, 1 },
	{ -EPERM, 2 },	{ -EKEYREJECTED, 2 }, { -ENOMEM, 3 },
	{ -ENODEV, 4 }, { -ENOTBLK, 4 },      { -ESTALE, 4 },
	{ -EPROTO, 4 }, { -EOPNOTSUPP, 4 },   { -ERANGE, 4 },
	{ -EBUSY, 5 },	{ -EEXIST, 5 },
};

static void test_exit_codes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(code_cases); i++)
		assert_int_equal(exit_code(code_cases[i].err),
				 code_cases[i].code);
}

static void test_numbers(void **state)
{
	static const char *const bad[] = { "",	 "-1",	       "+1",   " 1",
					   "1k", "4294967296", "0x10", "x" };
	uint32_t value;
	size_t i;

	(void)state;
	assert_int_equal(parse_uint32("0", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(parse_uint32("4294967295", &value), 0);
	assert_true(value == UINT32_MAX);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_uint32(bad[i], &value), -EINVAL);
}

struct size_case {
	const char *text;
	uint64_t bytes;
};

static const struct size_case size_cases[] = {
	{ "512", 512 },
	{ "3S", 1536 },
	{ "1K", 1024 },
	{ "4M", 4 << 20 },
	{ "4MiB", 4 << 20 },
	{ "4MB", 4000000 },
	{ "1g", 1ULL << 30 },
	{ "2TiB", 2ULL << 40 },
	{ "18446744073709551615", UINT64_MAX },
};

static void test_byte_sizes(void **state)
{
	static const char *const bad[] = {
		"",	 "M",	"-1",  "1X",	    "1Mi",
		"1MiBx", "1 M", "0x1", "16777216T", "18446744073709551616"
	};
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(size_cases); i++) {
		assert_int_equal(parse_bytes(size_cases[i].text, &bytes), 0);
		assert_true(bytes == size_cases[i].bytes);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_bytes(bad[i], &bytes), -EINVAL);
}

struct cipher_case {
	const char *cipher;
	uint32_t key_bits;
	const char *name;
};

static const struct cipher_case cipher_cases[] = {
	{ "aes-xts-256", 0, "aes-xts-256" },
	{ "aes-xts-128", 0, "aes-xts-128" },
	{ "aes-xts-128", 256, "aes-xts-128" },
	{ "aes-xts-128", 512, NULL },
	{ "aes-xts-plain64", 0, "aes-xts-256" },
	{ "aes-xts-plain64", 256, "aes-xts-128" },
	{ "aes-xts-plain64", 512, "aes-xts-256" },
	{ "aes-xts-plain64", 257, NULL },
	{ "aes-xts-plain64", 384, NULL },
	{ NULL, 256, "aes-xts-128" },
	{ NULL, 128, NULL },
	{ "aes-cbc-essiv", 0, NULL },
	{ "", 0, NULL },
};

static void test_ciphers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cipher_cases); i++) {
		const struct cipher_case *c = &cipher_cases[i];
		const struct libmktme_algorithm *alg =
			parse_cipher(c->cipher, c->key_bits);

		if (c->name)
			assert_string_equal(alg->name, c->name);
		else
			assert_null(alg);
	}
}

static void test_sizes(void **state)
{
	char text[16];

	(void)state;
	format_bytes(2 << 20, text, sizeof(text));
	assert_string_equal(text, "2.00 MiB");
	format_bytes(UINT64_MAX, text, sizeof(text));
	assert_string_equal(text, "16.00 EiB");
	format_bytes(1536ULL << 20, text, sizeof(text));
	assert_string_equal(text, "1.50 GiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_byte_sizes),
		cmocka_unit_test(test_ciphers),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
