// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which window tells about the key of a device, from a directory made for the
 * test.
 */

#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char dir[] = "/tmp/mktme-window.XXXXXX";

static const char *const attributes[] = { "disk", "state", "key" };

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

/* Without a key: a module that does not know of it. */
static void make_window(const char *name, const char *disk, const char *state,
			const char *key)
{
	const char *const texts[] = { disk, state, key };
	char path[128];
	size_t i;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	mkdir(path, 0700);
	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", dir, name,
			 attributes[i]);
		if (texts[i])
			write_file(path, texts[i]);
		else
			unlink(path);
	}
}

static void remove_window(const char *name)
{
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", dir, name,
			 attributes[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	rmdir(path);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	remove_window("window-1");
	remove_window("window-2");
	remove_window("winder-1");
	return rmdir(dir);
}

static void expect_key(unsigned int minor, const char *expected)
{
	char key[16] = "something";

	libmktme_window_read_key(dir, minor, key, sizeof(key));
	assert_string_equal(key, expected);
}

static void test_own_window(void **state)
{
	(void)state;
	make_window("window-1", "dm-1", "live", "held");
	make_window("window-2", "dm-12", "live", "discarded");
	make_window("winder-1", "dm-2", "live", "held");
	expect_key(1, "held");
	expect_key(12, "discarded");
	expect_key(2, "");
}

/* In whichever order the directory has them. */
static void test_live_window(void **state)
{
	(void)state;
	make_window("window-1", "dm-3", "zombie", "held");
	make_window("window-2", "dm-3", "live", "unavailable");
	expect_key(3, "unavailable");
	make_window("window-1", "dm-3", "live", "unavailable");
	make_window("window-2", "dm-3", "zombie", "held");
	expect_key(3, "unavailable");
	make_window("window-1", "dm-3", "zombie", "none");
	make_window("window-2", "dm-4", "live", "held");
	expect_key(3, "none");
}

static void test_nothing(void **state)
{
	char key[16] = "something";

	(void)state;
	make_window("window-1", "dm-1", "live", NULL);
	expect_key(1, "");
	libmktme_window_read_key("/nonexistent", 1, key, sizeof(key));
	assert_string_equal(key, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_window),
		cmocka_unit_test(test_live_window),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
