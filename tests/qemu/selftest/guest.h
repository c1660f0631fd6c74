/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the checks of cases.c are made of: instructions, results, and the
 * second CPU.  This is all the software there is: no kernel, no interrupts.
 */
#ifndef GUEST_H
#define GUEST_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#define LINE 64
#define NO_FAULT (-1)
#define UD 6
#define GP 13
#define PF 14

/* Places in the DIMM; every check has lines of its own */
#define MiB (1ul << 20)
#define DIMM1 (256 * MiB)	/* the second DIMM, as seen from the first */

struct pconfig_result {
	int fault;
	u64 rax;
	u64 flags;
};

/* One case per boot; the name comes from the command line */
struct test_case {
	const char *name;
	void (*run)(void);
};
extern const struct test_case cases[];

/* guest.c */
void print(const char *fmt, ...);	/* %s %d %x (unsigned long) */
void check(int ok, const char *name);
void check_equal(u64 got, u64 wanted, const char *name);

/*
 * Checks that the host makes on the image after the power has gone.
 * @alg: xts128, xts256 (keys as make_key() builds them), plain, untouched
 * (zeroes), garbage (neither of the two)
 */
void media(u64 offset, const char *alg, u8 key1, u8 key2, u8 fill, const char *name);

void park(const char *what);	/* until the host writes a byte to the serial port */
void __attribute__((noreturn)) quit(void);
void __attribute__((noreturn)) reset(void);
u64 boot_count(void);		/* 0 first, then counts warm resets */
void sleep_s3(void);		/* until the host wakes us up */
int str_equal(const char *a, const char *b);
u64 word_arg(const char *key, u64 otherwise);

extern unsigned keyid_shift;
u8 *window(unsigned keyid, u64 offset);		/* KeyID 0: the DIMM itself */

void fill_line(volatile u8 *line, u8 fill);
void rewrite_line(volatile u8 *line);
int line_is(volatile u8 *line, u8 fill);
int lines_equal(volatile u8 *a, volatile u8 *b);

void cpu1_run(void (*fn)(void *), void *arg);	/* returns when done */
void cpu1_start(void (*fn)(void *), void *arg);
void cpu1_wait(void);
void eject_cpu(unsigned n);	/* of all that there may be; forgets the second CPU */
u64 now_ns(void);
void fw_cfg_dma_read(u16 key, u64 address, u32 len);

/* Instructions that may fault */
int rdmsr(u32 msr, u64 *val);
int wrmsr(u32 msr, u64 val);
struct pconfig_result pconfig_raw(u64 leaf, u64 address);
int pconfig_prefixed(u8 prefix);
int ring3_pconfig(void);

/* A key program structure, and its execution */
struct program {
	u16 keyid;
	u32 ctrl;
	u8 reserved[58];
	u8 key1[64];
	u8 key2[64];
	u8 pad[64];
} __attribute__((packed, aligned(256)));

#define SET_KEY_DIRECT 0
#define SET_KEY_RANDOM 1
#define CLEAR_KEY 2
#define NO_ENCRYPT 3
#define ALG_128 (1 << 0)
#define ALG_256 (1 << 2)

extern struct program program;
void make_program(unsigned keyid, unsigned command, unsigned algs, u8 key1, u8 key2);
struct pconfig_result pconfig(void);
/* Status of one plain PCONFIG; -1 - vector if it faulted */
long key_command(unsigned keyid, unsigned command, unsigned algs, u8 key1, u8 key2);
#define set_key(keyid, key1, key2) key_command(keyid, SET_KEY_DIRECT, ALG_128, key1, key2)

static inline void cpuid(u32 leaf, u32 sub, u32 *r)
{
	asm volatile("cpuid" : "=a" (r[0]), "=b" (r[1]), "=c" (r[2]), "=d" (r[3])
		     : "a" (leaf), "c" (sub));
}

static inline void outb(u16 port, u8 v) { asm volatile("outb %0, %1" :: "a" (v), "Nd" (port)); }
static inline void outl(u16 port, u32 v) { asm volatile("outl %0, %1" :: "a" (v), "Nd" (port)); }
static inline u8 inb(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a" (v) : "Nd" (port));
	return v;
}

#define INSN1(name, text) \
static inline void name(volatile void *p) { asm volatile(text :: "r" (p) : "memory"); }
#define INSN0(name, text) \
static inline void name(void) { asm volatile(text ::: "memory"); }

INSN1(clwb, "clwb (%0)")
INSN1(clflushopt, "clflushopt (%0)")
INSN1(clflush, "clflush (%0)")
INSN0(sfence, "sfence")
INSN0(mfence, "mfence")
INSN0(lfence, "lfence")
INSN0(wbinvd, "wbinvd")
INSN0(wbnoinvd, "wbnoinvd")
INSN0(invd, "invd")
INSN0(locked_add, "lock addl $0, -64(%%rsp)")

static inline void implicitly_locked(void)
{
	static u64 word;
	u64 v = 1;

	asm volatile("xchgq %0, %1" : "+r" (v), "+m" (word) :: "memory");
}

/* Write back, invalidate, complete */
static inline void flush(volatile void *p)
{
	clflushopt(p);
	sfence();
}

#endif
