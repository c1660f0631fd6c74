// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup probe --self-test: what does the hardware do where documents leave it
 * open?  The memory for it is made of free capacity, or named by somebody who knows
 * that it holds nothing.
 */

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Of the JSON: to be raised when the meaning of a member changes. */
#define REPORT_VERSION 1

/*
 * @device: named by the user, or NULL
 * @err: why there are no answers; 0 if there are
 * @is_usable: volumes would work here
 * @has_run: the kernel was asked
 */
struct test {
	const char *device;
	struct libmktme_base base;
	int err;
	bool is_usable;
	bool has_run;
	json_object *requirements;
	json_object *findings;
	json_object *answers;
};

/* ---- the memory ---- */

static void refuse_signature(const char *type, void *arg)
{
	(void)arg;
	set_reason("there is a '%s' signature on it", type);
	set_hint(
		"name a namespace that holds nothing; without DEVICE free capacity is used");
}

static int check_empty(const char *device)
{
	int count = libmktme_signatures(device, refuse_signature, NULL);

	if (count < 0)
		return count;
	return count ? -EBUSY : 0;
}

static int check_device(struct test *test)
{
	struct libmktme_base *base = &test->base;
	int err;

	err = libmktme_base_find(test->device, base);
	if (!err)
		err = libmktme_base_require_dax(base);
	if (err)
		return err;
	if (base->is_partition) {
		set_reason("it is a partition; a whole namespace is needed");
		return -EOPNOTSUPP;
	}
	if (base->is_readonly)
		return -EROFS;
	err = libmktme_base_require_unused(base, 0, base->bytes);
	if (err)
		return err;
	return check_empty(test->device);
}

static int take_device(struct test *test)
{
	int err = check_device(test);

	if (err)
		return err;
	if (!confirm("This will overwrite data on %s irrevocably.",
		     test->device))
		return -ECANCELED;
	return 0;
}

static int make_device(struct test *test)
{
	char path[LIBMKTME_NAME_BYTES];
	int err;

	err = libmktme_spare_create(path, sizeof(path));
	if (err)
		return err;
	return libmktme_base_find(path, &test->base);
}

/* ---- the run ---- */

static int run_on(struct test *test)
{
	int err;

	if (was_interrupted())
		return -EINTR;
	if (!options.json)
		progress("Testing on %s of %s ...", test->base.namespace_name,
			 test->base.region_name);
	err = libmktme_selftest_load();
	if (err)
		return err;
	err = libmktme_selftest_run(&test->base);
	if (was_interrupted())
		return -EINTR;
	/* What the hardware did to it is a result. */
	test->has_run = !err || err == -EIO || err == -EAGAIN;
	return test->has_run ? 0 : err;
}

static int run(struct test *test)
{
	struct libmktme_caps caps;
	int err, err2;

	err = libmktme_caps_require(&caps);
	if (!err)
		err = libmktme_spare_remove();
	if (err)
		return err;
	err = test->device ? take_device(test) : make_device(test);
	if (!err)
		err = run_on(test);
	err2 = test->device ? 0 : libmktme_spare_remove();
	return err ?: err2;
}

/* ---- the report ---- */

static void add_finding(const struct libmktme_probe_item *item, void *arg)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "finding", item->key);
	probe_item_to_json(item, object);
	json_object_array_add(arg, object);
}

static void add_answer(const char *name, const char *value, void *arg)
{
	unsigned long long number;
	char *end;

	number = strtoull(value, &end, 10);
	if (end != value && !*end)
		json_add_u64(arg, name, number);
	else
		json_add_string(arg, name, value);
}

static json_object *machine_to_json(void)
{
	json_object *object = json_object_new_object();
	struct libmktme_machine machine;

	libmktme_machine_read(&machine);
	json_add_string(object, "cpu", machine.cpu);
	json_add_u64(object, "family", machine.family);
	json_add_u64(object, "model", machine.model);
	json_add_u64(object, "stepping", machine.stepping);
	json_add_string(object, "microcode", machine.microcode);
	json_add_string(object, "vendor", machine.vendor);
	json_add_string(object, "product", machine.product);
	json_add_string(object, "bios_vendor", machine.bios_vendor);
	json_add_string(object, "bios_version", machine.bios_version);
	json_add_string(object, "bios_date", machine.bios_date);
	json_add_string(object, "kernel", machine.kernel);
	return object;
}

static void print_self_test_json(struct test *test)
{
	json_object *result = json_object_new_object();

	json_add_u64(result, "version", REPORT_VERSION);
	json_add_bool(result, "usable", test->is_usable);
	json_object_object_add(result, "machine", machine_to_json());
	if (test->err)
		json_add_string(result, "error", what_failed(test->err));
	if (test->has_run) {
		json_add_string(result, "namespace_mode", test->base.mode);
		json_add_bool(result, "namespace_made", !test->device);
	}
	json_object_object_add(result, "requirements", test->requirements);
	json_object_object_add(result, "findings", test->findings);
	json_object_object_add(result, "answers", test->answers);
	print_json(result);
}

static void report(struct test *test)
{
	int err;

	if (options.json) {
		libmktme_selftest_foreach(add_answer, test->answers);
		err = libmktme_selftest_judge(add_finding, test->findings);
	} else {
		putchar('\n');
		err = libmktme_selftest_judge(probe_print_item, NULL);
		printf("\ndm-mktme %s on this machine.\n",
		       err ? "would not work" : "would work");
	}
	test->is_usable = !err;
}

static int probe(struct test *test)
{
	int err;

	if (options.json)
		err = libmktme_probe(NULL, probe_add_item, test->requirements);
	else
		err = libmktme_probe(NULL, probe_print_item, NULL);
	if (err)
		set_reason("the machine lacks what is required");
	return err;
}

static void test_machine(struct test *test)
{
	test->err = probe(test);
	if (test->err)
		return;
	test->err = run(test);
	if (test->err == -EINTR)
		set_reason("interrupted");
	if (test->has_run)
		report(test);
	libmktme_selftest_unload();
}

int self_test(const struct command *command, const char *device)
{
	struct test test = { .device = device };

	if (options.json && device && !options.batch_mode && is_interactive())
		return usage_error(
			command,
			"--json does not ask before DEVICE is overwritten: --batch-mode is needed, too");
	test.requirements = json_object_new_array();
	test.findings = json_object_new_array();
	test.answers = json_object_new_object();
	setup_signals();
	test_machine(&test);
	if (options.json) {
		print_self_test_json(&test);
	} else {
		json_object_put(test.requirements);
		json_object_put(test.findings);
		json_object_put(test.answers);
	}
	if (test.err)
		return report_failure("test", device ? device : "this machine",
				      test.err);
	return exit_code(test.is_usable ? 0 : -ENODEV);
}
