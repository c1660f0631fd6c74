/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cmocka wants to be included in front of it.
 */

#ifndef UNIT_H
#define UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/lib_private.h"
#include "util.h"

#endif /* UNIT_H */
