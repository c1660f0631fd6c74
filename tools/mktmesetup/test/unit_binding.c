// SPDX-License-Identifier: GPL-2.0-only
/*
 * The binding token: round trip, hostile contents, comparison with a place.
 */

#include "unit.h"

#define MIB (1ULL << 20)

static char last_reason[512];

static void take_message(enum libmktme_log_level level, const char *msg)
{
	if (level == LIBMKTME_LOG_REASON)
		snprintf(last_reason, sizeof(last_reason), "%s", msg);
}

static void make_base(struct libmktme_base *base)
{
	memset(base, 0, sizeof(*base));
	base->phys = 0x100200000;
	base->bytes = 494 * MIB;
	/* above 2^53, where a double would lose bits */
	base->interleave_set = 0xfedcba9876543211;
	uuid_parse("26c0a1f2-0000-4000-8000-000000000001",
		   base->namespace_uuid);
	uuid_parse("fbca77de-0000-4000-8000-000000000002", base->label_uuid);
}

static void make_binding(struct libmktme_binding *binding)
{
	struct libmktme_layout layout;
	struct libmktme_base base;

	make_base(&base);
	assert_int_equal(libmktme_layout_compute(base.phys, base.bytes,
						 LIBMKTME_HEADER_BYTES,
						 &layout),
			 0);
	libmktme_binding_init(binding, &base, &layout, "aes-xts-256");
}

static void test_round_trip(void **state)
{
	struct libmktme_binding made, found;
	char *json;

	(void)state;
	make_binding(&made);
	json = libmktme_binding_to_json(&made);
	assert_non_null(json);
	assert_int_equal(libmktme_binding_from_json(json, &found), 0);
	assert_memory_equal(&made, &found, sizeof(made));
	free(json);
}

/* What LUKS2 demands, and what other tools may rely on. */
static void test_text(void **state)
{
	struct libmktme_binding binding;
	char *json;

	(void)state;
	make_binding(&binding);
	json = libmktme_binding_to_json(&binding);
	assert_string_equal(
		json,
		"{\"type\":\"mktme\",\"keyslots\":[],\"version\":1,"
		"\"algorithm\":\"aes-xts-256\","
		"\"namespace_uuid\":\"26c0a1f2-0000-4000-8000-000000000001\","
		"\"label_uuid\":\"fbca77de-0000-4000-8000-000000000002\","
		"\"interleave_set\":\"18364758544493064721\","
		"\"physical_base\":\"4297064448\","
		"\"verifier_offset\":\"4194304\","
		"\"data_offset\":\"6291456\",\"data_size\":\"511705088\"}");
	free(json);
}

/* The token is not authenticated: every field may be anything. */
struct change {
	const char *from;
	const char *to;
	int err;
};

static const struct change changes[] = {
	{ "\"type\":\"mktme\"", "\"type\":\"clevis\"", -EINVAL },
	{ "\"type\":\"mktme\"", "\"type\":\"mktme\\u0000x\"", -EINVAL },
	{ "\"version\":1", "\"version\":2", -EOPNOTSUPP },
	{ "\"version\":1", "\"version\":\"1\"", -EINVAL },
	{ "\"algorithm\":\"aes-xts-256\"", "\"algorithm\":\"rot13\"", -EINVAL },
	{ "\"algorithm\":\"aes-xts-256\"", "\"algorithm\":256", -EINVAL },
	{ "26c0a1f2", "nonsense", -EINVAL },
	{ "\"label_uuid\"", "\"xabel_uuid\"", -EINVAL },
	{ "\"physical_base\":\"4297064448\"", "\"physical_base\":4297064448",
	  -EINVAL },
	{ "\"physical_base\":\"4297064448\"", "\"physical_base\":\"-1\"",
	  -EINVAL },
	{ "\"physical_base\":\"4297064448\"", "\"physical_base\":\"1\"",
	  -EINVAL },
	{ "\"physical_base\":\"4297064448\"",
	  "\"physical_base\":\"4297064448\\u00001\"", -EINVAL },
	{ "\"data_offset\":\"6291456\"", "\"data_offset\":\"6291457\"",
	  -EINVAL },
	{ "\"data_offset\":\"6291456\"", "\"data_offset\":\"0\"", -EINVAL },
	{ "\"data_offset\":\"6291456\"",
	  "\"data_offset\":\"18446744073709551616\"", -EINVAL },
	{ "\"verifier_offset\":\"4194304\"", "\"verifier_offset\":\"0\"",
	  -EINVAL },
	{ "\"data_size\":\"511705088\"", "\"data_size\":\"511705089\"",
	  -EINVAL },
	{ "\"data_size\":\"511705088\"", "\"data_size\":\"0\"", -EINVAL },
	{ "\"data_size\":\"511705088\"",
	  "\"data_size\":\"18446744073707454464\"", -EINVAL },
	{ "{", "[", -EINVAL },
};

static void replace(const char *text, const struct change *change, char *out,
		    size_t size)
{
	const char *at = strstr(text, change->from);

	assert_non_null(at);
	snprintf(out, size, "%.*s%s%s", (int)(at - text), text, change->to,
		 at + strlen(change->from));
}

static void test_hostile(void **state)
{
	struct libmktme_binding binding;
	char changed[1024];
	char *json;
	size_t i;

	(void)state;
	make_binding(&binding);
	json = libmktme_binding_to_json(&binding);
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		replace(json, &changes[i], changed, sizeof(changed));
		assert_int_equal(libmktme_binding_from_json(changed, &binding),
				 changes[i].err);
	}
	assert_int_equal(libmktme_binding_from_json("", &binding), -EINVAL);
	assert_int_equal(libmktme_binding_from_json("null", &binding), -EINVAL);
	free(json);
}

static void test_same_place(void **state)
{
	struct libmktme_binding binding;
	struct libmktme_base base;

	(void)state;
	make_binding(&binding);
	make_base(&base);
	assert_int_equal(libmktme_binding_compare(&binding, &base), 0);
	base.bytes += 4096;
	assert_int_equal(libmktme_binding_compare(&binding, &base), 0);
}

static void test_other_place(void **state)
{
	struct libmktme_binding binding;
	struct libmktme_base base;

	(void)state;
	make_binding(&binding);
	make_base(&base);
	base.phys += 0x40000000;
	assert_int_equal(libmktme_binding_compare(&binding, &base), -ESTALE);
	assert_string_equal(
		last_reason,
		"moved: made at physical address 0x100200000, but now at 0x140200000");
	make_base(&base);
	base.namespace_uuid[0] ^= 1;
	assert_int_equal(libmktme_binding_compare(&binding, &base), -ESTALE);
	make_base(&base);
	uuid_clear(base.label_uuid);
	assert_int_equal(libmktme_binding_compare(&binding, &base), -ESTALE);
	make_base(&base);
	base.interleave_set = 0;
	assert_int_equal(libmktme_binding_compare(&binding, &base), -ESTALE);
	make_base(&base);
	base.bytes -= 4096;
	assert_int_equal(libmktme_binding_compare(&binding, &base), -ESTALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_same_place),
		cmocka_unit_test(test_other_place),
	};

	libmktme_set_log_callback(take_message, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
