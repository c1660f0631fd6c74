// SPDX-License-Identifier: GPL-2.0-only
/*
 * Content of which every word says itself whether it is right, so that it can be
 * judged after an interruption at any moment, on the volume and on the media.
 *
 *   churn fill FILE                  the first generation, all over
 *   churn write FILE mmap|direct [SECONDS]
 *                                    later ones, page by page at random, until the
 *                                    time is over or it is not allowed any more;
 *                                    says why it ended
 *   churn check FILE                 are all words right?  status 1 if not
 *   churn scan FILE                  does any line look like ours?  status 1 if so
 *
 * FILE may be a block device.  A word holds its line's number (24 bits), a generation
 * (8 bits) and a checksum of both and of its place in the line: eight bytes are
 * stored at once, a line of 64 bytes is not.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define PAGE_LINES	(PAGE / 64)
#define LINE_WORDS	8

static sigjmp_buf on_fault;
static uint64_t *map;
static size_t pages;
static uint64_t *buffer;

static uint64_t make_word(uint32_t line, unsigned int word, uint8_t generation)
{
	uint64_t tag = (uint64_t)generation << 24 | (line & 0xffffff);
	uint64_t hash = (tag << 3 | word) * 0x9e3779b97f4a7c15ULL;

	hash ^= hash >> 29;
	hash *= 0xbf58476d1ce4e5b9ULL;
	return tag << 32 | hash >> 32;
}

static bool word_fits(uint64_t value, unsigned int word)
{
	uint64_t tag = value >> 32;

	return value == make_word(tag & 0xffffff, word, tag >> 24);
}

static void fill_page(uint64_t *to, size_t page, uint8_t generation)
{
	uint32_t line = page * PAGE_LINES;
	unsigned int i, word;

	for (i = 0; i < PAGE_LINES; i++)
		for (word = 0; word < LINE_WORDS; word++)
			((volatile uint64_t *)to)[i * LINE_WORDS + word] =
				make_word(line + i, word, generation);
}

static void transfer(int fd, size_t page, bool out)
{
	ssize_t n = out ? pwrite(fd, buffer, PAGE, page * PAGE) :
			  pread(fd, buffer, PAGE, page * PAGE);

	if (n != (ssize_t)PAGE)
		err(1, "page %zu", page);
}

static void fill(int fd)
{
	size_t page;

	for (page = 0; page < pages; page++) {
		fill_page(buffer, page, 0);
		transfer(fd, page, true);
	}
	if (fsync(fd))
		err(1, "fsync");
}

static void sigbus(int signal)
{
	siglongjmp(on_fault, signal);
}

static const char *write_page(int fd, size_t page, uint8_t generation)
{
	if (map) {
		if (sigsetjmp(on_fault, 1))
			return "SIGBUS";
		fill_page(map + page * PAGE / 8, page, generation);
		return NULL;
	}
	fill_page(buffer, page, generation);
	if (pwrite(fd, buffer, PAGE, page * PAGE) != (ssize_t)PAGE)
		return errno == EIO ? "EIO" : strerror(errno);
	return NULL;
}

static void write_on(int fd, unsigned int seconds)
{
	time_t end = seconds ? time(NULL) + seconds : 0;
	const char *why = NULL;
	uint8_t generation = 1;

	signal(SIGBUS, sigbus);
	while (!why && (!end || time(NULL) < end))
		why = write_page(fd, random() % pages, generation++);
	puts(why ?: "time");
}

/* By loads of a word each: what read(2) copies is torn if somebody writes. */
static int check(int fd)
{
	const volatile uint64_t *words;
	size_t i, bad = 0, first = 0;

	words = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < pages * PAGE / 8; i++) {
		uint64_t value = words[i];

		if (word_fits(value, i % LINE_WORDS) &&
		    (value >> 32 & 0xffffff) == (i / LINE_WORDS & 0xffffff))
			continue;
		if (!bad++)
			first = i * 8;
	}
	if (!bad) {
		puts("every word is right");
		return 0;
	}
	printf("%zu words are wrong, first at %#zx\n", bad, first);
	return 1;
}

static int scan(int fd)
{
	size_t page, found = 0, first = 0;
	unsigned int i, word;

	for (page = 0; page < pages; page++) {
		transfer(fd, page, false);
		for (i = 0; i < PAGE_LINES; i++) {
			for (word = 0; word < LINE_WORDS; word++)
				if (!word_fits(buffer[i * LINE_WORDS + word],
					       word))
					break;
			if (word == LINE_WORDS && !found++)
				first = page * PAGE + i * 64;
		}
	}
	if (!found) {
		puts("no line in clear text");
		return 0;
	}
	printf("%zu lines in clear text, first at %#zx\n", found, first);
	return 1;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "", *file = argv[2];
	bool direct = argc > 3 && !strcmp(argv[3], "direct");
	bool writes = !strcmp(verb, "fill") || !strcmp(verb, "write");
	int fd;

	if (argc < 3)
		errx(2, "usage: churn fill|write|check|scan FILE ...");
	fd = open(file, (writes ? O_RDWR : O_RDONLY) | (direct ? O_DIRECT : 0));
	if (fd < 0)
		err(1, "%s", file);
	pages = lseek(fd, 0, SEEK_END) / PAGE;
	buffer = aligned_alloc(PAGE, PAGE);
	if (!buffer || !pages)
		errx(1, "%s: nothing to do", file);
	if (!strcmp(verb, "fill")) {
		fill(fd);
	} else if (!strcmp(verb, "check")) {
		return check(fd);
	} else if (!strcmp(verb, "scan")) {
		return scan(fd);
	} else if (!strcmp(verb, "write") && argc > 3) {
		if (!direct) {
			map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0);
			if (map == MAP_FAILED)
				err(1, "mmap");
		}
		write_on(fd, argc > 4 ? atoi(argv[4]) : 0);
	} else {
		errx(2, "unknown: %s", verb);
	}
	return 0;
}
