// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the instructions that one operation on a file takes, kernel included.
 * For a guest of one CPU whose time stamp counter counts instructions (QEMU's
 * -icount shift=0); refuses to run where it does not.
 *
 *   ops [-d] FILE OPERATION COUNT
 *
 * Does the operation COUNT times, one page after the other in an order that is
 * always the same, and prints median, first and third quartile.  A timer tick
 * falls into few of them.  FILE is made if it is not there.  Before each
 * operation, and not counted: the file is written back, and the page is neither
 * mapped nor in the page cache.  -d: O_DIRECT.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE		4096ul
#define PMD		(2ul << 20)
#define FILE_BYTES	(4ul << 20)

/* Odd, and so every page has its turn. */
#define STRIDE		40503ul

/**
 * struct op - an operation
 * @name: of the operation
 * @run: what is counted, for a page of the file
 * @faults: how many page faults that takes
 * @unit: what is mapped by one fault; 0: nothing is mapped
 * @map_sync: the mapping is synchronous
 * @store_before: the page is mapped and dirty
 * @hole_before: the page is a hole
 */
struct op {
	const char *name;
	void (*run)(off_t at);
	unsigned int faults;
	size_t unit;
	bool map_sync;
	bool store_before;
	bool hole_before;
};

static int fd;
static char *map;
static char buffer[PAGE] __attribute__((aligned(4096)));

static void do_nothing(off_t at)
{
	(void)at;
}

static void do_read(off_t at)
{
	if (pread(fd, buffer, PAGE, at) != PAGE)
		err(1, "read");
}

static void do_write(off_t at)
{
	if (pwrite(fd, buffer, PAGE, at) != PAGE)
		err(1, "write");
}

static void do_fsync(off_t at)
{
	(void)at;
	if (fsync(fd))
		err(1, "fsync");
}

static void do_write_fsync(off_t at)
{
	do_write(at);
	do_fsync(at);
}

static void do_msync(off_t at)
{
	if (msync(map + at, PAGE, MS_SYNC))
		err(1, "msync");
}

static void do_load(off_t at)
{
	(void)*(volatile char *)(map + at);
}

static void do_store(off_t at)
{
	*(volatile char *)(map + at) = 1;
}

/* All that MAP_SYNC leaves for an application to do */
static void do_persist(off_t at)
{
	do_store(at);
	asm volatile("clwb %0; sfence" : "+m" (map[at]));
}

static const struct op ops[] = {
	{ "nothing", do_nothing },
	{ "read", do_read },
	{ "write", do_write },
	{ "write-fsync", do_write_fsync },
	{ "fsync-clean", do_fsync },
	{ "fsync-dirty", do_fsync, .unit = PAGE, .store_before = true },
	{ "msync", do_msync, .unit = PAGE, .store_before = true },
	{ "fault-read", do_load, .faults = 1, .unit = PAGE },
	{ "fault-write", do_store, .faults = 1, .unit = PAGE },
	{ "pmd-fault-read", do_load, .faults = 1, .unit = PMD },
	{ "pmd-fault-write", do_store, .faults = 1, .unit = PMD },
	{ "sync-store", do_persist, .unit = PAGE, .map_sync = true, .store_before = true },
	{ "sync-fault", do_persist, .faults = 1, .unit = PAGE, .map_sync = true },
	{ "sync-allocate", do_persist, .faults = 1, .unit = PAGE, .map_sync = true,
	  .hole_before = true },
};

static const struct op *find_op(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	errx(2, "no such operation: %s", name);
}

static void make_file(const char *name, int flags)
{
	static const char zeros[PMD];
	struct stat st;
	off_t at;

	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st))
		err(1, "cannot open '%s'", name);
	if (st.st_size < (off_t)FILE_BYTES) {
		if (fallocate(fd, 0, 0, FILE_BYTES))
			err(1, "cannot allocate '%s'", name);
		for (at = 0; at < (off_t)FILE_BYTES; at += PMD)
			if (pwrite(fd, zeros, PMD, at) != PMD)
				err(1, "cannot write '%s'", name);
	}
	if (fsync(fd) || close(fd))
		err(1, "cannot write '%s'", name);
	fd = open(name, O_RDWR | O_CLOEXEC | flags);
	if (fd < 0)
		err(1, "cannot open '%s'", name);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
}

/* One page off the place where file and mapping could share a 2 MiB page. */
static void map_file(const struct op *op)
{
	int flags = MAP_FIXED | (op->map_sync ? MAP_SHARED_VALIDATE | MAP_SYNC :
						MAP_SHARED);
	char *room = mmap(NULL, FILE_BYTES + 2 * PMD, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		err(1, "mmap");
	map = (char *)(((uintptr_t)room + PMD - 1) & ~(PMD - 1));
	if (op->unit == PAGE)
		map += PAGE;
	map = mmap(map, FILE_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (map == MAP_FAILED)
		err(1, "cannot map the file");
	if (madvise(map, FILE_BYTES, MADV_RANDOM))
		err(1, "madvise");
}

static long page_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static uint64_t count_once(void (*run)(off_t at), off_t at)
	__attribute__((noinline, noclone));

/* tests/bench/trace finds in a trace of instructions what lies between the two. */
static uint64_t count_once(void (*run)(off_t at), off_t at)
{
	uint32_t start, start_high, end, end_high;

	asm volatile(".globl ops_begin; ops_begin: rdtsc"
		     : "=a" (start), "=d" (start_high));
	run(at);
	asm volatile(".globl ops_end; ops_end: rdtsc"
		     : "=a" (end), "=d" (end_high));
	return ((uint64_t)end_high << 32 | end) -
	       ((uint64_t)start_high << 32 | start);
}

static void prepare(const struct op *op, off_t at)
{
	if (fdatasync(fd))
		err(1, "fdatasync");
	if (op->unit && madvise(map + at, op->unit, MADV_DONTNEED))
		err(1, "madvise");
	posix_fadvise(fd, at, PAGE, POSIX_FADV_DONTNEED);
	if (op->hole_before &&
	    (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, PAGE) ||
	     fsync(fd)))
		err(1, "cannot punch a hole");
	if (op->store_before)
		do_store(at);
}

/* A large page that is one brings all of its small ones along. */
static void check_unit(const struct op *op, off_t at)
{
	long before = page_faults();
	size_t i;

	for (i = 0; i < op->unit; i += PAGE)
		do_load(at + i);
	if (page_faults() != before)
		errx(1, "%s: not mapped by 2 MiB pages", op->name);
}

static uint64_t sample(const struct op *op, unsigned long i)
{
	size_t unit = op->unit ?: PAGE;
	off_t at = i * STRIDE % (FILE_BYTES / unit) * unit;
	uint64_t instructions;
	long faults;

	prepare(op, at);
	faults = page_faults();
	instructions = count_once(op->run, at);
	faults = page_faults() - faults;
	if (faults != op->faults)
		errx(1, "%s: %ld page faults", op->name, faults);
	if (op->unit == PMD)
		check_unit(op, at);
	return instructions;
}

/* A tick may fall into one of them, but not into each. */
static uint64_t fewest(void (*run)(off_t at), off_t at)
{
	uint64_t instructions, least = UINT64_MAX;
	int i;

	for (i = 0; i < 16; i++) {
		instructions = count_once(run, at);
		if (instructions < least)
			least = instructions;
	}
	return least;
}

static void do_loop(off_t times)
{
	asm volatile("1: dec %0; jnz 1b" : "+r" (times) : : "cc");
}

static void check_counter(void)
{
	if (fewest(do_loop, 3000) - fewest(do_loop, 1000) != 2 * 2000)
		errx(1, "the time stamp counter does not count instructions");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	bool direct = argc == 5 && !strcmp(argv[1], "-d");
	uint64_t *samples, overhead;
	const struct op *op;
	unsigned long i, n;

	argv += direct;
	if (argc - direct != 4 || !(n = strtoul(argv[3], NULL, 10)))
		errx(2, "usage: ops [-d] FILE OPERATION COUNT");
	op = find_op(argv[2]);
	memset(buffer, 1, sizeof(buffer));
	check_counter();
	overhead = fewest(do_nothing, 0);
	samples = calloc(n, sizeof(*samples));
	if (!samples)
		err(1, "out of memory");
	make_file(argv[1], direct ? O_DIRECT : 0);
	if (op->unit)
		map_file(op);
	for (i = 0; i < FILE_BYTES / (op->unit ?: PAGE); i++)
		sample(op, i);
	for (i = 0; i < n; i++)
		samples[i] = sample(op, i) - overhead;
	qsort(samples, n, sizeof(*samples), compare);
	printf("%s %ju %ju %ju\n", op->name, (uintmax_t)samples[n / 2],
	       (uintmax_t)samples[n / 4], (uintmax_t)samples[n - 1 - n / 4]);
	return 0;
}
