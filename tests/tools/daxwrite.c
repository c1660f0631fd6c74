// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write a file through a DAX mapping with CPU stores, and say where on the
 * device it lies.
 *
 * The content follows from --seed, or --text, alone and no two 64-byte lines of
 * it are equal, so that every line can be found again on the media.  --print gives
 * the same bytes on standard output (on the host: what should be there).
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flush.h"

#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#define MAP_SHARED_VALIDATE 0x03
#endif

#define WORDS (LINE / 8)
#define EXIT_SIGBUS 135		/* as a shell reports it */

enum flush { FLUSH_USER, FLUSH_NONE, FLUSH_MSYNC, STORE_NONTEMPORAL };

struct options {
	const char *path, *text;
	uint64_t size, seed, base;
	enum flush flush;
	bool verify, hold, extents, print;
};

/* splitmix64: a different number for every word of the file. */
static uint64_t word(uint64_t seed, uint64_t n)
{
	uint64_t z = seed * 0xd1342543de82ef95ull + (n + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Word n of the content.  With --text, line n / 8 is the text and its number. */
static uint64_t content(const struct options *o, uint64_t n)
{
	static uint64_t at = UINT64_MAX;
	static char line[LINE + 1];
	uint64_t value;

	if (!o->text)
		return word(o->seed, n);
	if (n / WORDS != at) {
		at = n / WORDS;
		snprintf(line, sizeof(line), "%-52.52s %10u\n", o->text,
			 (unsigned int)at);
	}
	memcpy(&value, line + n % WORDS * 8, sizeof(value));
	return value;
}

/* ---- stores and flushes ---------------------------------------------- */

/* memcpy() may decide for non-temporal stores; here that is our choice. */
static void store(char *p, const struct options *o)
{
	volatile uint64_t *to = (volatile uint64_t *)p;
	uint64_t i;

	for (i = 0; i < o->size / 8; i++) {
		uint64_t value = content(o, i);

		if (o->flush == STORE_NONTEMPORAL)
			asm volatile("movnti %1, %0" : "=m"(to[i]) : "r"(value));
		else
			to[i] = value;
	}
	if (o->flush == STORE_NONTEMPORAL)
		asm volatile("sfence" ::: "memory");
}

static int verify(const char *p, const struct options *o)
{
	uint64_t i, different = 0;
	int j;

	for (i = 0; i < o->size / LINE; i++) {
		const uint64_t *line = (const uint64_t *)(p + i * LINE);

		for (j = 0; j < WORDS; j++) {
			if (line[j] != content(o, i * WORDS + j)) {
				different++;
				break;
			}
		}
	}
	printf("%" PRIu64 " lines: %" PRIu64 " equal, %" PRIu64 " different\n",
	       o->size / LINE, o->size / LINE - different, different);
	return different != 0;
}

/* ---- hold: a mapping that stays -------------------------------------- */

static volatile sig_atomic_t asked;

static void on_ask(int sig)
{
	(void)sig;
	asked = 1;
}

static void on_bus(int sig)
{
	static const char text[] = "SIGBUS\n";

	(void)sig;
	(void)!write(1, text, sizeof(text) - 1);
	_exit(EXIT_SIGBUS);
}

/* SIGUSR1: touch every page again.  Ends with SIGTERM, or by itself at last. */
static void hold(char *p, uint64_t size)
{
	uint64_t i;
	int n;

	signal(SIGUSR1, on_ask);
	puts("holding");
	fflush(stdout);
	for (n = 0; n < 6000; n++) {
		usleep(100000);
		if (!asked)
			continue;
		asked = 0;
		for (i = 0; i < size; i += 4096)
			*(volatile char *)(p + i) = p[i];
		puts("touched");
		fflush(stdout);
	}
}

/* ---- where it is ----------------------------------------------------- */

static void print_extents(int fd, const struct options *o)
{
	enum { COUNT = 512 };
	struct fiemap *map = calloc(1, sizeof(*map) + COUNT * sizeof(map->fm_extents[0]));
	bool last = false;
	unsigned int i;

	if (!map)
		err(1, "no memory");
	while (!last) {
		map->fm_length = FIEMAP_MAX_OFFSET - map->fm_start;
		map->fm_flags = FIEMAP_FLAG_SYNC;
		map->fm_extent_count = COUNT;
		if (ioctl(fd, FS_IOC_FIEMAP, map))
			err(1, "cannot get the extents of '%s'", o->path);
		for (i = 0; i < map->fm_mapped_extents; i++) {
			const struct fiemap_extent *e = &map->fm_extents[i];

			map->fm_start = e->fe_logical + e->fe_length;
			last = e->fe_flags & FIEMAP_EXTENT_LAST;
			if (!(e->fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_UNWRITTEN)))
				printf("%llu %llu %llu\n", e->fe_logical,
				       e->fe_physical + o->base, e->fe_length);
		}
		if (!map->fm_mapped_extents)
			last = true;
	}
	free(map);
}

static void print_content(const struct options *o)
{
	uint64_t i, value;

	for (i = 0; i < o->size / 8; i++) {
		value = content(o, i);
		if (fwrite(&value, 8, 1, stdout) != 1)
			err(1, "cannot write");
	}
}

/* ---- the job --------------------------------------------------------- */

static int open_file(const struct options *o)
{
	struct stat st;
	int fd = open(o->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || fstat(fd, &st))
		err(1, "cannot open '%s'", o->path);
	if (S_ISREG(st.st_mode) && !o->verify && (uint64_t)st.st_size < o->size &&
	    fallocate(fd, 0, 0, o->size))
		err(1, "cannot make '%s' large enough", o->path);
	return fd;
}

static int work(const struct options *o)
{
	int fd = open_file(o), rc = 0;
	char *p;

	p = mmap(NULL, o->size, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);
	if (p == MAP_FAILED)
		err(1, "cannot map '%s' with MAP_SYNC", o->path);
	if (o->verify) {
		rc = verify(p, o);
	} else {
		store(p, o);
		if (o->flush == FLUSH_USER)
			flush_lines(p, o->size);
		if (o->flush == FLUSH_MSYNC && msync(p, o->size, MS_SYNC))
			err(1, "cannot msync '%s'", o->path);
	}
	if (o->hold)
		hold(p, o->size);
	munmap(p, o->size);
	close(fd);
	return rc;
}

static int usage(void)
{
	fputs("daxwrite [OPTIONS] FILE\n"
	      "  --size N --seed N   what to write (64K, seed 1); K, M, G\n"
	      "  --text TEXT   instead of noise by seed, lines that people can read\n"
	      "  --flush       CLWB each line, then SFENCE, from user space (default)\n"
	      "  --no-flush    plain stores, left in the caches\n"
	      "  --nontemporal non-temporal stores, then SFENCE\n"
	      "  --msync       let the kernel flush\n"
	      "  --verify      read and compare instead of writing\n"
	      "  --hold        keep the mapping; SIGUSR1 touches all pages; SIGBUS is status 135\n"
	      "  --extents [--base N]   only print <file offset> <device offset + N> <length>\n"
	      "  --print       only write the content to standard output (no FILE)\n",
	      stderr);
	return 2;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	switch (*end) {
	case 'G': n <<= 10; /* fall through */
	case 'M': n <<= 10; /* fall through */
	case 'K': n <<= 10; /* fall through */
	case 0: return n;
	}
	errx(2, "not a number: '%s'", text);
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "size", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'S' },
		{ "text", required_argument, NULL, 'T' },
		{ "base", required_argument, NULL, 'b' },
		{ "flush", no_argument, NULL, 'f' },
		{ "no-flush", no_argument, NULL, 'n' },
		{ "nontemporal", no_argument, NULL, 't' },
		{ "msync", no_argument, NULL, 'm' },
		{ "verify", no_argument, NULL, 'v' },
		{ "hold", no_argument, NULL, 'h' },
		{ "extents", no_argument, NULL, 'e' },
		{ "print", no_argument, NULL, 'p' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's': o->size = number(optarg); break;
		case 'S': o->seed = number(optarg); break;
		case 'T': o->text = optarg; break;
		case 'b': o->base = number(optarg); break;
		case 'f': o->flush = FLUSH_USER; break;
		case 'n': o->flush = FLUSH_NONE; break;
		case 't': o->flush = STORE_NONTEMPORAL; break;
		case 'm': o->flush = FLUSH_MSYNC; break;
		case 'v': o->verify = true; break;
		case 'h': o->hold = true; break;
		case 'e': o->extents = true; break;
		case 'p': o->print = true; break;
		default: exit(usage());
		}
	}
	o->path = argv[optind];
}

int main(int argc, char **argv)
{
	struct options o = { .size = 64 << 10, .seed = 1 };
	int fd;

	parse(argc, argv, &o);
	if (!o.path && !o.print)
		return usage();
	if (o.size % LINE)
		errx(2, "size: multiple of 64");
	if (o.print) {
		print_content(&o);
		return 0;
	}
	if (o.extents) {
		fd = open(o.path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			err(1, "cannot open '%s'", o.path);
		print_extents(fd, &o);
		return 0;
	}
	signal(SIGBUS, on_bus);
	return work(&o);
}
