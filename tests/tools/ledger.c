// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is what was said to be durable there after a power cut?
 *
 *   ledger write DIRECTORY [SEED]
 *          Write files in several ways, for ever, and note where the cut does not
 *          reach each page as soon as it is durable.  Goes to the background when
 *          all is under way.
 *   ledger check DIRECTORY LEDGER
 *          Compare with what was noted; status 1 if anything is lost.
 *   ledger scan FILE
 *          Does any line look like ours?  Status 1 if so.
 *
 * A page that was written again when the power went may be the old or the new one,
 * word by word (eight bytes are stored at once, a line of 64 bytes is not), and
 * nothing else: a word says which line it is (16 bits), which time it was written
 * (16 bits), and proves it by a checksum of both, its place and the file's name.
 *
 * The ledger is what goes to I/O port 0xe9 (QEMU's isa-debugcon): with the OUT
 * instruction the host has it, no queue is between.  Its lines: "page NAME PAGE TIME",
 * durable; "seen ...", likewise, but found after a cut; "gone NAME", the file is about
 * to be removed; "error ...".
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flush.h"

#define LEDGER_PORT	0xe9
#define PAGE		4096UL
#define PAGE_WORDS	(PAGE / 8)
#define LINE_WORDS	(LINE / 8)
#define PAGES		256UL

struct file {
	char name[32];
	uint32_t salt;
	int fd;
	uint64_t *map;
	uint16_t time[PAGES];		/* the last that is durable; 0: none */
};

/* How a page becomes durable; aborts with a note if it cannot. */
struct way {
	const char *name;
	void (*write)(struct file *file, size_t page);
	bool grows;			/* new pages of new files, in order */
	int flags;			/* of open() */
};

static int directory;
static sem_t *ledger_lock;		/* lines of several processes */
static uint64_t *buffer;

/* ---- words ----------------------------------------------------------- */

static uint32_t salt_of(const char *name)
{
	uint32_t hash = 2166136261u;

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	return hash;
}

static uint64_t make_word(uint32_t salt, size_t n, uint16_t time)
{
	uint32_t tag = (uint32_t)(n / LINE_WORDS) << 16 | time;
	uint64_t hash = ((uint64_t)salt << 32 | tag) * 0x9e3779b97f4a7c15ull + n;

	hash ^= hash >> 29;
	hash *= 0xbf58476d1ce4e5b9ull;
	return (uint64_t)tag << 32 | hash >> 32;
}

/* The time at which word n was written; 0 if it is none of ours */
static uint16_t time_of(uint32_t salt, size_t n, uint64_t value)
{
	uint16_t time = value >> 32;

	return value == make_word(salt, n, time) ? time : 0;
}

static void page_times(const struct file *file, const uint64_t *words,
		       size_t page, uint16_t *oldest, uint16_t *newest)
{
	size_t i;

	*oldest = UINT16_MAX;
	*newest = 0;
	for (i = 0; i < PAGE_WORDS; i++) {
		uint16_t time = time_of(file->salt, page * PAGE_WORDS + i,
					words[i]);

		if (time < *oldest)
			*oldest = time;
		if (time > *newest)
			*newest = time;
	}
}

/* ---- the ledger ------------------------------------------------------ */

__attribute__((format(printf, 1, 2)))
static void note(const char *format, ...)
{
	char line[160];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	sem_wait(ledger_lock);
	outsb(LEDGER_PORT, line, n);
	sem_post(ledger_lock);
}

static void open_ledger(void)
{
	ledger_lock = mmap(NULL, sizeof(*ledger_lock), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ledger_lock == MAP_FAILED || sem_init(ledger_lock, true, 1))
		err(1, "semaphore");
	if (ioperm(LEDGER_PORT, 1, true))
		err(1, "I/O port %#x", LEDGER_PORT);
}

__attribute__((noreturn))
static void give_up(const struct file *file, const char *what)
{
	note("error %s: %s: %s\n", file->name, what, strerror(errno));
	exit(1);
}

/* ---- ways to write a page -------------------------------------------- */

static void fill(uint64_t *to, const struct file *file, size_t page)
{
	uint16_t time = file->time[page] + 1;
	size_t i;

	for (i = 0; i < PAGE_WORDS; i++)
		((volatile uint64_t *)to)[i] =
			make_word(file->salt, page * PAGE_WORDS + i, time);
}

static void write_buffer(struct file *file, size_t page)
{
	fill(buffer, file, page);
	if (pwrite(file->fd, buffer, PAGE, page * PAGE) != (ssize_t)PAGE)
		give_up(file, "pwrite");
}

static void by_fsync(struct file *file, size_t page)
{
	write_buffer(file, page);
	if (fsync(file->fd))
		give_up(file, "fsync");
}

static void by_fdatasync(struct file *file, size_t page)
{
	write_buffer(file, page);
	if (fdatasync(file->fd))
		give_up(file, "fdatasync");
}

static uint64_t *page_of(struct file *file, size_t page)
{
	if (!file->map) {
		file->map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED_VALIDATE | MAP_SYNC, file->fd, 0);
		if (file->map == MAP_FAILED)
			give_up(file, "mmap");
	}
	return file->map + page * PAGE_WORDS;
}

static void by_flush(struct file *file, size_t page)
{
	uint64_t *to = page_of(file, page);

	fill(to, file, page);
	flush_lines((volatile char *)to, PAGE);
}

static void by_nontemporal(struct file *file, size_t page)
{
	uint64_t *to = page_of(file, page);
	size_t i;

	fill(buffer, file, page);
	for (i = 0; i < PAGE_WORDS; i++)
		asm volatile("movnti %1, %0" : "=m"(to[i]) : "r"(buffer[i]));
	asm volatile("sfence" ::: "memory");
}

static void by_msync(struct file *file, size_t page)
{
	uint64_t *to = page_of(file, page);

	fill(to, file, page);
	if (msync(to, PAGE, MS_SYNC))
		give_up(file, "msync");
}

static const struct way ways[] = {
	{ "fsync",	 by_fsync,	 false, 0 },
	{ "direct",	 write_buffer,	 false, O_DIRECT | O_DSYNC },
	{ "flush",	 by_flush,	 false, 0 },
	{ "nontemporal", by_nontemporal, false, 0 },
	{ "msync",	 by_msync,	 false, 0 },
	{ "append",	 by_fdatasync,	 true,	0 },
	{ "fault",	 by_flush,	 true,	0 },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* ---- writers --------------------------------------------------------- */

static void open_file(struct file *file, int flags)
{
	file->salt = salt_of(file->name);
	file->map = NULL;
	memset(file->time, 0, sizeof(file->time));
	file->fd = openat(directory, file->name, O_RDWR | O_CREAT | flags, 0600);
	if (file->fd < 0)
		give_up(file, "open");
}

static void close_file(struct file *file)
{
	if (file->map)
		munmap(file->map, PAGES * PAGE);
	close(file->fd);
}

static void write_page(const struct way *way, struct file *file, size_t page)
{
	way->write(file, page);
	file->time[page]++;
	note("page %s %zu %u\n", file->name, page, file->time[page]);
}

/* Every page is whole, durable and noted when this returns. */
static void resume(struct file *file)
{
	size_t page;

	if (ftruncate(file->fd, PAGES * PAGE))
		give_up(file, "ftruncate");
	for (page = 0; page < PAGES; page++) {
		uint16_t oldest, newest;

		if (pread(file->fd, buffer, PAGE, page * PAGE) != (ssize_t)PAGE)
			give_up(file, "pread");
		page_times(file, buffer, page, &oldest, &newest);
		file->time[page] = newest;
		if (oldest && oldest == newest)
			continue;
		write_buffer(file, page);
		file->time[page]++;
	}
	if (fsync(file->fd) || fsync(directory))
		give_up(file, "fsync");
	for (page = 0; page < PAGES; page++)
		note("seen %s %zu %u\n", file->name, page, file->time[page]);
}

__attribute__((noreturn))
static void rewrite(const struct way *way, int ready)
{
	struct file file;

	snprintf(file.name, sizeof(file.name), "%s", way->name);
	open_file(&file, way->flags);
	resume(&file);
	close(ready);
	for (;;)
		write_page(way, &file, random() % PAGES);
}

static void forget(const struct way *way, unsigned int number)
{
	char name[32];

	snprintf(name, sizeof(name), "%s.%u", way->name, number);
	if (faccessat(directory, name, F_OK, 0))
		return;
	note("gone %s\n", name);
	unlinkat(directory, name, 0);
}

/* The file before stays until the next one is whole. */
__attribute__((noreturn))
static void grow(const struct way *way, int ready)
{
	struct file file;
	unsigned int number;
	size_t page;

	for (number = 0; number < 1000; number++)
		forget(way, number);
	close(ready);
	for (number = 0;; number = (number + 1) % 1000) {
		snprintf(file.name, sizeof(file.name), "%s.%u", way->name, number);
		open_file(&file, way->flags);
		if (way->write == by_flush && ftruncate(file.fd, PAGES * PAGE))
			give_up(&file, "ftruncate");
		if (fsync(file.fd) || fsync(directory))
			give_up(&file, "fsync");
		for (page = 0; page < PAGES; page++)
			write_page(way, &file, page);
		close_file(&file);
		forget(way, (number + 999) % 1000);
	}
}

/* A process for each way; ready when nobody holds the pipe any more. */
static int write_all(unsigned int seed)
{
	int ready[2];
	size_t i;
	char c;

	if (pipe(ready))
		err(1, "pipe");
	for (i = 0; i < WAYS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid)
			continue;
		close(ready[0]);
		srandom(seed * WAYS + i + 1);
		if (ways[i].grows)
			grow(&ways[i], ready[1]);
		rewrite(&ways[i], ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1))
		err(1, "read");
	return 0;
}

/* ---- check ----------------------------------------------------------- */

static void *files;			/* a tree of struct file */
static unsigned long acknowledged, looked_at, lost;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->name,
		      ((const struct file *)b)->name);
}

static struct file *find_file(const char *name)
{
	struct file *file = calloc(1, sizeof(*file)), **found;

	if (!file)
		err(1, "calloc");
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->salt = salt_of(name);
	found = tsearch(file, &files, by_name);
	if (!found)
		err(1, "tsearch");
	if (*found != file)
		free(file);
	return *found;
}

static void read_line(char *line)
{
	char word[8], name[32];
	unsigned int page, time;

	if (sscanf(line, "%7s %31s %u %u", word, name, &page, &time) == 4 &&
	    page < PAGES) {
		acknowledged += !strcmp(word, "page");
		find_file(name)->time[page] = time;
	} else if (sscanf(line, "gone %31s", name) == 1) {
		memset(find_file(name)->time, 0, sizeof(((struct file *)0)->time));
	} else {
		printf("ledger: %s", line);
		lost++;
	}
}

static void read_ledger(const char *path)
{
	FILE *ledger = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (!ledger)
		err(1, "%s", path);
	while ((n = getline(&line, &size, ledger)) > 0)
		if (line[n - 1] == '\n')	/* or the cut was right there */
			read_line(line);
	free(line);
	fclose(ledger);
}

static void check_page(struct file *file, size_t page)
{
	uint16_t oldest = 0, newest = 0;

	looked_at++;
	if (pread(file->fd, buffer, PAGE, page * PAGE) == (ssize_t)PAGE)
		page_times(file, buffer, page, &oldest, &newest);
	if (oldest >= file->time[page] && newest <= file->time[page] + 1)
		return;
	if (lost++ < 10)
		printf("%s: page %zu: acknowledged %u, found %u to %u\n",
		       file->name, page, file->time[page], oldest, newest);
}

static void check_file(const void *node, VISIT visit, int depth)
{
	struct file *file = *(struct file **)node;
	size_t page;

	(void)depth;
	if (visit != postorder && visit != leaf)
		return;
	file->fd = openat(directory, file->name, O_RDONLY);
	for (page = 0; page < PAGES; page++)
		if (file->time[page])
			check_page(file, page);
	if (file->fd >= 0)
		close(file->fd);
}

static int check(const char *ledger)
{
	read_ledger(ledger);
	twalk(files, check_file);
	printf("acknowledged %lu, looked at %lu, lost %lu\n",
	       acknowledged, looked_at, lost);
	return lost != 0;
}

/* ---- scan ------------------------------------------------------------ */

static bool is_ours(const uint64_t *line, uint32_t salt)
{
	size_t n = (size_t)(line[0] >> 48) * LINE_WORDS, i;

	for (i = 0; i < LINE_WORDS; i++)
		if (!time_of(salt, n + i, line[i]))
			return false;
	return true;
}

static unsigned int names_found(const uint64_t *line)
{
	unsigned int found = 0, number;
	char name[32];
	size_t i;

	for (i = 0; i < WAYS; i++) {
		found += is_ours(line, salt_of(ways[i].name));
		for (number = 0; ways[i].grows && number < 1000; number++) {
			snprintf(name, sizeof(name), "%s.%u", ways[i].name, number);
			found += is_ours(line, salt_of(name));
		}
	}
	return found;
}

/*
 * Two words of one line have the same upper halves: this is looked at first, as
 * names are many and lines are more.
 */
static int scan(const char *path)
{
	unsigned long found = 0;
	ssize_t n;
	size_t i;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	while ((n = read(fd, buffer, PAGE)) > 0)
		for (i = 0; i + LINE_WORDS <= (size_t)n / 8; i += LINE_WORDS)
			if (buffer[i] && buffer[i] >> 32 == buffer[i + 1] >> 32)
				found += names_found(buffer + i);
	if (n < 0)
		err(1, "%s", path);
	if (!found)
		return 0;
	printf("%lu lines in clear text\n", found);
	return 1;
}

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	buffer = aligned_alloc(PAGE, PAGE);
	if (!buffer)
		err(1, "aligned_alloc");
	if (!strcmp(verb, "scan") && argc == 3)
		return scan(argv[2]);
	if (!strcmp(verb, "check") && argc == 4) {
		directory = open_directory(argv[2]);
		return check(argv[3]);
	}
	if (!strcmp(verb, "write") && argc >= 3) {
		directory = open_directory(argv[2]);
		open_ledger();
		return write_all(argc > 3 ? strtoul(argv[3], NULL, 0) : 0);
	}
	errx(2, "usage: ledger write DIRECTORY [SEED] | check DIRECTORY LEDGER | scan FILE");
}
