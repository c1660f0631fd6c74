// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of /etc/mktmetab, and the devices that they name.
 */

#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"
#include "lib/lib_private.h"

static void check_entry(const struct libmktme_tab_entry *entry)
{
	expect(*entry->name && !strchr(entry->name, '/'));
	expect(strlen(entry->name) < LIBMKTME_NAME_BYTES);
	expect(entry->device && *entry->device);
	expect(!entry->key_file || entry->key_file[0] == '/');
	expect(!entry->header || *entry->header);
	expect(entry->key_slot >= LIBMKTME_ANY);
}

/* On the heap, where writing behind the end is noticed */
static void check_device(const char *text, size_t size)
{
	char *path = malloc(size + 1);
	int err;

	expect(path);
	err = libmktme_tab_device(text, path, size);
	expect(err == -ENAMETOOLONG || (!err && strlen(path) < size));
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct libmktme_tab_entry entry;
	int r;

	r = libmktme_tab_parse("tab", 1, text, &entry);
	expect(r == 0 || r == 1 || r == -EINVAL);
	if (!r) {
		check_entry(&entry);
		check_device(entry.device, size % 64);
	}
	free(text);
	return 0;
}
