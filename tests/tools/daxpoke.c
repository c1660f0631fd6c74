// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps a file and touches single pages of it when told to, and survives the
 * SIGBUS that may come of it: which one, and for which address, is the answer.
 *
 *   daxpoke FILE
 *
 * Commands, one a line; N is a page of the file.  An answer ends with a line "."
 *
 *   load N      ok | SIGBUS <code> <page> <lsb>
 *   store N     likewise
 *   early       be told of bad memory before it is touched (PR_MCE_KILL_EARLY)
 *   poison N    madvise(MADV_HWPOISON); ok or a reason, and what SIGBUS came
 *   phys N      the page's physical address
 *   signals     SIGBUS that came by themselves since the last command
 *   quit
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
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE	4096
#define SIGNALS	16

struct signal_seen {
	int code;
	int lsb;
	char *address;
};

static struct signal_seen seen[SIGNALS];
static volatile sig_atomic_t seen_count;
static volatile sig_atomic_t is_touching;
static sigjmp_buf back;
static char *map;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (seen_count < SIGNALS) {
		seen[seen_count].code = info->si_code;
		seen[seen_count].lsb = info->si_addr_lsb;
		seen[seen_count].address = info->si_addr;
		seen_count++;
	}
	/* Nobody waits for the memory that an asynchronous one is about. */
	if (is_touching && info->si_code != BUS_MCEERR_AO)
		siglongjmp(back, 1);
}

static const char *code_name(int code)
{
	switch (code) {
	case BUS_ADRERR:
		return "ADRERR";
	case BUS_MCEERR_AR:
		return "MCEERR_AR";
	case BUS_MCEERR_AO:
		return "MCEERR_AO";
	}
	return "other";
}

/* The size of what is bad is only given with the MCEERR codes. */
static void print_signals(void)
{
	int i;

	for (i = 0; i < seen_count; i++) {
		printf("SIGBUS %s page %td", code_name(seen[i].code),
		       (seen[i].address - map) / PAGE);
		if (seen[i].code != BUS_ADRERR)
			printf(" lsb %d", seen[i].lsb);
		puts("");
	}
	seen_count = 0;
}

static void touch(unsigned long page, bool is_store)
{
	volatile char *p = map + page * PAGE;

	seen_count = 0;
	is_touching = 1;
	if (!sigsetjmp(back, 1)) {
		if (is_store)
			*p = 1;
		else
			(void)*p;
	}
	is_touching = 0;
	if (!seen_count)
		puts("ok");
	print_signals();
}

static void poison(unsigned long page)
{
	int r;

	seen_count = 0;
	r = madvise(map + page * PAGE, PAGE, MADV_HWPOISON);
	puts(r ? strerror(errno) : "ok");
	print_signals();
}

static void print_phys(unsigned long page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = ((uintptr_t)map / PAGE + page) * 8;
	unsigned long long entry;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), at) != sizeof(entry))
		err(1, "pagemap");
	close(fd);
	printf("%#llx\n", (entry & ((1ull << 55) - 1)) * PAGE);
}

static void do_command(const char *verb, unsigned long page)
{
	if (!strcmp(verb, "load")) {
		touch(page, false);
	} else if (!strcmp(verb, "store")) {
		touch(page, true);
	} else if (!strcmp(verb, "poison")) {
		poison(page);
	} else if (!strcmp(verb, "phys")) {
		print_phys(page);
	} else if (!strcmp(verb, "early")) {
		puts(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY,
			   0, 0) ? strerror(errno) : "ok");
	} else if (!strcmp(verb, "signals")) {
		print_signals();
	} else {
		puts("what?");
	}
	puts(".");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sigaction action = {
		.sa_sigaction = on_bus,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};
	unsigned long page = 0;
	char line[80], verb[16];
	struct stat st;
	int fd;

	if (argc != 2)
		errx(2, "usage: daxpoke FILE");
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(1, "cannot open '%s'", argv[1]);
	map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "cannot map '%s'", argv[1]);
	sigaction(SIGBUS, &action, NULL);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n"))
		if (sscanf(line, "%15s %lu", verb, &page) >= 1)
			do_command(verb, page);
	return 0;
}
