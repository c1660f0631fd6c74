// SPDX-License-Identifier: GPL-2.0-only
/*
 * What uevents of windows become, and which are none for people.
 */

#include "unit.h"

struct event_case {
	struct libmktme_uevent uevent;
	const char *event;
	int cpu;
};

#define WINDOW .base = "pmem0p1", .keyid = "3"

static const struct event_case event_cases[] = {
	{ { .action = "add", WINDOW }, "opened", -1 },
	{ { .action = "remove", WINDOW }, "closed", -1 },
	{ { .action = "change", .event = "going", WINDOW }, "going", -1 },
	{ { .action = "change", .event = "key-needed", .cpu = "17", WINDOW },
	  "key-needed",
	  17 },
	{ { .action = "change", .event = "key-bound", WINDOW },
	  "key-bound",
	  -1 },
	{ { .action = "change", .event = "key-lost", WINDOW }, "key-lost", -1 },
};

static void test_events(void **state)
{
	struct libmktme_event event;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(event_cases); i++) {
		const struct event_case *c = &event_cases[i];

		assert_int_equal(libmktme_event_from_uevent(&c->uevent, &event),
				 0);
		assert_string_equal(event.event, c->event);
		assert_string_equal(event.volume, "");
		assert_string_equal(event.device, "/dev/pmem0p1");
		assert_int_equal(event.keyid, 3);
		assert_int_equal(event.cpu, c->cpu);
	}
}

static const struct libmktme_uevent others[] = {
	{ WINDOW },
	{ .action = "bind", WINDOW },
	{ .action = "change", WINDOW },
	{ .action = "change", .event = "key-", WINDOW },
	{ .action = "change", .event = "key-bound-twice", WINDOW },
	{ .action = "add", .base = "pmem0" },
	{ .action = "add", .keyid = "3" },
	{ .action = "add", .base = "pmem0", .keyid = "" },
	{ .action = "add", .base = "pmem0", .keyid = "-3" },
	{ .action = "add", .base = "pmem0", .keyid = "3x" },
	{ .action = "add", .base = "pmem0", .keyid = "4294967299" },
	{ .action = "change", .event = "key-needed", .cpu = "one", WINDOW },
	{ .action = "change", .event = "key-needed", .cpu = "-1", WINDOW },
};

static void test_others(void **state)
{
	struct libmktme_event event;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(libmktme_event_from_uevent(&others[i], &event),
				 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
