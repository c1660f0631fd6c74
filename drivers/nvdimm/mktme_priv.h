/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of nd_mktme share with each other and with nobody else.
 */

#ifndef _MKTME_PRIV_H
#define _MKTME_PRIV_H

#include <linux/mktme.h>
#include <linux/types.h>

/**
 * struct mktme_cap - what this machine can do; constant after module init
 * @maxphyaddr: physical address bits, those of the KeyID included
 * @keyid_bits: bits of the KeyID, at the top of the physical address
 * @keyid_shift: lowest bit of the KeyID
 * @keyids: KeyIDs 1..@keyids may be programmed and can be mapped
 * @algs: activated algorithms, TME_ALG_*
 * @bypass: KeyID 0 is not encrypted, so it shows what the media holds
 */
struct mktme_cap {
	unsigned int maxphyaddr;
	unsigned int keyid_bits;
	unsigned int keyid_shift;
	unsigned int keyids;
	u32 algs;
	bool bypass;
};

/**
 * struct mktme_ll_ops - the two things that hardware does for the engine
 * @program: on the package of @cpu, give @keyid the volume key @key, or, if
 *	@key is NULL, make it show the raw media (NO_ENCRYPT)
 * @clear: on the package of @cpu, wipe the key of @keyid
 *
 * Context: both sleep; the caller holds the CPU hotplug lock.
 * Return: 0, -EAGAIN if the hardware stayed busy, -EIO for all else
 */
struct mktme_ll_ops {
	int (*program)(int cpu, unsigned int keyid,
		       enum mktme_algorithm algorithm, const u8 *key);
	int (*clear)(int cpu, unsigned int keyid);
};

/* mktme_core.c */
extern struct mktme_cap mktme_cap;
int mktme_cap_check_range(phys_addr_t phys, size_t bytes, unsigned int keyid,
			  const char **error);

/* mktme_pconfig.c */
extern const struct mktme_ll_ops mktme_pconfig_ops;
int mktme_pconfig_detect(struct mktme_cap *cap);
u32 mktme_pconfig_alg_bit(enum mktme_algorithm algorithm);

/* mktme_keyid.c */
int mktme_keyid_init(unsigned int keyids, const struct mktme_ll_ops *ops);
void mktme_keyid_exit(void);
struct mktme_keyid *mktme_keyid_get_raw(const char **error);
struct mktme_keyid *mktme_keyid_ref(struct mktme_keyid *keyid);
unsigned int mktme_keyid_used(void);
unsigned int mktme_online_packages(void);

#endif /* _MKTME_PRIV_H */
