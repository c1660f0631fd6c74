// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only file that executes PCONFIG and reads CPUID and MSRs of TME-MK.
 *
 * A hardware status never leaves this file: callers see 0 or an errno, people
 * see a text; but for the self-test, which is there to see it.  No key byte stays
 * behind after a call.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <asm/asm.h>
#include <asm/cpuid/api.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "mktme_hw.h"
#include "mktme_priv.h"

/*
 * Software cannot lock the key table, so another agent (firmware, a TDX
 * module) may hold it: DEVICE_BUSY is to be retried, SDM PCONFIG.
 */
#define PCONFIG_TRIES		100
#define PCONFIG_BACKOFF_MIN_US	10
#define PCONFIG_BACKOFF_MAX_US	100

static const struct {
	const char *text;
	int error;
} pconfig_status[] = {
	[MKTME_PROG_SUCCESS]	   = { "success", 0 },
	[MKTME_INVALID_PROG_CMD]   = { "invalid command", -EIO },
	[MKTME_ENTROPY_ERROR]	   = { "not enough entropy", -EAGAIN },
	[MKTME_INVALID_KEYID]	   = { "invalid KeyID", -EIO },
	[MKTME_INVALID_CRYPTO_ALG] = { "invalid algorithm", -EIO },
	[MKTME_DEVICE_BUSY]	   = { "key table busy", -EAGAIN },
};

struct pconfig_call {
	struct mktme_key_program *operand;
	bool fault;
	unsigned long status;
};

struct pconfig_trial {
	struct pconfig_call call;
	u64 ns;
};

static const u32 alg_bits[MKTME_ALGORITHMS] = {
	[MKTME_AES_XTS_128] = TME_ALG_AES_XTS_128,
	[MKTME_AES_XTS_256] = TME_ALG_AES_XTS_256,
};

/**
 * mktme_pconfig_alg_bit() - hardware's name for an algorithm
 * @algorithm: one of ours
 *
 * Return: TME_ALG_*
 */
u32 mktme_pconfig_alg_bit(enum mktme_algorithm algorithm)
{
	return alg_bits[algorithm];
}
EXPORT_SYMBOL_GPL(mktme_pconfig_alg_bit);

/*
 * Bad parameters are reported as a status in RAX with ZF = 1 (TME spec) or
 * as #GP (current SDM): catch both.
 */
static void pconfig_execute(struct pconfig_call *call)
{
	unsigned long ax = PCONFIG_MKTME_KEY_PROGRAM;
	u8 fault = true, zf = 0;

	asm volatile("1:	.byte 0x0f, 0x01, 0xc5\n"
		     "	setz %b[zf]\n"
		     "	movb $0, %b[fault]\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+a" (ax), [zf] "+q" (zf), [fault] "+q" (fault)
		     : "b" (call->operand)
		     : "memory", "cc");
	call->fault = fault;
	call->status = zf ? ax : MKTME_PROG_SUCCESS;
}

static bool pconfig_should_retry(const struct pconfig_call *call)
{
	return !call->fault && (call->status == MKTME_DEVICE_BUSY ||
				call->status == MKTME_ENTROPY_ERROR);
}

/* Runs on the CPU whose package is to be changed, in process context. */
static int pconfig_with_retries(void *data)
{
	struct pconfig_call *call = data;
	int tries;

	for (tries = 0; tries < PCONFIG_TRIES; tries++) {
		pconfig_execute(call);
		if (!pconfig_should_retry(call))
			break;
		usleep_range(PCONFIG_BACKOFF_MIN_US, PCONFIG_BACKOFF_MAX_US);
	}
	return 0;
}

static int pconfig_result(int cpu, const struct pconfig_call *call)
{
	unsigned int keyid = call->operand->keyid;

	if (call->fault) {
		pr_err("PCONFIG for KeyID %u faulted on CPU %d\n", keyid, cpu);
		return -EIO;
	}
	if (call->status == MKTME_PROG_SUCCESS)
		return 0;
	if (call->status >= ARRAY_SIZE(pconfig_status) ||
	    !pconfig_status[call->status].text) {
		pr_err("PCONFIG for KeyID %u on CPU %d: unknown status %lu\n",
		       keyid, cpu, call->status);
		return -EIO;
	}
	pr_err("PCONFIG for KeyID %u on CPU %d: %s\n", keyid, cpu,
	       pconfig_status[call->status].text);
	return pconfig_status[call->status].error;
}

static void operand_init(struct mktme_key_program *operand, unsigned int keyid,
			 u32 command, u32 alg_bit)
{
	BUILD_BUG_ON(sizeof(*operand) != MKTME_KEY_PROGRAM_ALIGN);
	BUILD_BUG_ON(offsetof(struct mktme_key_program, data_key) != 64);
	BUILD_BUG_ON(offsetof(struct mktme_key_program, tweak_key) != 128);

	operand->keyid = keyid;
	operand->keyid_ctrl = command | alg_bit << KEYID_CTRL_ALG_SHIFT;
}

static int pconfig_on_cpu(int cpu, struct mktme_key_program *operand)
{
	struct pconfig_call call = { .operand = operand };
	int r;

	/* A CPU that comes or goes has a thread of its own at work on that. */
	if (is_percpu_thread() && cpu == raw_smp_processor_id())
		r = pconfig_with_retries(&call);
	else
		r = smp_call_on_cpu(cpu, pconfig_with_retries, &call, false);
	return r ?: pconfig_result(cpu, &call);
}

/*
 * Every command, CLEAR_KEY and NO_ENCRYPT included, must name one activated
 * algorithm, says the TME spec.
 */
static u32 any_alg_bit(void)
{
	return mktme_cap.algs & -mktme_cap.algs;
}

static const u32 program_commands[] = {
	[MKTME_KEY_OBJECT] = KEYID_CTRL_SET_KEY_DIRECT,
	[MKTME_KEY_RANDOM] = KEYID_CTRL_SET_KEY_RANDOM,
	[MKTME_KEY_PLAINTEXT] = KEYID_CTRL_NO_ENCRYPT,
};

/* A random key is the CPU's XOR what it is given here (SDM, PCONFIG). */
static void fill_keys(struct mktme_key_program *operand,
		      enum mktme_key_kind kind, const u8 *key,
		      unsigned int half)
{
	switch (kind) {
	case MKTME_KEY_OBJECT:
		memcpy(operand->data_key, key, half);
		memcpy(operand->tweak_key, key + half, half);
		break;
	case MKTME_KEY_RANDOM:
		get_random_bytes(operand->data_key, half);
		get_random_bytes(operand->tweak_key, half);
		break;
	case MKTME_KEY_PLAINTEXT:
		break;
	}
}

/*
 * kmalloc() aligns powers of two naturally, which is what the instruction asks
 * of its operand.
 */
static int pconfig_program(int cpu, unsigned int keyid,
			   enum mktme_key_kind kind,
			   enum mktme_algorithm algorithm, const u8 *key)
{
	unsigned int half = mktme_key_bytes(algorithm) / 2;
	bool has_key = kind != MKTME_KEY_PLAINTEXT;
	struct mktme_key_program *operand;
	int r;

	operand = kzalloc(sizeof(*operand), GFP_KERNEL);
	if (!operand)
		return -ENOMEM;
	operand_init(operand, keyid, program_commands[kind],
		     has_key ? alg_bits[algorithm] : any_alg_bit());
	fill_keys(operand, kind, key, half);
	r = pconfig_on_cpu(cpu, operand);
	kfree_sensitive(operand);
	return r;
}

/*
 * Must not fail for want of memory: the key would stay.  What it tells the
 * hardware is no secret, and calls do not overlap.
 */
static int pconfig_clear(int cpu, unsigned int keyid)
{
	static struct mktme_key_program operand;

	operand_init(&operand, keyid, KEYID_CTRL_CLEAR_KEY, any_alg_bit());
	return pconfig_on_cpu(cpu, &operand);
}

const struct mktme_ll_ops mktme_pconfig_ops = {
	.program = pconfig_program,
	.clear = pconfig_clear,
};

static int pconfig_once(void *data)
{
	struct pconfig_trial *trial = data;
	u64 start;

	preempt_disable();
	start = ktime_get_ns();
	pconfig_execute(&trial->call);
	trial->ns = ktime_get_ns() - start;
	preempt_enable();
	return 0;
}

/**
 * mktme_pconfig_try() - execute PCONFIG once, to see what comes of it
 * @cpu: on the package of which
 * @operand: what it is to do; may be nonsense, but see mktme_keyid_try()
 * @trial: filled in with what the hardware said; nothing is logged
 *
 * Context: as &struct mktme_ll_ops.
 * Return: 0 if it was executed, or -errno
 */
int mktme_pconfig_try(int cpu, struct mktme_key_program *operand,
		      struct mktme_trial *trial)
{
	struct pconfig_trial inner = { .call.operand = operand };
	int r = smp_call_on_cpu(cpu, pconfig_once, &inner, false);

	trial->is_fault = inner.call.fault;
	trial->status = inner.call.status;
	trial->ns = inner.ns;
	return r;
}

/* Sub-leaves of one type need not be consecutive: scan to the first invalid. */
static bool pconfig_has_mktme_target(void)
{
	u32 eax, ebx, ecx, edx, subleaf;

	if (boot_cpu_data.cpuid_level < (int)CPUID_PCONFIG_LEAF)
		return false;
	for (subleaf = 0; ; subleaf++) {
		cpuid_count(CPUID_PCONFIG_LEAF, subleaf, &eax, &ebx, &ecx, &edx);
		switch (eax & CPUID_PCONFIG_SUBLEAF_MASK) {
		case CPUID_PCONFIG_SUBLEAF_INVALID:
			return false;
		case CPUID_PCONFIG_SUBLEAF_TARGETID:
			if (ebx == PCONFIG_TARGET_MKTME ||
			    ecx == PCONFIG_TARGET_MKTME ||
			    edx == PCONFIG_TARGET_MKTME)
				return true;
		}
	}
}

static u64 read_msr_or_zero(u32 msr)
{
	u32 low = 0, high = 0;

	if (rdmsr_safe(msr, &low, &high))
		return 0;
	return (u64)high << 32 | low;
}

static int detect_cpu(void)
{
	u32 eax, ebx, ecx, edx;

	if (boot_cpu_data.x86_vendor != X86_VENDOR_INTEL) {
		pr_err("this is not an Intel CPU: there is no TME-MK\n");
		return -ENODEV;
	}
	cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
	if (!(ecx & CPUID_7_0_ECX_TME)) {
		pr_err("this CPU has no TME, or the firmware hides it\n");
		return -ENODEV;
	}
	if (!(edx & CPUID_7_0_EDX_PCONFIG)) {
		pr_err("this CPU has TME, but no PCONFIG: keys cannot be loaded\n");
		return -ENODEV;
	}
	if (!pconfig_has_mktme_target()) {
		pr_err("PCONFIG of this CPU has no TME-MK target (CPUID leaf 1BH)\n");
		return -ENODEV;
	}
	return 0;
}

static int detect_activation(u64 capability, u64 activate)
{
	if (!TME_CAP_KEYID_BITS(capability)) {
		pr_err("this CPU has TME, but no KeyIDs (MSR 981H = %#llx)\n",
		       capability);
		return -ENODEV;
	}
	if (!TME_ACTIVATE_LOCKED(activate)) {
		pr_err("TME is not locked by the firmware (MSR 982H = %#llx): enable 'Total Memory Encryption (TME)' in its set-up\n",
		       activate);
		return -ENODEV;
	}
	if (!TME_ACTIVATE_ENABLED(activate)) {
		pr_err("TME is locked off by the firmware (MSR 982H = %#llx): enable 'Total Memory Encryption (TME)' in its set-up\n",
		       activate);
		return -ENODEV;
	}
	if (!TME_ACTIVATE_KEYID_BITS(activate)) {
		pr_err("TME-MK has no KeyID bits (MSR 982H = %#llx): enable 'Multi-Key Total Memory Encryption (TME-MT)' in the firmware set-up\n",
		       activate);
		return -ENODEV;
	}
	if (!(TME_ACTIVATE_ALGS(activate) &
	      (TME_ALG_AES_XTS_128 | TME_ALG_AES_XTS_256))) {
		pr_err("neither AES-XTS-128 nor AES-XTS-256 is activated for TME-MK (MSR 982H = %#llx)\n",
		       activate);
		return -ENODEV;
	}
	return 0;
}

/**
 * mktme_pconfig_detect() - find out what this machine can do
 * @cap: to be filled in; @cap->keyids does not know yet what can be mapped
 *
 * Reads the MSRs of the CPU it runs on: firmware sets all packages alike.
 * Where it did not, PCONFIG faults on the odd one.
 *
 * Return: 0, or -ENODEV after saying in the log what is missing and where to
 * change it
 */
int mktme_pconfig_detect(struct mktme_cap *cap)
{
	u64 activate, capability, partitioning;
	int r;

	r = detect_cpu();
	if (r)
		return r;
	capability = read_msr_or_zero(MSR_TME_CAPABILITY);
	partitioning = read_msr_or_zero(MSR_MKTME_KEYID_PARTITIONING);
	activate = read_msr_or_zero(MSR_TME_ACTIVATE);
	r = detect_activation(capability, activate);
	if (r)
		return r;

	cap->maxphyaddr = cpuid_eax(CPUID_ADDR_SIZES) & CPUID_MAXPHYADDR_MASK;
	cap->keyid_bits = TME_ACTIVATE_KEYID_BITS(activate);
	cap->keyid_shift = cap->maxphyaddr - cap->keyid_bits;
	cap->algs = TME_ACTIVATE_ALGS(activate) &
		    (TME_ALG_AES_XTS_128 | TME_ALG_AES_XTS_256);
	cap->bypass = TME_ACTIVATE_BYPASS(activate);
	cap->keyids = mktme_hw_usable_keyids(capability, activate, partitioning);
	if (!cap->keyids) {
		pr_err("all KeyIDs belong to TDX (MSR 982H = %#llx): give TME-MK a share in the firmware set-up\n",
		       activate);
		return -ENODEV;
	}
	return 0;
}
