/*
 * Intel TME-MK (Total Memory Encryption, Multi-Key) for NVDIMMs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * This is a model of TME-MK as software sees it on persistent memory: the
 * MSRs, PCONFIG leaf 0, the KeyID in the top bits of the physical address, and
 * a cache that holds plaintext until software (or an eviction) writes it back.
 * It is documented in
 *   TME spec  Intel Architecture Memory Encryption Technologies Specification,
 *             336907, revision 1.3
 *   SDM       Intel 64 and IA-32 Architectures Software Developer's Manual:
 *             PCONFIG, CLFLUSH, CLFLUSHOPT, CLWB, and volume 4 for the MSRs
 * Where the two disagree, the behaviour is a property.
 *
 * Every NVDIMM, plugged later or not, appears once per KeyID, at
 * (KeyID << (MAXPHYADDR - k)) | address.  Each of these windows, and the DIMM's
 * own address (KeyID 0), is cached separately: nothing keeps the copies
 * coherent.  The media (the memory backend) holds AES-XTS ciphertext, one data
 * unit per 64-byte line, the tweak being the little-endian physical address of
 * the line without its KeyID.  Real hardware does not document its tweak: the
 * ciphertext is never claimed to equal that of silicon.
 *
 * What the cache still holds is lost when QEMU ends in whatever way, and at
 * system reset and in S3: there is no eADR.  INIT of a CPU changes nothing.
 *
 * A package is there as long as one of its CPUs is plugged.  With the last one
 * go its keys, and what is plugged there next starts as after a reset.
 *
 * QEMU interface, device "mktme" (one per machine, no bus):
 * + Property "phys-bits" (46): MAXPHYADDR; must equal the CPU's phys-bits
 * + Property "keyid-bits" (6): 981H[35:32], 0..15
 * + Property "active-bits" (keyid-bits): 982H[35:32], the k in use
 * + Property "max-keys" (2^keyid-bits - 1): 981H[50:36]; KeyIDs beyond it
 *   cannot be programmed, and their windows are unassigned memory
 * + Property "tdx-bits" (0): 982H[39:36], p; nonzero makes MSR 87H exist
 * + Property "partitioning" (as 982H says): 87H, which then exists
 * + Property "algs" (both): 128, 256, both or none: 982H[63:48]
 * + Property "enabled" (on), "locked" (on): 982H[1] and [0] after reset
 * + Property "bypass" (on): 982H[31]; off: KeyID 0 and cleared KeyIDs are
 *   encrypted with a key that changes at every boot
 * + Property "exclude-base", "exclude-mask" (0): 984H and 983H after reset
 * + Property "target1" (on): CPUID leaf 1BH lists target 1
 * + Property "pconfig-errors" (status): status (TME spec) or gp (SDM) for a bad
 *   command, KeyID or algorithm
 * + Property "strict-reserved" (on): #GP if reserved bytes or the unused tails
 *   of the key fields are not zero (TME spec); off: ignored (SDM)
 * + Property "wrmsr-locked" (gp): gp or ignore, WRMSR 982H while locked
 * + Property "shared-table" (off): one key table for all packages
 * + Property "reset" (lost): lost or kept, directly programmed keys at reset
 * + Property "s3" (lost): lost or kept, all keys in S3.  The TME key and 982H
 *   come back, as by firmware that saved and restored them (982H[3], [2])
 * + Property "seed" (0): nonzero repeats RANDOM keys, boot key and evictions
 * + Property "tweak-offset" (0): added to the address in the tweak, signed
 * + Property "transparent" (off): windows are plain aliases of the media, no
 *   cryptography, no cache model, and no hooks in the translated code
 * + Property "encrypt" (on): off leaves plaintext on the media although
 *   everything else behaves as ever
 * + Property "evict" (0): write back and drop random lines at every Nth fill;
 *   may be set at run time
 * + Property "busy", "entropy" (0): fail the next n PCONFIGs with
 *   DEVICE_BUSY, the next n SET_KEYs with ENTROPY_ERROR; at run time
 * + Property "busy-package", "entropy-package" (-1): only on this package
 * + Property "evict-now" (write only, run time): true writes back and drops
 *   every cached line, as capacity evictions might at any moment; the media has
 *   them when it has been set
 * + Property "key-table", "stats" (read only): JSON, for the host alone; keys
 *   are never shown
 */

#ifndef HW_I386_MKTME_H
#define HW_I386_MKTME_H

#include "hw/core/cpu.h"

#define TYPE_MKTME "mktme"

#define MSR_MKTME_KEYID_PARTITIONING  0x87
#define MSR_TME_CAPABILITY            0x981
#define MSR_TME_ACTIVATE              0x982
#define MSR_TME_EXCLUDE_MASK          0x983
#define MSR_TME_EXCLUDE_BASE          0x984

/* SDM PCONFIG, MKTME_KEY_PROGRAM_STRUCT: bytes read, and its alignment */
#define MKTME_KEY_PROGRAM_SIZE   192
#define MKTME_KEY_PROGRAM_ALIGN  256

/* mktme_pconfig() returns the status for RAX, or this */
#define MKTME_PCONFIG_GP  (-1)

typedef enum MktmeFlush {
    MKTME_CLWB,
    MKTME_CLFLUSHOPT,
    MKTME_CLFLUSH,
    MKTME_NT_STORE,
} MktmeFlush;

typedef enum MktmeCacheOp {
    MKTME_WBINVD,
    MKTME_WBNOINVD,
    MKTME_INVD,
} MktmeCacheOp;

/*
 * What the CPU calls.  All of it may run on a vCPU thread without the BQL, and
 * with no device: then nothing is enumerated and there is nothing to hook.
 */

/* Constant from the first instruction on, so code may be translated by it */
bool mktme_hooks_active(void);

/* CPUID leaf 1BH: is target 1 (TME-MK) listed? */
bool mktme_has_target(void);

/*
 * MSRs 981H to 984H and 87H; false means #GP.  The first asks whether CPUID
 * enumerates them, the others are the device's.
 */
bool mktme_msr_enumerated(CPUArchState *env, uint32_t msr);
bool mktme_rdmsr(uint32_t msr, uint64_t *val);
bool mktme_wrmsr(uint32_t msr, uint64_t val);

/* 982H has LOCK and ENABLE set and k != 0 */
bool mktme_pconfig_ready(void);
int mktme_pconfig(unsigned package, const uint8_t *key_program);

/*
 * @host: where the first byte concerned lies, as the TLB knows it.  Finding that
 * may bring a page into the cache, which the instruction itself does not: it is
 * found between the two calls, and that page's lines go with the one flushed.
 */
void mktme_before_flush(CPUState *cs);
void mktme_flush_line(CPUState *cs, void *host, MktmeFlush kind);

/*
 * Completes what mktme_flush_line() queued for @cs.  True if all vCPUs must
 * stop first: then the caller leaves the execution loop and runs the same
 * instruction again afterwards.
 */
bool mktme_fence(CPUState *cs);

/* Done before the next translation block; the caller has to end this one */
void mktme_cache_op(CPUState *cs, MktmeCacheOp op);

/*
 * What the machine calls, with the BQL, when it plugs an NVDIMM that has its
 * address already.  False with an error if there is no room for its windows.
 */
bool mktme_plug_nvdimm(DeviceState *dev, Error **errp);

#endif
