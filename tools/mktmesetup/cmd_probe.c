// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup probe: check whether machine and memory are fit.
 */

#include <json-c/json.h>
#include <stdio.h>

#include "util.h"

static const char *const verdicts[] = {
	[LIBMKTME_OK] = "ok",
	[LIBMKTME_WARN] = "warn",
	[LIBMKTME_FAIL] = "FAIL",
	[LIBMKTME_UNKNOWN] = "?",
};

static const char *const json_verdicts[] = {
	[LIBMKTME_OK] = "ok",
	[LIBMKTME_WARN] = "warn",
	[LIBMKTME_FAIL] = "fail",
	[LIBMKTME_UNKNOWN] = "unknown",
};

void probe_print_item(const struct libmktme_probe_item *item, void *arg)
{
	(void)arg;
	printf("%-4s  %-40s %s\n", verdicts[item->verdict], item->title,
	       item->detail);
	if (item->advice)
		printf("      -> %s\n", item->advice);
}

void probe_item_to_json(const struct libmktme_probe_item *item,
			json_object *object)
{
	json_add_string(object, "verdict", json_verdicts[item->verdict]);
	json_add_string(object, "title", item->title);
	json_add_string(object, "detail", item->detail);
	if (item->advice)
		json_add_string(object, "advice", item->advice);
}

void probe_add_item(const struct libmktme_probe_item *item, void *arg)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "requirement", item->key);
	probe_item_to_json(item, object);
	json_object_array_add(arg, object);
}

static int probe_json(const struct libmktme_base *base)
{
	json_object *result = json_object_new_object();
	json_object *array = json_object_new_array();
	int err;

	err = libmktme_probe(base, probe_add_item, array);
	json_add_bool(result, "usable", !err);
	json_object_object_add(result, "requirements", array);
	print_json(result);
	return err;
}

int cmd_probe(const struct command *command, int argc, char **argv)
{
	struct libmktme_base base, *wanted = NULL;
	int err;

	if (options.self_test)
		return self_test(command, argc ? argv[0] : NULL);
	if (argc) {
		err = libmktme_base_find(argv[0], &base);
		if (err)
			return report_failure("probe", argv[0], err);
		wanted = &base;
	}
	err = options.json ? probe_json(wanted) :
			     libmktme_probe(wanted, probe_print_item, NULL);
	return exit_code(err);
}
