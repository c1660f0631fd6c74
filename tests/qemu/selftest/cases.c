// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checks themselves; which properties each case runs with is in "run".
 * A line is used for one check only, so that what the image holds in the end
 * is the outcome of that check.  KeyID 2 is the raw view: NO_ENCRYPT.
 */
#include "guest.h"

#define RAW 2

/* Lines 0, 1, 2, ... of a fresh 1 MiB area, a page apart */
static u64 place(unsigned area, unsigned n) { return area * MiB + n * 4096ul; }

/* What the media holds now, seen from the guest: nothing cached in between */
static volatile u8 *media_line(u64 offset)
{
	volatile u8 *line = window(RAW, offset);

	flush(line);
	return line;
}

static int media_is(u64 offset, u8 fill) { return line_is(media_line(offset), fill); }

static int media_untouched(u64 offset)
{
	volatile u8 *line = media_line(offset);
	int i;

	for (i = 0; i < LINE; i++)
		if (line[i])
			return 0;
	return 1;
}

static void raw_view(void)
{
	check_equal(key_command(RAW, NO_ENCRYPT, ALG_128, 0, 0), 0, "NO_ENCRYPT for the raw view");
}

static void put(unsigned keyid, u64 offset, u8 fill)
{
	fill_line(window(keyid, offset), fill);
	flush(window(keyid, offset));
}

/*
 * Enumeration
 */

static void case_enum(void)
{
	u64 v = 0;
	u32 r[4];

	cpuid(0, 0, r);
	check(r[0] >= 0x1b, "CPUID: leaf 1BH exists");
	cpuid(7, 0, r);
	check(r[2] >> 13 & 1, "CPUID 7.0 ECX[13]: TME");
	check(r[3] >> 18 & 1, "CPUID 7.0 EDX[18]: PCONFIG");
	cpuid(0x1b, 0, r);
	check(r[0] == 1 && r[1] == 1 && !r[2] && !r[3], "CPUID 1BH.0: type 1, target 1");
	cpuid(0x1b, 1, r);
	check(!r[0] && !r[1] && !r[2] && !r[3], "CPUID 1BH.1: invalid, all zero");
	cpuid(0x80000008, 0, r);
	check_equal(r[0] & 0xff, 46, "CPUID 80000008H: MAXPHYADDR is not reduced");
	check_equal(rdmsr(0x981, &v), NO_FAULT, "RDMSR 981H");
	check_equal(v, 0x3f680000005, "981H: both algorithms, bypass, 6 bits, 63 keys");
	check_equal(rdmsr(0x982, &v), NO_FAULT, "RDMSR 982H");
	check_equal(v, 0x5000680000003, "982H: locked, enabled, bypass, k = 6, both algorithms");
	check_equal(rdmsr(0x983, &v) == NO_FAULT ? v : 1, 0, "983H reads 0");
	check_equal(rdmsr(0x984, &v) == NO_FAULT ? v : 1, 0, "984H reads 0");
	check_equal(rdmsr(0x87, &v), GP, "RDMSR 87H without TDX: #GP");
	check_equal(wrmsr(0x981, 0), GP, "WRMSR 981H: #GP");
	check_equal(wrmsr(0x982, 0x680000003), GP, "WRMSR 982H when locked: #GP");
	check_equal(wrmsr(0x983, 0), GP, "WRMSR 983H when locked: #GP");
	check_equal(wrmsr(0x984, 0), GP, "WRMSR 984H when locked: #GP");
}

static void case_no_cpuid(void)
{
	u64 v;

	check_equal(rdmsr(0x981, &v), GP, "no TME in CPUID: RDMSR 981H #GP");
	check_equal(rdmsr(0x982, &v), GP, "no TME in CPUID: RDMSR 982H #GP");
	check_equal(wrmsr(0x982, 1), GP, "no TME in CPUID: WRMSR 982H #GP");
	check_equal(set_key(1, 1, 2), -1 - UD, "no PCONFIG in CPUID: #UD");
	/* The cache is there whatever CPUID says */
	fill_line(window(0, place(1, 0)), 0x10);
	media(place(1, 0), "untouched", 0, 0, 0, "no PCONFIG in CPUID: KeyID 0 is cached all the same");
	put(0, place(1, 1), 0x11);
	media(place(1, 1), "plain", 0, 0, 0x11, "no PCONFIG in CPUID: KeyID 0 can be flushed");
}

static void case_no_device(void)
{
	u64 v = 1;

	check_equal(rdmsr(0x981, &v) == NO_FAULT ? v : 1, 0, "no device: 981H reads 0");
	check_equal(rdmsr(0x982, &v) == NO_FAULT ? v : 1, 0, "no device: 982H reads 0");
	check_equal(wrmsr(0x982, 2), GP, "no device: WRMSR 982H #GP");
	check_equal(rdmsr(0x87, &v), GP, "no device: RDMSR 87H #GP");
	check_equal(set_key(1, 1, 2), -1 - GP, "no device: PCONFIG #GP");
	fill_line(window(0, place(1, 0)), 0x10);
	media(place(1, 0), "plain", 0, 0, 0x10, "no device: an NVDIMM as ever");
}

static void case_no_target(void)
{
	u32 r[4];

	cpuid(0x1b, 0, r);
	check(!r[0] && !r[1] && !r[2] && !r[3], "target1=off: CPUID 1BH.0 is invalid");
	check_equal(set_key(1, 1, 2), -1 - GP, "target1=off: PCONFIG leaf 0 #GP");
}

static void case_inactive(void)
{
	u64 v = 0;

	rdmsr(0x982, &v);
	check_equal(v, word_arg("activate", 0), "982H as asked for");
	check_equal(set_key(1, 1, 2), -1 - GP, "TME-MK not active: PCONFIG #GP");
	put(0, place(1, 0), 0x20);
	media(place(1, 0), "plain", 0, 0, 0x20, "TME-MK not active: KeyID 0 is plain");
}

static void case_tdx(void)
{
	u64 v = 0;

	check_equal(rdmsr(0x87, &v), NO_FAULT, "TDX: RDMSR 87H");
	check_equal(v, 48ul << 32 | 15, "TDX: 15 KeyIDs for TME-MK, 48 for TDX");
	rdmsr(0x982, &v);
	check_equal(v >> 36 & 15, word_arg("p", 0), "TDX: 982H[39:36]");
	check_equal(set_key(15, 1, 2), 0, "TDX: KeyID 15 is usable");
	check_equal(set_key(16, 1, 2), 3, "TDX: KeyID 16 is private to TDX");
	check_equal(set_key(63, 1, 2), 3, "TDX: KeyID 63 is private to TDX");
	put(16, place(1, 0), 0x20);
	media(place(1, 0), "untouched", 0, 0, 0, "TDX: a TDX-private KeyID has no window");
}

static void case_partitioning_no_tdx(void)
{
	u64 v = 0;

	check_equal(rdmsr(0x87, &v), NO_FAULT, "87H without KeyIDs of TDX: RDMSR");
	check_equal(v, 5, "87H without KeyIDs of TDX: as asked for");
	check_equal(set_key(63, 1, 2), 0, "87H without KeyIDs of TDX: KeyID 63 is usable");
}

static void case_max_keys(void)
{
	u64 v = 0;

	rdmsr(0x981, &v);
	check_equal(v >> 36 & 0x7fff, 5, "max-keys=5: 981H[50:36]");
	check_equal(set_key(5, 1, 2), 0, "max-keys=5: KeyID 5 is usable");
	check_equal(set_key(6, 1, 2), 3, "max-keys=5: KeyID 6 is refused");
	put(5, place(1, 0), 0x20);
	media(place(1, 0), "xts128", 1, 2, 0x20, "max-keys=5: KeyID 5 encrypts");
	put(6, place(1, 1), 0x20);
	media(place(1, 1), "untouched", 0, 0, 0, "max-keys=5: KeyID 6 has no window");
}

static void case_active_bits(void)
{
	u64 v = 0;

	rdmsr(0x981, &v);
	check_equal(v >> 32 & 15, 6, "active-bits=4: 981H[35:32] stays 6");
	rdmsr(0x982, &v);
	check_equal(v >> 32 & 15, 4, "active-bits=4: 982H[35:32]");
	check_equal(set_key(15, 1, 2), 0, "active-bits=4: KeyID 15 is usable");
	check_equal(set_key(16, 1, 2), 3, "active-bits=4: KeyID 16 is refused");
	put(15, place(1, 0), 0x20);
	media(place(1, 0), "xts128", 1, 2, 0x20, "active-bits=4: the window is at KeyID << 42");
}

/*
 * WRMSR 982H before it is locked
 */

#define ENABLE 2ul
#define RESTORE 4ul
#define SAVE 8ul
#define BYPASS (1ul << 31)
#define KEYID_BITS(k) ((u64)(k) << 32)
#define ALGS(a) ((u64)(a) << 48)

static void case_activate(void)
{
	u64 v = 0;
	long bad_entropy = word_arg("entropy", 0);

	check_equal(set_key(1, 1, 2), -1 - GP, "not locked: PCONFIG #GP");
	check_equal(wrmsr(0x982, ENABLE | 1 << 8), GP, "982H: reserved bit 8 #GP");
	check_equal(wrmsr(0x982, ENABLE | 1ul << 40), GP, "982H: reserved bit 40 #GP");
	check_equal(wrmsr(0x982, ENABLE | 1 << 4), GP, "982H: policy 1 is not supported, #GP");
	check_equal(wrmsr(0x982, ENABLE | KEYID_BITS(7)), GP, "982H: k above the maximum #GP");
	check_equal(wrmsr(0x982, KEYID_BITS(3)), GP, "982H: k without enable #GP");
	check_equal(wrmsr(0x982, ENABLE | ALGS(2)), GP, "982H: algorithm not in 981H #GP");
	check_equal(wrmsr(0x982, ENABLE | ALGS(0x8000)), GP, "982H: reserved algorithm bit #GP");
	rdmsr(0x982, &v);
	check_equal(v & 1, 0, "982H: no refused write locks");
	check_equal(wrmsr(0x983, 1ul << 46), GP, "983H: bits above MAXPHYADDR #GP");
	check_equal(wrmsr(0x983, 1ul << 20 | 1 << 11), GP, "983H: not one range #GP");
	check_equal(wrmsr(0x984, 1), GP, "984H: low bits #GP");
	check_equal(wrmsr(0x983, 0x3ffffff00000 | 1 << 11), NO_FAULT, "983H: one range is taken");
	rdmsr(0x983, &v);
	check_equal(v, 0x3ffffff00000 | 1 << 11, "983H: reads back");
	check_equal(wrmsr(0x984, 0x140000000), NO_FAULT, "984H: a base is taken");
	check_equal(wrmsr(0x982, ENABLE | RESTORE | KEYID_BITS(3)), NO_FAULT,
		    "982H: restore without a saved key does not fault");
	rdmsr(0x982, &v);
	check_equal(v & 7, 4, "982H: restore without a saved key: not enabled, ..100b");
	if (bad_entropy) {
		check_equal(wrmsr(0x982, ENABLE | KEYID_BITS(3) | ALGS(1)), NO_FAULT,
			    "982H: no entropy does not fault");
		rdmsr(0x982, &v);
		check_equal(v & 7, 0, "982H: no entropy: not enabled, ..000b");
	}
	check_equal(wrmsr(0x982, ENABLE | BYPASS | KEYID_BITS(3) | ALGS(5) | 1), NO_FAULT,
		    "982H: a legal value is taken");
	rdmsr(0x982, &v);
	check_equal(v, 3 | BYPASS | KEYID_BITS(3) | ALGS(5), "982H: reads back, enabled and locked");
	check_equal(wrmsr(0x982, 0), word_arg("ignore", 0) ? NO_FAULT : GP,
		    "982H: once locked, as wrmsr-locked says");
	rdmsr(0x982, &v);
	check_equal(v, 3 | BYPASS | KEYID_BITS(3) | ALGS(5), "982H: once locked, keeps its value");
	check_equal(wrmsr(0x983, 0), GP, "983H: once locked #GP");
	keyid_shift = 43;
	check_equal(set_key(7, 1, 2), 0, "activated by the guest: PCONFIG works");
	check_equal(set_key(8, 1, 2), 3, "activated by the guest: KeyID 8 is beyond k = 3");
	put(7, place(1, 0), 0x20);
	media(place(1, 0), "xts128", 1, 2, 0x20, "activated by the guest: the window encrypts");
}

static void case_activate_off(void)
{
	u64 v = 0;

	check_equal(wrmsr(0x982, 0), NO_FAULT, "982H: TME may be left disabled");
	rdmsr(0x982, &v);
	check_equal(v, 1, "982H: disabled and locked, ..01b");
	check_equal(wrmsr(0x982, ENABLE), GP, "982H: locked then");
}

/*
 * PCONFIG
 */

#define FLAGS (0x8d5ul)		/* OF SF ZF AF PF CF */
#define ZF 0x40ul

static void status_flags(void)
{
	struct pconfig_result r;

	make_program(1, SET_KEY_DIRECT, ALG_128, 1, 2);
	r = pconfig();
	check_equal(r.fault, NO_FAULT, "PCONFIG: success does not fault");
	check_equal(r.rax, 0, "PCONFIG: success RAX = 0");
	check_equal(r.flags & FLAGS, 0, "PCONFIG: success clears ZF CF PF AF OF SF");
}

static void always_faults(void)
{
	u64 at = (u64)&program;
	struct pconfig_result r;

	make_program(1, SET_KEY_DIRECT, ALG_128, 1, 2);
	check_equal(pconfig_raw(1, at).fault, GP, "PCONFIG leaf 1: #GP");
	check_equal(pconfig_raw(0xffffffff, at).fault, GP, "PCONFIG leaf FFFFFFFFH: #GP");
	check_equal(pconfig_raw(1ul << 32, at).fault, NO_FAULT, "PCONFIG: the leaf is EAX, not RAX");
	check_equal(pconfig_raw(1, at + 64).fault, GP, "PCONFIG leaf before alignment: #GP");
	check_equal(pconfig_raw(0, at + 64).fault, GP, "PCONFIG 64-byte aligned only: #GP");
	check_equal(pconfig_raw(0, at + 128).fault, GP, "PCONFIG 128-byte aligned only: #GP");
	check_equal(pconfig_raw(0, 1ul << 52).fault, GP, "PCONFIG not canonical: #GP");
	check_equal(pconfig_raw(0, 1ul << 40).fault, PF, "PCONFIG not mapped: #PF");
	check_equal(pconfig_raw(0, (1ul << 40) + 64).fault, GP, "PCONFIG alignment before #PF");
	check_equal(pconfig_prefixed(0x66), UD, "PCONFIG with prefix 66: #UD");
	check_equal(pconfig_prefixed(0xf0), UD, "PCONFIG with LOCK: #UD");
	check_equal(pconfig_prefixed(0xf2), UD, "PCONFIG with REPNE: #UD");
	check_equal(pconfig_prefixed(0xf3), UD, "PCONFIG with REP: #UD");
	check_equal(pconfig_prefixed(0x48), NO_FAULT, "PCONFIG with REX: ignored");
	check_equal(ring3_pconfig(), UD, "PCONFIG in ring 3: #UD");
	make_program(1, 9, 3, 1, 2);
	program.ctrl |= 1u << 31;
	program.keyid = 0;
	r = pconfig();
	check_equal(r.fault, GP, "PCONFIG control bit 31: #GP, before command, KeyID, algorithm");
	make_program(1, CLEAR_KEY, ALG_128, 0, 0);
	program.ctrl |= 1u << 24;
	check_equal(pconfig().fault, GP, "PCONFIG control bit 24: #GP");
}

static long command(unsigned keyid, unsigned cmd, unsigned algs)
{
	return key_command(keyid, cmd, algs, 1, 2);
}

/* @cmd, @keyid, @alg: what the three classes of mistakes give in this style */
static void bad_parameters(long cmd, long keyid, long alg)
{
	check_equal(command(1, 4, ALG_128), cmd, "PCONFIG command 4");
	check_equal(command(1, 255, ALG_128), cmd, "PCONFIG command 255");
	check_equal(command(0, SET_KEY_DIRECT, ALG_128), keyid, "PCONFIG KeyID 0");
	check_equal(command(64, SET_KEY_DIRECT, ALG_128), keyid, "PCONFIG KeyID 64 with k = 6");
	check_equal(command(0xffff, SET_KEY_DIRECT, ALG_128), keyid, "PCONFIG KeyID FFFFH");
	check_equal(command(1, SET_KEY_DIRECT, 0), alg, "PCONFIG no algorithm");
	check_equal(command(1, SET_KEY_DIRECT, ALG_128 | ALG_256), alg, "PCONFIG two algorithms");
	check_equal(command(1, SET_KEY_DIRECT, 2), alg, "PCONFIG XTS-128 with integrity");
	check_equal(command(1, SET_KEY_DIRECT, 8), alg, "PCONFIG XTS-256 with integrity");
	check_equal(command(1, SET_KEY_DIRECT, 0x8000), alg, "PCONFIG algorithm bit 15");
	check_equal(command(1, SET_KEY_RANDOM, 0), alg, "PCONFIG RANDOM without algorithm");
	check_equal(command(1, CLEAR_KEY, 0), alg, "PCONFIG CLEAR without algorithm");
	check_equal(command(1, NO_ENCRYPT, 0), alg, "PCONFIG NO_ENCRYPT without algorithm");
	check_equal(command(1, CLEAR_KEY, 2), alg, "PCONFIG CLEAR, algorithm not activated");
	check_equal(command(1, NO_ENCRYPT, 8), alg, "PCONFIG NO_ENCRYPT, algorithm not activated");
	check_equal(command(0, 9, 0), cmd, "PCONFIG order: command first");
	check_equal(command(0, SET_KEY_DIRECT, 0), keyid, "PCONFIG order: KeyID before algorithm");
}

static void all_commands(void)
{
	check_equal(command(1, SET_KEY_DIRECT, ALG_128), 0, "SET_KEY_DIRECT, XTS-128");
	check_equal(command(63, SET_KEY_DIRECT, ALG_256), 0, "SET_KEY_DIRECT, XTS-256, KeyID 63");
	check_equal(command(1, SET_KEY_RANDOM, ALG_128), 0, "SET_KEY_RANDOM, XTS-128");
	check_equal(command(1, SET_KEY_RANDOM, ALG_256), 0, "SET_KEY_RANDOM, XTS-256");
	check_equal(command(1, CLEAR_KEY, ALG_128), 0, "CLEAR_KEY");
	check_equal(command(1, NO_ENCRYPT, ALG_256), 0, "NO_ENCRYPT");
}

static void case_pconfig_status(void)
{
	struct pconfig_result r;

	status_flags();
	always_faults();
	bad_parameters(1, 3, 4);
	all_commands();
	make_program(0, SET_KEY_DIRECT, ALG_128, 1, 2);
	r = pconfig();
	check_equal(r.flags & FLAGS, ZF, "PCONFIG: failure sets ZF, clears the others");
}

static void case_pconfig_gp(void)
{
	status_flags();
	always_faults();
	bad_parameters(-1 - GP, -1 - GP, -1 - GP);
	all_commands();
}

static void case_reserved(void)
{
	long wanted = word_arg("strict", 1) ? -1 - GP : 0;
	static const u8 where[] = { 0, 57 };
	unsigned i;

	for (i = 0; i < 2; i++) {
		make_program(1, CLEAR_KEY, ALG_128, 0, 0);
		program.reserved[where[i]] = 1;
		check_equal(-1 - pconfig().fault, wanted, i ? "reserved byte 63" : "reserved byte 6");
	}
	make_program(1, SET_KEY_DIRECT, ALG_128, 1, 2);
	program.key1[16] = 1;
	check_equal(-1 - pconfig().fault, wanted, "XTS-128: byte 16 of the data key field");
	make_program(1, SET_KEY_RANDOM, ALG_128, 1, 2);
	program.key2[63] = 1;
	check_equal(-1 - pconfig().fault, wanted, "XTS-128: byte 63 of the tweak key field");
	make_program(1, SET_KEY_DIRECT, ALG_256, 1, 2);
	program.key2[32] = 1;
	check_equal(-1 - pconfig().fault, wanted, "XTS-256: byte 32 of the tweak key field");
	make_program(1, SET_KEY_DIRECT, ALG_256, 1, 2);
	check_equal(-1 - pconfig().fault, 0, "XTS-256: bytes 16 to 31 are key");
	make_program(1, CLEAR_KEY, ALG_128, 0, 0);
	program.pad[0] = 1;
	check_equal(-1 - pconfig().fault, 0, "byte 192 is not looked at");
	make_program(1, CLEAR_KEY, ALG_128, 0, 0);
	program.ctrl |= 1u << 24;
	check_equal(-1 - pconfig().fault, -1 - GP, "control bits are never ignored");
}

static void case_busy(void)
{
	struct pconfig_result r;

	check_equal(set_key(0, 1, 2), 3, "busy=2: the KeyID is looked at before");
	check_equal(command(1, SET_KEY_DIRECT, 0), 4, "busy=2: the algorithm is looked at before");
	make_program(1, SET_KEY_DIRECT, ALG_128, 1, 2);
	r = pconfig();
	check_equal(r.rax, 5, "busy=2: first DEVICE_BUSY");
	check_equal(r.flags & FLAGS, ZF, "busy=2: ZF");
	put(1, place(1, 0), 0x20);
	media(place(1, 0), "plain", 0, 0, 0x20, "busy=2: the table was not touched");
	check_equal(command(1, CLEAR_KEY, ALG_128), 5, "busy=2: second DEVICE_BUSY");
	check_equal(set_key(1, 1, 2), 2, "entropy=1: then ENTROPY_ERROR");
	check_equal(command(1, CLEAR_KEY, ALG_128), 0, "entropy=1: CLEAR needs none");
	check_equal(set_key(1, 1, 2), 0, "then it works");
}

static void case_entropy_clear(void)
{
	check_equal(command(1, CLEAR_KEY, ALG_128), 0, "entropy=1: not consumed by CLEAR");
	check_equal(command(1, NO_ENCRYPT, ALG_128), 0, "entropy=1: not consumed by NO_ENCRYPT");
	check_equal(command(1, SET_KEY_RANDOM, ALG_128), 2, "entropy=1: RANDOM fails");
	check_equal(command(1, SET_KEY_RANDOM, ALG_128), 0, "entropy=1: once");
	put(1, place(1, 0), 0x20);
	media(place(1, 0), "garbage", 1, 2, 0x20, "RANDOM key is neither plain nor our bytes");
}

static void case_algs(void)
{
	u64 mask = word_arg("mask", 0), v = 0;

	rdmsr(0x982, &v);
	check_equal(v >> 48, mask, "982H[63:48] as asked for");
	check_equal(command(1, SET_KEY_DIRECT, ALG_128), mask & ALG_128 ? 0 : 4, "XTS-128 as activated");
	check_equal(command(1, SET_KEY_DIRECT, ALG_256), mask & ALG_256 ? 0 : 4, "XTS-256 as activated");
	check_equal(command(1, CLEAR_KEY, ALG_128), mask & ALG_128 ? 0 : 4, "CLEAR wants it too");
	rdmsr(0x981, &v);
	check_equal(v & 0xf, 5, "981H: both are supported");
}

/*
 * Cache
 */

static void nt_store(u64 offset, u8 fill, int cpu_op)
{
	volatile u8 *line = window(1, offset);
	u64 words[8];
	u8 *b = (u8 *)words;
	int i;

	for (i = 0; i < LINE; i++)
		b[i] = fill + i;
	switch (cpu_op) {
	case 0:
		for (i = 0; i < 8; i++)
			asm volatile("movnti %1, %0" : "=m" (((volatile u64 *)line)[i]) : "r" (words[i]));
		break;
	case 1:
		for (i = 0; i < 4; i++)
			asm volatile("movdqu %1, %%xmm0\n\tmovntdq %%xmm0, %0"
				     : "=m" (*(volatile u8 (*)[16])(line + 16 * i))
				     : "m" (*(u8 (*)[16])(b + 16 * i)) : "memory");
		break;
	case 2:
		for (i = 0; i < 4; i++)
			asm volatile("movdqu %1, %%xmm0\n\tmovntps %%xmm0, %0"
				     : "=m" (*(volatile u8 (*)[16])(line + 16 * i))
				     : "m" (*(u8 (*)[16])(b + 16 * i)) : "memory");
		break;
	case 3:
		for (i = 0; i < 2; i++)
			asm volatile("vmovdqu %1, %%ymm0\n\tvmovntdq %%ymm0, %0"
				     : "=m" (*(volatile u8 (*)[32])(line + 32 * i))
				     : "m" (*(u8 (*)[32])(b + 32 * i)) : "memory");
		break;
	case 4:
		for (i = 0; i < 8; i++)
			asm volatile("movq %1, %%mm0\n\tmovntq %%mm0, %0\n\temms"
				     : "=m" (((volatile u64 *)line)[i]) : "m" (words[i]));
		break;
	}
}

static void cache_fences(void)
{
	volatile u8 *p;

	fill_line(window(1, place(1, 0)), 0x10);
	check(media_untouched(place(1, 0)), "dirty line is not on the media");
	media(place(1, 0), "untouched", 0, 0, 0, "dirty line is lost at the power cut");

	p = window(1, place(1, 1));
	fill_line(p, 0x11);
	fill_line(p + LINE, 0x12);
	clwb(p);
	sfence();
	check(line_is(p, 0x11), "CLWB, SFENCE: the line still reads well");
	check(!media_is(place(1, 1), 0x11), "CLWB, SFENCE: not plaintext on the media");
	media(place(1, 1), "xts128", 0x40, 0x80, 0x11, "CLWB, SFENCE: ciphertext on the media");
	media(place(1, 1) + LINE, "untouched", 0, 0, 0, "CLWB, SFENCE: the next line is not");

	p = window(1, place(1, 2));
	fill_line(p, 0x13);
	clwb(p);
	mfence();
	media(place(1, 2), "xts128", 0x40, 0x80, 0x13, "CLWB, MFENCE: durable");

	p = window(1, place(1, 3));
	fill_line(p, 0x14);
	clwb(p);
	locked_add();
	media(place(1, 3), "xts128", 0x40, 0x80, 0x14, "CLWB, LOCK ADD: durable");

	p = window(1, place(1, 4));
	fill_line(p, 0x15);
	clwb(p);
	implicitly_locked();
	media(place(1, 4), "xts128", 0x40, 0x80, 0x15, "CLWB, XCHG: durable");

	p = window(1, place(1, 5));
	fill_line(p, 0x16);
	clflushopt(p);
	sfence();
	media(place(1, 5), "xts128", 0x40, 0x80, 0x16, "CLFLUSHOPT, SFENCE: durable");

	p = window(1, place(1, 6));
	fill_line(p, 0x17);
	clwb(p);
	fill_line(p, 0x18);
	clwb(p);
	sfence();
	media(place(1, 6), "xts128", 0x40, 0x80, 0x18, "two CLWBs: the last store wins");

	p = window(1, place(1, 7));
	fill_line(p, 0x19);
	asm volatile("clwb 63(%0)" :: "r" (p) : "memory");
	sfence();
	media(place(1, 7), "xts128", 0x40, 0x80, 0x19, "CLWB of the last byte of a line");

	p = window(1, place(1, 8));
	fill_line(p, 0x1a);
	sfence();
	media(place(1, 8), "untouched", 0, 0, 0, "SFENCE alone: not durable");
}

static void cache_nt(void)
{
	static const char *const name[] = {
		"MOVNTI, SFENCE: durable", "MOVNTDQ, SFENCE: durable", "MOVNTPS, SFENCE: durable",
		"VMOVNTDQ, SFENCE: durable", "MOVNTQ, SFENCE: durable",
	};
	u64 *across = (u64 *)(window(1, place(2, 6)) + LINE - 4);
	unsigned i;

	for (i = 0; i < 5; i++) {
		nt_store(place(2, i), 0x20 + i, i);
		sfence();
		media(place(2, i), "xts128", 0x40, 0x80, 0x20 + i, name[i]);
	}
	fill_line(window(1, place(2, 6)), 0x26);
	fill_line(window(1, place(2, 6)) + LINE, 0x26 + LINE);
	asm volatile("movnti %1, %0" : "=m" (*across) : "r" (*across) : "memory");
	sfence();
	media(place(2, 6), "xts128", 0x40, 0x80, 0x26, "MOVNTI across two lines: the first");
	media(place(2, 6) + LINE, "xts128", 0x40, 0x80, 0x26 + LINE, "MOVNTI across two lines: the second");
	nt_store(place(2, 5), 0x25, 0);
	locked_add();
	media(place(2, 5), "xts128", 0x40, 0x80, 0x25, "MOVNTI, LOCK ADD: durable");
}

static void cache_stale(void)
{
	volatile u8 *a = window(1, place(3, 0)), *b = window(3, place(3, 0)), *z = window(0, place(3, 0));
	volatile u8 *c, *d;

	fill_line(a, 0x30);
	check(!line_is(b, 0x30), "another KeyID does not see a dirty line");
	flush(a);
	check(!line_is(b, 0x30), "another KeyID is stale");
	flush(b);
	check(!line_is(b, 0x30), "another KeyID with another key: garbage");
	check_equal(set_key(4, 0x40, 0x80), 0, "a second KeyID with the same key");
	check(line_is(window(4, place(3, 0)), 0x30), "two KeyIDs with one key agree");
	fill_line(a, 0x31);
	flush(a);
	check(line_is(window(4, place(3, 0)), 0x30), "but nothing keeps them coherent");
	flush(window(4, place(3, 0)));
	check(line_is(window(4, place(3, 0)), 0x31), "until the stale one is flushed");
	check(lines_equal(z, media_line(place(3, 0))), "KeyID 0 sees the ciphertext (bypass)");
	fill_line(a, 0x32);
	flush(a);
	check(!lines_equal(z, media_line(place(3, 0))), "KeyID 0 is stale too");
	flush(z);
	check(lines_equal(z, media_line(place(3, 0))), "until it is flushed");
	media(place(3, 0), "xts128", 0x40, 0x80, 0x32, "the last write-back is on the media");

	c = window(1, place(3, 1));
	d = window(4, place(3, 1));
	(void)*d;			/* a clean copy of what was there */
	fill_line(c, 0x33);
	flush(c);
	flush(d);
	check(line_is(c, 0x33), "a clean stale line is dropped, not written back");
	media(place(3, 1), "xts128", 0x40, 0x80, 0x33, "a clean stale line does not reach the media");

	c = window(1, place(3, 2));
	d = window(4, place(3, 2));
	fill_line(c, 0x34);
	flush(c);
	(void)*d;
	fill_line(c, 0x35);
	flush(c);
	rewrite_line(d);
	flush(d);
	media(place(3, 2), "xts128", 0x40, 0x80, 0x35, "rewriting the same bytes makes no dirty line");

	c = window(1, place(3, 6));
	d = window(4, place(3, 6));
	(void)*d;
	flush(d);
	flush(d + LINE);
	fill_line(c, 0x37);
	flush(c);
	check(line_is(d, 0x37), "flushing a line does not bring its neighbour back");

	z = window(0, place(3, 3));
	fill_line(z, 0x36);
	check(media_untouched(place(3, 3)), "KeyID 0: dirty line is not on the media");
	clwb(z);
	sfence();
	media(place(3, 3), "plain", 0, 0, 0x36, "KeyID 0: CLWB, SFENCE: plain on the media (bypass)");
	fill_line(window(0, place(3, 4)), 0x37);
	media(place(3, 4), "untouched", 0, 0, 0, "KeyID 0: a dirty line is lost at the power cut");

	c = window(1, place(3, 5));
	z = window(0, place(3, 5));
	fill_line(z, 0x38);
	fill_line(c, 0x39);
	flush(c);
	flush(z);
	media(place(3, 5), "plain", 0, 0, 0x38, "a dirty KeyID-0 line written back later wins");
}

static void case_wbinvd(void)
{
	volatile u8 *p = window(1, place(4, 0)), *q = window(4, place(4, 0));
	u32 r[4];
	int dropped;

	raw_view();
	set_key(1, 0x40, 0x80);
	set_key(4, 0x40, 0x80);
	cpuid(0x80000008, 0, r);
	dropped = !(r[1] >> 9 & 1);
	(void)*q;
	fill_line(p, 0x40);
	wbnoinvd();
	check_equal(line_is(q, 0x40), dropped, dropped ? "WBNOINVD not enumerated: is WBINVD" :
		    "WBNOINVD keeps (stale) lines");
	wbinvd();
	check(line_is(q, 0x40), "WBINVD drops them");
	media(place(4, 0), "xts128", 0x40, 0x80, 0x40, "WBNOINVD: durable without a fence");
	p = window(1, place(4, 1));
	fill_line(p, 0x41);
	wbinvd();
	check(line_is(p, 0x41), "WBINVD: the line reads well");
	media(place(4, 1), "xts128", 0x40, 0x80, 0x41, "WBINVD: durable without a fence");
	p = window(1, place(4, 2));
	fill_line(p, 0x42);
	invd();
	check(!line_is(p, 0x42), "INVD drops a dirty line");
	media(place(4, 2), "untouched", 0, 0, 0, "INVD writes nothing back");
}

/* Last: nothing after this may fence */
static void cache_unfenced(void)
{
	volatile u8 *p;

	p = window(1, place(5, 0));
	fill_line(p, 0x50);
	clflush(p);
	media(place(5, 0), "xts128", 0x40, 0x80, 0x50, "CLFLUSH: ordered, durable without a fence");
	p = window(1, place(5, 1));
	fill_line(p, 0x51);
	clwb(p);
	media(place(5, 1), "untouched", 0, 0, 0, "CLWB without a fence: lost");
	p = window(1, place(5, 2));
	fill_line(p, 0x52);
	clflushopt(p);
	media(place(5, 2), "untouched", 0, 0, 0, "CLFLUSHOPT without a fence: lost");
	nt_store(place(5, 3), 0x53, 0);
	media(place(5, 3), "untouched", 0, 0, 0, "MOVNTI without a fence: lost");
	nt_store(place(5, 4), 0x54, 1);
	media(place(5, 4), "untouched", 0, 0, 0, "MOVNTDQ without a fence: lost");
	p = window(1, place(5, 5));
	fill_line(p, 0x55);
	clwb(p);
	lfence();
	media(place(5, 5), "untouched", 0, 0, 0, "CLWB, LFENCE: lost");
	p = window(0, place(5, 6));
	fill_line(p, 0x56);
	clwb(p);
	media(place(5, 6), "untouched", 0, 0, 0, "KeyID 0: CLWB without a fence: lost");
}

static void case_cache(void)
{
	raw_view();
	check_equal(set_key(1, 0x40, 0x80), 0, "key for KeyID 1");
	check_equal(set_key(3, 0x41, 0x81), 0, "another key for KeyID 3");
	cache_fences();
	cache_nt();
	cache_stale();
	cache_unfenced();
}

/*
 * Keys
 */

static void case_keys(void)
{
	volatile u8 *p;

	raw_view();
	check_equal(key_command(1, SET_KEY_DIRECT, ALG_128, 1, 2), 0, "XTS-128 key");
	put(1, place(1, 0), 0x10);
	media(place(1, 0), "xts128", 1, 2, 0x10, "XTS-128 ciphertext is the independent one");
	check_equal(key_command(63, SET_KEY_DIRECT, ALG_256, 3, 4), 0, "XTS-256 key");
	put(63, place(1, 1), 0x11);
	media(place(1, 1), "xts256", 3, 4, 0x11, "XTS-256 ciphertext is the independent one");
	check_equal(set_key(5, 7, 7), 0, "data key == tweak key is not refused");
	put(5, place(1, 2), 0x12);
	media(place(1, 2), "xts128", 7, 7, 0x12, "data key == tweak key encrypts");
	make_program(6, SET_KEY_DIRECT, ALG_256, 0, 0);
	check_equal(pconfig().rax, 0, "XTS-256: equal keys are not refused");
	put(1, 63 * MiB, 0x13);
	media(63 * MiB, "xts128", 1, 2, 0x13, "tweak: another place");
	put(1, place(1, 3) + 63 * LINE, 0x14);
	media(place(1, 3) + 63 * LINE, "xts128", 1, 2, 0x14, "tweak: the last line of a page");

	put(7, place(2, 0), 0x20);
	media(place(2, 0), "plain", 0, 0, 0x20, "never programmed, bypass: plain");
	put(RAW, place(2, 1), 0x21);
	media(place(2, 1), "plain", 0, 0, 0x21, "NO_ENCRYPT writes plain");
	check(line_is(window(0, place(2, 1)), 0x21), "NO_ENCRYPT: KeyID 0 reads it (bypass)");

	set_key(8, 1, 2);
	put(8, place(2, 2), 0x22);
	key_command(8, CLEAR_KEY, ALG_128, 0, 0);
	check(lines_equal(window(8, place(2, 2)), media_line(place(2, 2))), "CLEAR: raw media (bypass)");
	put(8, place(2, 3), 0x23);
	media(place(2, 3), "plain", 0, 0, 0x23, "CLEAR: writes plain (bypass)");

	/* PCONFIG changes nothing in the cache */
	set_key(9, 1, 2);
	p = window(9, place(3, 0));
	fill_line(p, 0x30);
	fill_line(p + LINE, 0x31);
	flush(p + LINE);
	check(line_is(p + LINE, 0x31), "the old key reads back");
	set_key(9, 5, 6);
	check(line_is(p, 0x30), "a new key leaves a dirty line alone");
	check(line_is(p + LINE, 0x31), "a new key leaves a clean line alone");
	flush(p);
	media(place(3, 0), "xts128", 5, 6, 0x30, "dirty line written back under the new key");
	flush(p + LINE);
	check(!line_is(p + LINE, 0x31), "after the flush the wrong key gives garbage");
	media(place(3, 0) + LINE, "xts128", 1, 2, 0x31, "and the media is as it was");
	set_key(9, 1, 2);
	check(!line_is(p + LINE, 0x31), "the right key again: still stale");
	flush(p + LINE);
	check(line_is(p + LINE, 0x31), "flushed: the data is back");
	fill_line(p + 2 * LINE, 0x32);
	key_command(9, CLEAR_KEY, ALG_128, 0, 0);
	flush(p + 2 * LINE);
	media(place(3, 0) + 2 * LINE, "plain", 0, 0, 0x32, "dirty line after CLEAR: plaintext on the media");

	/* RANDOM: never twice the same */
	key_command(10, SET_KEY_RANDOM, ALG_128, 0, 0);
	put(10, place(4, 0), 0x40);
	key_command(11, SET_KEY_RANDOM, ALG_128, 0, 0);
	flush(window(11, place(4, 0)));
	check(!line_is(window(11, place(4, 0)), 0x40), "two RANDOM keys differ");
	check(line_is(window(10, place(4, 0)), 0x40), "a RANDOM key reads back");
	media(place(4, 0), "garbage", 0, 0, 0x40, "RANDOM: not plain, not the zero key");
}

/* With seed: the first RANDOM key of a boot is the same every time */
static void case_seed(void)
{
	long flip = word_arg("flip", 0);

	make_program(1, SET_KEY_RANDOM, ALG_256, 0, 0);
	program.key1[31] = flip == 1;
	program.key2[0] = flip == 2;
	check_equal(pconfig().rax, 0, "RANDOM key");
	put(1, place(1, 0), 0x10);
	check(line_is(window(1, place(1, 0)), 0x10), "RANDOM key reads back");
}

static void case_encrypt_off(void)
{
	volatile u8 *p = window(1, place(1, 0));

	check_equal(set_key(1, 1, 2), 0, "encrypt=off: PCONFIG works");
	fill_line(p, 0x10);
	check(!line_is(window(0, place(1, 0)), 0x10), "encrypt=off: still cached");
	flush(p);
	check(line_is(p, 0x10), "encrypt=off: reads back");
	media(place(1, 0), "plain", 0, 0, 0x10, "encrypt=off: plaintext on the media");
}

static void case_one_line(void)
{
	check_equal(set_key(1, 1, 2), 0, "key");
	put(1, place(1, 0), 0x10);
	check(line_is(window(1, place(1, 0)), 0x10), "the line reads back");
	media(place(1, 0), "xts128", 1, 2, 0x10, "ciphertext on the media");
}

/* The image of the case before, in a new machine */
static void case_next_boot(void)
{
	volatile u8 *p = window(1, place(1, 0));

	raw_view();
	check(lines_equal(p, media_line(place(1, 0))), "next boot: raw before the key is set");
	set_key(1, 1, 2);
	check(!line_is(p, 0x10), "next boot: stale after the key is set");
	flush(p);
	check(line_is(p, 0x10), "next boot: the data is back after a flush");
	set_key(1, 9, 2);
	flush(p);
	check(!line_is(p, 0x10), "next boot: a wrong data key gives garbage");
	set_key(1, 1, 9);
	flush(p);
	check(!line_is(p, 0x10), "next boot: a wrong tweak key gives garbage");
}

static void case_moved(void)
{
	volatile u8 *p = window(1, place(1, 0));

	set_key(1, 1, 2);
	check_equal(line_is(p, 0x10), word_arg("readable", 0),
		    word_arg("readable", 0) ? "moved, tweak offset compensates: readable" : "moved: garbage");
}

static void case_bypass_off(void)
{
	raw_view();
	put(0, place(1, 0), 0x10);
	check(line_is(window(0, place(1, 0)), 0x10), "bypass=off: KeyID 0 reads back");
	check(!media_is(place(1, 0), 0x10), "bypass=off: KeyID 0 is encrypted");
	media(place(1, 0), "garbage", 1, 2, 0x10, "bypass=off: KeyID 0 is encrypted on the media");
	check(line_is(window(5, place(1, 0)), 0x10), "bypass=off: a cleared KeyID has the same key");
	set_key(6, 1, 2);
	put(6, place(1, 1), 0x11);
	media(place(1, 1), "xts128", 1, 2, 0x11, "bypass=off: a programmed KeyID has its own");
	key_command(6, CLEAR_KEY, ALG_128, 0, 0);
	put(6, place(1, 2), 0x12);
	check(line_is(window(0, place(1, 2)), 0x12), "bypass=off: CLEAR gives the boot key");
	put(RAW, place(1, 3), 0x13);
	media(place(1, 3), "plain", 0, 0, 0x13, "bypass=off: NO_ENCRYPT is raw");
	check(!line_is(window(0, place(1, 3)), 0x13), "bypass=off: KeyID 0 cannot read raw data");
	put(0, place(2, 0), 0x14);
	media(place(2, 0), word_arg("excluded", 0) ? "plain" : "garbage", 1, 2, 0x14,
	      "bypass=off: the excluded range");
	put(5, place(2, 1), 0x15);
	media(place(2, 1), "garbage", 1, 2, 0x15, "bypass=off: exclusion is for KeyID 0 only");
	put(0, place(3, 0), 0x16);
	media(place(3, 0), "garbage", 1, 2, 0x16, "bypass=off: outside the excluded range");
}

static void case_bypass_reset(void)
{
	if (!boot_count()) {
		put(0, place(1, 0), 0x10);
		check(line_is(window(0, place(1, 0)), 0x10), "bypass=off: reads back before the reset");
		reset();
	}
	check(!line_is(window(0, place(1, 0)), 0x10), "bypass=off: another boot key after a reset");
}

static void case_reset(void)
{
	int kept = word_arg("kept", 0);

	if (!boot_count()) {
		set_key(1, 1, 2);
		key_command(3, SET_KEY_RANDOM, ALG_128, 0, 0);
		put(1, place(1, 0), 0x10);
		put(3, place(1, 1), 0x11);
		fill_line(window(1, place(1, 2)), 0x12);
		fill_line(window(0, place(1, 3)), 0x13);
		clwb(window(1, place(1, 2)));
		reset();
	}
	check_equal(boot_count(), 1, "reset: second boot of one machine");
	check_equal(line_is(window(1, place(1, 0)), 0x10), kept,
		    kept ? "reset=kept: the key is still there" : "reset=lost: the key is gone");
	check(!line_is(window(3, place(1, 1)), 0x11), "reset: a RANDOM key is always gone");
	sfence();
	check(!line_is(window(1, place(1, 2)), 0x12), "reset: a dirty line is gone");
	media(place(1, 2), "untouched", 0, 0, 0, "reset: nothing is written back");
	media(place(1, 3), "untouched", 0, 0, 0, "reset: nothing of KeyID 0 either");
}

static void case_sleep(void)
{
	int kept = word_arg("kept", 0);
	u64 before = 0, after = 0;

	set_key(1, 1, 2);
	key_command(3, SET_KEY_RANDOM, ALG_128, 0, 0);
	key_command(4, NO_ENCRYPT, ALG_128, 0, 0);
	rdmsr(0x982, &before);
	put(0, place(1, 0), 0x10);
	put(1, place(1, 1), 0x11);
	put(3, place(1, 2), 0x12);
	put(4, place(1, 3), 0x13);
	fill_line(window(1, place(1, 4)), 0x14);
	fill_line(window(0, place(1, 5)), 0x15);
	wbinvd();
	fill_line(window(1, place(1, 6)), 0x16);
	fill_line(window(0, place(1, 7)), 0x17);
	clwb(window(1, place(1, 6)));
	sleep_s3();
	check_equal(boot_count(), 0, "S3: not another boot");
	rdmsr(0x982, &after);
	check_equal(after, before | RESTORE, "S3: 982H comes back, with the TME key restored, ..111b");
	check(line_is(window(0, place(1, 0)), 0x10), "S3: KeyID 0 reads back");
	check_equal(line_is(window(1, place(1, 1)), 0x11), kept, kept ? "s3=kept: the key is still there" :
		    "s3=lost: the key is gone");
	check_equal(line_is(window(3, place(1, 2)), 0x12), kept, kept ? "s3=kept: a RANDOM key too" :
		    "s3=lost: a RANDOM key too");
	if (!(after & BYPASS))
		check_equal(line_is(window(4, place(1, 3)), 0x13), kept, kept ? "s3=kept: NO_ENCRYPT too" :
			    "s3=lost: NO_ENCRYPT too");
	media(place(1, 4), "xts128", 1, 2, 0x14, "S3: WBINVD before has written the lines of KeyIDs");
	check(line_is(window(0, place(1, 5)), 0x15), "S3: and those of KeyID 0");
	sfence();
	media(place(1, 6), "untouched", 0, 0, 0, "S3: a dirty line is lost");
	media(place(1, 7), "untouched", 0, 0, 0, "S3: one of KeyID 0 too");
	check_equal(set_key(1, 1, 2), 0, "S3: PCONFIG works");
	flush(window(1, place(1, 1)));
	check(line_is(window(1, place(1, 1)), 0x11), "S3: with the key, the data are back");
	park("awake");
}

/* The guest is the firmware here */
static void case_sleep_unlocked(void)
{
	u64 v = 1;

	wrmsr(0x982, ENABLE | SAVE | KEYID_BITS(6) | ALGS(5));
	put(0, place(1, 0), 0x10);
	sleep_s3();
	rdmsr(0x982, &v);
	check_equal(v & 7, 0, "S3, locked=off: 982H is not locked, not enabled");
	flush(window(0, place(1, 0)));
	check(!line_is(window(0, place(1, 0)), 0x10), "S3, locked=off: the TME key is not there");
	check_equal(wrmsr(0x982, ENABLE | RESTORE | KEYID_BITS(6) | ALGS(5)), NO_FAULT, "S3: WRMSR 982H, restore");
	rdmsr(0x982, &v);
	check_equal(v & 7, 7, "S3: enabled and locked, ..111b");
	flush(window(0, place(1, 0)));
	check(line_is(window(0, place(1, 0)), 0x10), "S3: the saved TME key is back");
	park("awake");
}

/* INIT of a CPU is not RESET: starting CPU 1 goes through one */
static void nothing(void *arg)
{
	(void)arg;
}

static void case_init(void)
{
	fill_line(window(1, place(1, 0)), 0x10);
	cpu1_run(nothing, 0);
	check(line_is(window(1, place(1, 0)), 0x10), "INIT of a CPU leaves the cache alone");
	flush(window(1, place(1, 0)));
	media(place(1, 0), "plain", 0, 0, 0x10, "INIT of a CPU: the dirty line can be flushed");
}

/*
 * Packages.  DIMM 0 is on node 0, DIMM 1 on node 1.
 */

static void set_key_on_cpu1(void *result)
{
	*(long *)result = set_key(1, 1, 2);
}

static void case_packages(void)
{
	int shared = word_arg("shared", 0);
	long result = -1;

	check_equal(set_key(1, 1, 2), 0, "key on package 0");
	put(1, place(1, 0), 0x10);
	put(1, DIMM1 + place(1, 0), 0x11);
	media(place(1, 0), "xts128", 1, 2, 0x10, "package 0 programmed: its DIMM is encrypted");
	media(DIMM1 + place(1, 0), shared ? "xts128" : "plain", 1, 2, 0x11,
	      shared ? "shared-table=on: the other DIMM too" :
	      "package 1 left out: plaintext on its DIMM");
	cpu1_run(set_key_on_cpu1, &result);
	check_equal(result, 0, "key on package 1");
	put(1, DIMM1 + place(1, 1), 0x12);
	media(DIMM1 + place(1, 1), "xts128", 1, 2, 0x12, "package 1 programmed: its DIMM is encrypted");
	key_command(1, CLEAR_KEY, ALG_128, 0, 0);
	put(1, DIMM1 + place(1, 2), 0x13);
	media(DIMM1 + place(1, 2), shared ? "plain" : "xts128", 1, 2, 0x13,
	      shared ? "shared-table=on: cleared for both" :
	      "CLEAR on package 0 leaves package 1 alone");
}

/* Two CPUs each: 0 and 1 in package 0, 2 and 3 in package 1; "CPU 1" is 2 */
static void case_package_removed(void)
{
	int bypass = word_arg("bypass", 1);
	long result = -1;

	set_key(1, 1, 2);
	cpu1_run(set_key_on_cpu1, &result);
	check_equal(result, 0, "key on package 1");
	put(0, place(2, 0), 0x20);
	put(0, DIMM1 + place(2, 0), 0x21);
	eject_cpu(3);
	put(1, DIMM1 + place(1, 0), 0x10);
	media(DIMM1 + place(1, 0), "xts128", 1, 2, 0x10, "one of two CPUs unplugged: the keys stay");
	eject_cpu(2);
	put(1, DIMM1 + place(1, 1), 0x11);
	media(DIMM1 + place(1, 1), bypass ? "plain" : "garbage", 1, 2, 0x11,
	      "the last CPU unplugged: the keys of its package are gone");
	put(1, place(1, 2), 0x12);
	media(place(1, 2), "xts128", 1, 2, 0x12, "the last CPU unplugged: those of package 0 are not");
	flush(window(0, place(2, 0)));
	flush(window(0, DIMM1 + place(2, 0)));
	check(line_is(window(0, place(2, 0)), 0x20), "the last CPU unplugged: package 0 keeps its TME key");
	check_equal(line_is(window(0, DIMM1 + place(2, 0)), 0x21), bypass,
		    bypass ? "bypass: KeyID 0 needs no TME key" : "the last CPU unplugged: its TME key is gone");
	park("removed");
	put(1, DIMM1 + place(1, 3), 0x13);
	media(DIMM1 + place(1, 3), bypass ? "plain" : "garbage", 1, 2, 0x13,
	      "plugged again: without keys");
	cpu1_run(set_key_on_cpu1, &result);
	check_equal(result, 0, "plugged again: PCONFIG works");
	put(1, DIMM1 + place(1, 4), 0x14);
	media(DIMM1 + place(1, 4), "xts128", 1, 2, 0x14, "plugged again: encrypts");
}

static void case_dimm_added(void)
{
	volatile u8 *p = window(1, DIMM1 + place(1, 0)), *z = window(0, DIMM1 + place(1, 1));

	raw_view();
	set_key(1, 1, 2);
	fill_line(p, 0x10);
	check(!line_is(p, 0x10), "there is no memory before the DIMM is plugged");
	park("add");
	fill_line(p, 0x11);
	check(line_is(p, 0x11), "plugged: its window works, although it led nowhere before");
	check(media_untouched(DIMM1 + place(1, 0)), "plugged: a dirty line is not on the media");
	flush(p);
	media(DIMM1 + place(1, 0), "xts128", 1, 2, 0x11, "plugged: ciphertext on the media");
	fill_line(z, 0x12);
	check(media_untouched(DIMM1 + place(1, 1)), "plugged: KeyID 0 is cached");
	flush(z);
	media(DIMM1 + place(1, 1), "plain", 0, 0, 0x12, "plugged: KeyID 0, flushed");
	put(1, place(1, 2), 0x13);
	media(place(1, 2), "xts128", 1, 2, 0x13, "plugged: the first DIMM is as ever");
}

static void case_busy_package(void)
{
	long result = -1;

	check_equal(set_key(1, 1, 2), 0, "busy-package=1: package 0 is not busy");
	cpu1_run(set_key_on_cpu1, &result);
	check_equal(result, 5, "busy-package=1: package 1 is");
	cpu1_run(set_key_on_cpu1, &result);
	check_equal(result, 2, "entropy-package=1: then no entropy there");
	check_equal(set_key(1, 1, 2), 0, "entropy-package=1: none of it on package 0");
	cpu1_run(set_key_on_cpu1, &result);
	check_equal(result, 0, "then package 1 works");
}

/*
 * Two CPUs
 */

struct reader {
	volatile u8 *line;
	volatile int stop;
	volatile u8 seen;
	volatile u64 reads;
};

/* Holds a TLB entry and uses it all the time */
static void read_on_cpu1(void *arg)
{
	struct reader *r = arg;

	while (!r->stop) {
		r->seen = *r->line;
		r->reads++;
	}
}

/* What the other CPU reads in a read that begins after this call */
static u8 next_read(struct reader *r)
{
	u64 reads = r->reads;

	while (r->reads < reads + 2)
		asm volatile("pause");
	return r->seen;
}

static void case_two_cpus(void)
{
	struct reader r = { .line = window(0, place(1, 0)) };

	raw_view();
	cpu1_start(read_on_cpu1, &r);
	next_read(&r);
	put(RAW, place(1, 0), 0x10);
	check_equal(next_read(&r), 0, "another CPU reads the stale line");
	flush(window(0, place(1, 0)));
	check_equal(next_read(&r), 0x10, "a flush drops the line for every CPU");
	r.stop = 1;
	cpu1_wait();
	fill_line(window(RAW, place(1, 1)), 0x11);
	clwb(window(RAW, place(1, 1)));
	cpu1_run((void (*)(void *))sfence, 0);
	/* CPU 1 polls for work with plain loads: no fence of ours in between */
	media(place(1, 1), "untouched", 0, 0, 0, "SFENCE of another CPU completes nothing");
}

#define STRESS_PAGES 64

struct stress {
	u64 seed;
	unsigned first_line;
	u64 operations;
	u64 bad;
	u64 end;
};

static u32 next(u64 *seed)
{
	*seed = *seed * 6364136223846793005ul + 1442695040888963407ul;
	return *seed >> 33;
}

/* Every other line of the same pages belongs to the other CPU */
static void stress(void *arg)
{
	struct stress *st = arg;
	static u64 value[2][STRESS_PAGES * 32];
	u64 *mine = value[st->first_line];

	while (now_ns() < st->end) {
		u32 r = next(&st->seed);
		unsigned n = r % (STRESS_PAGES * 32);
		unsigned line = 2 * (n % 32) + st->first_line;
		volatile u64 *p = (volatile u64 *)(window(1 + 2 * (n & 1), 8 * MiB + n / 32 * 4096ul) +
						   line * LINE);

		if (p[r >> 8 & 7] != mine[n])
			st->bad++;
		mine[n] = (u64)r << 20 | n;
		for (unsigned i = 0; i < 8; i++) {
			if (r & 0x100000)
				asm volatile("movnti %1, %0" : "=m" (p[i]) : "r" (mine[n]));
			else
				p[i] = mine[n];
		}
		switch (r >> 12 & 31) {
		case 0 ... 7:
			clwb(p);
			break;
		case 8 ... 15:
			clflushopt(p);
			break;
		case 16 ... 19:
			clflush(p);
			break;
		case 20 ... 21:
			sfence();
			break;
		case 22:
			locked_add();
			break;
		case 23:
			if (!(r >> 24 & 7))
				wbinvd();
			break;
		}
		st->operations++;
	}
}

static void case_stress(void)
{
	u64 end = now_ns() + word_arg("ms", 2000) * 1000000;
	struct stress a = { .seed = 1, .first_line = 0, .end = end };
	struct stress b = { .seed = 2, .first_line = 1, .end = end };
	unsigned i;

	set_key(1, 1, 2);
	key_command(3, SET_KEY_DIRECT, ALG_256, 3, 4);
	/* Both start from zeroes */
	for (i = 0; i < STRESS_PAGES * 64; i++) {
		volatile u64 *p = (volatile u64 *)(window(1 + 2 * (i / 2 % 32 & 1), 8 * MiB + i * LINE));
		for (unsigned j = 0; j < 8; j++)
			p[j] = 0;
	}
	cpu1_start(stress, &b);
	stress(&a);
	cpu1_wait();
	print("# %d operations\n", a.operations + b.operations);
	check_equal(a.bad + b.bad, 0, "two CPUs, same pages, all kinds of flushes: data intact");
	check(a.operations > 100 && b.operations > 100, "both CPUs did work");
}

static void case_evict(void)
{
	unsigned i, bad = 0;

	set_key(1, 1, 2);
	for (i = 0; i < 2000; i++)
		fill_line(window(1, 8 * MiB + i * 4096ul), i);
	for (i = 0; i < 2000; i++)
		bad += !line_is(window(1, 8 * MiB + i * 4096ul), i);
	check_equal(bad, 0, "evict=1: data intact");
	raw_view();
	for (i = bad = 0; i < 2000; i++)
		bad += !media_untouched(8 * MiB + i * 4096ul);
	check(bad > 100, "evict=1: dirty lines reach the media on their own");
	check(bad < 2000, "evict=1: but not all");
}

/*
 * The rest
 */

static void case_dma(void)
{
	volatile u8 *p = window(1, place(1, 0)), *z = window(0, place(1, 1));
	u64 spa = word_arg("base", 0) + place(1, 0);

	set_key(1, 1, 2);
	fw_cfg_dma_read(0, 1ul << keyid_shift | spa, 4);
	check(p[0] == 'Q' && p[1] == 'E' && p[2] == 'M' && p[3] == 'U', "DMA to an alias address is seen by its KeyID");
	check(window(0, place(1, 0))[0] != 'Q', "and not by KeyID 0");
	fill_line(p, 0x10);
	flush(p);
	fw_cfg_dma_read(0, 1ul << keyid_shift | spa, 4);
	flush(p);
	check(p[0] == 'Q' && p[4] == 0x14, "DMA into a line that is not cached");
	media(place(1, 0), "garbage", 1, 2, 0x10, "flushed: the media has ciphertext");
	fw_cfg_dma_read(0, spa + 4096, 4);
	check(z[0] == 'Q', "DMA to KeyID 0");
	flush(z);
	check(z[0] == 'Q', "DMA to KeyID 0, flushed");
}

static void case_transparent(void)
{
	check_equal(set_key(1, 1, 2), 0, "transparent=on: PCONFIG works");
	fill_line(window(1, place(1, 0)), 0x10);
	check(line_is(window(63, place(1, 0)), 0x10), "transparent=on: every KeyID sees it at once");
	check(line_is(window(0, place(1, 0)), 0x10), "transparent=on: KeyID 0 too");
	wbinvd();
	clflush(window(1, place(1, 0)));
	sfence();
	check(line_is(window(1, place(1, 0)), 0x10), "transparent=on: flushes are harmless");
	fill_line(window(1, place(1, 1)), 0x11);
	media(place(1, 1), "plain", 0, 0, 0x11, "transparent=on: on the media without a flush");
	park("end");
}

/* Between the parks the host asks and sets properties */
static void case_qmp(void)
{
	set_key(1, 1, 2);
	key_command(5, SET_KEY_DIRECT, ALG_256, 1, 2);
	key_command(6, SET_KEY_RANDOM, ALG_128, 1, 2);
	key_command(7, NO_ENCRYPT, ALG_128, 1, 2);
	set_key(0, 1, 2);
	put(1, place(1, 0), 0x10);
	put(0, place(1, 1), 0x11);
	fill_line(window(1, place(1, 2)), 0x12);
	park("programmed");
	media(place(1, 2), "xts128", 1, 2, 0x12, "evict-now writes dirty lines back");
	check(line_is(window(1, place(1, 2)), 0x12), "evict-now: data intact");
	check_equal(set_key(8, 1, 2), 5, "busy set at run time");
	check_equal(set_key(8, 1, 2), 2, "entropy set at run time");
	key_command(1, CLEAR_KEY, ALG_128, 0, 0);
	key_command(5, CLEAR_KEY, ALG_128, 0, 0);
	key_command(6, CLEAR_KEY, ALG_128, 0, 0);
	key_command(7, CLEAR_KEY, ALG_128, 0, 0);
	fill_line(window(0, place(1, 4)), 0x14);
	park("cleared");
	check(line_is(window(0, place(1, 4)), 0x14), "evict-now while stopped: data intact");
	set_key(1, 1, 2);
	put(1, place(1, 3), 0x13);
	media(place(1, 3), "plain", 0, 0, 0x13, "encrypt=off set at run time");
}

/* The host pulls the plug */
static void case_power_cut(void)
{
	set_key(1, 1, 2);
	put(1, place(1, 0), 0x10);
	media(place(1, 0), "xts128", 1, 2, 0x10, "power cut: a flushed line stays");
	fill_line(window(1, place(1, 1)), 0x11);
	media(place(1, 1), "untouched", 0, 0, 0, "power cut: a dirty line is lost");
	fill_line(window(0, place(1, 2)), 0x12);
	clwb(window(0, place(1, 2)));
	media(place(1, 2), "untouched", 0, 0, 0, "power cut: an unfenced line is lost");
	park("kill");
}

/* movl $value, %eax; ret */
static void put_code(unsigned keyid, u64 offset, u8 value)
{
	volatile u8 *p = window(keyid, offset);

	p[0] = 0xb8;
	p[1] = value;
	p[2] = p[3] = p[4] = 0;
	p[5] = 0xc3;
	flush(p);
}

static u32 call(unsigned keyid, u64 offset) { return ((u32 (*)(void))window(keyid, offset))(); }

static void case_code(void)
{
	volatile u64 *beside = (volatile u64 *)window(RAW, place(1, 0) + LINE);

	raw_view();
	if (!boot_count()) {
		put_code(RAW, place(1, 0), 1);
		check_equal(call(RAW, place(1, 0)), 1, "code in a window runs");
		check_equal(call(0, place(1, 0)), 1, "code through KeyID 0 runs");
		put_code(RAW, place(1, 0), 2);
		check_equal(call(RAW, place(1, 0)), 2, "code rewritten through its window");
		check_equal(call(0, place(1, 0)), 1, "code of another KeyID is stale");
		flush(window(0, place(1, 0)));
		check_equal(call(0, place(1, 0)), 2, "code of another KeyID, after a flush");
		put_code(RAW, place(1, 0), 3);
		check_equal(call(RAW, place(1, 0)), 3, "code rewritten again");
		asm volatile("movnti %1, %0" : "=m" (*beside) : "r" (0x44ul));
		sfence();
		reset();
	}
	check_equal(call(0, place(1, 0)), 3, "code in another boot of the machine");
	check_equal(*beside, 0x44, "MOVNTI beside code: durable");
}

#define BENCH_MiB 32

/* No pass or fail: figures for people */
static void bench(const char *name, u64 start, u64 units, const char *unit)
{
	print("# %s: %d ns per %s\n", name, (now_ns() - start) / units, unit);
}

static void copy(volatile u8 *to, volatile u8 *from)
{
	u64 *d = (u64 *)to, *s = (u64 *)from;

	for (u64 i = 0; i < BENCH_MiB * MiB / 64; i++, d += 8, s += 8)
		for (int j = 0; j < 8; j++)
			d[j] = s[j];
}

static void case_bench(void)
{
	volatile u8 *ram = (u8 *)(64 * MiB), *w = window(1, 0), *z = window(0, 0);
	u64 size = BENCH_MiB * MiB, pages = size / 4096, lines = size / LINE, t, i, n;

	set_key(1, 1, 2);
	for (i = 0; i < size; i += 8)
		*(volatile u64 *)(ram + i) = i * 0x9e3779b97f4a7c15;
	for (n = 0; n < 2; n++) {
		volatile u8 *p = n ? z : w;

		print("# %s\n", n ? "KeyID 0" : "KeyID 1, XTS-128");
		for (t = now_ns(), i = 0; i < pages; i++)
			(void)p[i * 4096];
		bench("read, first touch ever", t, pages, "page");
		for (t = now_ns(), i = 0; i < pages; i++)
			(void)p[i * 4096];
		bench("read, cached", t, pages, "page");
		wbinvd();
		for (t = now_ns(), i = 0; i < pages; i++)
			(void)p[i * 4096];
		bench("read, dropped before (fill)", t, pages, "page");
		t = now_ns();
		copy(ram, p);
		bench("copy from, warm", t, size / MiB, "MiB");
		for (i = 0; i < size; i += 8)
			*(volatile u64 *)(ram + i) = i * 0x9e3779b97f4a7c15 + n;
		t = now_ns();
		copy(p, ram);
		bench("copy to, warm", t, size / MiB, "MiB");
		for (t = now_ns(), i = 0; i < lines; i++)
			clwb(p + i * LINE);
		sfence();
		bench("CLWB dirty, one SFENCE", t, lines, "line");
		for (t = now_ns(), i = 0; i < lines; i++)
			clwb(p + i * LINE);
		sfence();
		bench("CLWB clean", t, lines, "line");
		for (t = now_ns(), i = 0; i < 2 * MiB / LINE; i++)
			clflushopt(p + i * LINE);
		sfence();
		bench("CLFLUSHOPT clean 2 MiB, one SFENCE", t, 1, "2 MiB");
		copy(p, ram + 64);
		for (t = now_ns(), i = 0; i < 2 * MiB / LINE; i++)
			clflushopt(p + i * LINE);
		sfence();
		bench("CLFLUSHOPT dirty 2 MiB, one SFENCE", t, 1, "2 MiB");
		for (t = now_ns(), i = 0; i < 10000; i++)
			flush(p + i * LINE);
		bench("CLFLUSHOPT and SFENCE, each line", t, 10000, "line");
		t = now_ns();
		wbinvd();
		asm volatile("jmp 1f\n1:" ::: "memory");
		bench("WBINVD, 30 MiB dirty", t, 1, "WBINVD");
		for (t = now_ns(), i = 0; i < lines * 8; i++)
			asm volatile("movnti %1, %0" : "=m" (((volatile u64 *)p)[i]) : "r" (i));
		sfence();
		bench("MOVNTI, one SFENCE, cold", t, size / MiB, "MiB");
		for (t = now_ns(), i = 0; i < lines * 8; i++)
			asm volatile("movnti %1, %0" : "=m" (((volatile u64 *)p)[i]) : "r" (i + 1));
		sfence();
		bench("MOVNTI, one SFENCE, warm", t, size / MiB, "MiB");
	}
	for (t = now_ns(), i = 0; i < 1000000; i++)
		sfence();
	bench("SFENCE, nothing queued", t, 1000000, "SFENCE");
	for (t = now_ns(), i = 0; i < 1000000; i++)
		locked_add();
	bench("LOCK ADD", t, 1000000, "LOCK ADD");
	for (t = now_ns(), i = 0; i < lines * 8; i++)
		asm volatile("movnti %1, %0" : "=m" (((volatile u64 *)ram)[i]) : "r" (i));
	bench("MOVNTI to RAM", t, size / MiB, "MiB");
	t = now_ns();
	copy(ram, ram + size);
	bench("copy in RAM", t, size / MiB, "MiB");
	check(1, "bench ran");
}

const struct test_case cases[] = {
	{ "enum", case_enum },
	{ "no-cpuid", case_no_cpuid },
	{ "no-device", case_no_device },
	{ "no-target", case_no_target },
	{ "inactive", case_inactive },
	{ "tdx", case_tdx },
	{ "partitioning-no-tdx", case_partitioning_no_tdx },
	{ "max-keys", case_max_keys },
	{ "active-bits", case_active_bits },
	{ "activate", case_activate },
	{ "activate-off", case_activate_off },
	{ "pconfig-status", case_pconfig_status },
	{ "pconfig-gp", case_pconfig_gp },
	{ "reserved", case_reserved },
	{ "busy", case_busy },
	{ "entropy-clear", case_entropy_clear },
	{ "algs", case_algs },
	{ "cache", case_cache },
	{ "wbinvd", case_wbinvd },
	{ "keys", case_keys },
	{ "seed", case_seed },
	{ "encrypt-off", case_encrypt_off },
	{ "one-line", case_one_line },
	{ "next-boot", case_next_boot },
	{ "moved", case_moved },
	{ "bypass-off", case_bypass_off },
	{ "bypass-reset", case_bypass_reset },
	{ "reset", case_reset },
	{ "sleep", case_sleep },
	{ "sleep-unlocked", case_sleep_unlocked },
	{ "init", case_init },
	{ "packages", case_packages },
	{ "package-removed", case_package_removed },
	{ "dimm-added", case_dimm_added },
	{ "busy-package", case_busy_package },
	{ "two-cpus", case_two_cpus },
	{ "stress", case_stress },
	{ "evict", case_evict },
	{ "dma", case_dma },
	{ "transparent", case_transparent },
	{ "qmp", case_qmp },
	{ "code", case_code },
	{ "power-cut", case_power_cut },
	{ "bench", case_bench },
	{ 0, 0 }
};
