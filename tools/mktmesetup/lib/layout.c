// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where header, verifier and data of a new volume are, and which algorithms
 * there are.
 */

#include <errno.h>
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

int libmktme_layout_compute(uint64_t phys, uint64_t bytes,
			    struct libmktme_layout *layout)
{
	const uint64_t mask = DM_MKTME_ALIGN_BYTES - 1;
	uint64_t verifier, data;

	verifier = ((phys + LIBMKTME_HEADER_BYTES + mask) & ~mask) - phys;
	data = verifier + DM_MKTME_VERIFIER_BYTES;
	if (bytes < data + DM_MKTME_ALIGN_BYTES) {
		libmktme_reason("too small: %llu bytes are needed at least",
				(unsigned long long)data +
					DM_MKTME_ALIGN_BYTES);
		return -ENOSPC;
	}
	layout->verifier = verifier;
	layout->data = data;
	layout->data_bytes = (bytes - data) & ~mask;
	return 0;
}
