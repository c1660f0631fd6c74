/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzz targets share.  Each is a program of libFuzzer's, which calls
 * LLVMFuzzerTestOneInput() over and over; see "run" beside this file.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must be true of every input; otherwise this one is kept and shown. */
#define expect(condition)                                                      \
	do {                                                                   \
		if (!(condition)) {                                            \
			dprintf(STDERR_FILENO, "%s: not true: %s\n", __func__, \
				#condition);                                   \
			abort();                                               \
		}                                                              \
	} while (0)

/* The input as text, on the heap, where reading behind its end is noticed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	expect(text);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Nobody reads what the program prints; the sanitizers do not use stdio. */
static inline void fuzz_silence(void)
{
	FILE *nowhere = fopen("/dev/null", "we");

	expect(nowhere);
	stdout = nowhere;
	stderr = nowhere;
}

#endif /* FUZZ_H */
