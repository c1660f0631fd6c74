/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What nd_mktme offers to users of encrypted persistent memory: windows that
 * map memory through a KeyID, which holds a key on every CPU package.
 */

#ifndef _LINUX_MKTME_H
#define _LINUX_MKTME_H

#include <linux/types.h>

struct block_device;
struct device;
struct gendisk;
struct mktme_raw;
struct mktme_user;
struct mktme_window;

/* enum mktme_algorithm - what the memory controller encrypts with */
enum mktme_algorithm {
	MKTME_AES_XTS_128,
	MKTME_AES_XTS_256,
	MKTME_ALGORITHMS,
};

/**
 * enum mktme_key_kind - where the key in a KeyID comes from
 * @MKTME_KEY_OBJECT: from a key object of the kernel's keyrings
 * @MKTME_KEY_RANDOM: the CPU makes it; it is gone when the window is
 * @MKTME_KEY_PLAINTEXT: there is none, nothing is encrypted (NO_ENCRYPT)
 */
enum mktme_key_kind {
	MKTME_KEY_OBJECT,
	MKTME_KEY_RANDOM,
	MKTME_KEY_PLAINTEXT,
};

/**
 * struct mktme_key_ref - where to find a volume key, never the key itself
 * @kind: where it comes from; the rest but @algorithm is for key objects only
 * @algorithm: what the key is for
 * @bytes: length that the key must have: 32 or 64, by @algorithm
 * @type: "user", "logon" or "encrypted"
 * @description: of the key, as request_key() takes it
 * @discard: keep no reference on the key object once the hardware has the key
 */
struct mktme_key_ref {
	enum mktme_key_kind kind;
	enum mktme_algorithm algorithm;
	unsigned int bytes;
	const char *type;
	const char *description;
	bool discard;
};

/**
 * struct mktme_base - persistent memory below a window
 * @bdev: block device that the memory belongs to, whole or partition; claimed by
 *	whoever makes the window, with a holder, but without holder operations
 * @dev: device above @bdev on the NVDIMM bus: going means that the memory goes
 * @phys: physical address, without KeyID, a multiple of 2 MiB
 * @kaddr: kernel address of the same memory through KeyID 0, or NULL if it has
 *	none (raw namespaces)
 * @bytes: length, a multiple of 2 MiB
 * @memmap_bytes: length, a multiple of 2 MiB, of what is set aside at the
 *	beginning for the window's own struct pages; 0: they are in DRAM
 * @nid: NUMA node on which to allocate struct pages
 */
struct mktme_base {
	struct block_device *bdev;
	struct device *dev;
	phys_addr_t phys;
	void *kaddr;
	size_t bytes;
	size_t memmap_bytes;
	int nid;
};

#define MKTME_NAME_BYTES	128

/**
 * struct mktme_user_ops - what the engine asks of a user of a window
 * @name: write what people call the volume, MKTME_NAME_BYTES at most
 * @memory_failure: memory at this offset of the window is bad; tell whoever
 *	has put data there.  Returns 0, or -EOPNOTSUPP if nobody wants to know.
 *	@flags are those of memory_failure().
 *
 * Context: process context, sleeps; the memory failure code holds its mutex, and
 * whoever asks for the name one of the engine.
 */
struct mktme_user_ops {
	void (*name)(struct mktme_user *user, char *name);
	int (*memory_failure)(struct mktme_user *user, u64 offset, u64 bytes,
			      int flags);
};

/**
 * enum mktme_user_state - what a user has done and may do
 * @MKTME_USER_NEW: it has not accessed the window yet
 * @MKTME_USER_ACTIVE: it has
 * @MKTME_USER_ASLEEP: it has; now the machine goes to sleep, or wakes, and the
 *	hardware may not have the key
 * @MKTME_USER_GONE: it must not any more: the memory is being taken away
 */
enum mktme_user_state {
	MKTME_USER_NEW,
	MKTME_USER_ACTIVE,
	MKTME_USER_ASLEEP,
	MKTME_USER_GONE,
};

/**
 * struct mktme_user - one user of a window, part of the user's own context
 * @ops: to be set by the user
 * @disk: to be set by the user: the disk through which the window is used.
 *	While it is open the window is not unmapped.  A window has one disk.
 * @may_write: to be set by the user: it writes through caches, or lets others.
 *	Else nothing is flushed when the window ends.
 * @state: private; see mktme_user_enter()
 * @pins: private; how often the user is at work on the window whether or not the
 *	disk is open
 * @node: private
 */
struct mktme_user {
	const struct mktme_user_ops *ops;
	struct gendisk *disk;
	bool may_write;
	enum mktme_user_state state;
	unsigned int pins;
	struct list_head node;
};

bool mktme_user_activate(struct mktme_user *user);

/**
 * mktme_user_enter() - may the window be accessed now?
 * @user: whose disk is open
 *
 * To be asked before each access through the disk, and before an address is
 * handed out.
 *
 * Return: false if the memory has gone, or as long as the machine is asleep
 */
static inline bool mktme_user_enter(struct mktme_user *user)
{
	return likely(READ_ONCE(user->state) == MKTME_USER_ACTIVE) ||
	       mktme_user_activate(user);
}

static inline bool mktme_user_is_gone(const struct mktme_user *user)
{
	return READ_ONCE(user->state) == MKTME_USER_GONE;
}

/* Tasks are frozen, but workers of the kernel must wait, see mktme_user_wait(). */
static inline bool mktme_user_is_asleep(const struct mktme_user *user)
{
	return READ_ONCE(user->state) == MKTME_USER_ASLEEP;
}

void mktme_user_wait(struct mktme_user *user);

unsigned int mktme_key_bytes(enum mktme_algorithm algorithm);
size_t mktme_memmap_bytes(size_t bytes);

struct mktme_window *mktme_window_share(const struct mktme_base *base,
					const struct mktme_key_ref *ref,
					struct mktme_user *user,
					const char **error);
struct mktme_window *mktme_window_map(const struct mktme_base *base,
				      const struct mktme_key_ref *ref,
				      struct mktme_user *user,
				      const char **error);
bool mktme_window_pin(struct mktme_window *window, struct mktme_user *user);
void mktme_window_unpin(struct mktme_window *window, struct mktme_user *user);
void mktme_window_publish(struct mktme_window *window, struct mktme_user *user);
void mktme_window_unmap(struct mktme_window *window, struct mktme_user *user);
int mktme_window_rebind(struct mktme_window *window, struct mktme_user *user,
			const struct mktme_key_ref *ref, const char **error);
void *mktme_window_kaddr(const struct mktme_window *window);
phys_addr_t mktme_window_phys(const struct mktme_window *window);
void mktme_window_flush(struct mktme_window *window, size_t offset,
			size_t bytes);
int mktme_window_clear_poison(struct mktme_window *window, size_t offset,
			      size_t bytes);
unsigned int mktme_window_keyid(const struct mktme_window *window);
unsigned int mktme_window_packages(struct mktme_window *window,
				   unsigned int *online);

struct mktme_raw *mktme_raw_map(const struct mktme_base *base,
				const char **error);
void mktme_raw_unmap(struct mktme_raw *raw);
void *mktme_raw_kaddr(const struct mktme_raw *raw);
void mktme_raw_flush(struct mktme_raw *raw, size_t bytes);

#endif /* _LINUX_MKTME_H */
