// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bare-metal support for the self-test of the TME-MK model: console, exceptions,
 * the second CPU, and the instructions that may fault.
 */
#include <stdarg.h>

#include "guest.h"

#define WINDOWS 0x100000000000ul	/* as in start.S */
#define PAGE_1G 0x87ul
#define CONSOLE 0xe9
#define EXIT_PORT 0xf4
#define COM1 0x3f8
#define RESET_PORT 0xcf9
#define TRAMPOLINE 0x8000
#define LOCAL_APIC 0xfee00000ul
#define PM_TIMER 0x608		/* where SeaBIOS puts it */
#define PM_TIMER_HZ 3579545ul
#define PM1A_CONTROL 0x604
#define SLEEP_S3 (1 << 13 | 1 << 10)
#define CPU_HOTPLUG 0xcd8	/* QEMU's docs/specs/acpi_cpu_hotplug.rst */
#define CPU_SELECTOR 0
#define CPU_FLAGS 4
#define CPU_EJECT 8
#define FW_CFG_DMA 0x514
/* RAM that neither firmware nor loader touch: survives a warm reset */
#define KEPT 0x6000000ul
#define KEPT_MAGIC 0x6d6b746d65ul

struct frame {
	u64 vector, error, rip, cs, rflags, rsp, ss;
};

struct pvh_start_info {
	u32 magic, version, flags, nr_modules;
	u64 modules, cmdline, rsdp;
};

extern u8 trampoline[], trampoline_end[], exception_stubs[], fault_stack_end[];
extern u8 user_return[];
extern u64 start_info, gdt[], idt[], pdpt_windows[], user_stack;
extern u32 tss[];
void user_mode_pconfig(void);
void suspend_and_wake(u16 port, u16 value);
void guest_main(void);
void ap_main(void);
void exception(struct frame *f);

unsigned keyid_shift;
struct program program;

static const char *cmdline;
static u64 dimm_base;
static unsigned checks;

/* Set around an instruction that may fault; only CPU 0 does that */
static volatile u64 resume_at;
static volatile int faulted;

static struct {
	void (*volatile fn)(void *);
	void *volatile arg;
	volatile int up;
} cpu1;

void *memset(void *p, int c, u64 n);
void *memcpy(void *d, const void *s, u64 n);

void *memset(void *p, int c, u64 n)
{
	u8 *b = p;

	while (n--)
		*b++ = c;
	return p;
}

void *memcpy(void *d, const void *s, u64 n)
{
	u8 *a = d;
	const u8 *b = s;

	while (n--)
		*a++ = *b++;
	return d;
}

int str_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void print_number(u64 v, unsigned base)
{
	char s[24];
	int n = 0;

	do {
		s[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		outb(CONSOLE, s[--n]);
}

void print(const char *fmt, ...)
{
	va_list ap;
	const char *s;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			outb(CONSOLE, *fmt);
			continue;
		}
		switch (*++fmt) {
		case 's':
			for (s = va_arg(ap, const char *); *s; s++)
				outb(CONSOLE, *s);
			break;
		case 'd':
			print_number(va_arg(ap, u64), 10);
			break;
		case 'x':
			print_number(va_arg(ap, u64), 16);
			break;
		}
	}
	va_end(ap);
}

void check(int ok, const char *name)
{
	checks++;
	print("%s - %s\n", ok ? "ok" : "not ok", name);
}

void check_equal(u64 got, u64 wanted, const char *name)
{
	checks++;
	if (got == wanted)
		print("ok - %s\n", name);
	else
		print("not ok - %s (0x%x, not 0x%x)\n", name, got, wanted);
}

void media(u64 offset, const char *alg, u8 key1, u8 key2, u8 fill, const char *name)
{
	checks++;
	print("media 0x%x %s 0x%x 0x%x 0x%x %s\n", offset, alg, (u64)key1, (u64)key2,
	      (u64)fill, name);
}

void park(const char *what)
{
	print("park %s\n", what);
	while (!(inb(COM1 + 5) & 1))
		asm volatile("pause");
	inb(COM1);
}

void quit(void)
{
	print("done %d\n", (u64)checks);
	outb(EXIT_PORT, 0);
	for (;;)
		asm volatile("hlt");
}

void reset(void)
{
	print("reset\n");
	outb(RESET_PORT, 2);
	outb(RESET_PORT, 6);
	for (;;)
		asm volatile("hlt");
}

static const char *find_arg(const char *key)
{
	const char *p = cmdline, *k;

	while (*p) {
		for (k = key; *k && *p == *k; k++)
			p++;
		if (!*k && *p == '=')
			return p + 1;
		while (*p && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
	}
	return 0;
}

u64 word_arg(const char *key, u64 otherwise)
{
	const char *p = find_arg(key);
	u64 v = 0;

	if (!p)
		return otherwise;
	for (; *p && *p != ' '; p++)
		v = v * 10 + (*p - '0');
	return v;
}

u64 boot_count(void)
{
	volatile u64 *kept = (u64 *)KEPT;

	return kept[1];
}

static void count_boot(void)
{
	volatile u64 *kept = (u64 *)KEPT;

	kept[1] = kept[0] == KEPT_MAGIC ? kept[1] + 1 : 0;
	kept[0] = KEPT_MAGIC;
}

/*
 * Memory
 */

static u64 map(unsigned slot, u64 address)
{
	pdpt_windows[slot] = (address & ~((1ul << 30) - 1)) | PAGE_1G;
	asm volatile("invlpg (%0)" :: "r" (WINDOWS + ((u64)slot << 30)) : "memory");
	return WINDOWS + ((u64)slot << 30) + (address & ((1ul << 30) - 1));
}

/* Mapped on first use: a later one must find its TLB entries again */
u8 *window(unsigned keyid, u64 offset)
{
	unsigned slot = keyid % 511;
	u64 address = (u64)keyid << keyid_shift | dimm_base;

	if ((pdpt_windows[slot] & ~0xffful) != (address & ~((1ul << 30) - 1)))
		map(slot, address);
	return (u8 *)(WINDOWS + ((u64)slot << 30) + (dimm_base & ((1ul << 30) - 1)) + offset);
}

void fill_line(volatile u8 *line, u8 fill)
{
	int i;

	for (i = 0; i < LINE; i++)
		line[i] = fill + i;
}

void rewrite_line(volatile u8 *line)
{
	int i;

	for (i = 0; i < LINE; i++)
		line[i] = line[i];
}

int line_is(volatile u8 *line, u8 fill)
{
	int i;

	for (i = 0; i < LINE; i++)
		if (line[i] != (u8)(fill + i))
			return 0;
	return 1;
}

int lines_equal(volatile u8 *a, volatile u8 *b)
{
	int i;

	for (i = 0; i < LINE; i++)
		if (a[i] != b[i])
			return 0;
	return 1;
}

/*
 * Instructions that may fault
 */

#define GUARDED(text, ...) do {						\
	faulted = NO_FAULT;						\
	asm volatile("movq $1f, %[resume]\n\t" text "\n1:\tmovq $0, %[resume]" \
		     : [resume] "+m" (resume_at), __VA_ARGS__);		\
} while (0)

void exception(struct frame *f)
{
	if (!resume_at) {
		print("not ok - unexpected exception %d at 0x%x\n", f->vector, f->rip);
		outb(EXIT_PORT, 1);
	}
	faulted = f->vector;
	f->rip = resume_at;
	if (f->cs & 3) {
		f->cs = 8;
		f->ss = 16;
		f->rsp = user_stack;
	}
}

int rdmsr(u32 msr, u64 *val)
{
	u32 lo = 0, hi = 0;

	GUARDED("rdmsr", "+a" (lo), "+d" (hi) : "c" (msr) : "memory");
	*val = (u64)hi << 32 | lo;
	return faulted;
}

int wrmsr(u32 msr, u64 val)
{
	u32 lo = val;

	GUARDED("wrmsr", "+a" (lo) : "d" ((u32)(val >> 32)), "c" (msr) : "memory");
	return faulted;
}

struct pconfig_result pconfig_raw(u64 leaf, u64 address)
{
	struct pconfig_result r = { .rax = leaf };

	/* Flags that it has to clear are set before */
	GUARDED("pushq $0x8d7\n\tpopfq\n\t.byte 0x0f, 0x01, 0xc5\n\tpushfq\n\tpopq %[flags]",
		"+a" (r.rax), [flags] "+r" (r.flags) : "b" (address) : "memory", "cc");
	r.fault = faulted;
	return r;
}

int pconfig_prefixed(u8 prefix)
{
	u64 rax = 0;

	make_program(1, CLEAR_KEY, ALG_128, 0, 0);
	switch (prefix) {
	case 0x66:
		GUARDED(".byte 0x66, 0x0f, 0x01, 0xc5", "+a" (rax) : "b" (&program) : "memory", "cc");
		break;
	case 0xf0:
		GUARDED(".byte 0xf0, 0x0f, 0x01, 0xc5", "+a" (rax) : "b" (&program) : "memory", "cc");
		break;
	case 0xf2:
		GUARDED(".byte 0xf2, 0x0f, 0x01, 0xc5", "+a" (rax) : "b" (&program) : "memory", "cc");
		break;
	case 0xf3:
		GUARDED(".byte 0xf3, 0x0f, 0x01, 0xc5", "+a" (rax) : "b" (&program) : "memory", "cc");
		break;
	case 0x48:	/* REX.W: ignored */
		GUARDED(".byte 0x48, 0x0f, 0x01, 0xc5", "+a" (rax) : "b" (&program) : "memory", "cc");
		break;
	}
	return faulted;
}

int ring3_pconfig(void)
{
	u64 base = (u64)tss;

	gdt[5] = 103 | (base & 0xffffff) << 16 | 0x89ul << 40 | (base >> 24 & 0xff) << 56;
	gdt[6] = base >> 32;
	tss[1] = (u32)(u64)fault_stack_end;
	faulted = NO_FAULT;
	resume_at = (u64)user_return;
	user_mode_pconfig();
	resume_at = 0;
	return faulted;
}

/* Keys that the host can build too: byte i is key + 7 * i */
static void make_key(u8 *field, u8 key, unsigned len)
{
	unsigned i;

	for (i = 0; i < len; i++)
		field[i] = key + 7 * i;
}

void make_program(unsigned keyid, unsigned command, unsigned algs, u8 key1, u8 key2)
{
	unsigned len = algs == ALG_256 ? 32 : 16;

	memset(&program, 0, sizeof(program));
	program.keyid = keyid;
	program.ctrl = command | algs << 8;
	if (command == SET_KEY_DIRECT) {
		make_key(program.key1, key1, len);
		make_key(program.key2, key2, len);
	}
}

struct pconfig_result pconfig(void)
{
	return pconfig_raw(0, (u64)&program);
}

long key_command(unsigned keyid, unsigned command, unsigned algs, u8 key1, u8 key2)
{
	struct pconfig_result r;

	make_program(keyid, command, algs, key1, key2);
	r = pconfig();
	return r.fault == NO_FAULT ? (long)r.rax : -1 - r.fault;
}

/*
 * The second CPU
 */

static void apic_write(u32 reg, u32 v) { *(volatile u32 *)(LOCAL_APIC + reg) = v; }

static void start_cpu1(void)
{
	u64 start = now_ns(), apic_id = word_arg("cpu1", 1);

	memcpy((void *)TRAMPOLINE, trampoline, trampoline_end - trampoline);
	apic_write(0xf0, 0x1ff);
	apic_write(0x310, apic_id << 24);
	apic_write(0x300, 0x4500);		/* INIT */
	while (now_ns() - start < 10000000)
		asm volatile("pause");
	apic_write(0x310, apic_id << 24);
	apic_write(0x300, 0x4600 | TRAMPOLINE >> 12);
	while (!cpu1.up)
		asm volatile("pause");
}

void eject_cpu(unsigned n)
{
	outb(CPU_HOTPLUG, 0);		/* no longer the bitmap of old */
	outl(CPU_HOTPLUG + CPU_SELECTOR, n);
	outb(CPU_HOTPLUG + CPU_FLAGS, CPU_EJECT);
	cpu1.up = 0;
}

/*
 * S3: firmware jumps to the vector that it finds in the FACS, in real mode
 */

static const u8 *find_facp(const u8 *rsdp)
{
	const u32 *rsdt = (u32 *)(u64)*(u32 *)(rsdp + 16);
	unsigned i;

	for (i = 9; i < rsdt[1] / 4; i++)
		if (*(u32 *)(u64)rsdt[i] == 0x50434146)
			return (u8 *)(u64)rsdt[i];
	return 0;
}

void sleep_s3(void)
{
	const struct pvh_start_info *info = (void *)start_info;
	const u8 *facp = find_facp((u8 *)info->rsdp);
	u32 *facs = (u32 *)(u64)*(u32 *)(facp + 36);

	memcpy((void *)TRAMPOLINE, trampoline, trampoline_end - trampoline);
	facs[3] = TRAMPOLINE;
	print("sleep\n");
	suspend_and_wake(PM1A_CONTROL, SLEEP_S3);
}

void ap_main(void)
{
	cpu1.up = 1;
	for (;;) {
		while (!cpu1.fn)
			asm volatile("pause");
		cpu1.fn(cpu1.arg);
		cpu1.fn = 0;
	}
}

void cpu1_start(void (*fn)(void *), void *arg)
{
	if (!cpu1.up)
		start_cpu1();
	cpu1.arg = arg;
	cpu1.fn = fn;
}

void cpu1_wait(void)
{
	while (cpu1.fn)
		asm volatile("pause");
}

void cpu1_run(void (*fn)(void *), void *arg)
{
	cpu1_start(fn, arg);
	cpu1_wait();
}

static u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (u64)hi << 32 | lo;
}

static u32 pm_timer(void)
{
	u32 v;

	asm volatile("inl %1, %0" : "=a" (v) : "Nd" ((u16)PM_TIMER));
	return v & 0xffffff;
}

/* The two CPUs' time-stamp counters agree under TCG: both are the host's */
u64 now_ns(void)
{
	static u64 per_ms, first;

	if (!per_ms) {
		u32 from = pm_timer();

		first = rdtsc();
		while (((pm_timer() - from) & 0xffffff) < PM_TIMER_HZ / 50)
			asm volatile("pause");
		per_ms = (rdtsc() - first) / 20;
	}
	return (rdtsc() - first) * 1000 / (per_ms / 1000);
}

/* Device memory accesses of fw_cfg: big-endian control, length, address */
void fw_cfg_dma_read(u16 key, u64 address, u32 len)
{
	static volatile struct {
		u32 control, length;
		u64 address;
	} __attribute__((aligned(16))) access;

	access.length = __builtin_bswap32(len);
	access.address = __builtin_bswap64(address);
	access.control = __builtin_bswap32((u32)key << 16 | 8 | 2);	/* select, read */
	asm volatile("outl %0, %1" :: "a" (0), "Nd" ((u16)FW_CFG_DMA));
	asm volatile("outl %0, %1" :: "a" (__builtin_bswap32((u32)(u64)&access)),
		     "Nd" ((u16)(FW_CFG_DMA + 4)) : "memory");
	while (access.control & ~__builtin_bswap32(1))
		asm volatile("pause");
}

/*
 * Start
 */

static void set_idt(void)
{
	int i;

	for (i = 0; i < 32; i++) {
		u64 entry = (u64)exception_stubs + 16 * i;

		idt[2 * i] = (entry & 0xffff) | 8ul << 16 | 0x8eul << 40 | (entry >> 16 & 0xffff) << 48;
		idt[2 * i + 1] = entry >> 32;
	}
}

static void find_shift(void)
{
	u64 activate = 0;
	u32 r[4];

	cpuid(0x80000008, 0, r);
	keyid_shift = r[0] & 0xff;
	if (rdmsr(0x982, &activate) == NO_FAULT)
		keyid_shift -= activate >> 32 & 15;
}

void guest_main(void)
{
	const struct pvh_start_info *info = (void *)start_info;
	const struct test_case *c;
	const char *name;
	char wanted[40];
	int n = 0;

	cmdline = (const char *)info->cmdline;
	set_idt();
	count_boot();
	find_shift();
	dimm_base = word_arg("base", 0);
	name = find_arg("case");
	while (name && *name && *name != ' ' && n < 39)
		wanted[n++] = *name++;
	wanted[n] = 0;
	for (c = cases; c->name; c++) {
		if (str_equal(c->name, wanted)) {
			c->run();
			quit();
		}
	}
	print("not ok - no case '%s'\n", wanted);
	outb(EXIT_PORT, 1);
}
