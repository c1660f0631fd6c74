// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LUKS2 header in a plain file: make it, read it, unlock it.
 */

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit.h"

#define MIB (1ULL << 20)
#define UUID "12345678-1234-4abc-8def-123456789abc"

static char path[] = "/tmp/mktme-container.XXXXXX";
static char last_reason[512];

static void take_message(enum libmktme_log_level level, const char *msg)
{
	if (level == LIBMKTME_LOG_REASON)
		snprintf(last_reason, sizeof(last_reason), "%s", msg);
}

static void make_secret(struct libmktme_secret *secret, const char *text)
{
	assert_int_equal(libmktme_secret_alloc(secret, strlen(text)), 0);
	memcpy(secret->data, text, strlen(text));
}

static void make_binding(struct libmktme_binding *binding)
{
	struct libmktme_base base = { .phys = 0x100200000, .bytes = 64 * MIB };
	struct libmktme_layout layout;

	assert_int_equal(libmktme_layout_compute(base.phys, base.bytes,
						 LIBMKTME_HEADER_BYTES,
						 &layout),
			 0);
	libmktme_binding_init(binding, &base, &layout, "aes-xts-128");
}

static long find_key(const char *description)
{
	return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_THREAD_KEYRING,
		       "logon", description, 0);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0 || ftruncate(fd, 64 * MIB))
		return -1;
	return close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static const struct libmktme_container_params params = {
	.uuid = UUID,
	.label = "unit",
	.key_bytes = 32,
	.pbkdf = { .type = "pbkdf2", .iterations = 1000 },
};

static void test_create(void **state)
{
	struct libmktme_container *container;
	struct libmktme_secret pass;

	(void)state;
	make_secret(&pass, "secret");
	assert_int_equal(libmktme_container_create(path, &params, &container),
			 0);
	assert_int_equal(libmktme_container_add_passphrase(container, &pass),
			 0);
	/* the key of a container just made needs no passphrase */
	assert_int_equal(libmktme_container_unlock(container, NULL, NULL, 0),
			 0);
	libmktme_container_free(container);
	libmktme_secret_free(&pass);
}

/* The state that an interrupted format leaves. */
static void test_without_binding(void **state)
{
	struct libmktme_container *container;
	struct libmktme_binding binding;

	(void)state;
	assert_int_equal(libmktme_container_load(path, &container), 0);
	assert_int_equal(libmktme_container_get_binding(container, &binding),
			 -ENOENT);
	assert_string_equal(
		last_reason,
		"the binding is missing: format was interrupted, or the token was removed");
	libmktme_container_free(container);
}

static void test_binding(void **state)
{
	struct libmktme_binding made, found;
	struct libmktme_container *container;

	(void)state;
	make_binding(&made);
	assert_int_equal(libmktme_container_load(path, &container), 0);
	assert_int_equal(libmktme_container_set_binding(container, &made), 0);
	libmktme_container_free(container);
	assert_int_equal(libmktme_container_load(path, &container), 0);
	assert_string_equal(libmktme_container_uuid(container), UUID);
	assert_int_equal(libmktme_container_key_bytes(container), 32);
	assert_int_equal(libmktme_container_get_binding(container, &found), 0);
	assert_memory_equal(&made, &found, sizeof(made));
	libmktme_container_free(container);
}

static struct libmktme_credential passphrase(const char *text)
{
	struct libmktme_credential cred = { .slot = LIBMKTME_ANY };

	make_secret(&cred.secret, text);
	return cred;
}

static void test_passphrase(void **state)
{
	struct libmktme_credential right = passphrase("secret");
	struct libmktme_credential wrong = passphrase("Secret");
	struct libmktme_container *container;

	(void)state;
	assert_int_equal(libmktme_container_load(path, &container), 0);
	assert_int_equal(libmktme_container_unlock(container, &wrong, NULL, 0),
			 -EPERM);
	assert_string_equal(last_reason,
			    "No key available with this passphrase.");
	assert_int_equal(libmktme_container_unlock(container, &right, NULL, 0),
			 0);
	right.slot = 1;
	assert_int_equal(libmktme_container_unlock(container, &right, NULL, 0),
			 -ENOENT);
	libmktme_container_free(container);
	libmktme_credential_free(&right);
	libmktme_credential_free(&wrong);
}

/* A logon key: the thread's keyring holds it until it is dropped. */
static void test_keyring(void **state)
{
	struct libmktme_container *container;
	struct libmktme_credential pass = passphrase("secret");
	char description[LIBMKTME_NAME_BYTES];

	(void)state;
	if (find_key("cryptsetup:none") < 0 && errno != ENOKEY)
		skip();
	assert_int_equal(libmktme_container_load(path, &container), 0);
	assert_int_equal(libmktme_container_unlock(container, &pass,
						   description,
						   sizeof(description)),
			 0);
	assert_string_equal(description, "cryptsetup:" UUID "-d0");
	assert_true(find_key(description) > 0);
	libmktme_key_drop(description);
	assert_true(find_key(description) < 0);
	libmktme_container_free(container);

	assert_int_equal(libmktme_key_add("mktme:" UUID, &pass.secret), 0);
	assert_true(find_key("mktme:" UUID) > 0);
	libmktme_key_drop("mktme:" UUID);
	assert_true(find_key("mktme:" UUID) < 0);
	libmktme_credential_free(&pass);
}

static void test_volume_key(void **state)
{
	struct libmktme_credential key = { .kind = LIBMKTME_BY_VOLUME_KEY };
	struct libmktme_container *container;

	(void)state;
	assert_int_equal(libmktme_secret_alloc(&key.secret, 32), 0);
	assert_int_equal(libmktme_container_load(path, &container), 0);
	assert_int_equal(libmktme_container_unlock(container, &key, NULL, 0),
			 -EPERM);
	key.secret.bytes = 31;
	assert_int_equal(libmktme_container_unlock(container, &key, NULL, 0),
			 -EINVAL);
	libmktme_container_free(container);
	libmktme_credential_free(&key);
}

/* Two people, one of whom leaves. */
static void test_keyslots(void **state)
{
	struct libmktme_credential first = passphrase("secret");
	struct libmktme_credential second = passphrase("second");
	struct libmktme_credential third = passphrase("third");
	struct libmktme_container *c;

	(void)state;
	assert_int_equal(libmktme_container_load(path, &c), 0);
	assert_int_equal(libmktme_keyslot_add(c, &second, &third.secret,
					      LIBMKTME_ANY, &params.pbkdf),
			 -EPERM);
	assert_int_equal(libmktme_keyslot_add(c, &first, &second.secret, 0,
					      &params.pbkdf),
			 -EINVAL);
	assert_string_equal(last_reason, "keyslot 0 is full");
	assert_int_equal(libmktme_keyslot_add(c, &first, &second.secret, 5,
					      &params.pbkdf),
			 5);
	assert_int_equal(libmktme_keyslot_count(c), 2);
	assert_int_equal(libmktme_keyslot_change(c, &second.secret,
						 &third.secret, LIBMKTME_ANY,
						 &params.pbkdf),
			 5);
	assert_int_equal(libmktme_keyslot_find(c, &second.secret, LIBMKTME_ANY),
			 -EPERM);
	assert_int_equal(libmktme_keyslot_find(c, &third.secret, LIBMKTME_ANY),
			 5);
	assert_int_equal(libmktme_keyslot_remove(c, 6), -EINVAL);
	assert_int_equal(libmktme_keyslot_remove(c, 5), 0);
	assert_int_equal(libmktme_keyslot_count(c), 1);
	libmktme_container_free(c);
	libmktme_credential_free(&first);
	libmktme_credential_free(&second);
	libmktme_credential_free(&third);
}

static void test_tokens(void **state)
{
	static const char text[] =
		"{\"type\":\"other\",\"keyslots\":[],\"x\":1}";
	struct libmktme_container *c;
	struct libmktme_binding binding;
	const char *json;
	char *ours;

	(void)state;
	make_binding(&binding);
	ours = libmktme_binding_to_json(&binding);
	assert_int_equal(libmktme_container_load(path, &c), 0);
	assert_int_equal(libmktme_token_import(c, LIBMKTME_ANY, LIBMKTME_ANY,
					       ours),
			 -EEXIST);
	assert_int_equal(libmktme_token_import(c, 0, LIBMKTME_ANY, text),
			 -EINVAL);
	assert_int_equal(libmktme_token_import(c, 3, 7, text), -EINVAL);
	assert_int_equal(libmktme_token_import(c, 3, LIBMKTME_ANY, "{}"),
			 -EINVAL);
	assert_int_equal(libmktme_token_import(c, 3, 0, text), 3);
	assert_int_equal(libmktme_token_export(c, 3, &json), 0);
	assert_non_null(strstr(json, "\"other\""));
	assert_non_null(strstr(json, "\"0\""));
	assert_int_equal(libmktme_token_export(c, 4, &json), -EINVAL);
	assert_int_equal(libmktme_token_remove(c, 0), -EINVAL);
	assert_int_equal(libmktme_token_remove(c, 3), 0);
	assert_int_equal(libmktme_token_remove(c, 3), -EINVAL);
	libmktme_container_free(c);
	free(ours);
}

/* A header that was overwritten comes back; one that was erased does not open. */
static void test_backup(void **state)
{
	struct libmktme_credential pass = passphrase("secret");
	char file[] = "/tmp/mktme-backup.XXXXXX";
	struct libmktme_container *c;
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	unlink(file);
	assert_int_equal(libmktme_container_load(path, &c), 0);
	assert_int_equal(libmktme_header_backup(c, file), 0);
	assert_int_equal(libmktme_header_backup(c, file), -EINVAL);
	assert_int_equal(libmktme_keyslot_remove_all(c), 0);
	assert_int_equal(libmktme_container_unlock(c, &pass, NULL, 0), -ENOENT);
	libmktme_container_free(c);
	assert_int_equal(libmktme_header_restore(path, file), 0);
	assert_int_equal(libmktme_container_load(path, &c), 0);
	assert_int_equal(libmktme_container_unlock(c, &pass, NULL, 0), 0);
	libmktme_container_free(c);
	libmktme_credential_free(&pass);
	unlink(file);
}

struct counts {
	int headers;
	int keyslots;
	int tokens;
};

static void count_header(const char *uuid, const char *label,
			 const char *cipher, unsigned int key_bytes, void *arg)
{
	struct counts *counts = arg;

	counts->headers++;
	assert_string_equal(uuid, UUID);
	assert_string_equal(label, "unit");
	assert_string_equal(cipher, "aes-xts-plain64");
	assert_int_equal(key_bytes, 32);
}

static void count_keyslot(const struct libmktme_keyslot *keyslot, void *arg)
{
	struct counts *counts = arg;

	counts->keyslots++;
	assert_int_equal(keyslot->id, 0);
	assert_string_equal(keyslot->pbkdf, "pbkdf2");
	assert_int_equal(keyslot->iterations, 1000);
	assert_string_equal(keyslot->cipher, "aes-xts-plain64");
}

static void count_token(int id, const char *type, const char *json, void *arg)
{
	struct counts *counts = arg;

	counts->tokens++;
	assert_int_equal(id, 0);
	assert_string_equal(type, "mktme");
	assert_non_null(strstr(json, "\"physical_base\""));
}

static void test_visit(void **state)
{
	static const struct libmktme_container_visitor visitor = {
		.header = count_header,
		.keyslot = count_keyslot,
		.token = count_token,
	};
	struct libmktme_container *container;
	struct counts counts = { 0 };

	(void)state;
	assert_int_equal(libmktme_container_load(path, &container), 0);
	libmktme_container_visit(container, &visitor, &counts);
	libmktme_container_free(container);
	assert_int_equal(counts.headers, 1);
	assert_int_equal(counts.keyslots, 1);
	assert_int_equal(counts.tokens, 1);
}

static void test_not_ours(void **state)
{
	struct libmktme_container *container;

	(void)state;
	assert_int_equal(libmktme_container_load("/nonexistent", &container),
			 -ENODEV);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(truncate(path, 64 * MIB), 0);
	assert_int_equal(libmktme_container_load(path, &container), -EINVAL);
	assert_string_equal(last_reason, "no LUKS2 header found");
}

int main(void)
{
	/* They build upon each other. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_without_binding),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_passphrase),
		cmocka_unit_test(test_keyring),
		cmocka_unit_test(test_volume_key),
		cmocka_unit_test(test_keyslots),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_visit),
		cmocka_unit_test(test_not_ours),
	};

	libmktme_set_log_callback(take_message, false);
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
