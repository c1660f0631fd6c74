// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this machine fit for TME-MK, and this memory for a volume?  One check for
 * each requirement, from CPUID, the MSRs and the kernel.
 */

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib_private.h"
#include "../../../drivers/nvdimm/mktme_hw.h"

#define ADVICE_CPU \
	"TME-MK needs an Intel Xeon (3rd generation Scalable or newer) or a vPro client CPU that has it"
#define ADVICE_TME                                    \
	"enable 'Total Memory Encryption (TME)' and " \
	"'Multi-Key TME (TME-MT, MK-TME)' in the BIOS set-up"
#define ADVICE_MSR "run as root, with the kernel's msr driver ('modprobe msr')"

/* Highest physical address bits that Linux maps, by paging mode. */
#define PHYS_BITS_4_LEVEL 46
#define PHYS_BITS_5_LEVEL 52

struct msr {
	uint64_t value;
	int err;
};

struct probe {
	const struct libmktme_base *base;
	void (*fn)(const struct libmktme_probe_item *item, void *arg);
	void *arg;
	struct msr capability;
	struct msr activate;
	struct msr partitioning;
	unsigned int failed;
	unsigned int usable_keyids;
};

__attribute__((format(printf, 6, 7))) static void
report(struct probe *probe, const char *key, const char *title,
       enum libmktme_verdict verdict, const char *advice, const char *format,
       ...)
{
	struct libmktme_probe_item item = { key, title, verdict, "", NULL };
	va_list args;

	va_start(args, format);
	vsnprintf(item.detail, sizeof(item.detail), format, args);
	va_end(args);
	if (verdict != LIBMKTME_OK)
		item.advice = advice;
	if (verdict == LIBMKTME_FAIL)
		probe->failed++;
	probe->fn(&item, probe->arg);
}

static enum libmktme_verdict verdict_of(bool is_ok)
{
	return is_ok ? LIBMKTME_OK : LIBMKTME_FAIL;
}

/* ---- CPUID ---- */

static bool has_tme(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
	       (ecx & CPUID_7_0_ECX_TME);
}

static bool has_pconfig(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) &&
	       (edx & CPUID_7_0_EDX_PCONFIG);
}

/* Sub-leaves of one type need not be consecutive: scan to the first invalid. */
static bool has_pconfig_target(void)
{
	unsigned int subleaf, eax, regs[3], i;

	for (subleaf = 0; subleaf < 64; subleaf++) {
		if (!__get_cpuid_count(CPUID_PCONFIG_LEAF, subleaf, &eax,
				       &regs[0], &regs[1], &regs[2]))
			return false;
		eax &= CPUID_PCONFIG_SUBLEAF_MASK;
		if (eax == CPUID_PCONFIG_SUBLEAF_INVALID)
			return false;
		if (eax != CPUID_PCONFIG_SUBLEAF_TARGETID)
			continue;
		for (i = 0; i < 3; i++)
			if (regs[i] == PCONFIG_TARGET_MKTME)
				return true;
	}
	return false;
}

static unsigned int max_phys_bits(void)
{
	unsigned int eax, ebx, ecx, edx;

	if (!__get_cpuid(CPUID_ADDR_SIZES, &eax, &ebx, &ecx, &edx))
		return 36;
	return eax & CPUID_MAXPHYADDR_MASK;
}

static void probe_cpuid(struct probe *probe)
{
	unsigned int eax, regs[3] = { 0 };
	char vendor[13] = "";

	__get_cpuid(0, &eax, &regs[0], &regs[2], &regs[1]);
	memcpy(vendor, regs, sizeof(regs));
	report(probe, "cpu_vendor", "CPU vendor",
	       verdict_of(!strcmp(vendor, "GenuineIntel")), ADVICE_CPU, "%s",
	       vendor);
	report(probe, "cpuid_tme", "CPUID: TME", verdict_of(has_tme()),
	       ADVICE_CPU, "7.0:ECX[13] = %u", has_tme());
	report(probe, "cpuid_pconfig", "CPUID: PCONFIG",
	       verdict_of(has_pconfig()), ADVICE_TME, "7.0:EDX[18] = %u",
	       has_pconfig());
	report(probe, "pconfig_target", "CPUID: PCONFIG target TME-MK",
	       verdict_of(has_pconfig_target()), ADVICE_TME, "leaf 1BH %s",
	       has_pconfig_target() ? "lists it" : "does not list it");
}

/* ---- MSRs ---- */

static void read_msr(unsigned int number, struct msr *msr)
{
	int fd;

	msr->value = 0;
	msr->err = 0;
	fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		msr->err = -errno;
		return;
	}
	if (pread(fd, &msr->value, sizeof(msr->value), number) !=
	    sizeof(msr->value))
		msr->err = -errno;
	close(fd);
}

/* What a CPU without TME returns, if it does not refuse, means nothing. */
static bool can_have_registers(struct probe *probe)
{
	if (has_tme())
		return true;
	probe->capability.err = -EOPNOTSUPP;
	probe->activate.err = -EOPNOTSUPP;
	probe->partitioning.err = -EOPNOTSUPP;
	return false;
}

static void read_msrs(struct probe *probe)
{
	if (!can_have_registers(probe))
		return;
	if (access("/dev/cpu/0/msr", F_OK))
		libmktme_modprobe("msr");
	read_msr(MSR_TME_CAPABILITY, &probe->capability);
	read_msr(MSR_TME_ACTIVATE, &probe->activate);
	read_msr(MSR_MKTME_KEYID_PARTITIONING, &probe->partitioning);
}

/* The CPU refuses to read an MSR that it does not have: EIO. */
static void report_unreadable(struct probe *probe, const char *key,
			      const char *title, const struct msr *msr)
{
	if (msr->err == -EOPNOTSUPP)
		report(probe, key, title, LIBMKTME_UNKNOWN, NULL,
		       "not read, since the CPU has no TME");
	else if (msr->err == -EIO)
		report(probe, key, title, LIBMKTME_FAIL, ADVICE_TME,
		       "this CPU does not have the register");
	else
		report(probe, key, title, LIBMKTME_UNKNOWN, ADVICE_MSR,
		       "cannot read the register: %s", strerror(-msr->err));
}

static void list_algorithms(unsigned int bits, char *text, size_t size)
{
	const struct libmktme_algorithm *alg;
	size_t len = 0;

	snprintf(text, size, "none that can be used");
	for (alg = libmktme_algorithms; alg->name && len < size; alg++)
		if (bits & alg->activate_bit)
			len += snprintf(text + len, size - len, "%s%s",
					len ? " " : "", alg->name);
}

static void probe_capability(struct probe *probe)
{
	const char *key = "tme_capability", *title = "IA32_TME_CAPABILITY";
	uint64_t msr = probe->capability.value;
	char algorithms[64];

	if (probe->capability.err) {
		report_unreadable(probe, key, title, &probe->capability);
		return;
	}
	list_algorithms(TME_CAP_ALGS(msr), algorithms, sizeof(algorithms));
	report(probe, key, title, verdict_of(TME_CAP_KEYID_BITS(msr)),
	       ADVICE_CPU, "%s; up to %u KeyID bits, %u keys", algorithms,
	       (unsigned int)TME_CAP_KEYID_BITS(msr),
	       (unsigned int)TME_CAP_MAX_KEYS(msr));
}

static void probe_activate(struct probe *probe)
{
	uint64_t msr = probe->activate.value;
	char algorithms[64];

	if (probe->activate.err) {
		report_unreadable(probe, "tme_activate", "IA32_TME_ACTIVATE",
				  &probe->activate);
		return;
	}
	report(probe, "tme_locked", "TME configuration locked",
	       verdict_of(TME_ACTIVATE_LOCKED(msr)), ADVICE_TME,
	       TME_ACTIVATE_LOCKED(msr) ? "yes" :
					  "no, the BIOS did not activate TME");
	report(probe, "tme_enabled", "TME enabled",
	       verdict_of(TME_ACTIVATE_ENABLED(msr)), ADVICE_TME, "%s",
	       TME_ACTIVATE_ENABLED(msr) ? "yes" : "no");
	report(probe, "tme_bypass", "TME bypass",
	       TME_ACTIVATE_BYPASS(msr) ? LIBMKTME_OK : LIBMKTME_WARN,
	       "enable 'TME bypass' in the BIOS set-up; else what has no KeyID is unreadable after the next boot, and a volume needs a detached header on a raw namespace",
	       "%s", TME_ACTIVATE_BYPASS(msr) ? "on" : "off");
	report(probe, "keyid_bits", "KeyID bits",
	       verdict_of(TME_ACTIVATE_KEYID_BITS(msr)), ADVICE_TME,
	       "%u, of which %u private to TDX",
	       (unsigned int)TME_ACTIVATE_KEYID_BITS(msr),
	       (unsigned int)TME_ACTIVATE_TDX_BITS(msr));
	list_algorithms(TME_ACTIVATE_ALGS(msr), algorithms, sizeof(algorithms));
	report(probe, "algorithms", "algorithms activated",
	       verdict_of(TME_ACTIVATE_ALGS(msr) &
			  (TME_ALG_AES_XTS_128 | TME_ALG_AES_XTS_256)),
	       ADVICE_TME, "%s", algorithms);
}

/* ---- KeyIDs and addresses ---- */

static void probe_tdx(struct probe *probe)
{
	uint64_t msr = probe->partitioning.value;

	if (probe->activate.err)
		return;
	if (probe->partitioning.err)
		report(probe, "tdx", "KeyIDs shared with TDX", LIBMKTME_OK,
		       NULL, "no TDX on this CPU");
	else
		report(probe, "tdx", "KeyIDs shared with TDX", LIBMKTME_OK,
		       NULL, "%" PRIu64 " for TME-MK, %" PRIu64 " for TDX",
		       (uint64_t)KEYID_PART_NUM_MKTME(msr),
		       (uint64_t)KEYID_PART_NUM_TDX(msr));
}

static void probe_keyids(struct probe *probe)
{
	const char *key = "usable_keyids", *title = "usable KeyIDs";
	struct libmktme_caps caps;

	if (!probe->capability.err && !probe->activate.err)
		probe->usable_keyids = mktme_hw_usable_keyids(
			probe->capability.value, probe->activate.value,
			probe->partitioning.value);
	else if (!libmktme_caps_read(&caps))
		probe->usable_keyids = caps.keyids_total;
	else {
		report(probe, key, title, LIBMKTME_UNKNOWN, NULL,
		       "neither the registers nor the kernel module tell");
		return;
	}
	report(probe, key, title, verdict_of(probe->usable_keyids),
	       "assign KeyIDs to TME-MK (not only to TDX) in the BIOS set-up",
	       "%u", probe->usable_keyids);
}

/* The flag is there only if the kernel uses 5-level paging, not just the CPU */
static bool has_5_level_paging(void)
{
	bool is_found = false;
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	file = fopen("/proc/cpuinfo", "re");
	if (!file)
		return false;
	while (!is_found && getline(&line, &size, file) > 0)
		is_found = !strncmp(line, "flags", 5) && strstr(line, " la57");
	free(line);
	fclose(file);
	return is_found;
}

static void probe_address_space(struct probe *probe)
{
	unsigned int limit = has_5_level_paging() ? PHYS_BITS_5_LEVEL :
						    PHYS_BITS_4_LEVEL;
	unsigned int shift, fit = 0;

	if (probe->activate.err || !probe->usable_keyids)
		return;
	shift = max_phys_bits() -
		TME_ACTIVATE_KEYID_BITS(probe->activate.value);
	if (shift < limit)
		fit = (1U << (limit - shift)) - 1;
	if (fit > probe->usable_keyids)
		fit = probe->usable_keyids;
	report(probe, "address_space", "room for KeyIDs in kernel addresses",
	       verdict_of(fit),
	       "boot with 5-level paging (LA57; no 'no5lvl')",
	       "%u of %u KeyIDs: they start at address bit %u, the kernel maps %u bits",
	       fit, probe->usable_keyids, shift, limit);
}

static void probe_modules(struct probe *probe)
{
	const char *key = "modules", *title = "kernel modules";
	struct libmktme_caps caps;

	if (libmktme_caps_read(&caps) && probe->failed) {
		/* Without the hardware they do not load. */
		report(probe, key, title, LIBMKTME_UNKNOWN, NULL,
		       "not tried, since the above failed");
		return;
	}
	if (libmktme_caps_require(&caps)) {
		report(probe, key, title, LIBMKTME_FAIL,
		       "install the modules nd_mktme and dm-mktme for this kernel, and see the kernel log",
		       "not loaded");
		return;
	}
	report(probe, key, title, LIBMKTME_OK, NULL,
	       "loaded; %u of %u KeyIDs in use, %u CPU package%s",
	       caps.keyids_used, caps.keyids_total, caps.packages,
	       caps.packages == 1 ? "" : "s");
}

/* ---- the memory ---- */

/* Without bypass what KeyID 0 writes, an info block or a partition table, is lost. */
static void probe_mode(struct probe *probe)
{
	const struct libmktme_base *base = probe->base;
	bool is_raw = !strcmp(base->mode, "raw");

	if (probe->activate.err || TME_ACTIVATE_BYPASS(probe->activate.value))
		report(probe, "namespace_mode",
		       "namespace in fsdax or raw mode",
		       verdict_of(is_raw || !strcmp(base->mode, "fsdax")),
		       "'ndctl create-namespace -f -e NAMESPACE --mode=fsdax'; it destroys what is there",
		       "%s of %s is in %s mode", base->namespace_name,
		       base->region_name, base->mode);
	else
		report(probe, "namespace_mode",
		       "whole namespace in raw mode (no TME bypass)",
		       verdict_of(is_raw && !base->is_partition),
		       "'ndctl create-namespace -f -e NAMESPACE --mode=raw'; it destroys what is there",
		       "%s%s of %s is in %s mode",
		       base->is_partition ? "a partition; " : "",
		       base->namespace_name, base->region_name, base->mode);
}

static void probe_address(struct probe *probe)
{
	const struct libmktme_base *base = probe->base;
	bool is_paged = !((base->phys | base->bytes) % LIBMKTME_PAGE_BYTES);

	report(probe, "physical_address", "physical address",
	       verdict_of(base->phys && is_paged),
	       "begin and end the partition on multiples of 8 sectors",
	       "0x%" PRIx64 ", %" PRIu64 " bytes, %s 2 MiB boundary",
	       base->phys, base->bytes,
	       base->phys % DM_MKTME_ALIGN_BYTES ? "not at a" : "at a");
}

static void probe_base(struct probe *probe)
{
	const struct libmktme_base *base = probe->base;
	struct libmktme_layout layout;
	char label[UUID_STR_LEN];

	probe_mode(probe);
	uuid_unparse_lower(base->label_uuid, label);
	report(probe, "namespace_label", "namespace with a label",
	       verdict_of(!uuid_is_null(base->label_uuid)),
	       "'ndctl disable-region', 'init-labels' of its DIMMs, 'enable-region', and create the namespace anew; all of the region is lost",
	       "%s", uuid_is_null(base->label_uuid) ? "none" : label);
	probe_address(probe);
	if (libmktme_layout_compute(base->phys, base->bytes,
				    LIBMKTME_HEADER_BYTES, &layout))
		report(probe, "layout", "room for a volume", LIBMKTME_FAIL,
		       "choose a larger namespace", "too small");
	else
		report(probe, "layout", "room for a volume", LIBMKTME_OK, NULL,
		       "verifier at 0x%" PRIx64 ", %" PRIu64
		       " MiB of data at 0x%" PRIx64,
		       base->phys + layout.verifier, layout.data_bytes >> 20,
		       base->phys + layout.data);
}

int libmktme_probe(const struct libmktme_base *base,
		   void (*fn)(const struct libmktme_probe_item *item,
			      void *arg),
		   void *arg)
{
	struct probe probe = { .base = base, .fn = fn, .arg = arg };

	read_msrs(&probe);
	probe_cpuid(&probe);
	probe_capability(&probe);
	probe_activate(&probe);
	probe_tdx(&probe);
	probe_keyids(&probe);
	probe_address_space(&probe);
	probe_modules(&probe);
	if (base)
		probe_base(&probe);
	return probe.failed || !probe.usable_keyids ? -ENODEV : 0;
}
