/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the library share with each other.
 */

#ifndef LIB_PRIVATE_H
#define LIB_PRIVATE_H

#include "libmktme.h"
#include "../../../include/uapi/linux/dm-mktme.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Of the kernel module */
#define LIBMKTME_SYSFS "/sys/devices/mktme"
/* What DAX maps at least */
#define LIBMKTME_PAGE_BYTES 4096

/* log.c: to be called before a function fails, with a text for people */
void libmktme_reason(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void libmktme_hint(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void libmktme_warning(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void libmktme_verbose(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void libmktme_debug(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
bool libmktme_is_debug(void);

/* sysfs.c */
int libmktme_read_line(const char *path, char *line, size_t size);
int libmktme_read_u64(const char *path, uint64_t *value);

/* caps.c */
int libmktme_caps_read_from(const char *dir, struct libmktme_caps *caps);
int libmktme_modprobe(const char *module);
int libmktme_modprobe_remove(const char *module);

/* window.c: what the kernel maps through KeyIDs; what cannot be read is empty, or 0 */
#define LIBMKTME_WORD_BYTES 48

void libmktme_window_word(const char *dir, const char *window,
			  const char *attribute, char *word, size_t size);
uint64_t libmktme_window_number(const char *dir, const char *window,
				const char *attribute);
void libmktme_window_foreach(const char *dir,
			     void (*fn)(const char *dir, const char *window,
					void *arg),
			     void *arg);

/* What the kernel has of the key of the mapped device "dm-<minor>" */
void libmktme_window_read_key(const char *dir, unsigned int minor, char *key,
			      size_t size);

/* event.c: the properties of a uevent of a window, NULL if there is none */
struct libmktme_uevent {
	const char *action;
	const char *event;
	const char *base;
	const char *keyid;
	const char *cpu;
};

/* Return: 0, or -EINVAL if it is nothing that people want to know */
int libmktme_event_from_uevent(const struct libmktme_uevent *uevent,
			       struct libmktme_event *event);

/* keyring.c: a failure that libcryptsetup may meet as well */
void libmktme_key_explain(int err);

/* dm.c: device-mapper, nothing of volumes */
int libmktme_dm_has_target(void);
int libmktme_dm_create(const char *name, const char *uuid, uint64_t sectors,
		       const char *params, unsigned int flags);
int libmktme_dm_message(const char *name, const char *message);
int libmktme_dm_remove(const char *name, bool is_deferred);
int libmktme_dm_query(const char *name, struct libmktme_volume *volume);
int libmktme_dm_name(unsigned int minor, char *name, size_t size);
int libmktme_dm_foreach_name(int (*fn)(const char *name, void *arg), void *arg);

/* users.c: say who uses a block device */
void libmktme_explain_use(unsigned int major, unsigned int minor);

#endif /* LIB_PRIVATE_H */
