# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every script of this project needs: the two directories, messages, and
# files that appear complete or not at all.

MKTME_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
MKTME_CACHE=${MKTME_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/dm-mktme}
export MKTME_TOP MKTME_CACHE

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }

# run_locked NAME COMMAND...: one of us at a time does this piece of work; the
# others wait (not for ever) and then find it done.
run_locked() {
	local name=$1
	shift
	mkdir -p "$MKTME_CACHE"
	(
		flock -w 1800 9 || die "timed out waiting for $MKTME_CACHE/.lock-$name"
		# The command must not inherit the lock: a daemon that it leaves
		# behind would hold it.
		"$@" 9>&-
	) 9>"$MKTME_CACHE/.lock-$name"
}
