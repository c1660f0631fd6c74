// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LUKS2 header that keeps the volume key: make it, read it, show it.
 *
 * The header's data offset lies beyond the end of every device.  So all tools
 * that manage keyslots work on it, while those that would map the data with
 * dm-crypt, and show or write garbage, refuse.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "container_private.h"

#define SUBSYSTEM "mktme"
#define DATA_OFFSET_SECTORS (1ULL << 53)
#define JSON_AREA_BYTES (16ULL << 10)
#define KEYSLOTS_AREA_BYTES (4032ULL << 10)
#define KEYSLOT_CIPHER "aes-xts-plain64"
#define KEYSLOT_KEY_BYTES 64

/* ---- messages ---- */

/* What libcryptsetup says about our data offset would only frighten people. */
static bool is_about_data_offset(const char *msg)
{
	return strstr(msg, "too small for activation");
}

static void forward_message(int level, const char *msg, void *arg)
{
	int len = strcspn(msg, "\n");

	(void)arg;
	if (is_about_data_offset(msg))
		return;
	switch (level) {
	case CRYPT_LOG_ERROR:
		libmktme_reason("%.*s", len, msg);
		break;
	case CRYPT_LOG_DEBUG:
	case CRYPT_LOG_DEBUG_JSON:
		libmktme_debug("%.*s", len, msg);
		break;
	default:
		libmktme_verbose("%.*s", len, msg);
	}
}

/* ---- create and load ---- */

static int setup_library(void)
{
	static bool is_done;
	int err;

	if (is_done)
		return 0;
	crypt_set_log_callback(NULL, forward_message, NULL);
	if (libmktme_is_debug())
		crypt_set_debug_level(CRYPT_DEBUG_ALL);
	crypt_volume_key_keyring(NULL, 1);
	err = libmktme_token_setup();
	is_done = !err;
	return err;
}

static int check_path(const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return -errno;
	libmktme_reason("no such device");
	return -ENODEV;
}

int libmktme_container_open(const char *path,
			    struct libmktme_container **container)
{
	struct libmktme_container *c;
	int err;

	err = check_path(path);
	if (!err)
		err = setup_library();
	if (err)
		return err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	err = crypt_init(&c->cd, path);
	if (err) {
		free(c);
		return err;
	}
	*container = c;
	return 0;
}

void libmktme_container_free(struct libmktme_container *container)
{
	if (!container)
		return;
	crypt_free(container->cd);
	free(container);
}

/*
 * A header must open again on the machine that gets the DIMMs next, and in a
 * small initramfs.
 */
static uint32_t default_memory_kb(uint32_t library_default_kb)
{
	uint64_t limit_kb = 256 << 10;
	struct sysinfo info;

	if (!sysinfo(&info)) {
		uint64_t quarter_kb =
			(uint64_t)info.totalram * info.mem_unit / 4 / 1024;

		if (quarter_kb < limit_kb)
			limit_kb = quarter_kb;
	}
	return limit_kb < library_default_kb ? limit_kb : library_default_kb;
}

static void fill_pbkdf(const struct libmktme_pbkdf *ours,
		       struct crypt_pbkdf_type *pbkdf)
{
	*pbkdf = *crypt_get_pbkdf_default(CRYPT_LUKS2);
	if (ours->type)
		pbkdf->type = ours->type;
	if (ours->time_ms)
		pbkdf->time_ms = ours->time_ms;
	if (ours->memory_kb)
		pbkdf->max_memory_kb = ours->memory_kb;
	else
		pbkdf->max_memory_kb = default_memory_kb(pbkdf->max_memory_kb);
	if (!strcmp(pbkdf->type, CRYPT_KDF_PBKDF2)) {
		pbkdf->max_memory_kb = 0;
		pbkdf->parallel_threads = 0;
	} else if (ours->threads) {
		pbkdf->parallel_threads = ours->threads;
	}
	if (ours->iterations) {
		pbkdf->iterations = ours->iterations;
		pbkdf->time_ms = 0;
		pbkdf->flags |= CRYPT_PBKDF_NO_BENCHMARK;
	}
}

int libmktme_set_pbkdf(struct crypt_device *cd,
		       const struct libmktme_pbkdf *ours)
{
	struct crypt_pbkdf_type pbkdf;

	fill_pbkdf(ours, &pbkdf);
	return crypt_set_pbkdf_type(cd, &pbkdf);
}

int libmktme_pbkdf_check(const struct libmktme_pbkdf *ours)
{
	struct crypt_device *cd;
	int err;

	err = setup_library();
	if (!err)
		err = crypt_init(&cd, NULL);
	if (err)
		return err;
	err = libmktme_set_pbkdf(cd, ours);
	crypt_free(cd);
	return err;
}

static int format_header(struct crypt_device *cd, const char *path,
			 const struct libmktme_container_params *params)
{
	struct crypt_pbkdf_type pbkdf;
	struct crypt_params_luks2 luks2 = {
		.pbkdf = &pbkdf,
		.sector_size = LIBMKTME_SECTOR_BYTES,
		.label = params->label,
		.subsystem = SUBSYSTEM,
		/*
		 * Naming the data device keeps the library from looking for
		 * the data offset on the device of the header.
		 */
		.data_device = path,
	};
	int err;

	fill_pbkdf(&params->pbkdf, &pbkdf);
	err = crypt_set_metadata_size(cd, JSON_AREA_BYTES, KEYSLOTS_AREA_BYTES);
	if (!err)
		err = crypt_set_data_offset(cd, DATA_OFFSET_SECTORS);
	if (err)
		return err;
	crypt_set_rng_type(cd, CRYPT_RNG_RANDOM);
	return crypt_format(cd, CRYPT_LUKS2, "aes", "xts-plain64", params->uuid,
			    NULL, params->key_bytes, &luks2);
}

int libmktme_container_create(const char *path,
			      const struct libmktme_container_params *params,
			      struct libmktme_container **container)
{
	int err;

	err = libmktme_container_open(path, container);
	if (err)
		return err;
	err = format_header((*container)->cd, path, params);
	if (!err)
		err = crypt_keyslot_set_encryption(
			(*container)->cd, KEYSLOT_CIPHER, KEYSLOT_KEY_BYTES);
	if (err) {
		libmktme_container_free(*container);
		*container = NULL;
	}
	return err;
}

/*
 * The subsystem says so as long as there is no binding, but does not last:
 * "cryptsetup config --label" clears it.
 */
static bool is_ours(struct crypt_device *cd)
{
	const char *subsystem = crypt_get_subsystem(cd);

	return (subsystem && !strcmp(subsystem, SUBSYSTEM)) ||
	       libmktme_token_find(cd, BINDING_TOKEN_TYPE) >= 0;
}

static int load_header(struct crypt_device *cd)
{
	int err;

	err = crypt_load(cd, CRYPT_LUKS2, NULL);
	if (err == -EINVAL) {
		libmktme_reason("no LUKS2 header found");
		libmktme_hint(
			"a detached header is named by --header, a damaged one is mended by 'mktmesetup headerRestore'; 'mktmesetup format' makes a new volume, and what is there is lost");
	}
	if (err)
		return err;
	if (!is_ours(cd)) {
		libmktme_reason("this LUKS2 device was not made by mktmesetup");
		return -EINVAL;
	}
	return 0;
}

int libmktme_container_load(const char *path,
			    struct libmktme_container **container)
{
	int err;

	err = libmktme_container_open(path, container);
	if (err)
		return err;
	err = load_header((*container)->cd);
	if (err) {
		libmktme_container_free(*container);
		*container = NULL;
	}
	return err;
}

const char *libmktme_container_uuid(const struct libmktme_container *container)
{
	return crypt_get_uuid(container->cd);
}

int libmktme_container_check_uuid(const char *uuid)
{
	uuid_t parsed;

	return uuid_parse(uuid, parsed) ? -EINVAL : 0;
}

unsigned int
libmktme_container_key_bytes(const struct libmktme_container *container)
{
	int bytes = crypt_get_volume_key_size(container->cd);
	struct libmktme_binding binding;

	if (bytes || libmktme_token_find(container->cd, BINDING_TOKEN_TYPE) < 0)
		return bytes;
	/* No keyslot is left to tell. */
	if (libmktme_container_get_binding(container, &binding))
		return 0;
	return libmktme_algorithm_by_name(binding.algorithm)->key_bytes;
}

/* ---- everything else that is in a header ---- */

static const char *priority_name(struct crypt_device *cd, int slot)
{
	switch (crypt_keyslot_get_priority(cd, slot)) {
	case CRYPT_SLOT_PRIORITY_IGNORE:
		return "ignored";
	case CRYPT_SLOT_PRIORITY_PREFER:
		return "preferred";
	default:
		return "normal";
	}
}

static void visit_keyslot(struct crypt_device *cd, int slot,
			  const struct libmktme_container_visitor *visitor,
			  void *arg)
{
	struct libmktme_keyslot keyslot = { .id = slot };
	struct crypt_pbkdf_type pbkdf;
	size_t key_bytes;

	switch (crypt_keyslot_status(cd, slot)) {
	case CRYPT_SLOT_ACTIVE:
	case CRYPT_SLOT_ACTIVE_LAST:
	case CRYPT_SLOT_UNBOUND:
		break;
	default:
		return;
	}
	keyslot.priority = priority_name(cd, slot);
	/* There is none in a keyslot of a type that the library does not know. */
	keyslot.cipher = crypt_keyslot_get_encryption(cd, slot, &key_bytes) ?:
				 "unknown";
	if (!crypt_keyslot_get_pbkdf(cd, slot, &pbkdf)) {
		keyslot.pbkdf = pbkdf.type;
		keyslot.iterations = pbkdf.iterations;
		keyslot.memory_kb = pbkdf.max_memory_kb;
		keyslot.threads = pbkdf.parallel_threads;
	}
	visitor->keyslot(&keyslot, arg);
}

static void visit_token(struct crypt_device *cd, int token,
			const struct libmktme_container_visitor *visitor,
			void *arg)
{
	const char *type, *json;

	if (crypt_token_status(cd, token, &type) == CRYPT_TOKEN_INACTIVE ||
	    crypt_token_json_get(cd, token, &json) < 0)
		return;
	visitor->token(token, type, json, arg);
}

void libmktme_container_visit(struct libmktme_container *container,
			      const struct libmktme_container_visitor *visitor,
			      void *arg)
{
	struct crypt_device *cd = container->cd;
	const char *label = crypt_get_label(cd);
	char cipher[64];
	int i;

	snprintf(cipher, sizeof(cipher), "%s-%s", crypt_get_cipher(cd),
		 crypt_get_cipher_mode(cd));
	if (visitor->header)
		visitor->header(crypt_get_uuid(cd), label ? label : "", cipher,
				libmktme_container_key_bytes(container), arg);
	for (i = 0; visitor->keyslot && i < crypt_keyslot_max(CRYPT_LUKS2); i++)
		visit_keyslot(cd, i, visitor, arg);
	for (i = 0; visitor->token && i < crypt_token_max(CRYPT_LUKS2); i++)
		visit_token(cd, i, visitor, arg);
}
