/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The whole interface between the device-mapper target "mktme" and user space.
 *
 * The target maps persistent memory through a KeyID of Intel TME-MK, so that
 * the memory controller encrypts with a key that user space chose while loads,
 * stores and DAX mappings keep going straight to the media.
 *
 *
 * Table line
 * ----------
 *
 *	<start> <len> mktme <algorithm> <key> <device> <offset>
 *		[<#options> <option>...]
 *
 * start, len   sectors of 512 bytes.  <start> is 0, and no other target is in
 *		the table; <len> is a multiple of 2 MiB (4096 sectors) and at
 *		most what <device> holds behind <offset>.
 *
 * algorithm	"aes-xts-128" or "aes-xts-256".  The firmware must have
 *		activated it (IA32_TME_ACTIVATE, bits 63:48).
 *
 * key		":<bytes>:<type>:<description>", as dm-crypt writes it: a key
 *		in one of the caller's keyrings.  <type> is "user", "logon" or
 *		"encrypted"; <description> has no blanks.  <bytes> is 32 for
 *		aes-xts-128 (16 bytes of data key, then 16 bytes of tweak key)
 *		and 64 for aes-xts-256 (32 and 32).  The two halves must differ
 *		and neither may be all zeros.  A key never appears in a table
 *		line itself, in or out.
 *
 *		"random": the CPU makes a key that nobody knows.  It is gone,
 *		and the data with it, when the volume is closed or the power
 *		goes.
 *
 *		"plaintext": nothing is encrypted, and there is no key; needs
 *		"no_verifier".  <algorithm> is not used.
 *
 * device	the pmem block device (whole or partition), as path or
 *		"major:minor".
 *
 * offset	the sector of <device> at which the data begins.  Its *physical*
 *		address must be a multiple of 2 MiB.  Unless "no_verifier" is
 *		given, the 2 MiB before it hold the verifier.  With "memmap=dev"
 *		there is more before that, see there.
 *
 * options	init_verifier	write the verifier instead of checking it.  Beside
 *				"memmap=dev" the only thing that makes a
 *				constructor write.
 *		no_verifier	there is no verifier; neither key nor place is
 *				checked.  The first 2 MiB must differ through
 *				the KeyID and raw, which shows that the memory
 *				is being encrypted.
 *		discard_key	keep no reference on the key object.  A package
 *				that comes online later cannot be given the key
 *				and stays offline, and the machine cannot sleep.
 *				A new table must bring the same key all the
 *				same: a digest of it, keyed by a secret of this
 *				boot, is compared.
 *		memmap=dev	the struct pages of the window (64 bytes for each
 *				4 KiB) are on the media, encrypted like all of
 *				it, and not in DRAM.  They take the m bytes
 *				before the verifier: with b bytes of verifier
 *				and data, m is b / 63, rounded up to 2 MiB.
 *				They are written whenever the volume is opened,
 *				after the verifier was found to match.  Needs
 *				the verifier and a writable device.
 *
 * "dmsetup table" prints a line that the constructor accepts, without
 * "init_verifier": what has been written once is checked from then on.
 *
 * The constructor fails with
 *
 *	EINVAL		an argument is malformed, misaligned or out of range
 *	ENOKEY		no such key in the caller's keyrings
 *	EKEYREVOKED, EKEYEXPIRED	the key is no longer valid
 *	ENODEV		this machine cannot do it (see the kernel log, or
 *			"mktmesetup probe"), the CPU package of the memory is
 *			offline, or <device> is being removed
 *	EOPNOTSUPP	<device> is not persistent memory that can be used
 *	ERANGE		the range cannot be addressed through a KeyID on this
 *			kernel (paging levels)
 *	EBUSY		another window covers part of the range: that of another
 *			volume, of a table with another key, or one that an
 *			earlier volume's users have not let go of yet
 *	ENOSPC		every KeyID is in use; the kernel log says by whom
 *	EKEYREJECTED	the verifier does not match: wrong key, or the data
 *			have moved to another physical address
 *	ESTALE		the verifier matches but was made for another <len>
 *	EPROTO		the media holds the verifier, or what is there without
 *			one, as it is seen through the KeyID: this memory is not
 *			being encrypted
 *	EAGAIN		the hardware stayed busy; try again
 *	EIO		the media or the hardware reported an error
 *	ENOMEM		out of memory
 *
 * or as opening <device> does (ENOENT, EBUSY, EACCES, EROFS ...), or EINTR,
 * and the reason, with the argument, as a line in the kernel log.  No failure
 * changes data.  One that comes late may have written the verifier, if told to
 * ("init_verifier"), and struct pages, if they are on the media ("memmap=dev").
 *
 *
 * Status line ("dmsetup status")
 * ------------------------------
 *
 *	<keyid> <programmed>/<packages> <verifier> <window> <poison> <state>
 *
 * keyid	the KeyID in use; 0 when it has been given back ("gone")
 * programmed	CPU packages that hold the key
 * packages	CPU packages online
 * verifier	"verified" or "none"
 * window	sectors mapped through the KeyID, verifier and struct pages
 *		included
 * poison	bad blocks known within the data, in sectors
 * state	"active", or "gone": <device> was taken away, or its key was lost
 *		while the machine slept; every access fails
 *
 *
 * Messages ("dmsetup message NAME 0 ...")
 * ---------------------------------------
 *
 *	rebind <key>	supply the key again, as a key object like that of a
 *			table line.  It must be the volume's, in whichever
 *			object; the kernel keeps a reference on it from now on,
 *			even if the table said "discard_key", and gives the key
 *			to CPU packages that come online.
 *
 * fails as the constructor does for <key>, and with EKEYREJECTED (another key),
 * EOPNOTSUPP (the volume has no key object) or ENODEV (<device> was taken away,
 * or the key was lost while the machine slept).
 *
 *
 * Measurement
 * -----------
 *
 *	target_name=mktme,target_version=<version>,algorithm=<algorithm>,
 *		key_type=<type>,offset=<offset>,verifier=<y or n>;
 *
 * is what IMA measures of a target when its table is loaded.  <type> is that of
 * the key object, "random" or "plaintext".
 *
 *
 * The verifier
 * ------------
 *
 * Known plaintext that is only ever stored and read through the window: one
 * struct mktme_verifier_line in each 64-byte line of the 2 MiB, so that every
 * way of an interleave set and every memory controller is covered.  A wrong
 * key, a wrong key in one package, and data that moved all turn at least one
 * line into noise.  The same lines read raw must differ, or nothing is being
 * encrypted.
 */

#ifndef _UAPI_LINUX_DM_MKTME_H
#define _UAPI_LINUX_DM_MKTME_H

#include <linux/types.h>

#define DM_MKTME_TARGET_NAME	"mktme"
#define DM_MKTME_VERSION_MAJOR	0
#define DM_MKTME_VERSION_MINOR	2
#define DM_MKTME_VERSION_PATCH	0

#define DM_MKTME_ALG_XTS_128	"aes-xts-128"
#define DM_MKTME_ALG_XTS_256	"aes-xts-256"

#define DM_MKTME_KEY_RANDOM		"random"
#define DM_MKTME_KEY_PLAINTEXT		"plaintext"

#define DM_MKTME_OPT_INIT_VERIFIER	"init_verifier"
#define DM_MKTME_OPT_NO_VERIFIER	"no_verifier"
#define DM_MKTME_OPT_DISCARD_KEY	"discard_key"
#define DM_MKTME_OPT_MEMMAP_DEV		"memmap=dev"

#define DM_MKTME_MSG_REBIND		"rebind"

/* Bytes of a volume key: data key, then tweak key, of equal length. */
#define DM_MKTME_XTS_128_KEY_BYTES	32
#define DM_MKTME_XTS_256_KEY_BYTES	64

/* Offsets and lengths are multiples of this many bytes, by physical address. */
#define DM_MKTME_ALIGN_BYTES		(1UL << 21)

#define DM_MKTME_VERIFIER_BYTES		(1UL << 21)
#define DM_MKTME_VERIFIER_LINES		\
	(DM_MKTME_VERIFIER_BYTES / sizeof(struct mktme_verifier_line))
#define DM_MKTME_VERIFIER_MAGIC		"MKTMEVFY"
#define DM_MKTME_VERIFIER_VERSION	1

/**
 * struct mktme_verifier_line - one 64-byte line of the verifier
 * @magic: DM_MKTME_VERIFIER_MAGIC, without the terminating zero
 * @version: DM_MKTME_VERIFIER_VERSION, little endian
 * @index: number of this line, from 0, little endian
 * @data_sectors: <len> of the table line that wrote the verifier, little
 *	endian; a range of another length is refused
 * @zero: must be zero
 */
struct mktme_verifier_line {
	__u8	magic[8];
	__le32	version;
	__le32	index;
	__le64	data_sectors;
	__u8	zero[40];
};

#endif /* _UAPI_LINUX_DM_MKTME_H */
