/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What nd_mktme offers to users of encrypted persistent memory: KeyIDs that
 * hold a key on every CPU package, and windows that map memory through them.
 */

#ifndef _LINUX_MKTME_H
#define _LINUX_MKTME_H

#include <linux/types.h>

struct mktme_keyid;
struct mktme_window;

/* enum mktme_algorithm - what the memory controller encrypts with */
enum mktme_algorithm {
	MKTME_AES_XTS_128,
	MKTME_AES_XTS_256,
	MKTME_ALGORITHMS,
};

/**
 * struct mktme_key_ref - where to find a volume key, never the key itself
 * @algorithm: what the key is for
 * @bytes: length that the key must have: 32 or 64, by @algorithm
 * @type: "user", "logon" or "encrypted"
 * @description: of the key, as request_key() takes it
 */
struct mktme_key_ref {
	enum mktme_algorithm algorithm;
	unsigned int bytes;
	const char *type;
	const char *description;
};

/**
 * struct mktme_base - persistent memory below a window
 * @phys: physical address, without KeyID, a multiple of 2 MiB
 * @kaddr: kernel address of the same memory through KeyID 0
 * @bytes: length, a multiple of 2 MiB
 * @nid: NUMA node on which to allocate struct pages
 */
struct mktme_base {
	phys_addr_t phys;
	void *kaddr;
	size_t bytes;
	int nid;
};

unsigned int mktme_key_bytes(enum mktme_algorithm algorithm);

struct mktme_keyid *mktme_keyid_get(const struct mktme_key_ref *ref,
				    const char **error);
void mktme_keyid_put(struct mktme_keyid *keyid);
unsigned int mktme_keyid_number(const struct mktme_keyid *keyid);
unsigned int mktme_keyid_packages(struct mktme_keyid *keyid,
				  unsigned int *online);

struct mktme_window *mktme_window_map(const struct mktme_base *base,
				      struct mktme_keyid *keyid,
				      const char **error);
void mktme_window_unmap(struct mktme_window *window);
void *mktme_window_kaddr(const struct mktme_window *window);
phys_addr_t mktme_window_phys(const struct mktme_window *window);
void mktme_window_flush(struct mktme_window *window, size_t offset,
			size_t bytes);

struct mktme_window *mktme_raw_map(const struct mktme_base *base,
				   const char **error);
void mktme_raw_unmap(struct mktme_window *raw);

#endif /* _LINUX_MKTME_H */
