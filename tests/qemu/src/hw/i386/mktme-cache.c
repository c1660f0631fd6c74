/*
 * Intel TME-MK: the KeyID windows of the NVDIMMs and the cache in front of them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An IOMMU region covers each DIMM and the whole KeyID space above it.  Its
 * translation leads to a page of the shadow, where the guest (and DMA) then
 * reads and writes plaintext at full speed; the first translation of a page
 * decrypts it.  From then on this file only sees the instructions that flush.
 *
 * Dropping a line means that the next access must translate again, so all vCPUs
 * are stopped and their TLBs emptied.  Therefore invalidations are collected
 * until a fence, where the manual wants them complete; memory_region_notify_
 * iommu() would not do, since other vCPUs handle it only later.
 */

#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "exec/exec-all.h"
#include "exec/ram_addr.h"
#include "exec/ramlist.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "mktme-internal.h"
#include "trace.h"

/*
 * A fence writes back at most this many pages' lines at once; beyond it they
 * are written early, as hardware may do too.
 */
#define QUEUE_PAGES_MAX  65536

#define TYPE_MKTME_IOMMU_MEMORY_REGION "mktme-iommu-memory-region"
OBJECT_DECLARE_SIMPLE_TYPE(MktmeIOMMURegion, MKTME_IOMMU_MEMORY_REGION)

struct MktmeIOMMURegion {
    IOMMUMemoryRegion parent_obj;

    MktmeState *s;
    hwaddr start;
};

/* A DIMM may be plugged while vCPUs look */
static unsigned num_dimms(MktmeState *s)
{
    return qatomic_load_acquire(&s->num_dimms);
}

static unsigned keyid_of_page(MktmeDimm *d, uint64_t page)
{
    return page / (d->size >> TARGET_PAGE_BITS);
}

/* Offset within the DIMM of a page of the shadow */
static uint64_t media_offset(MktmeDimm *d, uint64_t page)
{
    return (page << TARGET_PAGE_BITS) % d->size;
}

/* The fixed places are never unmapped, so neither pointer can dangle */
static uint8_t *shadow_line(MktmeDimm *d, uint64_t page, unsigned line)
{
    return d->shadow + (page << TARGET_PAGE_BITS) + line * MKTME_LINE_SIZE;
}

static uint8_t *clean_line(MktmeDimm *d, uint64_t page, unsigned line)
{
    return d->clean + (page << TARGET_PAGE_BITS) + line * MKTME_LINE_SIZE;
}

static bool is_dirty(MktmeDimm *d, uint64_t page, unsigned line)
{
    return memcmp(shadow_line(d, page, line), clean_line(d, page, line),
                  MKTME_LINE_SIZE) != 0;
}

/*
 * The guest may have run code from this page.  QEMU notices when a guest
 * changes such a page, but not when we do.
 */
static bool forget_code(MktmeDimm *d, uint64_t page)
{
    ram_addr_t addr = memory_region_get_ram_addr(&d->shadow_mr) +
                      (page << TARGET_PAGE_BITS);

    if (cpu_physical_memory_get_dirty_flag(addr, DIRTY_MEMORY_CODE)) {
        return false;
    }
    cpu_physical_memory_set_dirty_flag(addr, DIRTY_MEMORY_CODE);
    return true;
}

/*
 * Called with s->lock held.  True if translated code has become wrong: then
 * tb_flush() must follow, which comes before the next block is executed.
 */
static bool fill(MktmeDimm *d, uint64_t page)
{
    MktmeState *s = d->s;
    uint64_t missing = ~d->valid[page];
    unsigned keyid = keyid_of_page(d, page);
    uint64_t offset = media_offset(d, page);
    bool touched = test_bit(page, d->touched);
    bool changed = !touched;
    QCryptoCipher *cipher = mktme_cipher(s, d, keyid, d->base + offset);
    unsigned line;

    trace_mktme_fill(keyid, d->base + offset, missing);
    s->stats.fills++;
    for (line = 0; line < MKTME_PAGE_LINES; line++) {
        uint8_t *clean = clean_line(d, page, line);
        uint8_t *shadow = shadow_line(d, page, line);

        if (!(missing & (1ull << line))) {
            continue;
        }
        /*
         * A DMA that had translated its address before the line was dropped
         * may still write to it.  That write has just arrived in the cache.
         */
        if (touched && is_dirty(d, page, line)) {
            s->stats.late_writes++;
            continue;
        }
        mktme_crypt_line(s, cipher, d->base + offset + line * MKTME_LINE_SIZE,
                         d->media + offset + line * MKTME_LINE_SIZE, clean,
                         false);
        changed = changed || memcmp(shadow, clean, MKTME_LINE_SIZE);
        memcpy(shadow, clean, MKTME_LINE_SIZE);
        s->stats.fill_lines++;
    }
    d->valid[page] = UINT64_MAX;
    set_bit(page, d->touched);
    return changed && forget_code(d, page);
}

/*
 * Called with s->lock held.  Other vCPUs may write to the line meanwhile: what
 * the snapshot missed still differs from the clean copy, and stays dirty.
 */
static void write_back(MktmeDimm *d, uint64_t page, uint64_t lines)
{
    MktmeState *s = d->s;
    unsigned keyid = keyid_of_page(d, page);
    uint64_t offset = media_offset(d, page);
    QCryptoCipher *cipher = mktme_cipher(s, d, keyid, d->base + offset);
    uint8_t out[MKTME_LINE_SIZE];

    for (; lines; lines &= lines - 1) {
        unsigned line = ctz64(lines);
        uint64_t at = offset + line * MKTME_LINE_SIZE;

        if (!is_dirty(d, page, line)) {
            continue;
        }
        memcpy(clean_line(d, page, line), shadow_line(d, page, line),
               MKTME_LINE_SIZE);
        trace_mktme_write_back(keyid, d->base + at);
        s->stats.writebacks++;
        s->stats.keyid0_writebacks += keyid == 0;
        if (d->readonly) {
            continue;
        }
        mktme_crypt_line(s, cipher, d->base + at, clean_line(d, page, line),
                         out, true);
        memcpy(d->media + at, out, MKTME_LINE_SIZE);
    }
}

/* Called with s->lock held and all vCPUs stopped; flush_tlbs() must follow */
static void drop(MktmeDimm *d, uint64_t page, uint64_t lines)
{
    d->s->stats.invalidations += ctpop64(d->valid[page] & lines);
    d->valid[page] &= ~lines;
}

/* The work queued here is done before a vCPU runs another instruction */
static void flush_tlbs(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        tlb_flush(cs);
    }
}

static void queue_drain(MktmeState *s, MktmeQueue *q, bool all_stopped)
{
    unsigned i, kept = 0;

    for (i = 0; i < q->num; i++) {
        MktmeQueued *e = &q->entry[i];

        qemu_mutex_lock(&s->lock);
        write_back(e->dimm, e->page, e->writeback | e->invalidate);
        if (all_stopped && e->invalidate) {
            drop(e->dimm, e->page, e->invalidate);
        }
        qemu_mutex_unlock(&s->lock);
        if (!all_stopped && e->invalidate) {
            e->writeback = 0;
            q->entry[kept++] = *e;
        }
    }
    q->num = kept;
    if (all_stopped && q->invalidates) {
        q->invalidates = false;
        flush_tlbs();
    }
}

static void queue_add(MktmeState *s, MktmeQueue *q, MktmeDimm *d,
                      uint64_t page, uint64_t writeback, uint64_t invalidate)
{
    MktmeQueued *e = q->num ? &q->entry[q->num - 1] : NULL;

    if (!e || e->dimm != d || e->page != page) {
        if (q->num >= QUEUE_PAGES_MAX) {
            queue_drain(s, q, false);
        }
        if (q->num == q->allocated) {
            q->allocated = MAX(64, 2 * q->allocated);
            q->entry = g_renew(MktmeQueued, q->entry, q->allocated);
        }
        e = &q->entry[q->num++];
        *e = (MktmeQueued) { .dimm = d, .page = page };
    }
    e->writeback |= writeback;
    e->invalidate |= invalidate;
    q->invalidates |= invalidate != 0;
}

static MktmeDimm *dimm_of_host(MktmeState *s, void *host, uint64_t *offset)
{
    unsigned i;

    for (i = 0; i < num_dimms(s); i++) {
        MktmeDimm *d = s->dimm[i];

        *offset = (uintptr_t)host - (uintptr_t)d->shadow;
        if (*offset < d->places_size) {
            return d;
        }
    }
    return NULL;
}

void mktme_cache_before_flush(MktmeState *s, CPUState *cs)
{
    s->queue[cs->cpu_index].filled.dimm = NULL;
}

void mktme_cache_flush_line(MktmeState *s, CPUState *cs, void *host,
                            MktmeFlush kind)
{
    MktmeQueue *q = &s->queue[cs->cpu_index];
    MktmeDimm *d;
    uint64_t offset, page, bit;
    unsigned line;
    bool dirty;

    d = dimm_of_host(s, host, &offset);
    if (!d) {
        return;
    }
    page = offset >> TARGET_PAGE_BITS;
    line = (offset & ~TARGET_PAGE_MASK) >> MKTME_LINE_BITS;
    bit = 1ull << line;
    if (kind != MKTME_NT_STORE && q->filled.dimm) {
        queue_add(s, q, q->filled.dimm, q->filled.page, 0, q->filled.invalidate);
        q->filled.dimm = NULL;
    }

    switch (kind) {
    case MKTME_NT_STORE:
        /* Stays in a write-combining buffer at the longest until a fence */
        queue_add(s, q, d, page, bit, 0);
        break;
    case MKTME_CLWB:
        /* A line that is just being written back is not on the media yet */
        qemu_mutex_lock(&s->lock);
        dirty = is_dirty(d, page, line);
        qemu_mutex_unlock(&s->lock);
        if (!dirty) {
            q->clean_flushes++;
            break;
        }
        /* Not ordered before a fence (SDM CLWB) */
        queue_add(s, q, d, page, bit, 0);
        break;
    case MKTME_CLFLUSH:
        /*
         * Ordered with writes (SDM CLFLUSH), so write now.  A later load is
         * not ordered with it, so the line may go at the fence.
         */
        qemu_mutex_lock(&s->lock);
        write_back(d, page, bit);
        qemu_mutex_unlock(&s->lock);
        /* fall through */
    case MKTME_CLFLUSHOPT:
        queue_add(s, q, d, page, 0, bit);
        break;
    }
}

static void drain_work(CPUState *cs, run_on_cpu_data data)
{
    MktmeState *s = data.host_ptr;

    s->stats.drain_stops++;
    queue_drain(s, &s->queue[cs->cpu_index], true);
}

bool mktme_cache_fence(MktmeState *s, CPUState *cs)
{
    MktmeQueue *q = &s->queue[cs->cpu_index];

    if (likely(!q->num)) {
        return false;
    }
    qatomic_inc(&s->stats.drains);
    if (!q->invalidates) {
        queue_drain(s, q, false);
        return false;
    }
    async_safe_run_on_cpu(cs, drain_work, RUN_ON_CPU_HOST_PTR(s));
    return true;
}

/* The one before with this index may have left flushes without their fence */
void mktme_cache_add_cpu(MktmeState *s, CPUState *cs)
{
    s->queue[cs->cpu_index].num = 0;
    s->queue[cs->cpu_index].invalidates = false;
}

/* INVD: the line is gone, and what was not written back with it */
static void forget(MktmeDimm *d, uint64_t page)
{
    memcpy(shadow_line(d, page, 0), clean_line(d, page, 0), TARGET_PAGE_SIZE);
}

/* All vCPUs are stopped */
static void cache_op(MktmeState *s, MktmeCacheOp op)
{
    unsigned i;

    qemu_mutex_lock(&s->lock);
    s->stats.cache_ops++;
    for (i = 0; i < num_dimms(s); i++) {
        MktmeDimm *d = s->dimm[i];
        uint64_t pages = d->places_size >> TARGET_PAGE_BITS;
        uint64_t page;

        for (page = find_first_bit(d->touched, pages); page < pages;
             page = find_next_bit(d->touched, pages, page + 1)) {
            if (op == MKTME_INVD) {
                forget(d, page);
            } else {
                write_back(d, page, d->valid[page]);
            }
            if (op != MKTME_WBNOINVD) {
                drop(d, page, UINT64_MAX);
            }
        }
    }
    qemu_mutex_unlock(&s->lock);
    if (op != MKTME_WBNOINVD) {
        flush_tlbs();
    }
}

static void cache_op_work(CPUState *cs, run_on_cpu_data data)
{
    cache_op(mktme_device, data.host_int);
}

void mktme_cache_op_on(CPUState *cs, MktmeCacheOp op)
{
    async_safe_run_on_cpu(cs, cache_op_work, RUN_ON_CPU_HOST_INT(op));
}

/*
 * Called with the BQL, which is dropped while the vCPUs are brought to a stop.
 * The media has everything when this returns, whether the machine runs or not.
 */
void mktme_cache_evict_all(MktmeState *s)
{
    bool running = runstate_is_running();

    if (s->transparent || !num_dimms(s)) {
        return;
    }
    if (running) {
        pause_all_vcpus();
    }
    cache_op(s, MKTME_WBINVD);
    if (running) {
        resume_all_vcpus();
    }
}

/* Random lines of a page filled not long ago: hardware may do so at any time */
static void evict_work(CPUState *cs, run_on_cpu_data data)
{
    MktmeState *s = data.host_ptr;
    unsigned i;
    uint64_t lines;

    qemu_mutex_lock(&s->lock);
    if (s->num_recent) {
        i = g_rand_int(s->rand) % MIN(s->num_recent, MKTME_RECENT_PAGES);
        lines = (uint64_t)g_rand_int(s->rand) << 32 | g_rand_int(s->rand);
        lines &= s->recent[i].dimm->valid[s->recent[i].page];
        s->stats.evictions += ctpop64(lines);
        write_back(s->recent[i].dimm, s->recent[i].page, lines);
        drop(s->recent[i].dimm, s->recent[i].page, lines);
    }
    qemu_mutex_unlock(&s->lock);
    flush_tlbs();
}

/* Called with s->lock held; returns whether an eviction is due */
static bool remember(MktmeState *s, MktmeDimm *d, uint64_t page)
{
    unsigned i = s->num_recent++ % MKTME_RECENT_PAGES;

    /* Keep the count from wrapping below the size of the ring */
    if (s->num_recent >= 2 * MKTME_RECENT_PAGES) {
        s->num_recent -= MKTME_RECENT_PAGES;
    }
    s->recent[i].dimm = d;
    s->recent[i].page = page;
    return s->evict && s->stats.fills % s->evict == 0;
}

static MktmeDimm *dimm_of_spa(MktmeState *s, hwaddr spa)
{
    unsigned i;

    for (i = 0; i < num_dimms(s); i++) {
        MktmeDimm *d = s->dimm[i];

        if (spa - d->base < d->size) {
            return d;
        }
    }
    return NULL;
}

/* The page of the shadow behind @addr; false if there is none */
static bool locate(MktmeState *s, hwaddr addr, MktmeDimm **d, uint64_t *page)
{
    unsigned keyid = 0;

    if (mktme_active(s)) {
        unsigned shift = mktme_keyid_shift(s);

        keyid = addr >> shift;
        addr &= (1ull << shift) - 1;
    }
    if (keyid > mktme_max_keyid(s)) {
        return false;
    }
    *d = dimm_of_spa(s, addr);
    if (!*d) {
        return false;
    }
    *page = (keyid * (*d)->size + addr - (*d)->base) >> TARGET_PAGE_BITS;
    return true;
}

static IOMMUTLBEntry mktme_translate(IOMMUMemoryRegion *iommu, hwaddr addr,
                                     IOMMUAccessFlags flags, int iommu_idx)
{
    MktmeIOMMURegion *r = MKTME_IOMMU_MEMORY_REGION(iommu);
    MktmeState *s = r->s;
    MktmeDimm *d;
    uint64_t page, missing;
    bool evict = false, code = false;
    IOMMUTLBEntry ret = {
        .target_as = &address_space_memory,
        .iova = addr & TARGET_PAGE_MASK,
        .addr_mask = ~TARGET_PAGE_MASK,
        .perm = IOMMU_NONE,
    };

    if (!locate(s, r->start + addr, &d, &page)) {
        /* KeyIDs on anything but NVDIMMs are not modelled */
        qemu_log_mask(LOG_GUEST_ERROR, "mktme: no memory at 0x%" HWADDR_PRIx
                      "\n", r->start + addr);
        qatomic_inc(&s->stats.unassigned);
        return ret;
    }
    qemu_mutex_lock(&s->lock);
    missing = ~d->valid[page];
    if (missing) {
        code = fill(d, page);
        evict = remember(s, d, page);
    }
    qemu_mutex_unlock(&s->lock);
    if (missing && current_cpu) {
        s->queue[current_cpu->cpu_index].filled =
            (MktmeQueued) { .dimm = d, .page = page, .invalidate = missing };
    }
    if (code) {
        tb_flush(current_cpu ?: first_cpu);
    }
    if (evict) {
        async_safe_run_on_cpu(current_cpu ?: first_cpu, evict_work,
                              RUN_ON_CPU_HOST_PTR(s));
    }
    ret.target_as = &d->shadow_as;
    ret.translated_addr = page << TARGET_PAGE_BITS;
    ret.perm = IOMMU_RW;
    return ret;
}

/* TCG calls both unchecked */
static int mktme_attrs_to_index(IOMMUMemoryRegion *iommu, MemTxAttrs attrs)
{
    return 0;
}

static int mktme_num_indexes(IOMMUMemoryRegion *iommu)
{
    return 1;
}

static void mktme_iommu_class_init(ObjectClass *klass, void *data)
{
    IOMMUMemoryRegionClass *imrc = IOMMU_MEMORY_REGION_CLASS(klass);

    imrc->translate = mktme_translate;
    imrc->attrs_to_index = mktme_attrs_to_index;
    imrc->num_indexes = mktme_num_indexes;
}

static const TypeInfo mktme_iommu_info = {
    .name = TYPE_MKTME_IOMMU_MEMORY_REGION,
    .parent = TYPE_IOMMU_MEMORY_REGION,
    .instance_size = sizeof(MktmeIOMMURegion),
    .class_init = mktme_iommu_class_init,
};

static void add_region(MktmeState *s, const char *name, hwaddr start,
                       uint64_t size)
{
    MktmeIOMMURegion *r = g_new0(MktmeIOMMURegion, 1);

    memory_region_init_iommu(r, sizeof(*r), TYPE_MKTME_IOMMU_MEMORY_REGION,
                             OBJECT(s), name, size);
    r->s = s;
    r->start = start;
    /* Over the DIMM, which itself is mapped with priority 0 */
    memory_region_add_subregion_overlap(get_system_memory(), start,
                                        MEMORY_REGION(r), 1);
}

/* Address space only: pages that nobody touches cost nothing */
static void *sparse(uint64_t size, Error **errp)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED) {
        error_setg_errno(errp, errno, "mktme: cannot reserve %" PRIu64
                         " MiB of address space; lower keyid-bits or max-keys,"
                         " or allow overcommit", size / MiB);
        return NULL;
    }
    madvise(p, size, MADV_NOHUGEPAGE);
    madvise(p, size, MADV_DONTDUMP);
    return p;
}

static uint64_t touched_bytes(MktmeDimm *d)
{
    return BITS_TO_LONGS(d->places_size >> TARGET_PAGE_BITS) *
           sizeof(unsigned long);
}

static uint64_t valid_bytes(MktmeDimm *d)
{
    return (d->places_size >> TARGET_PAGE_BITS) * sizeof(uint64_t);
}

static void free_sparse(void *p, uint64_t size)
{
    if (p) {
        munmap(p, size);
    }
}

bool mktme_cache_add_dimm(MktmeState *s, MktmeDimm *d, Error **errp)
{
    g_autofree char *name = g_strdup_printf("mktme-shadow-%s", d->id);

    d->places_size = d->size * s->num_places;
    d->shadow = sparse(d->places_size, errp);
    d->clean = d->shadow ? sparse(d->places_size, errp) : NULL;
    d->valid = d->clean ? sparse(valid_bytes(d), errp) : NULL;
    d->touched = d->valid ? sparse(touched_bytes(d), errp) : NULL;
    if (!d->touched) {
        free_sparse(d->shadow, d->places_size);
        free_sparse(d->clean, d->places_size);
        free_sparse(d->valid, valid_bytes(d));
        return false;
    }
    memory_region_init_ram_ptr(&d->shadow_mr, OBJECT(s), name, d->places_size,
                               d->shadow);
    address_space_init(&d->shadow_as, &d->shadow_mr, name);
    return true;
}

/* Empties the TLBs too, where its addresses may have led nowhere until now */
void mktme_cache_map_dimm(MktmeState *s, MktmeDimm *d)
{
    add_region(s, d->id, d->base, d->size);
}

/* The space of all KeyIDs but 0; what is inside is found at each translation */
void mktme_cache_map(MktmeState *s)
{
    hwaddr start;

    if (!s->keyid_bits) {
        return;
    }
    start = 1ull << (s->phys_bits - s->keyid_bits);
    add_region(s, "mktme-keyids", start, (1ull << s->phys_bits) - start);
}

/* RESET# and S3 empty the caches without writing them back; INIT# does not */
void mktme_cache_reset(MktmeState *s)
{
    unsigned i;

    for (i = 0; i < num_dimms(s); i++) {
        MktmeDimm *d = s->dimm[i];

        if (!d->shadow) {
            continue;
        }
        madvise(d->shadow, d->places_size, MADV_DONTNEED);
        madvise(d->clean, d->places_size, MADV_DONTNEED);
        madvise(d->valid, valid_bytes(d), MADV_DONTNEED);
        madvise(d->touched, touched_bytes(d), MADV_DONTNEED);
    }
    for (i = 0; i < s->num_queues; i++) {
        s->queue[i].num = 0;
        s->queue[i].invalidates = false;
    }
    s->num_recent = 0;
    flush_tlbs();
}

static void mktme_cache_register_types(void)
{
    type_register_static(&mktme_iommu_info);
}

type_init(mktme_cache_register_types)
