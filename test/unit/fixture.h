/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "../run-suite.h"
#include "core/model/change.h"
#include "core/views/tree.h"
#include "follower.h"
#include "kernel.h"
#include "rows.h"
#include "script.h"

/* One test case without Check's time limit. */
void fixture_add(Suite *suite, const char *name, const TTest *test);

/*
 * A device from words: uuid= partuuid= dm= md= wwn= serial= size= part= start= seq= fstype= usage=
 * table= type= pname= flags= (hexadecimal, of its GPT entry) fault= label= node= slaves=A,B
 * at=internal|external|virtual, and the flags blank, virtual, held, component, removable,
 * by_kernel, serial_void. Without any it is a whole device of 1000 bytes with an ext4 filesystem
 * at /dev/NAME.
 */
struct device *fixture_device(const char *name, const char *words);

/* A mount manager with a naive store of rows beside it, as the daemon would run it. */
struct world {
	struct manager manager;
	struct manager_env env;
	struct change change;
	struct rows rows;
	struct touched touched; /* by the last change */
	struct tree tree;
	uint32_t links_told;  /* manager::links_told */
	struct events events; /* since the last world_take_notice() that found none */
	size_t noticed;	      /* how many of them were taken */
	struct follower follower;
	struct follower survivor; /* one that goes on over restarts */
	bool is_reloading;
	struct kernel kernel;
	struct strbuf reply;
	struct strbuf why;
	struct strbuf shown;
	struct sheets points; /* the text of the file, after the last change */
	bool is_restless;     /* starts anew after each change */
	bool is_full;	      /* devices: the database cannot be written */
	bool has_auto_dl;     /* is started with the option of that name */
};

void world_init(struct world *world);
void world_fini(struct world *world);

/* Devices collect in a change until world_settle() decides, stores and applies it. */
void world_put(struct world *world, const char *name, const char *words);
void world_remove(struct world *world, const char *name);
void world_settle(struct world *world);
/* Writes down who went, and what else is due from time to time. */
void world_upkeep(struct world *world);
/* Settles for one device. */
void world_plug(struct world *world, const char *name, const char *words);
void world_unplug(struct world *world, const char *name);

/* That the table of operations has this errno for this one. */
void expect_listed_error(const struct operation *operation, int error);

/* Requests collect likewise; world_ask() is one and its commit. Result: 0 or the errno. */
int world_decide(struct world *world, const char *operation, const char *line);
int world_decide_rename(struct world *world, const char *from, const char *to, bool may_replace);
void world_commit(struct world *world);
/* The same, for requests that may have sent devices away. */
void world_commit_requests(struct world *world);
int world_ask(struct world *world, const char *operation, const char *line);
int world_rename(struct world *world, const char *from, const char *to, bool may_replace);

/* Starts anew from the rows, with the same devices in one batch. */
void world_reload(struct world *world);

/* The same in detail: takes over the list. */
void world_apply_mounts(struct world *world, struct mounts *mounts);
/* The device has gone, and nothing is decided yet. */
void world_lose(struct world *world, const char *name);
/* All that is mounted: a word for the device ("sda1*": a part of it) and one for the path, … */
void world_mount(struct world *world, const char *words);
/* One mount of a device more, or (`path` NULL) all of it less. */
void world_change_mount(struct world *world, const char *name, const char *path);
/* The next notice in words, NULL when there are no more. */
const char *world_take_notice(struct world *world);

/* "/DosDevices/C: /dev/sda1\n…": what shows, without Volume{GUID} names. */
const char *world_show(struct world *world);
/* "sda1 UUID=1\nsdb1 -duplicate of …\n": present devices by name. */
const char *world_show_devices(struct world *world);
/* The only Volume{GUID} link of an ID. */
const char *world_get_volume_name(const struct world *world, const char *id);
bool world_has_mark(const struct world *world, const char *id);

/*
 * Plays steps, of which player.h knows the verbs: one case or block of a script, or a few between
 * what a test says in C. All of them are played; then the test fails with a diff if one was not as
 * it says.
 */
void world_play_part(struct world *world, const char *script, const struct script_part *part);
void world_play_steps(struct world *world, const char *const *steps, size_t count);
#define world_play(world, ...)                                        \
	world_play_steps(world, (const char *const[]){ __VA_ARGS__ }, \
		ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))
/*
 * A test for each case of scripts/NAME.script, in a world of its own, and again (unless it is at
 * rest) in one that starts anew after each change. One script to a program.
 */
void fixture_add_script(TCase *tcase, const char *name);
