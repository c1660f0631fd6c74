// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where header, verifier and data of a new volume are, and which algorithms
 * there are.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib_private.h"
#include "../../../drivers/nvdimm/mktme_hw.h"

const struct libmktme_algorithm libmktme_algorithms[] = {
	{ DM_MKTME_ALG_XTS_256, DM_MKTME_XTS_256_KEY_BYTES,
	  TME_ALG_AES_XTS_256 },
	{ DM_MKTME_ALG_XTS_128, DM_MKTME_XTS_128_KEY_BYTES,
	  TME_ALG_AES_XTS_128 },
	{ NULL, 0, 0 },
};

const struct libmktme_algorithm *libmktme_algorithm_by_name(const char *name)
{
	const struct libmktme_algorithm *alg;

	for (alg = libmktme_algorithms; alg->name; alg++)
		if (!strcmp(alg->name, name))
			return alg;
	return NULL;
}

const struct libmktme_algorithm *
libmktme_algorithm_by_key_bytes(unsigned int key_bytes)
{
	const struct libmktme_algorithm *alg;

	for (alg = libmktme_algorithms; alg->name; alg++)
		if (alg->key_bytes == key_bytes)
			return alg;
	return NULL;
}

/* The first place at or behind @offset whose physical address is aligned. */
static uint64_t align_up(uint64_t phys, uint64_t offset)
{
	const uint64_t mask = DM_MKTME_ALIGN_BYTES - 1;

	return ((phys + offset + mask) & ~mask) - phys;
}

static uint64_t align_down(uint64_t bytes)
{
	return bytes & ~(uint64_t)(DM_MKTME_ALIGN_BYTES - 1);
}

int libmktme_layout_compute(uint64_t phys, uint64_t bytes, uint64_t reserved,
			    struct libmktme_layout *layout)
{
	uint64_t verifier = align_up(phys, reserved);
	uint64_t data = verifier + DM_MKTME_VERIFIER_BYTES;

	if (bytes < data + DM_MKTME_ALIGN_BYTES) {
		libmktme_reason("too small: %" PRIu64
				" bytes are needed at least",
				data + DM_MKTME_ALIGN_BYTES);
		return -ENOSPC;
	}
	layout->verifier = verifier;
	layout->data = data;
	layout->data_bytes = align_down(bytes - data);
	return 0;
}

int libmktme_layout_plain(uint64_t phys, uint64_t bytes, uint64_t offset,
			  uint64_t wanted, struct libmktme_layout *layout)
{
	uint64_t data = offset, left;

	if (!offset) {
		data = align_up(phys, 0);
	} else if ((phys + offset) % DM_MKTME_ALIGN_BYTES) {
		libmktme_reason(
			"offset %" PRIu64
			" sectors is not aligned to 2 MiB of physical address",
			offset / LIBMKTME_SECTOR_BYTES);
		libmktme_hint("the next one that is: %" PRIu64 " sectors",
			      align_up(phys, offset) / LIBMKTME_SECTOR_BYTES);
		return -EINVAL;
	}
	left = bytes > data ? align_down(bytes - data) : 0;
	if (wanted % DM_MKTME_ALIGN_BYTES) {
		libmktme_reason("size %" PRIu64
				" bytes is not a multiple of 2 MiB",
				wanted);
		return -EINVAL;
	}
	if (!left || wanted > left) {
		libmktme_reason(
			"too small: there is room for %" PRIu64 " bytes", left);
		return -ENOSPC;
	}
	layout->verifier = data;
	layout->data = data;
	layout->data_bytes = wanted ? wanted : left;
	return 0;
}
