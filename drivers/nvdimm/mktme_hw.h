/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Intel documents about TME-MK: CPUID leaves, MSRs, the PCONFIG structure.
 *
 * "TME spec" is the Intel Architecture Memory Encryption Technologies
 * Specification, 336907-003US, revision 1.3; "SDM" is the Software Developer's
 * Manual.  Nothing of our own is in here, and nothing of Linux but integer
 * types, so that mktmesetup reads the same definitions as the kernel.
 */

#ifndef _MKTME_HW_H
#define _MKTME_HW_H

#include <linux/types.h>

/* CPUID.(EAX=7,ECX=0), SDM volume 2A */
#define CPUID_7_0_ECX_TME		(1U << 13)
#define CPUID_7_0_EDX_PCONFIG		(1U << 18)

/* CPUID leaf 1BH enumerates the targets of PCONFIG, SDM volume 2A */
#define CPUID_PCONFIG_LEAF		0x1bU
#define CPUID_PCONFIG_SUBLEAF_MASK	0xfffU
#define CPUID_PCONFIG_SUBLEAF_INVALID	0
#define CPUID_PCONFIG_SUBLEAF_TARGETID	1
#define PCONFIG_TARGET_INVALID		0
#define PCONFIG_TARGET_MKTME		1

/* CPUID.80000008H:EAX[7:0]: MAXPHYADDR, KeyID bits included */
#define CPUID_ADDR_SIZES		0x80000008U
#define CPUID_MAXPHYADDR_MASK		0xffU

/* IA32_TME_CAPABILITY, in the TME spec */
#define MSR_TME_CAPABILITY		0x981
#define TME_CAP_ALGS(msr)		((msr) & 0xf)
#define TME_CAP_BYPASS(msr)		(((msr) >> 31) & 1)
#define TME_CAP_KEYID_BITS(msr)		(((msr) >> 32) & 0xf)
#define TME_CAP_MAX_KEYS(msr)		(((msr) >> 36) & 0x7fff)

/* IA32_TME_ACTIVATE, in the TME spec; bits 39:36 as in the TDX module */
#define MSR_TME_ACTIVATE		0x982
#define TME_ACTIVATE_LOCKED(msr)	((msr) & 1)
#define TME_ACTIVATE_ENABLED(msr)	(((msr) >> 1) & 1)
#define TME_ACTIVATE_BYPASS(msr)	(((msr) >> 31) & 1)
#define TME_ACTIVATE_KEYID_BITS(msr)	(((msr) >> 32) & 0xf)
#define TME_ACTIVATE_TDX_BITS(msr)	(((msr) >> 36) & 0xf)
#define TME_ACTIVATE_ALGS(msr)		(((msr) >> 48) & 0xffff)

/*
 * IA32_MKTME_KEYID_PARTITIONING: KeyIDs 1..n are TME-MK's, those after them
 * private to TDX.  Only on CPUs with TDX.
 */
#define MSR_MKTME_KEYID_PARTITIONING	0x87
#define KEYID_PART_NUM_MKTME(msr)	((msr) & 0xffffffff)
#define KEYID_PART_NUM_TDX(msr)		((msr) >> 32)

/* Bits of MSR 981H[3:0] and 982H[63:48]; PCONFIG's ENC_ALG is one of them */
#define TME_ALG_AES_XTS_128		(1U << 0)
#define TME_ALG_AES_XTS_256		(1U << 2)

/* Leaf 0 of PCONFIG: EAX = 0, RBX = address of struct mktme_key_program */
#define PCONFIG_MKTME_KEY_PROGRAM	0

/* KEYID_CTRL: command in [7:0], ENC_ALG in [23:8], zero in [31:24] */
#define KEYID_CTRL_SET_KEY_DIRECT	0
#define KEYID_CTRL_SET_KEY_RANDOM	1
#define KEYID_CTRL_CLEAR_KEY		2
#define KEYID_CTRL_NO_ENCRYPT		3
#define KEYID_CTRL_ALG_SHIFT		8

/*
 * RAX after PCONFIG with ZF = 1, in the TME spec.  The current SDM raises #GP for
 * 1, 3 and 4 instead.
 */
#define MKTME_PROG_SUCCESS		0
#define MKTME_INVALID_PROG_CMD		1
#define MKTME_ENTROPY_ERROR		2
#define MKTME_INVALID_KEYID		3
#define MKTME_INVALID_CRYPTO_ALG	4
#define MKTME_DEVICE_BUSY		5

#define MKTME_KEY_FIELD_BYTES		64
#define MKTME_KEY_PROGRAM_ALIGN		256

/**
 * struct mktme_key_program - operand of PCONFIG leaf 0
 * @keyid: the KeyID to change
 * @keyid_ctrl: command and algorithm
 * @reserved: zero; revision 1.3 of the TME spec faults otherwise
 * @data_key: key of the data blocks in the low bytes, zero above
 * @tweak_key: key of the tweak in the low bytes, zero above
 * @padding: not read by the CPU; keeps the size a multiple of the alignment
 */
struct mktme_key_program {
	__u16	keyid;
	__u32	keyid_ctrl;
	__u8	reserved[58];
	__u8	data_key[MKTME_KEY_FIELD_BYTES];
	__u8	tweak_key[MKTME_KEY_FIELD_BYTES];
	__u8	padding[64];
} __attribute__((packed, aligned(MKTME_KEY_PROGRAM_ALIGN)));

/**
 * mktme_hw_usable_keyids() - number of KeyIDs that software may program
 * @capability: MSR_TME_CAPABILITY
 * @activate: MSR_TME_ACTIVATE
 * @partitioning: MSR_MKTME_KEYID_PARTITIONING, or 0 where it does not exist
 *
 * The KeyIDs private to TDX are the ones with any of the top bits set, or, as
 * the partitioning MSR counts them, those above the ones of TME-MK.
 *
 * Return: n, where 1..n are the KeyIDs that may be used; 0 for none
 */
static inline unsigned int mktme_hw_usable_keyids(__u64 capability,
						  __u64 activate,
						  __u64 partitioning)
{
	unsigned int bits = TME_ACTIVATE_KEYID_BITS(activate);
	unsigned int tdx_bits = TME_ACTIVATE_TDX_BITS(activate);
	unsigned int n;

	if (bits <= tdx_bits)
		return 0;
	n = (1U << (bits - tdx_bits)) - 1;
	if (n > TME_CAP_MAX_KEYS(capability))
		n = TME_CAP_MAX_KEYS(capability);
	if (KEYID_PART_NUM_TDX(partitioning) &&
	    n > KEYID_PART_NUM_MKTME(partitioning))
		n = KEYID_PART_NUM_MKTME(partitioning);
	return n;
}

#endif /* _MKTME_HW_H */
