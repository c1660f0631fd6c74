// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds on to pages of a DAX file, and says what happens when it touches them.
 *
 *	daxhold [--sync] [--private] FILE MIB
 *
 * maps FILE, touches every page, prints "mapped", and then does what standard
 * input says, one answer a line:
 *
 *	read PAGE	"ok", or "SIGBUS" with code and page, if the load faults
 *	write PAGE	likewise, a store
 *	loop		write all over until it faults, then print that
 *	pin PAGE	put the page into a pipe by reference (vmsplice)
 *	unpin		close the pipe
 *	unmap		let go of the file, but not of what is pinned
 *	show PAGE	first byte of the page, as a number
 *	quit
 *
 * --sync: MAP_SYNC.  --private: MAP_PRIVATE, and no page is written at first.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096UL

static volatile unsigned char *map;
static size_t pages;
static sigjmp_buf on_fault;
static int pipe_ends[2] = { -1, -1 };

static const char *code_name(int code)
{
	switch (code) {
	case BUS_ADRERR:
		return "BUS_ADRERR";
	case BUS_MCEERR_AR:
		return "BUS_MCEERR_AR";
	case BUS_MCEERR_AO:
		return "BUS_MCEERR_AO";
	default:
		return "BUS_OTHER";
	}
}

/* Only loads and stores of the map fault, so what is called here is safe. */
static void handle_sigbus(int sig, siginfo_t *info, void *context)
{
	unsigned long page = ((unsigned char *)info->si_addr - map) / PAGE;

	(void)sig;
	(void)context;
	printf("SIGBUS %s page %lu\n", code_name(info->si_code), page);
	fflush(stdout);
	siglongjmp(on_fault, 1);
}

static void touch(size_t page, int is_write)
{
	if (sigsetjmp(on_fault, 1))
		return;
	if (is_write)
		map[page * PAGE]++;
	else
		(void)map[page * PAGE];
	puts("ok");
}

static void loop(void)
{
	size_t i = 0;

	if (sigsetjmp(on_fault, 1))
		return;
	puts("looping");
	fflush(stdout);
	for (;; i++)
		map[i % pages * PAGE + i % PAGE]++;
}

static void pin(size_t page)
{
	struct iovec iov = { (void *)(map + page * PAGE), PAGE };

	if (pipe(pipe_ends) || vmsplice(pipe_ends[1], &iov, 1, 0) != PAGE)
		printf("cannot pin: %s\n", strerror(errno));
	else
		puts("pinned");
}

static int obey(const char *line)
{
	size_t page = 0;
	char verb[16];

	if (sscanf(line, "%15s %zu", verb, &page) < 1 || page >= pages)
		puts("what?");
	else if (!strcmp(verb, "read"))
		touch(page, 0);
	else if (!strcmp(verb, "write"))
		touch(page, 1);
	else if (!strcmp(verb, "loop"))
		loop();
	else if (!strcmp(verb, "pin"))
		pin(page);
	else if (!strcmp(verb, "unpin"))
		printf("%s\n", close(pipe_ends[0]) || close(pipe_ends[1]) ?
			       "cannot close" : "unpinned");
	else if (!strcmp(verb, "unmap"))
		puts(munmap((void *)map, pages * PAGE) ? "cannot unmap" :
							 "unmapped");
	else if (!strcmp(verb, "show"))
		printf("%u\n", map[page * PAGE]);
	else if (!strcmp(verb, "quit"))
		return 0;
	else
		puts("what?");
	return 1;
}

static int open_map(const char *name, int is_sync, int is_private)
{
	int flags = is_private ? MAP_PRIVATE : MAP_SHARED_VALIDATE;
	int fd = open(name, O_RDWR);

	if (fd < 0) {
		perror(name);
		return -1;
	}
	map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		   flags | (is_sync ? MAP_SYNC : 0), fd, 0);
	if (map == MAP_FAILED) {
		perror("mmap");
		return -1;
	}
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = {
		.sa_sigaction = handle_sigbus,
		.sa_flags = SA_SIGINFO,
	};
	int is_sync = 0, is_private = 0, i;
	char line[64];
	size_t page;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		is_sync |= !strcmp(argv[i], "--sync");
		is_private |= !strcmp(argv[i], "--private");
	}
	if (argc - i != 2) {
		fprintf(stderr, "usage: daxhold [--sync] [--private] FILE MIB\n");
		return 2;
	}
	pages = strtoul(argv[i + 1], NULL, 0) * 256;
	if (open_map(argv[i], is_sync, is_private))
		return 1;
	sigaction(SIGBUS, &action, NULL);
	for (page = 0; page < pages; page++) {
		if (is_private)
			(void)map[page * PAGE];
		else
			map[page * PAGE] = page + 1;
	}
	puts("mapped");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && obey(line))
		fflush(stdout);
	return 0;
}
