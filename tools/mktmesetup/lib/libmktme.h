/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library behind mktmesetup: encrypted persistent memory through TME-MK.
 *
 * A volume is a pmem block device that holds a LUKS2 header (the key
 * container), a verifier and data.  The library reads and writes the header,
 * finds out where the memory is, hands the volume key to the kernel and sets
 * up the device-mapper device.  It never prints and never exits: functions
 * return 0 or a negative errno, and say why through the callback of
 * libmktme_set_log_callback().
 *
 * Context: a process with one thread.  Volume keys travel in the keyring of
 * the calling thread, so that thread must also activate the volume.
 */

#ifndef LIBMKTME_H
#define LIBMKTME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uuid/uuid.h>

#define LIBMKTME_VERSION "0.2.0"

#define LIBMKTME_SECTOR_BYTES 512
#define LIBMKTME_NAME_BYTES 128
#define LIBMKTME_UUID_BYTES 40
/* That of LUKS2 has 48 bytes. */
#define LIBMKTME_LABEL_MAX 47
/* Room for the LUKS2 header; the verifier starts behind it. */
#define LIBMKTME_HEADER_BYTES (4ULL << 20)
/* Any keyslot, any token. */
#define LIBMKTME_ANY (-1)

struct json_object;

/* ---- numbers --------------------------------------------------------- */

/**
 * libmktme_parse_number() - read a decimal number
 * @text: begins with it: digits only, which is less than strtoull() takes
 * @max: the largest that is good
 * @end: set to what follows it; NULL: nothing may
 * @value: set to it
 *
 * Return: 0, or -EINVAL if it is none or too large
 */
int libmktme_parse_number(const char *text, uint64_t max, char **end,
			  uint64_t *value);

/* ---- programs -------------------------------------------------------- */

/**
 * libmktme_child_wait() - until a program has ended
 * @pid: of the child
 *
 * Return: 0 if it succeeded, -EIO if not, or another negative errno
 */
int libmktme_child_wait(pid_t pid);

/* ---- messages -------------------------------------------------------- */

/**
 * enum libmktme_log_level - what a message is for
 * @LIBMKTME_LOG_REASON: why the call that is about to fail fails
 * @LIBMKTME_LOG_HINT: what the user can do about it
 * @LIBMKTME_LOG_WARNING: what went wrong on the way, with the call going on
 * @LIBMKTME_LOG_VERBOSE: progress that interests some people
 * @LIBMKTME_LOG_DEBUG: everything else
 */
enum libmktme_log_level {
	LIBMKTME_LOG_REASON,
	LIBMKTME_LOG_HINT,
	LIBMKTME_LOG_WARNING,
	LIBMKTME_LOG_VERBOSE,
	LIBMKTME_LOG_DEBUG,
};

typedef void (*libmktme_log_fn)(enum libmktme_log_level level, const char *msg);

/**
 * libmktme_set_log_callback() - choose who receives messages
 * @fn: receives each message, without a newline; NULL for nobody
 * @debug: also pass on what the libraries underneath have to say
 */
void libmktme_set_log_callback(libmktme_log_fn fn, bool debug);

/* ---- secrets ---------------------------------------------------------- */

/**
 * struct libmktme_secret - a passphrase or key in locked memory
 * @data: the bytes, followed by a zero; NULL if there is none
 * @bytes: how many
 */
struct libmktme_secret {
	char *data;
	size_t bytes;
};

/**
 * libmktme_secret_alloc() - get locked, zeroed memory that is wiped when freed
 * @secret: filled in
 * @bytes: length, not counting the zero that follows
 *
 * Return: 0 or -ENOMEM
 */
int libmktme_secret_alloc(struct libmktme_secret *secret, size_t bytes);

/**
 * libmktme_secret_read() - read a key file
 * @secret: filled in; free with libmktme_secret_free()
 * @path: the file, or "-" for standard input up to its end
 * @offset: bytes to skip
 * @bytes: how many to read, 0 for all
 *
 * Return: 0 or a negative errno; -EFBIG: more than 8 MiB, on a block device,
 * from which a key is read in part only
 */
int libmktme_secret_read(struct libmktme_secret *secret, const char *path,
			 uint64_t offset, size_t bytes);

/**
 * libmktme_secret_free() - wipe and free; fine for an empty secret
 * @secret: left empty
 */
void libmktme_secret_free(struct libmktme_secret *secret);

/* ---- what the hardware can do ----------------------------------------- */

/**
 * struct libmktme_algorithm - an algorithm that TME-MK may offer
 * @name: as in the table line, "aes-xts-256"
 * @key_bytes: length of the volume key
 * @activate_bit: its bit in IA32_TME_ACTIVATE[63:48]
 */
struct libmktme_algorithm {
	const char *name;
	unsigned int key_bytes;
	unsigned int activate_bit;
};

/* All algorithms, the best one first; ends with an empty name. */
extern const struct libmktme_algorithm libmktme_algorithms[];

const struct libmktme_algorithm *libmktme_algorithm_by_name(const char *name);
const struct libmktme_algorithm *
libmktme_algorithm_by_key_bytes(unsigned int key_bytes);

/**
 * struct libmktme_caps - what the kernel module reports
 * @keyids_total: KeyIDs that software may program
 * @keyids_used: those in use
 * @keyid_bits: address bits that hold the KeyID
 * @keyid_shift: the lowest of them
 * @packages: CPU packages
 * @algorithms: bits as in &struct libmktme_algorithm
 * @has_bypass: memory without a KeyID is not encrypted
 */
struct libmktme_caps {
	unsigned int keyids_total;
	unsigned int keyids_used;
	unsigned int keyid_bits;
	unsigned int keyid_shift;
	unsigned int packages;
	unsigned int algorithms;
	bool has_bypass;
};

/**
 * libmktme_caps_read() - ask the kernel module, if it is loaded
 * @caps: filled in
 *
 * Return: 0, or -ENOENT if the module is not there
 */
int libmktme_caps_read(struct libmktme_caps *caps);

/**
 * libmktme_caps_require() - load the kernel modules and ask what they can do
 * @caps: filled in
 *
 * Return: 0, or -ENODEV with the reason if this machine cannot do it
 */
int libmktme_caps_require(struct libmktme_caps *caps);

/**
 * libmktme_caps_require_algorithm() - may PCONFIG use this algorithm?
 * @caps: from libmktme_caps_require()
 * @alg: the algorithm
 *
 * Return: 0, or -EOPNOTSUPP with the reason if the firmware did not activate it
 */
int libmktme_caps_require_algorithm(const struct libmktme_caps *caps,
				    const struct libmktme_algorithm *alg);

/**
 * libmktme_cpus_refused() - which CPUs cannot come online for want of a key
 * @list: filled in, "1,4-7"; empty if there is none
 * @size: of @list
 *
 * Return: 0 or a negative errno
 */
int libmktme_cpus_refused(char *list, size_t size);

/* ---- the memory below ------------------------------------------------- */

/**
 * struct libmktme_base - a pmem block device, whole or a partition
 * @path: as the caller spelled it
 * @name: name in the kernel, "pmem0" or "pmem0p1"
 * @mode: of the namespace: "fsdax", "raw", "sector"
 * @namespace_name: "namespace0.0"
 * @region_name: "region0"
 * @major: device number
 * @minor: device number
 * @phys: physical address of the first byte of the block device
 * @bytes: length
 * @interleave_set: cookie of the interleave set; 0 if there is none
 * @namespace_uuid: UUID of the fsdax namespace; null in other modes
 * @label_uuid: UUID in the namespace's label; null without labels
 * @numa_node: node of the region, or -1
 * @is_readonly: the block device is read-only
 * @is_partition: it is a partition
 */
struct libmktme_base {
	char path[PATH_MAX];
	char name[LIBMKTME_NAME_BYTES];
	char mode[16];
	char namespace_name[32];
	char region_name[32];
	unsigned int major;
	unsigned int minor;
	uint64_t phys;
	uint64_t bytes;
	uint64_t interleave_set;
	uuid_t namespace_uuid;
	uuid_t label_uuid;
	int numa_node;
	bool is_readonly;
	bool is_partition;
};

/**
 * libmktme_base_find() - find out where the memory of a block device is
 * @path: block device
 * @base: filled in
 *
 * Return: 0; -ENODEV if there is no such device, -ENOTBLK if it is not a block
 * device or not persistent memory
 */
int libmktme_base_find(const char *path, struct libmktme_base *base);

/**
 * libmktme_base_require_usable() - check that a volume may live there
 * @base: the memory
 *
 * A volume with a header needs an identity that survives a reboot, which is the
 * label of a namespace in fsdax or raw mode.  Without one the mode is all that
 * counts, and that a partition consists of whole pages.
 *
 * Return: 0 or -EOPNOTSUPP
 */
int libmktme_base_require_usable(const struct libmktme_base *base);
int libmktme_base_require_dax(const struct libmktme_base *base);

/**
 * libmktme_base_require_persistent() - does what KeyID 0 wrote survive a boot?
 * @base: where the data shall be
 * @header: path of a detached header, or NULL
 *
 * To be called where it does not (no TME bypass).  Partition tables, the info
 * block of a namespace in fsdax mode, and headers on persistent memory are read
 * through KeyID 0, unless they are in the window of a volume.
 *
 * Return: 0 or -EOPNOTSUPP
 */
int libmktme_base_require_persistent(const struct libmktme_base *base,
				     const char *header);

/**
 * libmktme_base_require_unused() - check that nobody uses a range
 * @base: the memory
 * @start: first byte of the range, from the start of @base
 * @end: first byte behind it
 *
 * Active volumes beside the range do not matter, nor what is left of one until
 * its users are gone; everybody else does.
 *
 * Return: 0, or -EBUSY and who it is
 */
int libmktme_base_require_unused(const struct libmktme_base *base,
				 uint64_t start, uint64_t end);

/**
 * libmktme_header_require_unused() - check that nobody uses a detached header
 * @header: a block device; a file is used by nobody, nor is what does not exist
 *
 * Return: 0, or -EBUSY and who it is
 */
int libmktme_header_require_unused(const char *header);

/**
 * libmktme_base_path() - path of a block device known by its number
 * @number: "major:minor"
 * @path: filled in with "/dev/<name>", or with @number if there is none
 * @size: of @path
 */
void libmktme_base_path(const char *number, char *path, size_t size);

/* ---- signatures of others --------------------------------------------- */

/**
 * libmktme_signatures() - find what file systems and the like left behind
 * @path: block device
 * @fn: called for each with its type, "ext4"
 * @arg: for @fn
 *
 * Return: how many, or a negative errno
 */
int libmktme_signatures(const char *path,
			void (*fn)(const char *type, void *arg), void *arg);

/**
 * libmktme_signatures_wipe() - remove them
 * @path: block device or file
 *
 * Return: 0 or a negative errno; -EBUSY if somebody uses the block device
 */
int libmktme_signatures_wipe(const char *path);

/* ---- where things are -------------------------------------------------- */

/**
 * struct libmktme_layout - header, verifier and data, in bytes
 * @verifier: offset of the verifier from the start of the block device
 * @data: offset of the data
 * @data_bytes: length of the data
 */
struct libmktme_layout {
	uint64_t verifier;
	uint64_t data;
	uint64_t data_bytes;
};

/**
 * libmktme_layout_compute() - lay out a new volume with a header
 * @phys: physical address of the block device
 * @bytes: its length
 * @reserved: how much of it to leave alone at its start, for the header
 * @layout: filled in
 *
 * Verifier and data are aligned by physical address, which a namespace does
 * not promise for its first byte.
 *
 * Return: 0, or -ENOSPC if it is too small
 */
int libmktme_layout_compute(uint64_t phys, uint64_t bytes, uint64_t reserved,
			    struct libmktme_layout *layout);

/**
 * libmktme_layout_plain() - lay out a volume without header and verifier
 * @phys: physical address of the block device
 * @bytes: its length
 * @offset: where the data shall begin; 0 for the first place that is aligned
 * @wanted: length of the data; 0 for all there is
 * @layout: filled in, but for @verifier
 *
 * Return: 0; -ENOSPC if it does not fit; -EINVAL if it is not aligned
 */
int libmktme_layout_plain(uint64_t phys, uint64_t bytes, uint64_t offset,
			  uint64_t wanted, struct libmktme_layout *layout);

/**
 * struct libmktme_binding - what ties a volume to its place
 * @algorithm: name of the algorithm
 * @namespace_uuid: as in &struct libmktme_base
 * @label_uuid: as in &struct libmktme_base
 * @interleave_set: as in &struct libmktme_base
 * @phys: physical address of the block device when it was formatted
 * @layout: where things are
 *
 * Not authenticated, so it only helps early.  The verifier is what decides.
 */
struct libmktme_binding {
	char algorithm[16];
	uuid_t namespace_uuid;
	uuid_t label_uuid;
	uint64_t interleave_set;
	uint64_t phys;
	struct libmktme_layout layout;
};

/* Fill in a binding for a new volume. */
void libmktme_binding_init(struct libmktme_binding *binding,
			   const struct libmktme_base *base,
			   const struct libmktme_layout *layout,
			   const char *algorithm);

/**
 * libmktme_binding_to_json() - write a binding as LUKS2 token
 * @binding: the binding
 *
 * Return: the token, to be freed with free(); NULL without memory
 */
char *libmktme_binding_to_json(const struct libmktme_binding *binding);

/**
 * libmktme_binding_from_json() - read and check a LUKS2 token
 * @json: text of the token
 * @binding: filled in
 *
 * Return: 0, -EINVAL if it is malformed, -EOPNOTSUPP if it is of a version
 * that this library does not know
 */
int libmktme_binding_from_json(const char *json,
			       struct libmktme_binding *binding);

/**
 * libmktme_binding_compare() - check whether a volume is where it was made
 * @binding: where it was made
 * @base: where it is
 *
 * Return: 0, or -ESTALE with the difference as reason
 */
int libmktme_binding_compare(const struct libmktme_binding *binding,
			     const struct libmktme_base *base);

/* ---- the key container -------------------------------------------------- */

struct libmktme_container;

/**
 * struct libmktme_pbkdf - how a passphrase becomes a key
 * @type: "argon2id", "argon2i", "pbkdf2", or NULL for the default
 * @time_ms: time an unlock shall take, 0 for the default
 * @iterations: skip the benchmark and use so many, if not 0
 * @memory_kb: limit of memory, 0 for the default, a share of the machine's
 * @threads: how many may work, 0 for the default
 */
struct libmktme_pbkdf {
	const char *type;
	uint32_t time_ms;
	uint32_t iterations;
	uint32_t memory_kb;
	uint32_t threads;
};

/* Does the library take it?  Return: 0; -EINVAL, and why not */
int libmktme_pbkdf_check(const struct libmktme_pbkdf *pbkdf);

/**
 * struct libmktme_container_params - a new container
 * @uuid: or NULL for a random one
 * @label: at most %LIBMKTME_LABEL_MAX bytes, or NULL
 * @key_bytes: length of the volume key to make
 * @pbkdf: for the keyslots
 */
struct libmktme_container_params {
	const char *uuid;
	const char *label;
	unsigned int key_bytes;
	struct libmktme_pbkdf pbkdf;
};

/**
 * libmktme_container_create() - write a LUKS2 header with a new volume key
 * @path: block device or file
 * @params: what it shall be
 * @container: the new container; free with libmktme_container_free()
 *
 * Return: 0 or a negative errno
 */
int libmktme_container_create(const char *path,
			      const struct libmktme_container_params *params,
			      struct libmktme_container **container);

/**
 * libmktme_container_load() - read the LUKS2 header of a volume
 * @path: block device or file
 * @container: filled in; free with libmktme_container_free()
 *
 * Return: 0; -ENODEV if there is no such device; -EINVAL if there is no header
 * or one that is not ours
 */
int libmktme_container_load(const char *path,
			    struct libmktme_container **container);
void libmktme_container_free(struct libmktme_container *container);

const char *libmktme_container_uuid(const struct libmktme_container *container);

/**
 * libmktme_container_check_uuid() - check the spelling of a UUID
 * @uuid: text
 *
 * Return: 0 or -EINVAL
 */
int libmktme_container_check_uuid(const char *uuid);

/* Length of the volume key in bytes. */
unsigned int
libmktme_container_key_bytes(const struct libmktme_container *container);

int libmktme_container_set_binding(struct libmktme_container *container,
				   const struct libmktme_binding *binding);

/**
 * libmktme_container_get_binding() - read the binding
 * @container: the container
 * @binding: filled in
 *
 * Return: 0; -ENOENT if there is none, because format was interrupted
 */
int libmktme_container_get_binding(const struct libmktme_container *container,
				   struct libmktme_binding *binding);

/* ---- keyslots ---------------------------------------------------------- */

enum libmktme_credential_kind {
	LIBMKTME_BY_PASSPHRASE,
	LIBMKTME_BY_TOKEN,
	LIBMKTME_BY_VOLUME_KEY,
};

/**
 * struct libmktme_credential - something that leads to the volume key
 * @kind: what it is
 * @secret: the passphrase, the PIN of the token (or nothing), the volume key
 * @slot: passphrase: the only keyslot to try, or %LIBMKTME_ANY
 * @token: token: the only one to try, or %LIBMKTME_ANY
 * @token_type: token: only those of this type, or NULL
 */
struct libmktme_credential {
	enum libmktme_credential_kind kind;
	struct libmktme_secret secret;
	int slot;
	int token;
	const char *token_type;
};

/* Wipe and free what is in it. */
void libmktme_credential_free(struct libmktme_credential *credential);

/**
 * libmktme_container_unlock() - put the volume key into the thread's keyring
 * @container: the container
 * @cred: how; NULL right after libmktme_container_create().  @token becomes the one
 *	that did it
 * @description: filled in with the description of the logon key, or NULL to
 *	check @cred only
 * @size: of @description
 *
 * But for %LIBMKTME_BY_VOLUME_KEY the key goes straight into the kernel, no other
 * code sees it.  Take it away with libmktme_key_drop().
 *
 * Return: 0; -EPERM if no keyslot takes it; -ENOENT if there is no such keyslot or
 * token; -ENOANO if the token wants a PIN or another one; -EINVAL if the volume
 * key has a wrong length
 */
int libmktme_container_unlock(struct libmktme_container *container,
			      struct libmktme_credential *cred,
			      char *description, size_t size);

/* Add the first keyslot to a container that was just created. */
int libmktme_container_add_passphrase(struct libmktme_container *container,
				      const struct libmktme_secret *pass);

/**
 * libmktme_keyslot_check_free() - may a new keyslot have this number?
 * @container: the container
 * @slot: number, or %LIBMKTME_ANY
 *
 * Return: 0 or -EINVAL
 */
int libmktme_keyslot_check_free(struct libmktme_container *container, int slot);

/**
 * libmktme_keyslot_add() - add a passphrase
 * @container: the container
 * @cred: what unlocks it now
 * @pass: the new passphrase
 * @slot: number of the new keyslot, or %LIBMKTME_ANY
 * @pbkdf: for the new keyslot
 *
 * Return: the number of the new keyslot, or a negative errno as
 * libmktme_container_unlock()
 */
int libmktme_keyslot_add(struct libmktme_container *container,
			 const struct libmktme_credential *cred,
			 const struct libmktme_secret *pass, int slot,
			 const struct libmktme_pbkdf *pbkdf);

/**
 * libmktme_keyslot_change() - replace a passphrase
 * @container: the container
 * @old: the passphrase now
 * @new: the new one
 * @slot: its keyslot, or %LIBMKTME_ANY
 * @pbkdf: for the new one
 *
 * Return: the number of the keyslot, or a negative errno
 */
int libmktme_keyslot_change(struct libmktme_container *container,
			    const struct libmktme_secret *old,
			    const struct libmktme_secret *new, int slot,
			    const struct libmktme_pbkdf *pbkdf);

/**
 * libmktme_keyslot_find() - which keyslot does this passphrase unlock?
 * @container: the container
 * @pass: the passphrase
 * @slot: the only one to try, or %LIBMKTME_ANY
 *
 * Return: its number; -EPERM if none; -ENOENT if there is no keyslot
 */
int libmktme_keyslot_find(struct libmktme_container *container,
			  const struct libmktme_secret *pass, int slot);

/* How many keyslots there are. */
unsigned int libmktme_keyslot_count(struct libmktme_container *container);

/* Return: 0, or -EINVAL if there is no such keyslot */
int libmktme_keyslot_require(struct libmktme_container *container, int slot);

/* Wipe a keyslot.  Return: 0 or a negative errno */
int libmktme_keyslot_remove(struct libmktme_container *container, int slot);

/*
 * Wipe all keyslots: without a backup nobody ever unlocks it again.  Return: 0, or
 * the negative errno of the first one that cannot be removed; the others are wiped.
 */
int libmktme_keyslot_remove_all(struct libmktme_container *container);

/* ---- tokens ------------------------------------------------------------ */

/**
 * libmktme_token_export() - get a token
 * @container: the container
 * @token: its number
 * @json: its text, which belongs to the container
 *
 * Return: 0, or -EINVAL if there is no such token
 */
int libmktme_token_export(struct libmktme_container *container, int token,
			  const char **json);

/**
 * libmktme_token_import() - add a token
 * @container: the container
 * @token: its number, which must be free, or %LIBMKTME_ANY
 * @slot: the keyslot that it shall be for, besides those in @json; or
 *	%LIBMKTME_ANY
 * @json: its text
 *
 * Return: its number; -EINVAL if it is no token or cannot have this number;
 * -EEXIST if it is a binding and there is one
 */
int libmktme_token_import(struct libmktme_container *container, int token,
			  int slot, const char *json);

/**
 * libmktme_token_remove() - remove a token, but not its keyslots
 * @container: the container
 * @token: its number
 *
 * Return: 0, or -EINVAL if there is no such token or it is the binding
 */
int libmktme_token_remove(struct libmktme_container *container, int token);

/* ---- copies of the header ----------------------------------------------- */

/**
 * libmktme_header_backup() - copy the header into a file
 * @container: the container
 * @file: path of the file, which must not exist
 *
 * Return: 0 or a negative errno
 */
int libmktme_header_backup(struct libmktme_container *container,
			   const char *file);

/**
 * libmktme_header_restore() - write a header back from a file
 * @path: block device or file, whatever is there
 * @file: path of the copy
 *
 * Return: 0 or a negative errno
 */
int libmktme_header_restore(const char *path, const char *file);

/* ---- show what is in a header --------------------------------------------- */

/**
 * struct libmktme_keyslot - a keyslot in use
 * @id: number
 * @priority: "normal", "preferred" or "ignored"
 * @cipher: what the wrapped key is encrypted with
 * @pbkdf: its PBKDF
 * @iterations: time cost
 * @memory_kb: memory cost
 * @threads: parallel cost
 */
struct libmktme_keyslot {
	int id;
	const char *priority;
	const char *cipher;
	const char *pbkdf;
	uint32_t iterations;
	uint32_t memory_kb;
	uint32_t threads;
};

/**
 * struct libmktme_container_visitor - receives what is in a header
 * @header: called once; like the others, unless it is NULL
 * @keyslot: called for each keyslot in use
 * @token: called for each token with its JSON text
 */
struct libmktme_container_visitor {
	void (*header)(const char *uuid, const char *label, const char *cipher,
		       unsigned int key_bytes, void *arg);
	void (*keyslot)(const struct libmktme_keyslot *keyslot, void *arg);
	void (*token)(int id, const char *type, const char *json, void *arg);
};

/* Walk through everything in a header. */
void libmktme_container_visit(struct libmktme_container *container,
			      const struct libmktme_container_visitor *visitor,
			      void *arg);

/* ---- kernel keys -------------------------------------------------------- */

/**
 * libmktme_key_add() - put a raw volume key into the thread's keyring
 * @description: description of the logon key, "mktme:<uuid>"
 * @key: the raw key
 *
 * Return: 0 or a negative errno
 */
int libmktme_key_add(const char *description,
		     const struct libmktme_secret *key);

/**
 * libmktme_key_drop() - unlink a volume key from the thread's keyring
 * @description: description of the logon key
 *
 * The key is not revoked: the kernel module may hold on to it in order to
 * program CPU packages that appear later.
 */
void libmktme_key_drop(const char *description);

/* ---- table and status lines --------------------------------------------- */

/**
 * struct libmktme_table - the arguments of a table line
 * @sectors: length
 * @algorithm: name of the algorithm
 * @key_bytes: length of the key; 0 if there is no key object
 * @key_type: "logon", "user" or "encrypted"; "random" or "plaintext" if there is
 *	no key object
 * @key_description: description of the key
 * @device: path or "major:minor"
 * @offset: sector of @device at which the data begins
 * @has_init_verifier: write the verifier instead of checking it
 * @has_no_verifier: there is no verifier
 * @has_discard_key: the kernel keeps no reference on the key
 * @has_memmap_dev: struct pages of the window are on the media
 */
struct libmktme_table {
	uint64_t sectors;
	char algorithm[16];
	unsigned int key_bytes;
	char key_type[16];
	char key_description[LIBMKTME_NAME_BYTES];
	char device[LIBMKTME_NAME_BYTES];
	uint64_t offset;
	bool has_init_verifier;
	bool has_no_verifier;
	bool has_discard_key;
	bool has_memmap_dev;
};

/**
 * libmktme_table_init() - begin a table line
 * @table: filled in with length, algorithm, device and offset, and no more
 * @base: the memory below
 * @layout: where the data is on it
 * @algorithm: name of the algorithm
 */
void libmktme_table_init(struct libmktme_table *table,
			 const struct libmktme_base *base,
			 const struct libmktme_layout *layout,
			 const char *algorithm);

/* Does a table line that the kernel printed name this memory? */
bool libmktme_table_is_on(const struct libmktme_table *table,
			  const struct libmktme_base *base);

/**
 * libmktme_table_format() - write the arguments as the target expects them
 * @table: the arguments
 * @params: filled in, everything behind "<start> <len> mktme "
 * @size: of @params
 *
 * Return: 0, or -ENOSPC if it does not fit
 */
int libmktme_table_format(const struct libmktme_table *table, char *params,
			  size_t size);

/**
 * libmktme_table_parse() - the reverse of libmktme_table_format()
 * @params: arguments of the target
 * @table: filled in; @sectors is left alone
 *
 * Return: 0 or -EINVAL
 */
int libmktme_table_parse(const char *params, struct libmktme_table *table);

/**
 * libmktme_table_format_key() - write the key as the target expects it
 * @table: of its arguments the key only
 * @text: filled in, ":<bytes>:<type>:<description>" or a word
 * @size: of @text
 *
 * Return: 0, or -ENOSPC if it does not fit
 */
int libmktme_table_format_key(const struct libmktme_table *table, char *text,
			      size_t size);

/**
 * struct libmktme_status - the status line
 * @keyid: KeyID in use
 * @programmed: CPU packages that hold the key
 * @packages: CPU packages online
 * @is_verified: the verifier was checked
 * @window_sectors: sectors mapped through the KeyID
 * @poison_sectors: bad blocks known within the data
 * @is_gone: the device below was taken away, or its key was lost while the machine
 *	slept; every access fails
 */
struct libmktme_status {
	unsigned int keyid;
	unsigned int programmed;
	unsigned int packages;
	bool is_verified;
	uint64_t window_sectors;
	uint64_t poison_sectors;
	bool is_gone;
};

/* Return: 0 or -EINVAL */
int libmktme_status_parse(const char *line, struct libmktme_status *status);

/* ---- volumes -------------------------------------------------------------- */

/**
 * struct libmktme_volume - an active volume
 * @name: of the device-mapper device
 * @uuid: of the device-mapper device
 * @type: "luks2", "plain", "random" or "plaintext"
 * @major: device number
 * @minor: device number
 * @open_count: how often it is open
 * @is_readonly: it cannot be written
 * @is_suspended: I/O waits
 * @is_closing: it will be removed when its last user goes
 * @key: what the kernel has of the key object: "held", "unavailable" (revoked or
 *	expired), "discarded", or "none" if there never was one; empty if the
 *	kernel does not say
 * @table: its table line; @sectors is 0 if it has no live table
 * @status: its status line
 */
struct libmktme_volume {
	char name[LIBMKTME_NAME_BYTES];
	char uuid[LIBMKTME_NAME_BYTES + 8];
	const char *type;
	unsigned int major;
	unsigned int minor;
	int open_count;
	bool is_readonly;
	bool is_suspended;
	bool is_closing;
	char key[16];
	struct libmktme_table table;
	struct libmktme_status status;
};

/* What it is encrypted with: an algorithm, or "none". */
const char *libmktme_volume_cipher(const struct libmktme_volume *volume);

/* Does the kernel hold on to the key, so that it can program another package? */
bool libmktme_volume_keeps_key(const struct libmktme_volume *volume);

/* Could it, and must be given the key again first? */
bool libmktme_volume_lacks_key(const struct libmktme_volume *volume);

/* How to activate a volume. */
#define LIBMKTME_READONLY (1U << 0)
/* For the library's own use while it works: hidden from udev. */
#define LIBMKTME_PRIVATE (1U << 1)

/**
 * libmktme_volume_activate() - create the device-mapper device of a volume
 * @name: name of the new device
 * @uuid: of the container; without one, "PLAIN"
 * @phys: physical address of the block device, for messages
 * @table: its table line
 * @flags: LIBMKTME_READONLY, LIBMKTME_PRIVATE
 *
 * Return: 0; -EEXIST if the name is taken; otherwise what
 * include/uapi/linux/dm-mktme.h says about the constructor.  Nothing is left
 * behind after a failure.
 */
int libmktme_volume_activate(const char *name, const char *uuid, uint64_t phys,
			     const struct libmktme_table *table,
			     unsigned int flags);

/**
 * libmktme_volume_deactivate() - remove the device-mapper device of a volume
 * @name: its name
 * @is_deferred: remove it when its last user goes
 *
 * Return: 0; -ENODEV if there is no such volume; -EBUSY if it is in use
 */
int libmktme_volume_deactivate(const char *name, bool is_deferred);

/**
 * libmktme_volume_require_key() - could this volume be given its key again?
 * @volume: the volume
 *
 * Return: 0; -EOPNOTSUPP if its key is no key object; -ENODEV if it is past that
 */
int libmktme_volume_require_key(const struct libmktme_volume *volume);

/**
 * libmktme_volume_rebind() - give the kernel the key of a volume again
 * @name: its name
 * @key: of the arguments of a table line, those that name the key
 *
 * From then on the kernel keeps that key object, and can program CPU packages
 * that come online later.
 *
 * Return: 0; -EKEYREJECTED if it is another key; -ENOKEY, -EKEYREVOKED or
 * -EKEYEXPIRED if there is none; -ENODEV if the volume has lost its memory or
 * the hardware its key
 */
int libmktme_volume_rebind(const char *name, const struct libmktme_table *key);

/**
 * libmktme_volume_get() - look at an active volume
 * @name: its name
 * @volume: filled in
 *
 * Return: 0; -ENODEV if there is none of that name; -EINVAL if it is a
 * device of another kind
 */
int libmktme_volume_get(const char *name, struct libmktme_volume *volume);

/**
 * libmktme_volume_find() - find the active volume of a container
 * @uuid: of the container
 * @volume: filled in
 *
 * Return: 0; -ENODEV if it is not active
 */
int libmktme_volume_find(const char *uuid, struct libmktme_volume *volume);

/* Is it the active volume of the container with that UUID? */
bool libmktme_volume_has_uuid(const struct libmktme_volume *volume,
			      const char *uuid);

/**
 * libmktme_volume_explain_use() - say who uses a volume
 * @volume: the volume
 *
 * As the reason for a failure to come.
 */
void libmktme_volume_explain_use(const struct libmktme_volume *volume);

/**
 * libmktme_volume_end_on() - is a block device a volume on that memory?
 * @path: of the block device, or of a file
 * @base: the memory
 * @end: filled in with where the volume ends on @base; 0 if there is none
 *
 * Return: 0 or a negative errno
 */
int libmktme_volume_end_on(const char *path, const struct libmktme_base *base,
			   uint64_t *end);

/**
 * libmktme_volume_explain_half_open() - that is why, and what to do
 * @volume: without a live table
 */
void libmktme_volume_explain_half_open(const struct libmktme_volume *volume);

/**
 * libmktme_volume_check_name() - check that a new volume may have that name
 * @name: the name
 *
 * Return: 0; -EINVAL if it is no valid name; -EEXIST if it is taken
 */
int libmktme_volume_check_name(const char *name);

/**
 * libmktme_volume_foreach() - walk through all active volumes
 * @fn: called for each
 * @arg: for @fn
 *
 * Return: how many, or a negative errno
 */
int libmktme_volume_foreach(void (*fn)(const struct libmktme_volume *volume,
				       void *arg),
			    void *arg);

/* ---- /etc/mktmetab ---------------------------------------------------------- */

/**
 * struct libmktme_tab_entry - a line of /etc/mktmetab
 * @line: its number
 * @name: of the volume
 * @device: path, or "UUID=..." and the like
 * @key_file: path, or NULL
 * @header: path of a detached header, or NULL
 * @device_timeout: how long systemd waits for @device, or NULL
 * @key_slot: the only keyslot to try, or %LIBMKTME_ANY
 * @keyfile_size: how much of @key_file to read; 0 for all
 * @keyfile_offset: how much of it to skip
 * @tries: how often a passphrase is asked for; 0 for the default
 * @timeout: seconds to wait for an answer; 0 for ever
 * @is_noauto: only when something needs it
 * @is_nofail: the boot does not depend on it
 * @is_netdev: only with the network up
 * @is_readonly: refuse writes
 * @is_headless: ask nobody
 * @is_in_initramfs: opened by the initramfs, and kept open until the end
 * @has_discard_key: as in &struct libmktme_table
 *
 * Texts are parts of the line.
 */
struct libmktme_tab_entry {
	unsigned int line;
	const char *name;
	const char *device;
	const char *key_file;
	const char *header;
	const char *device_timeout;
	int key_slot;
	uint32_t keyfile_size;
	uint64_t keyfile_offset;
	uint32_t tries;
	uint32_t timeout;
	bool is_noauto;
	bool is_nofail;
	bool is_netdev;
	bool is_readonly;
	bool is_headless;
	bool is_in_initramfs;
	bool has_discard_key;
};

/* Path of the file; $MKTMETAB is for tests. */
const char *libmktme_tab_path(void);

/**
 * libmktme_tab_parse() - parse a line
 * @path: of the file, for messages
 * @number: of the line
 * @line: the line, which is cut into pieces
 * @entry: filled in
 *
 * What is wrong, or not known, is told as a warning.
 *
 * Return: 0; 1 if it is empty or a comment; -EINVAL if it cannot be used
 */
int libmktme_tab_parse(const char *path, unsigned int number, char *line,
		       struct libmktme_tab_entry *entry);

/**
 * libmktme_tab_foreach() - walk through the lines that can be used
 * @path: of the file
 * @name: only those of that volume, or NULL
 * @fn: called for each; ends the walk if it does not return 0
 * @arg: for @fn
 *
 * Return: what @fn returned last, or a negative errno
 */
int libmktme_tab_foreach(const char *path, const char *name,
			 int (*fn)(const struct libmktme_tab_entry *entry,
				   void *arg),
			 void *arg);

/**
 * libmktme_tab_device() - path of a device that a line names
 * @text: a path, or UUID=, LABEL=, PARTUUID=, PARTLABEL= and a value
 * @path: filled in with @text, or with the link that udev makes
 * @size: of @path
 *
 * Return: 0 or -ENAMETOOLONG
 */
int libmktme_tab_device(const char *text, char *path, size_t size);

/* ---- is this machine fit? -------------------------------------------------- */

enum libmktme_verdict {
	LIBMKTME_OK,
	LIBMKTME_WARN,
	LIBMKTME_FAIL,
	LIBMKTME_UNKNOWN,
};

/**
 * struct libmktme_probe_item - one requirement
 * @key: short name for programs, "tme_enabled"
 * @title: what is required
 * @verdict: whether it is there
 * @detail: what was found
 * @advice: what to change, or NULL
 */
struct libmktme_probe_item {
	const char *key;
	const char *title;
	enum libmktme_verdict verdict;
	char detail[120];
	const char *advice;
};

/**
 * libmktme_probe() - check every requirement of this machine
 * @base: also check this memory, or NULL
 * @fn: called for each requirement
 * @arg: for @fn
 *
 * Return: 0 if volumes can be used here, -ENODEV if not
 */
int libmktme_probe(const struct libmktme_base *base,
		   void (*fn)(const struct libmktme_probe_item *item,
			      void *arg),
		   void *arg);

/* ---- self-test -------------------------------------------------------------- */

/* In the label of a namespace that is made for it */
#define LIBMKTME_SPARE_NAME "mktme-self-test"

/**
 * libmktme_spare_create() - make a small namespace in free capacity
 * @path: filled in with the path of its block device
 * @size: of @path
 *
 * It is raw: nothing of it depends on what KeyID 0 does.  To be removed by
 * libmktme_spare_remove().
 *
 * Return: 0; -ENOSPC if no region has free capacity
 */
int libmktme_spare_create(char *path, size_t size);

/**
 * libmktme_spare_remove() - remove it, and what an earlier self-test left behind
 *
 * What is in use, or is not as it was made, is left alone with a warning.
 *
 * Return: 0 or a negative errno
 */
int libmktme_spare_remove(void);

/**
 * libmktme_selftest_load() - load the kernel module
 *
 * Return: 0 or -ENODEV
 */
int libmktme_selftest_load(void);
/* Remove it, also if a self-test that was killed has left it behind. */
void libmktme_selftest_unload(void);

/**
 * libmktme_selftest_run() - let the kernel test the hardware
 * @base: a whole block device, on which 2 MiB are overwritten
 *
 * Return: 0; -EBUSY if @base is in use, -EINTR if a signal came, or another negative
 * errno.  What was found before can be read in any case.
 */
int libmktme_selftest_run(const struct libmktme_base *base);

/**
 * libmktme_selftest_foreach() - all answers of the last run
 * @fn: called for each; numbers are decimal
 * @arg: for @fn
 */
void libmktme_selftest_foreach(void (*fn)(const char *name, const char *value,
					  void *arg),
			       void *arg);

/**
 * libmktme_selftest_judge() - what the answers of the last run mean
 * @fn: called for each finding
 * @arg: for @fn
 *
 * Return: 0 if volumes would work here, -ENODEV if not, or another negative errno
 */
int libmktme_selftest_judge(void (*fn)(const struct libmktme_probe_item *item,
				       void *arg),
			    void *arg);

/**
 * struct libmktme_machine - which machine this is, for a report; texts may be empty
 * @cpu: "Intel(R) Xeon(R) ..."
 * @family: of CPUID
 * @model: of CPUID
 * @stepping: of CPUID
 * @microcode: revision, "0x2b0004b1"
 * @vendor: of the machine
 * @product: its name
 * @bios_vendor: of the firmware
 * @bios_version: likewise
 * @bios_date: likewise
 * @kernel: release
 */
struct libmktme_machine {
	char cpu[128];
	unsigned int family;
	unsigned int model;
	unsigned int stepping;
	char microcode[32];
	char vendor[128];
	char product[128];
	char bios_vendor[128];
	char bios_version[128];
	char bios_date[32];
	char kernel[64];
};

/* No serial number, no address, no UUID. */
void libmktme_machine_read(struct libmktme_machine *machine);

/* ---- events --------------------------------------------------------------- */

/**
 * struct libmktme_event - something happened to a volume
 * @event: "opened", "closed", "going", "key-needed", "key-bound" or "key-lost"
 * @volume: its name; empty if it cannot be known any more
 * @device: path of the memory below
 * @keyid: its KeyID
 * @cpu: "key-needed": which CPU was refused; otherwise %LIBMKTME_ANY
 */
struct libmktme_event {
	const char *event;
	char volume[LIBMKTME_NAME_BYTES];
	char device[LIBMKTME_NAME_BYTES];
	unsigned int keyid;
	int cpu;
};

struct libmktme_monitor;

/**
 * libmktme_monitor_create() - begin to listen
 * @monitor: filled in; free with libmktme_monitor_destroy()
 *
 * The kernel module need not be there yet.
 *
 * Return: 0 or a negative errno
 */
int libmktme_monitor_create(struct libmktme_monitor **monitor);
void libmktme_monitor_destroy(struct libmktme_monitor *monitor);

/* To wait on: readable when there may be an event. */
int libmktme_monitor_fd(const struct libmktme_monitor *monitor);

/**
 * libmktme_monitor_next() - take the next event, without waiting
 * @monitor: from libmktme_monitor_create()
 * @event: filled in
 *
 * Return: 0; -EAGAIN if there is none now; -ENOBUFS if some were lost
 */
int libmktme_monitor_next(struct libmktme_monitor *monitor,
			  struct libmktme_event *event);

#endif /* LIBMKTME_H */
