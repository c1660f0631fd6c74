// SPDX-License-Identifier: GPL-2.0-only
/*
 * mktmesetup token: look at the tokens of a header, move them, remove them.
 */

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

/* No header has room for more. */
#define TOKEN_MAX (1U << 20)

/* ---- list ---- */

static json_object *keyslots_of(json_object *content)
{
	json_object *keyslots;

	if (!json_object_object_get_ex(content, "keyslots", &keyslots))
		return json_object_new_array();
	return json_object_get(keyslots);
}

static void print_keyslots(json_object *keyslots)
{
	size_t i, count = json_object_array_length(keyslots);

	for (i = 0; i < count; i++)
		printf(" %s", json_object_get_string(
				      json_object_array_get_idx(keyslots, i)));
	printf(count ? "\n" : " -\n");
}

static void print_row(int id, const char *type, const char *json, void *arg)
{
	json_object *content = json_tokener_parse(json);
	json_object *keyslots = keyslots_of(content);

	(void)arg;
	printf("%3d  %-20s", id, type);
	print_keyslots(keyslots);
	json_object_put(keyslots);
	json_object_put(content);
}

static void add_to_array(int id, const char *type, const char *json, void *arg)
{
	json_object_array_add(arg, token_to_json(id, type, json));
}

static const struct libmktme_container_visitor printer = { .token = print_row };
static const struct libmktme_container_visitor collector = {
	.token = add_to_array
};

static int list(struct libmktme_container *container)
{
	json_object *array;

	if (options.json) {
		array = json_object_new_array();
		libmktme_container_visit(container, &collector, array);
		print_json(array);
		return 0;
	}
	printf(" ID  %-20s KEYSLOTS\n", "TYPE");
	libmktme_container_visit(container, &printer, NULL);
	return 0;
}

/* ---- import and export ---- */

static bool is_standard(const char *file)
{
	return !file || !strcmp(file, "-");
}

/* Text up to the end, which must come before TOKEN_MAX. */
static int read_text(FILE *file, char **text)
{
	size_t len;

	*text = malloc(TOKEN_MAX + 1);
	if (!*text)
		return -ENOMEM;
	len = fread(*text, 1, TOKEN_MAX + 1, file);
	if (!ferror(file) && len <= TOKEN_MAX && !memchr(*text, 0, len)) {
		(*text)[len] = '\0';
		return 0;
	}
	if (!ferror(file))
		set_reason("the file is not a LUKS2 token");
	free(*text);
	return ferror(file) ? -EIO : -EINVAL;
}

static int read_token(char **text)
{
	FILE *file = stdin;
	int err;

	if (!is_standard(options.json_file))
		file = fopen(options.json_file, "re");
	if (!file) {
		set_reason("cannot read '%s': %s", options.json_file,
			   strerror(errno));
		return -EINVAL;
	}
	err = read_text(file, text);
	if (file != stdin)
		fclose(file);
	return err;
}

static int import(struct libmktme_container *container)
{
	char *text;
	int r;

	r = read_token(&text);
	if (r)
		return r;
	r = libmktme_token_import(container, options.token_id, options.key_slot,
				  text);
	free(text);
	if (r < 0)
		return r;
	progress("Token %d was added.", r);
	return 0;
}

/* A file that exists stays. */
static int write_token(const char *json)
{
	FILE *file = stdout;
	int fd, err = 0;

	if (!is_standard(options.json_file)) {
		fd = open(options.json_file,
			  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		file = fd < 0 ? NULL : fdopen(fd, "w");
	}
	if (!file) {
		set_reason("cannot write '%s': %s", options.json_file,
			   strerror(errno));
		return -EINVAL;
	}
	if (fprintf(file, "%s\n", json) < 0 || fflush(file))
		err = -EIO;
	if (file != stdout && fclose(file))
		err = -EIO;
	return err;
}

static int export(struct libmktme_container *container)
{
	const char *json;
	int err;

	err = libmktme_token_export(container, options.token_id, &json);
	return err ? err : write_token(json);
}

static int remove_token(struct libmktme_container *container)
{
	int err = libmktme_token_remove(container, options.token_id);

	if (!err)
		progress("Token %d was removed; its keyslots were not.",
			 options.token_id);
	return err;
}

/* ---- the command ---- */

struct action {
	const char *name;
	int (*run)(struct libmktme_container *container);
	bool needs_id;
	bool has_file;
};

static const struct action actions[] = {
	{ "list", list, .needs_id = false, .has_file = false },
	{ "import", import, .needs_id = false, .has_file = true },
	{ "export", export, .needs_id = true, .has_file = true },
	{ "remove", remove_token, .needs_id = true, .has_file = false },
};

static const struct action *find_action(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i].name, name))
			return &actions[i];
	return NULL;
}

int cmd_token(const struct command *command, int argc, char **argv)
{
	const struct action *action = find_action(argv[0]);
	struct libmktme_container *container;
	const char *device = argv[1];
	char verb[32];
	int err;

	(void)argc;
	if (!action)
		return usage_error(command, "ACTION: '%s' is not known",
				   argv[0]);
	if (action->needs_id && options.token_id == LIBMKTME_ANY)
		return usage_error(command, "token %s needs --token-id",
				   action->name);
	if (!action->has_file && options.json_file)
		return usage_error(command, "token %s has no --json-file",
				   action->name);
	err = libmktme_container_load(header_of(device), &container);
	if (!err) {
		err = action->run(container);
		libmktme_container_free(container);
	}
	snprintf(verb, sizeof(verb), "%s token of", action->name);
	return err ? report_failure(verb, device, err) : EXIT_OK;
}
