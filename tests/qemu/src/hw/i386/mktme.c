/*
 * Intel TME-MK: device, properties and registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/mem/memory-device.h"
#include "hw/mem/nvdimm.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "sysemu/reset.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "mktme-internal.h"
#include "trace.h"

/*
 * Host virtual memory for one of the two buffers of the cache.  It is sparse,
 * but QEMU keeps a few bits for every page of it.
 */
#define PLACES_MAX        (512 * GiB)

/* Each alias is a memory region of its own */
#define ALIASES_MAX       4096

#define MAX_KEYS_UNSET     UINT32_MAX
#define ACTIVE_BITS_UNSET  UINT32_MAX
#define PARTITIONING_UNSET UINT64_MAX

MktmeState *mktme_device;

/* The engine works: KeyID 0 is encrypted, unless bypassed */
bool mktme_enabled(MktmeState *s)
{
    uint64_t wanted = TME_ACTIVATE_LOCK | TME_ACTIVATE_ENABLE;

    return (s->activate & wanted) == wanted;
}

/* There are KeyIDs */
bool mktme_active(MktmeState *s)
{
    return mktme_enabled(s) && TME_ACTIVATE_KEYID_BITS(s->activate) != 0;
}

unsigned mktme_keyid_shift(MktmeState *s)
{
    return s->phys_bits - TME_ACTIVATE_KEYID_BITS(s->activate);
}

/* 87H; false if there is none, since it exists on parts with TDX only */
static bool partitioning(MktmeState *s, uint64_t *val)
{
    unsigned k = TME_ACTIVATE_KEYID_BITS(s->activate);
    unsigned p = TME_ACTIVATE_TDX_BITS(s->activate);

    if (s->partitioning != PARTITIONING_UNSET) {
        *val = s->partitioning;
        return true;
    }
    *val = (1u << (k - p)) - 1;
    *val |= (uint64_t)((1u << k) - (1u << (k - p))) << 32;
    return s->tdx_bits != 0;
}

/* The largest KeyID with memory behind it; TDX-private ones belong to SEAM */
unsigned mktme_max_keyid(MktmeState *s)
{
    unsigned bits = TME_ACTIVATE_KEYID_BITS(s->activate) -
                    TME_ACTIVATE_TDX_BITS(s->activate);
    unsigned max = MIN((1u << bits) - 1, s->max_keys);
    uint64_t part;

    if (!mktme_active(s)) {
        return 0;
    }
    if (partitioning(s, &part) && KEYID_PART_NUM_TDX(part)) {
        max = MIN(max, KEYID_PART_NUM_MKTME(part));
    }
    return max;
}

/*
 * What the CPU calls
 */

bool mktme_hooks_active(void)
{
    return mktme_device && !mktme_device->transparent;
}

bool mktme_has_target(void)
{
    return mktme_device && mktme_device->target1;
}

bool mktme_pconfig_ready(void)
{
    return mktme_device && mktme_active(mktme_device);
}

int mktme_pconfig(unsigned package, const uint8_t *key_program)
{
    return mktme_keys_pconfig(mktme_device, package, key_program);
}

void mktme_before_flush(CPUState *cs)
{
    mktme_cache_before_flush(mktme_device, cs);
}

void mktme_flush_line(CPUState *cs, void *host, MktmeFlush kind)
{
    mktme_cache_flush_line(mktme_device, cs, host, kind);
}

bool mktme_fence(CPUState *cs)
{
    return mktme_cache_fence(mktme_device, cs);
}

void mktme_cache_op(CPUState *cs, MktmeCacheOp op)
{
    mktme_cache_op_on(cs, op);
}

bool mktme_rdmsr(uint32_t msr, uint64_t *val)
{
    MktmeState *s = mktme_device;

    if (!s) {
        /* A CPU with TME in a machine without: neither locked nor enabled */
        *val = 0;
        return msr != MSR_MKTME_KEYID_PARTITIONING;
    }
    switch (msr) {
    case MSR_TME_CAPABILITY:
        *val = s->capability;
        return true;
    case MSR_TME_ACTIVATE:
        *val = s->activate;
        return true;
    case MSR_TME_EXCLUDE_MASK:
        *val = s->exclude_mask;
        return true;
    case MSR_TME_EXCLUDE_BASE:
        *val = s->exclude_base;
        return true;
    case MSR_MKTME_KEYID_PARTITIONING:
        return partitioning(s, val);
    default:
        return false;
    }
}

/* Low bits of 982H per the table in TME spec section 4.2; false is #GP */
static bool activate_write(MktmeState *s, uint64_t val)
{
    unsigned policy = TME_ACTIVATE_POLICY(val);
    unsigned k = TME_ACTIVATE_KEYID_BITS(val);

    if (s->activate & TME_ACTIVATE_LOCK) {
        return s->locked_ignores;
    }
    if ((val & TME_ACTIVATE_RESERVED) ||
        (policy != TME_ALG_XTS_128 && policy != TME_ALG_XTS_256) ||
        (TME_ACTIVATE_ALGS(val) & ~extract64(s->capability, 0, 4)) ||
        k > s->keyid_bits || (k && !(val & TME_ACTIVATE_ENABLE)) ||
        TME_ACTIVATE_TDX_BITS(val) > k) {
        return false;
    }
    if (!(val & TME_ACTIVATE_ENABLE)) {
        s->activate = TME_ACTIVATE_LOCK;
        return true;
    }
    if (val & TME_ACTIVATE_RESTORE) {
        if (!mktme_keys_restore_boot_key(s)) {
            s->activate = TME_ACTIVATE_RESTORE;
            return true;
        }
    } else if (s->entropy) {
        s->entropy--;
        s->activate = 0;
        return true;
    } else {
        mktme_keys_new_boot_key(s, val & TME_ACTIVATE_SAVE);
    }
    s->activate = val | TME_ACTIVATE_LOCK;
    return true;
}

/* One contiguous range: ones down from MAXPHYADDR, then zeroes (TME spec) */
static bool exclude_mask_valid(MktmeState *s, uint64_t val)
{
    uint64_t all = MAKE_64BIT_MASK(12, s->phys_bits - 12);
    uint64_t mask = val & all;

    if (val & ~(all | TME_EXCLUDE_ENABLE)) {
        return false;
    }
    return !mask || is_power_of_2(all + (1 << 12) - mask);
}

bool mktme_wrmsr(uint32_t msr, uint64_t val)
{
    MktmeState *s = mktme_device;
    bool ok = false;

    if (!s) {
        return false;
    }
    qemu_mutex_lock(&s->lock);
    switch (msr) {
    case MSR_TME_ACTIVATE:
        ok = activate_write(s, val);
        break;
    case MSR_TME_EXCLUDE_MASK:
        ok = !(s->activate & TME_ACTIVATE_LOCK) && exclude_mask_valid(s, val);
        if (ok) {
            s->exclude_mask = val;
        }
        break;
    case MSR_TME_EXCLUDE_BASE:
        ok = !(s->activate & TME_ACTIVATE_LOCK) &&
             !(val & ~MAKE_64BIT_MASK(12, s->phys_bits - 12));
        if (ok) {
            s->exclude_base = val;
        }
        break;
    }
    qemu_mutex_unlock(&s->lock);
    trace_mktme_wrmsr(msr, val, ok);
    if (!ok) {
        qemu_log_mask(LOG_GUEST_ERROR, "mktme: bad WRMSR 0x%x, value 0x%"
                      PRIx64 "\n", msr, val);
    }
    return ok;
}

/* What firmware leaves behind, so that guests need none that knows TME */
static void registers_reset(MktmeState *s)
{
    uint64_t v = 0;

    if (s->locked) {
        v |= TME_ACTIVATE_LOCK;
    }
    if (s->enabled) {
        v |= TME_ACTIVATE_ENABLE;
        v |= (s->bypass ? TME_ACTIVATE_BYPASS : 0);
        v |= (uint64_t)(s->algs_mask == 1u << TME_ALG_XTS_256 ?
                        TME_ALG_XTS_256 : TME_ALG_XTS_128) << 4;
        v |= (uint64_t)s->active_bits << 32;
        v |= (uint64_t)s->tdx_bits << 36;
        v |= (uint64_t)s->algs_mask << 48;
    }
    s->activate = v;
    s->exclude_mask = s->exclude_mask_reset;
    s->exclude_base = s->exclude_base_reset;
    s->capability = 1ull << TME_ALG_XTS_128 | 1ull << TME_ALG_XTS_256 |
                    TME_ACTIVATE_BYPASS | (uint64_t)s->keyid_bits << 32 |
                    (uint64_t)s->max_keys << 36;
}

/* What firmware brings back after S3; one that does not lock is the guest */
static void wake_up(MktmeState *s)
{
    s->stats.wakeups++;
    if (!s->s3_keeps) {
        mktme_keys_clear(s);
    }
    registers_reset(s);
    if (mktme_enabled(s)) {
        s->activate |= TME_ACTIVATE_RESTORE;
    } else {
        mktme_keys_new_boot_key(s, false);
    }
}

static void cold_or_warm_boot(MktmeState *s)
{
    s->stats.resets++;
    registers_reset(s);
    mktme_keys_reset(s);
    mktme_keys_new_boot_key(s, false);
}

/*
 * QEMU resets the machine to wake it up, having left the run state of S3 before.
 * It is still in it if somebody resets a machine that sleeps.
 */
static void mktme_reset(void *opaque)
{
    MktmeState *s = opaque;
    bool wakes = s->asleep && !runstate_check(RUN_STATE_SUSPENDED);

    s->asleep = false;
    qemu_mutex_lock(&s->lock);
    if (wakes) {
        wake_up(s);
    } else {
        cold_or_warm_boot(s);
    }
    mktme_cache_reset(s);
    qemu_mutex_unlock(&s->lock);
}

static void mktme_suspend(Notifier *n, void *data)
{
    container_of(n, MktmeState, suspend)->asleep = true;
}

/*
 * CPUs that come and go
 */

bool mktme_package_present(unsigned package)
{
    const CPUArchIdList *cpus =
        MACHINE_GET_CLASS(current_machine)->possible_cpu_arch_ids(
            current_machine);
    int i;

    for (i = 0; i < cpus->len; i++) {
        if (cpus->cpus[i].cpu && cpus->cpus[i].props.socket_id == package) {
            return true;
        }
    }
    return false;
}

static void mktme_device_realize(DeviceListener *l, DeviceState *dev)
{
    MktmeState *s = container_of(l, MktmeState, listener);

    if (object_dynamic_cast(OBJECT(dev), TYPE_X86_CPU)) {
        mktme_cache_add_cpu(s, CPU(dev));
    }
}

/* Its thread has ended, and it is no longer among the machine's CPUs */
static void mktme_device_unrealize(DeviceListener *l, DeviceState *dev)
{
    MktmeState *s = container_of(l, MktmeState, listener);
    Object *cpu = object_dynamic_cast(OBJECT(dev), TYPE_X86_CPU);

    if (!cpu || mktme_package_present(X86_CPU(cpu)->socket_id)) {
        return;
    }
    qemu_mutex_lock(&s->lock);
    mktme_keys_remove_package(s, X86_CPU(cpu)->socket_id);
    qemu_mutex_unlock(&s->lock);
}

/*
 * DIMMs: those found at the start of the machine, and those plugged later
 */

static unsigned num_packages(void)
{
    const CPUArchIdList *cpus =
        MACHINE_GET_CLASS(current_machine)->possible_cpu_arch_ids(
            current_machine);
    unsigned num = 1;
    int i;

    for (i = 0; i < cpus->len; i++) {
        num = MAX(num, cpus->cpus[i].props.socket_id + 1);
    }
    return num;
}

/* A DIMM belongs to the package whose CPUs share its NUMA node */
static unsigned package_of_node(const char *id, uint32_t node)
{
    const CPUArchIdList *cpus =
        MACHINE_GET_CLASS(current_machine)->possible_cpu_arch_ids(
            current_machine);
    int i;

    for (i = 0; i < cpus->len; i++) {
        if (cpus->cpus[i].props.has_node_id &&
            cpus->cpus[i].props.node_id == node) {
            return cpus->cpus[i].props.socket_id;
        }
    }
    if (current_machine->numa_state && current_machine->numa_state->num_nodes) {
        warn_report("mktme: no CPU on node %u of %s, using package 0",
                    node, id);
    }
    return 0;
}

static void map_aliases(MktmeState *s, MktmeDimm *d)
{
    unsigned i;

    d->alias = g_new0(MemoryRegion, s->num_places);
    for (i = 1; mktme_active(s) && i <= mktme_max_keyid(s); i++) {
        g_autofree char *name = g_strdup_printf("mktme-%s-%u", d->id, i);

        memory_region_init_alias(&d->alias[i], OBJECT(s), name, d->mr, 0,
                                 d->size);
        memory_region_add_subregion(get_system_memory(),
            (hwaddr)i << mktme_keyid_shift(s) | d->base, &d->alias[i]);
    }
}

/* Whether there is room for the windows of one more */
static bool check_dimm(MktmeState *s, MktmeDimm *d, Error **errp)
{
    if (d->base + d->size > 1ull << (s->phys_bits - s->keyid_bits)) {
        error_setg(errp, "mktme: keyid-bits=%u leaves addresses below 0x%llx, "
                   "but %s ends at 0x%" HWADDR_PRIx "; lower keyid-bits or "
                   "use phys-bits=52", s->keyid_bits,
                   1ull << (s->phys_bits - s->keyid_bits), d->id,
                   d->base + d->size);
    } else if (s->transparent &&
               s->num_places * (s->num_dimms + 1) > ALIASES_MAX) {
        error_setg(errp, "mktme: transparent=on: at most %u windows; lower "
                   "keyid-bits or max-keys", ALIASES_MAX);
    } else if (!s->transparent && d->size > PLACES_MAX / s->num_places) {
        error_setg(errp, "mktme: %u KeyIDs times the size of %s exceed %u GiB; "
                   "lower keyid-bits or max-keys, or use transparent=on",
                   s->num_places, d->id, (unsigned)(PLACES_MAX / GiB));
    } else {
        return true;
    }
    return false;
}

static MktmeDimm *new_dimm(MktmeState *s, Object *obj)
{
    MemoryDeviceState *md = MEMORY_DEVICE(obj);
    MemoryDeviceClass *mdc = MEMORY_DEVICE_GET_CLASS(md);
    MemoryRegion *mr = mdc->get_memory_region(md, &error_abort);
    const char *id = DEVICE(obj)->id;
    MktmeDimm *d = g_new0(MktmeDimm, 1);

    d->s = s;
    d->id = g_strdup(id ?: object_get_canonical_path_component(obj));
    d->base = mdc->get_addr(md);
    d->size = memory_region_size(mr);
    d->media = memory_region_get_ram_ptr(mr);
    d->readonly = memory_region_is_rom(mr);
    d->package = package_of_node(d->id,
        object_property_get_uint(obj, PC_DIMM_NODE_PROP, &error_abort));
    d->mr = mr;
    return d;
}

static bool add_dimm(MktmeState *s, Object *obj, Error **errp)
{
    MktmeDimm *d = new_dimm(s, obj);

    if (!check_dimm(s, d, errp) ||
        (!s->transparent && !mktme_cache_add_dimm(s, d, errp))) {
        g_free(d->id);
        g_free(d);
        return false;
    }
    s->dimm[s->num_dimms] = d;
    qatomic_store_release(&s->num_dimms, s->num_dimms + 1);
    if (s->transparent) {
        map_aliases(s, d);
    } else {
        mktme_cache_map_dimm(s, d);
    }
    return true;
}

static int add_if_nvdimm(Object *obj, void *opaque)
{
    if (object_dynamic_cast(obj, TYPE_NVDIMM) && DEVICE(obj)->realized) {
        add_dimm(opaque, obj, &error_fatal);
    }
    return 0;
}

bool mktme_plug_nvdimm(DeviceState *dev, Error **errp)
{
    /* Those of the command line are found by mktme_machine_done() */
    return !mktme_device || !dev->hotplugged ||
           add_dimm(mktme_device, OBJECT(dev), errp);
}

static void mktme_machine_done(Notifier *n, void *data)
{
    MktmeState *s = container_of(n, MktmeState, machine_done);

    if (X86_CPU(first_cpu)->phys_bits != s->phys_bits) {
        error_report("mktme: phys-bits=%u must equal phys-bits=%u of -cpu",
                     s->phys_bits, X86_CPU(first_cpu)->phys_bits);
        exit(1);
    }
    mktme_keys_init(s, num_packages());
    s->num_queues = current_machine->smp.max_cpus;
    s->queue = g_new0(MktmeQueue, s->num_queues);
    s->dimm = g_new0(MktmeDimm *, current_machine->ram_slots);
    registers_reset(s);
    object_child_foreach_recursive(object_get_root(), add_if_nvdimm, s);
    if (!s->transparent) {
        mktme_cache_map(s);
    }
    qemu_register_reset(mktme_reset, s);
    s->suspend.notify = mktme_suspend;
    qemu_register_suspend_notifier(&s->suspend);
    s->listener.realize = mktme_device_realize;
    s->listener.unrealize = mktme_device_unrealize;
    device_listener_register(&s->listener);
}

/*
 * Properties
 */

/* Index of @value in @choices, or -1 with an error that lists them */
static int choose(const char *property, const char *value,
                  const char *const *choices, Error **errp)
{
    g_autofree char *all = g_strjoinv(", ", (char **)choices);
    int i;

    for (i = 0; choices[i]; i++) {
        if (!strcmp(value, choices[i])) {
            return i;
        }
    }
    error_setg(errp, "property '%s' must be one of: %s", property, all);
    return -1;
}

static bool decode_choices(MktmeState *s, Error **errp)
{
    static const char *const errors[] = { "status", "gp", NULL };
    static const char *const locked[] = { "gp", "ignore", NULL };
    static const char *const reset[] = { "lost", "kept", NULL };
    static const char *const algs[] = { "none", "128", "256", "both", NULL };
    static const unsigned algs_mask[] = {
        0,
        1 << TME_ALG_XTS_128,
        1 << TME_ALG_XTS_256,
        1 << TME_ALG_XTS_128 | 1 << TME_ALG_XTS_256,
    };
    int e = choose("pconfig-errors", s->pconfig_errors ?: "status", errors,
                   errp);
    int l = e < 0 ? -1 : choose("wrmsr-locked", s->wrmsr_locked ?: "gp",
                                locked, errp);
    int r = l < 0 ? -1 : choose("reset", s->reset ?: "lost", reset, errp);
    int z = r < 0 ? -1 : choose("s3", s->s3 ?: "lost", reset, errp);
    int a = z < 0 ? -1 : choose("algs", s->algs ?: "both", algs, errp);

    if (a < 0) {
        return false;
    }
    s->errors_gp = e == 1;
    s->locked_ignores = l == 1;
    s->reset_keeps = r == 1;
    s->s3_keeps = z == 1;
    s->algs_mask = algs_mask[a];
    return true;
}

static bool check_sizes(MktmeState *s, Error **errp)
{
    if (s->keyid_bits > MKTME_KEYID_BITS_MAX) {
        error_setg(errp, "property 'keyid-bits' must be 0 to %u",
                   MKTME_KEYID_BITS_MAX);
    } else if (s->phys_bits > TARGET_PHYS_ADDR_SPACE_BITS ||
               s->phys_bits < 33 + s->keyid_bits) {
        error_setg(errp, "property 'phys-bits' must be 33 + keyid-bits to %u",
                   TARGET_PHYS_ADDR_SPACE_BITS);
    } else if (s->active_bits > s->keyid_bits) {
        error_setg(errp, "property 'active-bits' must not exceed keyid-bits");
    } else if (s->tdx_bits > s->active_bits) {
        error_setg(errp, "property 'tdx-bits' must not exceed active-bits");
    } else if (s->max_keys >= 1u << s->keyid_bits) {
        error_setg(errp, "property 'max-keys' must be below 2^keyid-bits");
    } else if (s->transparent && !s->locked) {
        error_setg(errp, "property 'transparent' needs locked=on: "
                   "its windows cannot change at run time");
    } else {
        return true;
    }
    return false;
}

static void mktme_realize(DeviceState *dev, Error **errp)
{
    MktmeState *s = MKTME(dev);

    if (mktme_device) {
        error_setg(errp, "at most one mktme device is permitted");
        return;
    }
    if (s->active_bits == ACTIVE_BITS_UNSET) {
        s->active_bits = s->keyid_bits;
    }
    if (s->max_keys == MAX_KEYS_UNSET) {
        s->max_keys = (1u << MIN(s->keyid_bits, MKTME_KEYID_BITS_MAX)) - 1;
    }
    if (!decode_choices(s, errp) || !check_sizes(s, errp) ||
        !mktme_keys_check(errp)) {
        return;
    }
    s->num_places = s->max_keys + 1;
    qemu_mutex_init(&s->lock);
    s->rand = s->seed ? g_rand_new_with_seed(s->seed) : g_rand_new();
    s->machine_done.notify = mktme_machine_done;
    qemu_add_machine_init_done_notifier(&s->machine_done);
    mktme_device = s;
}

static char *get_stats(Object *obj, Error **errp)
{
    MktmeState *s = MKTME(obj);
    MktmeStats *st = &s->stats;
    uint64_t clean = 0;
    unsigned i;

    for (i = 0; i < s->num_queues; i++) {
        clean += s->queue[i].clean_flushes;
    }
    return g_strdup_printf(
        "{\"fills\": %" PRIu64 ", \"fill-lines\": %" PRIu64
        ", \"writebacks\": %" PRIu64 ", \"keyid0-writebacks\": %" PRIu64
        ", \"clean-flushes\": %" PRIu64 ", \"invalidations\": %" PRIu64
        ", \"drains\": %" PRIu64 ", \"drain-stops\": %" PRIu64
        ", \"evictions\": %" PRIu64 ", \"cache-ops\": %" PRIu64
        ", \"late-writes\": %" PRIu64 ", \"unassigned\": %" PRIu64
        ", \"resets\": %" PRIu64 ", \"wakeups\": %" PRIu64
        ", \"removed-packages\": %" PRIu64 ", \"pconfig-success\": %" PRIu64
        ", \"pconfig-invalid-cmd\": %" PRIu64
        ", \"pconfig-entropy\": %" PRIu64
        ", \"pconfig-invalid-keyid\": %" PRIu64
        ", \"pconfig-invalid-alg\": %" PRIu64
        ", \"pconfig-busy\": %" PRIu64 ", \"pconfig-gp\": %" PRIu64 "}",
        st->fills, st->fill_lines, st->writebacks, st->keyid0_writebacks,
        clean, st->invalidations, st->drains, st->drain_stops, st->evictions,
        st->cache_ops, st->late_writes, st->unassigned, st->resets,
        st->wakeups, st->removed_packages,
        st->pconfig[PCONFIG_SUCCESS], st->pconfig[PCONFIG_INVALID_PROG_CMD],
        st->pconfig[PCONFIG_ENTROPY_ERROR], st->pconfig[PCONFIG_INVALID_KEYID],
        st->pconfig[PCONFIG_INVALID_CRYPTO_ALG],
        st->pconfig[PCONFIG_DEVICE_BUSY], st->pconfig_gp);
}

static char *get_key_table(Object *obj, Error **errp)
{
    return mktme_keys_json(MKTME(obj));
}

static void set_evict_now(Object *obj, bool value, Error **errp)
{
    if (value) {
        mktme_cache_evict_all(MKTME(obj));
    }
}

static bool get_encrypt(Object *obj, Error **errp)
{
    return MKTME(obj)->encrypt;
}

static void set_encrypt(Object *obj, bool value, Error **errp)
{
    MKTME(obj)->encrypt = value;
}

static void get_package(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    visit_type_int32(v, name, opaque, errp);
}

static void set_package(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    int32_t value;

    if (!visit_type_int32(v, name, &value, errp)) {
        return;
    }
    if (value < MKTME_NO_PACKAGE) {
        error_setg(errp, "property '%s' must be a package, or %d for all",
                   name, MKTME_NO_PACKAGE);
        return;
    }
    *(int32_t *)opaque = value;
}

static void mktme_init(Object *obj)
{
    MktmeState *s = MKTME(obj);

    s->encrypt = true;
    s->busy_package = MKTME_NO_PACKAGE;
    s->entropy_package = MKTME_NO_PACKAGE;

    /* qdev properties cannot change after realize, these have to */
    object_property_add_uint32_ptr(obj, "evict", &s->evict,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "busy", &s->busy,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "entropy", &s->entropy,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add(obj, "busy-package", "int32", get_package, set_package,
                        NULL, &s->busy_package);
    object_property_add(obj, "entropy-package", "int32", get_package,
                        set_package, NULL, &s->entropy_package);
    object_property_add_bool(obj, "encrypt", get_encrypt, set_encrypt);
    object_property_add_bool(obj, "evict-now", NULL, set_evict_now);
    object_property_add_str(obj, "key-table", get_key_table, NULL);
    object_property_add_str(obj, "stats", get_stats, NULL);
}

static Property mktme_properties[] = {
    DEFINE_PROP_UINT32("phys-bits", MktmeState, phys_bits, 46),
    DEFINE_PROP_UINT32("keyid-bits", MktmeState, keyid_bits, 6),
    DEFINE_PROP_UINT32("active-bits", MktmeState, active_bits,
                       ACTIVE_BITS_UNSET),
    DEFINE_PROP_UINT32("max-keys", MktmeState, max_keys, MAX_KEYS_UNSET),
    DEFINE_PROP_UINT32("tdx-bits", MktmeState, tdx_bits, 0),
    DEFINE_PROP_UINT64("partitioning", MktmeState, partitioning,
                       PARTITIONING_UNSET),
    DEFINE_PROP_STRING("algs", MktmeState, algs),
    DEFINE_PROP_BOOL("enabled", MktmeState, enabled, true),
    DEFINE_PROP_BOOL("locked", MktmeState, locked, true),
    DEFINE_PROP_BOOL("bypass", MktmeState, bypass, true),
    DEFINE_PROP_UINT64("exclude-base", MktmeState, exclude_base_reset, 0),
    DEFINE_PROP_UINT64("exclude-mask", MktmeState, exclude_mask_reset, 0),
    DEFINE_PROP_BOOL("target1", MktmeState, target1, true),
    DEFINE_PROP_STRING("pconfig-errors", MktmeState, pconfig_errors),
    DEFINE_PROP_BOOL("strict-reserved", MktmeState, strict_reserved, true),
    DEFINE_PROP_STRING("wrmsr-locked", MktmeState, wrmsr_locked),
    DEFINE_PROP_BOOL("shared-table", MktmeState, shared_table, false),
    DEFINE_PROP_STRING("reset", MktmeState, reset),
    DEFINE_PROP_STRING("s3", MktmeState, s3),
    DEFINE_PROP_UINT32("seed", MktmeState, seed, 0),
    DEFINE_PROP_INT64("tweak-offset", MktmeState, tweak_offset, 0),
    DEFINE_PROP_BOOL("transparent", MktmeState, transparent, false),
    DEFINE_PROP_END_OF_LIST(),
};

static const VMStateDescription mktme_vmstate = {
    .name = TYPE_MKTME,
    .unmigratable = 1,
};

static void mktme_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = mktme_realize;
    dc->desc = "Intel TME-MK for NVDIMMs";
    /* It is in the CPUs and memory controllers, which are there from the start */
    dc->hotpluggable = false;
    dc->vmsd = &mktme_vmstate;
    device_class_set_props(dc, mktme_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo mktme_info = {
    .name = TYPE_MKTME,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(MktmeState),
    .instance_init = mktme_init,
    .class_init = mktme_class_init,
};

static void mktme_register_types(void)
{
    type_register_static(&mktme_info);
}

type_init(mktme_register_types)
