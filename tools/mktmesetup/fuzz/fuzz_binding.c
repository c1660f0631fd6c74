// SPDX-License-Identifier: GPL-2.0-only
/*
 * The binding token, which anybody who had the media in hand may have written.
 */

#include <errno.h>

#include "fuzz.h"
#include "lib/lib_private.h"

#define LIMIT (1ULL << 52)

/* What the rest of the library relies on when it computes with a layout. */
static void check_layout(const struct libmktme_binding *binding)
{
	const struct libmktme_layout *layout = &binding->layout;

	expect(binding->phys < LIMIT && layout->data < LIMIT &&
	       layout->data_bytes < LIMIT);
	expect(layout->data_bytes);
	expect(layout->verifier + DM_MKTME_VERIFIER_BYTES == layout->data);
	expect((binding->phys + layout->data) % DM_MKTME_ALIGN_BYTES == 0);
	expect(layout->data_bytes % DM_MKTME_ALIGN_BYTES == 0);
	expect(layout->data % LIBMKTME_SECTOR_BYTES == 0);
	expect(libmktme_algorithm_by_name(binding->algorithm));
}

static void check_round_trip(const struct libmktme_binding *binding)
{
	char *json = libmktme_binding_to_json(binding);
	struct libmktme_binding again;

	expect(json);
	expect(!libmktme_binding_from_json(json, &again));
	expect(!memcmp(binding, &again, sizeof(again)));
	free(json);
}

/* The place that it names is the only one that it is content with. */
static void check_places(const struct libmktme_binding *binding,
			 const uint8_t *data, size_t size)
{
	struct libmktme_base base = {
		.phys = binding->phys,
		.bytes = binding->layout.data + binding->layout.data_bytes,
		.interleave_set = binding->interleave_set,
	};
	size_t i;

	uuid_copy(base.namespace_uuid, binding->namespace_uuid);
	uuid_copy(base.label_uuid, binding->label_uuid);
	expect(!libmktme_binding_compare(binding, &base));
	base.bytes--;
	expect(libmktme_binding_compare(binding, &base) == -ESTALE);
	base.bytes++;
	base.phys ^= 1;
	expect(libmktme_binding_compare(binding, &base) == -ESTALE);

	for (i = 0; i < sizeof(base); i++)
		((uint8_t *)&base)[i] = data[i % size] + i;
	base.phys = data[size / 2] % 2 ? binding->phys : base.phys;
	libmktme_binding_compare(binding, &base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct libmktme_binding binding;
	int err;

	err = libmktme_binding_from_json(text, &binding);
	if (!err) {
		check_layout(&binding);
		check_round_trip(&binding);
		check_places(&binding, data, size);
	} else {
		expect(err == -EINVAL || err == -EOPNOTSUPP);
	}
	free(text);
	return 0;
}
