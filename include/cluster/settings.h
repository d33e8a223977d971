/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

#define SETTINGS_MEMBERS_MAX 32

/* The command line, and the file that it may name. */
struct settings {
	char *name; /* of the cluster */
	char **members;
	size_t member_count;
	char *cacert;
	char *cert;
	char *key;
	char *host;
	char *socket;
	size_t room; /* operations that a transaction takes */
	bool is_verbose;
};

/* What a word of the command line, or a line of the file, asks for; `why` says what is wrong. */
int settings_set(struct settings *settings, const char *name, const char *value, char **ret_why);
/* Lines NAME=VALUE; # begins a comment. */
int settings_load(struct settings *settings, const char *path, char **ret_why);
/* Fills in what was not said, and judges the whole. `host`: of the machine. */
int settings_complete(struct settings *settings, const char *host, char **ret_why);
void settings_fini(struct settings *settings);
