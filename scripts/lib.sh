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

# quiet COMMAND...: its output is shown only if it fails.
quiet() {
	local log rc=0

	log=$(mktemp)
	"$@" >"$log" 2>&1 </dev/null || rc=$?
	[ $rc -eq 0 ] || cat "$log" >&2
	rm -f "$log"
	return $rc
}

# source_files [PATH...]: every file below the current directory, generated ones left
# out; with git what a commit would have.
source_files() {
	{ git ls-files -co --exclude-standard -- "$@" 2>/dev/null ||
	  find "${@:-.}" \( -path ./.git -o -path ./build \) -prune -o ! -type d -print; } |
		sed 's#^\./##' | sort -u |
		while read -r file; do
			[ ! -e "$file" ] && [ ! -L "$file" ] || echo "$file"
		done
}

# copy_sources DIRECTORY: files keep their times, so that what was built from the same
# ones there is not built again.
copy_sources() {
	mkdir -p "$1"
	source_files | cpio -pdm --quiet "$1"
}

# emulator_stumbled LOG: the kernel's log has an oops that only the emulator makes.  The
# kernel patches jumps with a breakpoint.  QEMU before 8.1 may translate code while
# another thread changes it, and run the breakpoint when it has gone and nobody knows it
# any more.  Once a boot ended with an address in the flags, right after a cmpxchg16b (a
# double fault).  Seen on a busy machine only, and with nothing of ours in the trace.
emulator_stumbled() {
	grep -qE 'Oops: (int3|double fault)' "$1" 2>/dev/null &&
		! sed -n '/Oops: /,$p' "$1" | grep -qE '\[(nd|dm)_mktme'
}

# pack DIRECTORY IMAGE: a squashfs owned by root.  Not compressed: the guest's
# CPU is emulated and slow, the host's disk is neither.
pack() {
	local new=$2.new.$$

	rm -f "$new"
	quiet nice mksquashfs "$1" "$new" -all-root -no-xattrs \
		-noI -noD -noF -noX -no-progress
	mv "$new" "$2"
}

# Options for mmdebstrap, one a line: how this machine reaches its mirrors (a
# proxy, for instance).
mirror_options() {
	apt-config dump | sed -nE 's/^Acquire::(Check|http|https)/--aptopt=&/p'
}

# packages_in FILE...: the names that it lists, without comments
packages_in() { sed 's/#.*//' "$@" | tr -s ' \t' '\n' | grep . | sort -u; }

# not_installed: of the packages on standard input, sorted
not_installed() {
	comm -23 - <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
		     sed -n 's/^installed //p' | sort -u)
}

# The release of Debian that this machine runs
codename() {
	# shellcheck source=/dev/null
	(. /etc/os-release && printf '%s' "${VERSION_CODENAME:?}")
}
