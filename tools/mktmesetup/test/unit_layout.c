// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layout of a new volume: alignment is by physical address.
 */

#include "unit.h"

#define MIB (1ULL << 20)

struct layout_case {
	uint64_t phys;
	uint64_t bytes;
	uint64_t verifier;
	uint64_t data;
	uint64_t data_bytes;
};

static const struct layout_case layout_cases[] = {
	/* aligned: header, verifier, data without a gap */
	{ 0x100200000, 100 * MIB, 4 * MIB, 6 * MIB, 94 * MIB },
	/* 128 KiB below a boundary: the gap is 128 KiB */
	{ 0x11ffe0000, 100 * MIB, 4 * MIB + 0x20000, 6 * MIB + 0x20000,
	  92 * MIB },
	/* one sector above a boundary: the gap is almost 2 MiB */
	{ 0x100200200, 100 * MIB, 6 * MIB - 0x200, 8 * MIB - 0x200, 92 * MIB },
	/* the odd end is not used */
	{ 0x100200000, 100 * MIB + 4096, 4 * MIB, 6 * MIB, 94 * MIB },
	/* the smallest */
	{ 0x100200000, 8 * MIB, 4 * MIB, 6 * MIB, 2 * MIB },
	/* beyond 46 bits */
	{ 1ULL << 51, 1ULL << 42, 4 * MIB, 6 * MIB, (1ULL << 42) - 6 * MIB },
};

static void test_layout(void **state)
{
	struct libmktme_layout layout;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(layout_cases); i++) {
		const struct layout_case *c = &layout_cases[i];

		assert_int_equal(libmktme_layout_compute(c->phys, c->bytes,
							 LIBMKTME_HEADER_BYTES,
							 &layout),
				 0);
		assert_int_equal(layout.verifier, c->verifier);
		assert_int_equal(layout.data, c->data);
		assert_int_equal(layout.data_bytes, c->data_bytes);
		assert_int_equal((c->phys + layout.data) % (2 * MIB), 0);
		assert_true(layout.data + layout.data_bytes <= c->bytes);
	}
}

static void test_too_small(void **state)
{
	struct libmktme_layout layout;

	(void)state;
	assert_int_equal(libmktme_layout_compute(0x100200000, 8 * MIB - 512,
						 4 * MIB, &layout),
			 -ENOSPC);
	assert_int_equal(libmktme_layout_compute(0x11ffe0000, 8 * MIB, 4 * MIB,
						 &layout),
			 -ENOSPC);
	assert_int_equal(libmktme_layout_compute(0x100200000, 0, 0, &layout),
			 -ENOSPC);
}

/* A detached header leaves all to verifier and data, but for the alignment. */
static void test_detached(void **state)
{
	struct libmktme_layout layout;

	(void)state;
	assert_int_equal(
		libmktme_layout_compute(0x11ffe0000, 100 * MIB, 0, &layout), 0);
	assert_int_equal(layout.verifier, 0x20000);
	assert_int_equal(layout.data, 2 * MIB + 0x20000);
	assert_int_equal(layout.data_bytes, 96 * MIB);
	/* behind the window of a header */
	assert_int_equal(libmktme_layout_compute(0x100200000, 100 * MIB,
						 6 * MIB, &layout),
			 0);
	assert_int_equal(layout.verifier, 6 * MIB);
}

struct plain_case {
	uint64_t offset;
	uint64_t wanted;
	int err;
	uint64_t data;
	uint64_t data_bytes;
};

/* At 128 KiB below a boundary, 100 MiB long. */
static const struct plain_case plain_cases[] = {
	{ 0, 0, 0, 0x20000, 98 * MIB },
	{ 0, 4 * MIB, 0, 0x20000, 4 * MIB },
	{ 0x20000 + 4 * MIB, 0, 0, 0x20000 + 4 * MIB, 94 * MIB },
	{ 0x20000 + 4 * MIB, 94 * MIB, 0, 0x20000 + 4 * MIB, 94 * MIB },
	{ 0x20000 + 4 * MIB, 96 * MIB, -ENOSPC, 0, 0 },
	{ 4 * MIB, 0, -EINVAL, 0, 0 },
	{ 0, 3 * MIB, -EINVAL, 0, 0 },
	{ 0x20000 + 98 * MIB, 0, -ENOSPC, 0, 0 },
	{ 0x20000 + 200 * MIB, 0, -ENOSPC, 0, 0 },
};

static void test_plain(void **state)
{
	struct libmktme_layout layout;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(plain_cases); i++) {
		const struct plain_case *c = &plain_cases[i];

		assert_int_equal(libmktme_layout_plain(0x11ffe0000, 100 * MIB,
						       c->offset, c->wanted,
						       &layout),
				 c->err);
		if (c->err)
			continue;
		assert_int_equal(layout.data, c->data);
		assert_int_equal(layout.data_bytes, c->data_bytes);
	}
}

static void test_algorithms(void **state)
{
	(void)state;
	assert_int_equal(libmktme_algorithm_by_name("aes-xts-128")->key_bytes,
			 32);
	assert_string_equal(libmktme_algorithm_by_key_bytes(64)->name,
			    "aes-xts-256");
	assert_null(libmktme_algorithm_by_name("aes-xts-plain64"));
	assert_null(libmktme_algorithm_by_key_bytes(48));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_detached),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_algorithms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
