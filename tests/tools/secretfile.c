// SPDX-License-Identifier: GPL-2.0-only
/*
 * A passphrase that is nowhere but in one page of memory, for tests that search
 * memory for it: no argument, pipe, buffer or log holds it on the way.
 *
 *   secretfile make FILE BYTES SEED    write it, on a file system in memory
 *   secretfile wipe FILE               overwrite it in place
 *   secretfile print BYTES SEED        to standard output, for whoever searches
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* xorshift64*, as letters: a passphrase may be typed. */
static char letter(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return 'a' + (*state * 0x2545f4914f6cdd1dULL >> 33) % 26;
}

static void *map(const char *path, int flags, size_t *bytes)
{
	int fd = open(path, O_RDWR | flags, 0600);
	struct stat st;
	void *memory;

	if (fd < 0)
		err(2, "%s", path);
	if (flags && ftruncate(fd, *bytes))
		err(2, "%s", path);
	if (fstat(fd, &st))
		err(2, "%s", path);
	*bytes = st.st_size;
	memory = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(2, "%s", path);
	close(fd);
	return memory;
}

int main(int argc, char **argv)
{
	uint64_t state;
	size_t bytes, i;
	char *memory;

	if (argc == 5 && !strcmp(argv[1], "make")) {
		bytes = strtoul(argv[3], NULL, 0);
		state = strtoul(argv[4], NULL, 0);
		memory = map(argv[2], O_CREAT | O_EXCL, &bytes);
		for (i = 0; i < bytes; i++)
			memory[i] = letter(&state);
	} else if (argc == 3 && !strcmp(argv[1], "wipe")) {
		memory = map(argv[2], 0, &bytes);
		explicit_bzero(memory, bytes);
	} else if (argc == 4 && !strcmp(argv[1], "print")) {
		bytes = strtoul(argv[2], NULL, 0);
		state = strtoul(argv[3], NULL, 0);
		for (i = 0; i < bytes; i++)
			putchar(letter(&state));
	} else {
		errx(2, "usage: secretfile make FILE BYTES SEED | wipe FILE | print BYTES SEED");
	}
	return 0;
}
