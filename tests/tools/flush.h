/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a program makes its stores durable.
 */
#ifndef FLUSH_H
#define FLUSH_H

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

#define LINE 64

static inline bool have_clwb(void)
{
	unsigned int a, b = 0, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_CLWB);
}

/* They are on the media when this returns. */
static inline void flush_lines(volatile char *p, uint64_t size)
{
	bool clwb = have_clwb();
	uint64_t i;

	for (i = 0; i < size; i += LINE) {
		if (clwb)
			asm volatile("clwb %0" : "+m"(p[i]));
		else
			asm volatile("clflush %0" : "+m"(p[i]));
	}
	asm volatile("sfence" ::: "memory");
}

#endif
