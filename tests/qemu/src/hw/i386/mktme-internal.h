/*
 * Intel TME-MK: what the parts of the model share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_I386_MKTME_INTERNAL_H
#define HW_I386_MKTME_INTERNAL_H

#include "qemu/thread.h"
#include "exec/memory.h"
#include "crypto/cipher.h"
#include "hw/qdev-core.h"
#include "hw/i386/mktme.h"
#include "qom/object.h"

OBJECT_DECLARE_SIMPLE_TYPE(MktmeState, MKTME)

#define MKTME_LINE_BITS   6
#define MKTME_LINE_SIZE   (1u << MKTME_LINE_BITS)
#define MKTME_PAGE_LINES  64    /* one bit of a uint64_t per line of a page */

#define MKTME_KEYID_BITS_MAX  15
#define MKTME_NO_PACKAGE      (-1)

/* IA32_TME_ACTIVATE, TME spec 1.3 section 4.2 */
#define TME_ACTIVATE_LOCK         (1ull << 0)
#define TME_ACTIVATE_ENABLE       (1ull << 1)
#define TME_ACTIVATE_RESTORE      (1ull << 2)
#define TME_ACTIVATE_SAVE         (1ull << 3)
#define TME_ACTIVATE_POLICY(v)    extract64(v, 4, 4)
#define TME_ACTIVATE_BYPASS       (1ull << 31)
#define TME_ACTIVATE_KEYID_BITS(v)  extract64(v, 32, 4)
#define TME_ACTIVATE_TDX_BITS(v)  extract64(v, 36, 4)
#define TME_ACTIVATE_ALGS(v)      extract64(v, 48, 16)
#define TME_ACTIVATE_RESERVED     0x0000ff007fffff00ull

/* IA32_MKTME_KEYID_PARTITIONING */
#define KEYID_PART_NUM_MKTME(v)  extract64(v, 0, 32)
#define KEYID_PART_NUM_TDX(v)    extract64(v, 32, 32)

/* Algorithms: bit numbers in 981H[3:0], 982H[63:48] and ENC_ALG */
#define TME_ALG_XTS_128  0
#define TME_ALG_XTS_256  2

/* IA32_TME_EXCLUDE_MASK */
#define TME_EXCLUDE_ENABLE  (1ull << 11)

/* SDM PCONFIG, status in RAX */
enum {
    PCONFIG_SUCCESS = 0,
    PCONFIG_INVALID_PROG_CMD = 1,
    PCONFIG_ENTROPY_ERROR = 2,
    PCONFIG_INVALID_KEYID = 3,
    PCONFIG_INVALID_CRYPTO_ALG = 4,
    PCONFIG_DEVICE_BUSY = 5,
    PCONFIG_NUM_STATUS
};

typedef enum MktmeKeyState {
    MKTME_KEY_CLEARED,      /* as TME: the boot key, or plain under bypass */
    MKTME_KEY_DIRECT,
    MKTME_KEY_RANDOM,
    MKTME_KEY_NO_ENCRYPT,
} MktmeKeyState;

typedef struct MktmeKey {
    MktmeKeyState state;
    unsigned alg;
    QCryptoCipher *cipher;
} MktmeKey;

/* One per package; a DIMM uses that of its own package */
typedef struct MktmePackage {
    MktmeKey *key;          /* indexed by KeyID */
    MktmeKey boot;          /* the TME key */
    uint8_t boot_raw[64];
    uint8_t saved_raw[64];  /* 982H[3]: survives reset */
    int in_pconfig;         /* the key-table lock of SDM PCONFIG */
} MktmePackage;

/*
 * One NVDIMM.  The cached copy of an address has a fixed place, KeyID * size +
 * offset, in two sparse buffers: @shadow is what the guest reads and writes,
 * @clean what the line was when it last agreed with the media.  A line is
 * dirty exactly if the two differ.
 */
typedef struct MktmeDimm {
    struct MktmeState *s;
    char *id;
    hwaddr base;
    uint64_t size;
    MemoryRegion *mr;
    uint8_t *media;
    bool readonly;
    unsigned package;

    uint8_t *shadow;
    uint8_t *clean;
    uint64_t *valid;        /* per page: lines that are cached */
    unsigned long *touched; /* pages ever filled since the last reset */
    uint64_t places_size;   /* of @shadow and of @clean */

    MemoryRegion shadow_mr;
    AddressSpace shadow_as;
    MemoryRegion *alias;    /* transparent mode: one per KeyID */
} MktmeDimm;

/* Lines that the next fence of one vCPU has to complete */
typedef struct MktmeQueued {
    MktmeDimm *dimm;
    uint64_t page;
    uint64_t writeback;
    uint64_t invalidate;
} MktmeQueued;

typedef struct MktmeQueue {
    MktmeQueued *entry;
    unsigned num;
    unsigned allocated;
    bool invalidates;       /* some entry has invalidate bits */
    uint64_t clean_flushes;
    MktmeQueued filled;     /* what the vCPU has last brought in */
} MktmeQueue;

typedef struct MktmeStats {
    uint64_t fills;             /* pages */
    uint64_t fill_lines;
    uint64_t writebacks;        /* lines */
    uint64_t keyid0_writebacks;
    uint64_t invalidations;     /* lines */
    uint64_t drains;
    uint64_t drain_stops;
    uint64_t evictions;         /* lines */
    uint64_t cache_ops;         /* WBINVD, WBNOINVD, INVD, evict-now */
    uint64_t late_writes;
    uint64_t unassigned;
    uint64_t resets;
    uint64_t wakeups;
    uint64_t removed_packages;
    uint64_t pconfig[PCONFIG_NUM_STATUS];
    uint64_t pconfig_gp;
} MktmeStats;

#define MKTME_RECENT_PAGES 1024

struct MktmeState {
    DeviceState parent_obj;

    /* Properties */
    uint32_t phys_bits;
    uint32_t keyid_bits;
    uint32_t active_bits;
    uint32_t max_keys;
    uint32_t tdx_bits;
    uint64_t partitioning;
    char *algs;
    bool enabled;
    bool locked;
    bool bypass;
    uint64_t exclude_base_reset;
    uint64_t exclude_mask_reset;
    bool target1;
    char *pconfig_errors;
    bool strict_reserved;
    char *wrmsr_locked;
    bool shared_table;
    char *reset;
    char *s3;
    uint32_t seed;
    int64_t tweak_offset;
    bool transparent;

    /* Properties that may change at run time */
    bool encrypt;
    uint32_t evict;
    uint32_t busy;
    uint32_t entropy;
    int32_t busy_package;
    int32_t entropy_package;

    /* Decoded from the properties at realize */
    bool errors_gp;
    bool locked_ignores;
    bool reset_keeps;
    bool s3_keeps;
    unsigned algs_mask;
    unsigned num_places;        /* KeyIDs 0..num_places-1 have windows */

    /* Registers */
    uint64_t capability;
    uint64_t activate;
    uint64_t exclude_mask;
    uint64_t exclude_base;

    /*
     * Protects everything below, the registers above, and the contents of
     * media and clean copies.  A leaf: nothing is taken under it, and neither
     * the BQL nor a stop of the vCPUs may be waited for.
     */
    QemuMutex lock;
    GRand *rand;
    MktmePackage *package;
    unsigned num_packages;
    bool boot_key_saved;
    MktmeDimm **dimm;           /* as many as the machine has slots */
    unsigned num_dimms;         /* atomic: grows when a DIMM is complete */
    MktmeQueue *queue;          /* per vCPU, used by its thread only */
    unsigned num_queues;
    struct {
        MktmeDimm *dimm;
        uint64_t page;
    } recent[MKTME_RECENT_PAGES];
    unsigned num_recent;
    MktmeStats stats;

    Notifier machine_done;
    Notifier suspend;
    bool asleep;                /* BQL: from S3 to the next reset */
    DeviceListener listener;
};

/* The only one, from realize on */
extern MktmeState *mktme_device;

/* mktme.c: registers */
bool mktme_enabled(MktmeState *s);
bool mktme_active(MktmeState *s);
unsigned mktme_keyid_shift(MktmeState *s);
unsigned mktme_max_keyid(MktmeState *s);
bool mktme_package_present(unsigned package);

/* mktme-keys.c: key tables and cryptography */
void mktme_keys_init(MktmeState *s, unsigned num_packages);
bool mktme_keys_check(Error **errp);
void mktme_keys_reset(MktmeState *s);
void mktme_keys_clear(MktmeState *s);
void mktme_keys_remove_package(MktmeState *s, unsigned package);
void mktme_keys_new_boot_key(MktmeState *s, bool save);
bool mktme_keys_restore_boot_key(MktmeState *s);
int mktme_keys_pconfig(MktmeState *s, unsigned package, const uint8_t *raw);
char *mktme_keys_json(MktmeState *s);
void mktme_random(MktmeState *s, void *buf, size_t len);

/* The cipher of a line of @d, or NULL if it lies plain on the media */
QCryptoCipher *mktme_cipher(MktmeState *s, MktmeDimm *d, unsigned keyid,
                            hwaddr spa);
void mktme_crypt_line(MktmeState *s, QCryptoCipher *cipher, hwaddr spa,
                      const void *in, void *out, bool encrypt);

/* mktme-cache.c: windows and the cache model */
bool mktme_cache_add_dimm(MktmeState *s, MktmeDimm *d, Error **errp);
void mktme_cache_map(MktmeState *s);
void mktme_cache_map_dimm(MktmeState *s, MktmeDimm *d);
void mktme_cache_add_cpu(MktmeState *s, CPUState *cs);
void mktme_cache_reset(MktmeState *s);
void mktme_cache_evict_all(MktmeState *s);
void mktme_cache_before_flush(MktmeState *s, CPUState *cs);
void mktme_cache_flush_line(MktmeState *s, CPUState *cs, void *host,
                            MktmeFlush kind);
bool mktme_cache_fence(MktmeState *s, CPUState *cs);
void mktme_cache_op_on(CPUState *cs, MktmeCacheOp op);

#endif
