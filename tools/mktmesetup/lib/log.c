// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of the library, on their way to whoever uses it.
 */

#include <stdarg.h>
#include <stdio.h>

#include "lib_private.h"

static libmktme_log_fn log_fn;
static bool log_debug;

void libmktme_set_log_callback(libmktme_log_fn fn, bool debug)
{
	log_fn = fn;
	log_debug = debug;
}

bool libmktme_is_debug(void)
{
	return log_fn && log_debug;
}

__attribute__((format(printf, 2, 0))) static void
log_message(enum libmktme_log_level level, const char *format, va_list args)
{
	char msg[512];

	if (!log_fn)
		return;
	vsnprintf(msg, sizeof(msg), format, args);
	log_fn(level, msg);
}

void libmktme_reason(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message(LIBMKTME_LOG_REASON, format, args);
	va_end(args);
}

void libmktme_hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message(LIBMKTME_LOG_HINT, format, args);
	va_end(args);
}

void libmktme_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message(LIBMKTME_LOG_WARNING, format, args);
	va_end(args);
}

void libmktme_verbose(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_message(LIBMKTME_LOG_VERBOSE, format, args);
	va_end(args);
}

void libmktme_debug(const char *format, ...)
{
	va_list args;

	if (!libmktme_is_debug())
		return;
	va_start(args, format);
	log_message(LIBMKTME_LOG_DEBUG, format, args);
	va_end(args);
}
