/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of KeyIDs and windows, to be searched by spin for an order of things
 * that nobody thought of:
 *
 *	tests/spin/search [DEFINITION...]
 *
 * Two ranges of memory, range r behind package r; two KeyIDs; two keys.  Each step
 * is what the drivers do under one lock, or with one instruction:
 *
 *	open, close	mktme_window_map(), mktme_window_unmap(), try_reap_locked(),
 *			tear_down()				drivers/nvdimm/mktme_registry.c
 *	map_window	mktme_mapping_map(), _unmap()		mktme_window.c, mktme_flush.c
 *	get_keyid	mktme_keyid_get()			mktme_keyid.c
 *	put_keyid	mktme_keyid_put()
 *	package		on_cpu_online(), on_cpu_offline()	mktme_package.c
 *	program		what somebody does who has mapped a page of a DAX file
 *	caches		write back, load ahead: the hardware, at any time
 *	owner		revokes a key, supplies it again
 *
 * A cache line is for a range as seen through a KeyID, and remembers which key it was
 * written or loaded under.  What must never happen:
 *
 *	- a line is written back while its KeyID has another key, or none
 *	- a line of KeyID 0 is written back over ciphertext
 *	- a line is read that was loaded under another key
 *	- a range is seen through two KeyIDs
 *	- a KeyID has two keys, on two packages
 *	- somebody accesses a window whose package has not got its key
 *
 * Each of these definitions takes a step away, and then something is found
 * (tests/unit/011-lifetime):
 *
 *	NO_BASE_FLUSH		the base's lines before mapping
 *	NO_STALE_FLUSH		lines of an earlier life of the KeyID
 *	NO_FLUSH_AT_CLOSE	the window's lines before the KeyID is given back
 *	NO_IDLE_CHECK		pages in use when a window ends
 *	NO_CLEAR_CHECK		a KeyID that still holds a key somewhere is given out
 *	NO_PROGRAM_ONLINE	keys for a package that comes
 *	NO_OFFLINE_CHECK	a package may go below an open volume
 *	NO_AWAY_CHECK		a volume may be opened whose package is offline
 *	NO_REGISTER		two openers of one range
 *
 * SHARED_TABLE: all packages have one table of keys, as some documents read.
 */

/* The range that the second volume wants */
#ifndef VOLUME2
#define VOLUME2 1
#endif

#define PACKAGES 2
#define KEYIDS 2
#define NO_KEY 0

/* Hardware: keys 1 and 2 */
#ifdef SHARED_TABLE
#define HW(p, k) table[k]
#else
#define HW(p, k) table[(p) * KEYIDS + (k)]
#endif
byte table[PACKAGES * KEYIDS];
bool online[PACKAGES] = true;
bool present[PACKAGES] = true;

/* Caches: lines of range r through KeyID k, and through KeyID 0 */
#define LINE(r, k) ((r) * KEYIDS + (k))
byte dirty[PACKAGES * KEYIDS];		/* key it was written under, or NO_KEY */
byte clean[PACKAGES * KEYIDS];		/* key it was loaded under, or NO_KEY */
bool base_dirty[PACKAGES];

/* struct mktme_keyid */
byte users[KEYIDS];
byte holds[KEYIDS];
bool packages[PACKAGES * KEYIDS];	/* [p * KEYIDS + k] */
bool can_be_had[3] = true;		/* by key: the object is valid */

/* struct mktme_window, one for each range */
mtype = { NONE, MAPPING, LIVE, ZOMBIE };
mtype state[PACKAGES] = NONE;
byte windows[PACKAGES];			/* how many are mapped: 1 at most */
byte keyid_of[PACKAGES];
byte key_of[PACKAGES];
bool page_in_use[PACKAGES];
bool is_written[PACKAGES];		/* what is on the media is ciphertext */

inline flush_window(r, k)
{
	d_step {
		assert(!dirty[LINE(r, k)] || HW(r, k) == dirty[LINE(r, k)]);
		dirty[LINE(r, k)] = NO_KEY;
		clean[LINE(r, k)] = NO_KEY;
	}
}

/* The CPU hotplug lock is held, and keyid_mutex. */
inline program_all(k, key)
{
	for (p : 0 .. PACKAGES - 1) {
		if
		:: online[p] -> HW(p, k) = key; packages[p * KEYIDS + k] = true
		:: else -> assert(HW(p, k) == NO_KEY || HW(p, k) == key)
		fi
	}
}

inline clear_all(k)
{
	for (p : 0 .. PACKAGES - 1) {
		if
		:: online[p] && packages[p * KEYIDS + k] ->
			HW(p, k) = NO_KEY;
			packages[p * KEYIDS + k] = false
		:: !present[p] -> packages[p * KEYIDS + k] = false
		:: else
		fi
	}
}

#ifdef NO_CLEAR_CHECK
#define is_free(k) (!users[k])
#else
#define is_free(k) (!users[k] && !packages[k] && !packages[KEYIDS + k])
#endif
#define is_same(k, key) (users[k] && holds[k] == key)

/* Sets k, or KEYIDS if there is none */
inline get_keyid(r, key)
{
	atomic {
		k = KEYIDS;
		if
#ifndef NO_AWAY_CHECK
		:: !online[r] -> skip
#endif
		:: else ->
			for (p : 0 .. PACKAGES - 1) {
				if
				:: !present[p] ->
					packages[p * KEYIDS] = false;
					packages[p * KEYIDS + 1] = false
				:: else
				fi
			}
			if
			:: is_same(0, key) -> k = 0
			:: !is_same(0, key) && is_same(1, key) -> k = 1
			:: !is_same(0, key) && !is_same(1, key) && is_free(0) -> k = 0
			:: !is_same(0, key) && !is_same(1, key) && !is_free(0) && is_free(1) -> k = 1
			:: else
			fi;
			if
			:: k < KEYIDS && !users[k] -> program_all(k, key); holds[k] = key
			:: else
			fi;
			if
			:: k < KEYIDS -> users[k]++
			:: else
			fi
		fi
	}
}

inline put_keyid(k)
{
	atomic {
		users[k]--;
		if
		:: !users[k] -> clear_all(k); holds[k] = NO_KEY
		:: else
		fi
	}
}

inline access(r)
{
	assert(online[r] && HW(r, keyid_of[r]) == key_of[r]);
	assert(!clean[LINE(r, keyid_of[r])] || clean[LINE(r, keyid_of[r])] == key_of[r]);
	is_written[r] = true
}

proctype volume(byte r)
{
	byte k, key, p;

again:
	if
	:: key = 1
	:: key = 2
	fi;
	atomic {
		can_be_had[key] &&
#ifdef NO_REGISTER
		true ->
#else
		state[r] == NONE ->
#endif
		state[r] = MAPPING
	}
	get_keyid(r, key);
	if
	:: k == KEYIDS -> state[r] = NONE; goto again
	:: else
	fi;
#ifndef NO_BASE_FLUSH
	base_dirty[r] = false;
#endif
	atomic {
		windows[r]++;
		assert(windows[r] == 1);
		keyid_of[r] = k;
		key_of[r] = key
	}
#ifndef NO_STALE_FLUSH
	flush_window(r, k);
#endif
	state[r] = LIVE;
	do
	:: atomic { access(r); dirty[LINE(r, k)] = key }
	:: page_in_use[r] = true
	:: break
	od;
	state[r] = ZOMBIE;
#ifndef NO_IDLE_CHECK
	!page_in_use[r];
#endif
#ifndef NO_FLUSH_AT_CLOSE
	flush_window(r, k);
#endif
	atomic { windows[r]--; keyid_of[r] = KEYIDS }
	put_keyid(k);
	atomic { state[r] = NONE; is_written[r] = false }
	goto again
}

/* Somebody who has mapped a page, and keeps it as long as he likes */
proctype program(byte r)
{
	do
	:: atomic {
		page_in_use[r] ->
		access(r);
		dirty[LINE(r, keyid_of[r])] = key_of[r]
	   }
	:: atomic { page_in_use[r] -> page_in_use[r] = false }
	od
}

/* The device is opened exclusively: nobody writes to a base below a volume. */
proctype base(byte r)
{
	do
	:: atomic { state[r] == NONE -> base_dirty[r] = true }
	od
}

proctype caches(byte r; byte k)
{
	do
	:: atomic {	/* write back */
		dirty[LINE(r, k)] ->
		assert(HW(r, k) == dirty[LINE(r, k)]);
		dirty[LINE(r, k)] = NO_KEY
	   }
	:: atomic {	/* load ahead, through what is mapped */
		windows[r] && keyid_of[r] == k && !clean[LINE(r, k)] && online[r] ->
		clean[LINE(r, k)] = HW(r, k)
	   }
	:: atomic { clean[LINE(r, k)] -> clean[LINE(r, k)] = NO_KEY }
	:: atomic {
		base_dirty[r] ->
		assert(!is_written[r]);
		base_dirty[r] = false
	   }
	od
}

#define is_programmable(k) (!users[k] || can_be_had[holds[k]])

inline bring_up(q)
{
#ifndef NO_PROGRAM_ONLINE
	for (k : 0 .. KEYIDS - 1) {
		if
		:: users[k] -> HW(q, k) = holds[k]; packages[q * KEYIDS + k] = true
		:: !users[k] && packages[q * KEYIDS + k] ->
			HW(q, k) = NO_KEY;
			packages[q * KEYIDS + k] = false
		:: else
		fi
	}
#endif
	online[q] = true
}

/* Each step has the CPU hotplug lock for itself. */
proctype package(byte q)
{
	byte k;

	do
#ifdef NO_OFFLINE_CHECK
	:: atomic { online[q] -> online[q] = false }
#else
	:: atomic { online[q] && state[q] == NONE -> online[q] = false }
#endif
#ifndef SHARED_TABLE
	:: d_step {	/* unplugged, and its table with it */
		!online[q] && present[q] ->
		present[q] = false;
		HW(q, 0) = NO_KEY;
		HW(q, 1) = NO_KEY
	   }
#endif
	:: atomic { !online[q] && !present[q] -> present[q] = true }
	:: atomic {
		!online[q] && present[q] && is_programmable(0) && is_programmable(1) ->
		bring_up(q)
	   }
	od
}

proctype owner(byte key)
{
	do
	:: can_be_had[key] = !can_be_had[key]
	od
}

init {
	atomic {
		keyid_of[0] = KEYIDS;
		keyid_of[1] = KEYIDS;
		run volume(0);
		run volume(VOLUME2);
		run program(0);
		run program(1);
		run base(0);
		run caches(0, 0);
		run caches(0, 1);
		run caches(1, 0);
		run caches(1, 1);
		run package(1);
		run owner(1)
	}
}
