/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "../run-suite.h"
#include "io/probe/prober.h"

#define WAIT_MS 60000

/* Folder for images. */
extern char work[];

/* Shell commands: exit status, or the first line of what is printed. */
int run(const char *format, ...) _printf_(1, 2);
char *run_line(const char *format, ...) _printf_(1, 2);

/* `options` are losetup's. The node is the caller's to free. */
char *loop_attach(const char *options, const char *image);
void loop_detach(const char *node);
uint64_t number_of(const char *node);
bool is_readable(int fd, int timeout);

struct probe *start(void);
void submit(struct probe *probe, uint64_t ticket, const char *node);
struct probe_answer take(struct probe *probe);
/* Both, for ticket 1. */
struct probe_answer ask(struct probe *probe, const char *node);
bool is_empty(const struct probe_answer *answer);
/* `blkid -p -o udev` spells values as udev does. */
void assert_as_blkid(const struct probe_answer *answer, const char *node);

/*
 * The helper of the calling process; a child of it that examines a device, or 0; and waiting for
 * it.
 */
pid_t helper_of_this(void);
pid_t child_of(pid_t helper);
/* Waits for the one that has nothing to do yet. */
pid_t wait_for_spare(pid_t helper);
pid_t child_in_sandbox(pid_t helper);
void wait_for_no_child(pid_t helper);

/* A disk that is dead, and of which nothing has been read, until its server gets SIGCONT. */
struct stall {
	pid_t server;
	char *node;
};

struct stall stall_start(void);
void stall_stop(struct stall *stall);

/* For main(): skips, or runs the suite and cleans up. */
int run_cleanly(Suite *suite);
