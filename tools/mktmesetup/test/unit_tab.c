// SPDX-License-Identifier: GPL-2.0-only
/*
 * /etc/mktmetab: what a line means, and that what it cannot mean is told.
 */

#include <unistd.h>

#include "unit.h"

static char warnings[1024];

static void take_warning(enum libmktme_log_level level, const char *msg)
{
	size_t len = strlen(warnings);

	assert_int_equal(level, LIBMKTME_LOG_WARNING);
	snprintf(warnings + len, sizeof(warnings) - len, "%s\n", msg);
}

static int parse(const char *text, struct libmktme_tab_entry *entry)
{
	static char line[256];

	snprintf(line, sizeof(line), "%s", text);
	warnings[0] = '\0';
	libmktme_set_log_callback(take_warning, false);
	return libmktme_tab_parse("tab", 7, line, entry);
}

static void test_columns(void **state)
{
	struct libmktme_tab_entry entry;

	(void)state;
	assert_int_equal(parse("db /dev/pmem0\n", &entry), 0);
	assert_int_equal(entry.line, 7);
	assert_string_equal(entry.name, "db");
	assert_string_equal(entry.device, "/dev/pmem0");
	assert_null(entry.key_file);
	assert_null(entry.header);
	assert_int_equal(entry.key_slot, LIBMKTME_ANY);
	assert_false(entry.is_noauto || entry.is_nofail || entry.is_netdev);
	assert_int_equal(parse("\t db\t /dev/pmem0   /root/key  luks", &entry),
			 0);
	assert_string_equal(entry.key_file, "/root/key");
	assert_int_equal(parse("db UUID=x -", &entry), 0);
	assert_null(entry.key_file);
	assert_int_equal(parse("db UUID=x none nofail", &entry), 0);
	assert_null(entry.key_file);
	assert_true(entry.is_nofail);
	assert_string_equal(warnings, "");
}

static void test_no_entry(void **state)
{
	static const char *const lines[] = { "", "\n", " \t\n", "# db /dev/x",
					     "  #x" };
	struct libmktme_tab_entry entry;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(parse(lines[i], &entry), 1);
}

static void test_options(void **state)
{
	struct libmktme_tab_entry entry;

	(void)state;
	assert_int_equal(
		parse("a b none luks,noauto,_netdev,readonly,header=/h,"
		      "key-slot=3,keyfile-size=32,keyfile-offset=8589934592,"
		      "tries=5,timeout=2min,headless=1,discard-key,"
		      "x-initrd.attach,x-systemd.device-timeout=10s",
		      &entry),
		0);
	assert_string_equal(warnings, "");
	assert_true(entry.is_noauto && entry.is_netdev && entry.is_readonly);
	assert_true(entry.is_headless && entry.has_discard_key);
	assert_true(entry.is_in_initramfs);
	assert_false(entry.is_nofail);
	assert_string_equal(entry.header, "/h");
	assert_string_equal(entry.device_timeout, "10s");
	assert_int_equal(entry.key_slot, 3);
	assert_int_equal(entry.keyfile_size, 32);
	assert_true(entry.keyfile_offset == 8589934592);
	assert_int_equal(entry.tries, 5);
	assert_int_equal(entry.timeout, 120);
	assert_int_equal(parse("a b - headless=no,read-only,timeout=7", &entry),
			 0);
	assert_false(entry.is_headless);
	assert_true(entry.is_readonly);
	assert_int_equal(entry.timeout, 7);
	assert_int_equal(parse("a b - headless,initramfs", &entry), 0);
	assert_true(entry.is_headless && entry.is_in_initramfs);
}

struct warning_case {
	const char *line;
	int result;
	const char *warning;
};

static const struct warning_case warning_cases[] = {
	{ "a b - nonsense", 0, "tab:7: unknown option 'nonsense'\n" },
	{ "a b - cipher=aes,nofail", 0, "tab:7: unknown option 'cipher'\n" },
	{ "a b - tries=x", 0, "tab:7: 'x' is no value of 'tries'\n" },
	{ "a b - tries=4294967296", 0,
	  "tab:7: '4294967296' is no value of 'tries'\n" },
	{ "a b - tries", 0, "tab:7: '' is no value of 'tries'\n" },
	{ "a b - header=", 0, "tab:7: '' is no value of 'header'\n" },
	{ "a b - nofail=1", 0, "tab:7: '1' is no value of 'nofail'\n" },
	{ "a b - headless=maybe", 0,
	  "tab:7: 'maybe' is no value of 'headless'\n" },
	{ "a b - timeout=1y", 0, "tab:7: '1y' is no value of 'timeout'\n" },
	{ "a b - timeout=99999999", 0,
	  "tab:7: '99999999' is no value of 'timeout'\n" },
	{ "a b - nofail noauto", 0, "tab:7: more than four columns\n" },
	{ "a", -EINVAL, "tab:7: no device\n" },
	{ "a/b c", -EINVAL, "tab:7: 'a/b' is not a valid name\n" },
	{ ".. c", -EINVAL, "tab:7: '..' is not a valid name\n" },
	{ "a b key", -EINVAL, "tab:7: 'key' is not the path of a key file\n" },
};

static void test_warnings(void **state)
{
	struct libmktme_tab_entry entry;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(warning_cases); i++) {
		const struct warning_case *c = &warning_cases[i];

		assert_int_equal(parse(c->line, &entry), c->result);
		assert_string_equal(warnings, c->warning);
	}
	assert_int_equal(parse("a b - nonsense,nofail", &entry), 0);
	assert_true(entry.is_nofail);
}

struct device_case {
	const char *text;
	const char *path;
};

static const struct device_case device_cases[] = {
	{ "/dev/pmem0", "/dev/pmem0" },
	{ "UUID=12-ab", "/dev/disk/by-uuid/12-ab" },
	{ "LABEL=my db/1", "/dev/disk/by-label/my\\x20db\\x2f1" },
	{ "PARTUUID=12", "/dev/disk/by-partuuid/12" },
	{ "PARTLABEL=a\\b", "/dev/disk/by-partlabel/a\\x5cb" },
	{ "LABEL=gr\xc3\xb6\xc3\x9f"
	  "e",
	  "/dev/disk/by-label/gr\xc3\xb6\xc3\x9f"
	  "e" },
};

static void test_devices(void **state)
{
	char path[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(device_cases); i++) {
		assert_int_equal(libmktme_tab_device(device_cases[i].text, path,
						     sizeof(path)),
				 0);
		assert_string_equal(path, device_cases[i].path);
	}
	assert_int_equal(libmktme_tab_device("/dev/pmem0", path, 10),
			 -ENAMETOOLONG);
	assert_int_equal(libmktme_tab_device("/dev/pmem0", path, 11), 0);
	assert_int_equal(libmktme_tab_device("UUID=0123456789", path, 20),
			 -ENAMETOOLONG);
}

static int count(const struct libmktme_tab_entry *entry, void *arg)
{
	unsigned int *lines = arg;

	*lines = *lines * 10 + entry->line;
	return !strcmp(entry->name, "last");
}

/* Lines that cannot be used do not hide those behind them. */
static void test_file(void **state)
{
	char path[] = "/tmp/mktme-tab.XXXXXX";
	unsigned int lines = 0;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "# comment\na /dev/a\nbroken\n\nb /dev/b");
	libmktme_set_log_callback(take_warning, false);
	warnings[0] = '\0';
	assert_int_equal(libmktme_tab_foreach(path, NULL, count, &lines), 0);
	assert_int_equal(lines, 25);
	dprintf(fd, "\nlast /dev/c\nd /dev/d\n");
	lines = 0;
	assert_int_equal(libmktme_tab_foreach(path, NULL, count, &lines), 1);
	assert_int_equal(lines, 256);
	lines = 0;
	warnings[0] = '\0';
	assert_int_equal(libmktme_tab_foreach(path, "b", count, &lines), 0);
	assert_int_equal(lines, 5);
	assert_string_equal(warnings, "");
	assert_int_equal(libmktme_tab_foreach(path, "broken", count, &lines),
			 0);
	assert_int_equal(lines, 5);
	assert_string_not_equal(warnings, "");
	close(fd);
	unlink(path);
	assert_int_equal(libmktme_tab_foreach(path, NULL, count, &lines),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns), cmocka_unit_test(test_no_entry),
		cmocka_unit_test(test_options), cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_devices), cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
