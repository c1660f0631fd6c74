/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _COMPAT_ASM_CPUID_API_H
#define _COMPAT_ASM_CPUID_API_H

/* Where cpuid_count() and its like came from before they had this header. */
#ifdef HAVE_CPUID_API
#include_next <asm/cpuid/api.h>
#else
#include <asm/processor.h>
#endif

#endif /* _COMPAT_ASM_CPUID_API_H */
