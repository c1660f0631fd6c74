/*
 * x86 instructions that Intel TME-MK gives a meaning to
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Only what needs the CPU is here: faults, flags, addresses.  The decisions
 * are those of the device, see include/hw/i386/mktme.h.
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/helper-proto.h"
#include "exec/exec-all.h"
#include "exec/cpu_ldst.h"
#include "hw/i386/mktme.h"
#include "tcg/helper-tcg.h"

/* SDM PCONFIG, with its order of checks; #UD was decided at translation */
void helper_pconfig(CPUX86State *env, target_ulong addr)
{
    uintptr_t ra = GETPC();
    uint8_t raw[MKTME_KEY_PROGRAM_SIZE];
    int status, i;

    if ((uint32_t)env->regs[R_EAX] != 0 || !mktme_has_target() ||
        !mktme_pconfig_ready() ||
        !QEMU_IS_ALIGNED(addr, MKTME_KEY_PROGRAM_ALIGN)) {
        raise_exception_err_ra(env, EXCP0D_GPF, 0, ra);
    }
    for (i = 0; i < sizeof(raw); i += 8) {
        stq_le_p(raw + i, cpu_ldq_data_ra(env, addr + i, ra));
    }
    status = mktme_pconfig(MAX(env_archcpu(env)->socket_id, 0), raw);
    memset(raw, 0, sizeof(raw));
    if (status == MKTME_PCONFIG_GP) {
        raise_exception_err_ra(env, EXCP0D_GPF, 0, ra);
    }
    env->regs[R_EAX] = status;
    /* ZF tells failure, the other arithmetic flags are cleared */
    CC_SRC = status ? CC_Z : 0;
}

void helper_mktme_flush(CPUX86State *env, target_ulong addr, uint32_t kind)
{
    void *host;

    mktme_before_flush(env_cpu(env));
    host = probe_access(env, addr, 1, MMU_DATA_LOAD,
                        cpu_mmu_index(env, false), GETPC());
    if (host) {
        mktme_flush_line(env_cpu(env), host, kind);
    }
}

static void nt_store_line(CPUX86State *env, target_ulong addr)
{
    void *host;

    /* Unlike tlb_vaddr_to_host() also where there is translated code */
    probe_access_flags(env, addr, MMU_DATA_STORE, cpu_mmu_index(env, false),
                       true, &host, 0);
    if (host) {
        mktme_flush_line(env_cpu(env), host, MKTME_NT_STORE);
    }
}

/* The store itself has been done, so nothing here can fault */
void helper_mktme_nt_store(CPUX86State *env, target_ulong addr, uint32_t size)
{
    nt_store_line(env, addr);
    if (unlikely((addr ^ (addr + size - 1)) & ~(target_ulong)63)) {
        nt_store_line(env, addr + size - 1);
    }
}

/* Before SFENCE, MFENCE and locked instructions */
void helper_mktme_fence(CPUX86State *env)
{
    if (mktme_fence(env_cpu(env))) {
        cpu_loop_exit_restore(env_cpu(env), GETPC());
    }
}

void helper_mktme_cache_op(CPUX86State *env, uint32_t op)
{
    /* F3 0F 09 is WBINVD where WBNOINVD is not enumerated */
    if (op == MKTME_WBNOINVD && !(env->features[FEAT_8000_0008_EBX] &
                                  CPUID_8000_0008_EBX_WBNOINVD)) {
        op = MKTME_WBINVD;
    }
    mktme_cache_op(env_cpu(env), op);
}

/* RDMSR, WRMSR: false means #GP */
bool mktme_msr_enumerated(CPUX86State *env, uint32_t msr)
{
    return msr == MSR_MKTME_KEYID_PARTITIONING ||
           (env->features[FEAT_7_0_ECX] & CPUID_7_0_ECX_TME);
}
