/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The clients of unkillable.c. */

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

enum { CLIENTS = 8, NAMES = 10, LINES = 6, TEXT = 65536 };

/* What a client knows of its names: whose each is, 0: nobody's. */
struct client {
	pthread_t thread;
	unsigned int number;
	unsigned int dice;
	int owner[NAMES];
	uint64_t made[NAMES], ended[NAMES]; /* how often there should be an event about it */
	int fd;				    /* that stays open */
	_Atomic uint64_t calls;
	double longest;
};

extern const char *mount, *ids[3];

_Noreturn void die(const char *format, ...) _printf_(1, 2);
unsigned int draw(struct client *client, unsigned int below);
/* Around each call that is timed. */
double begin(struct client *client);
void end(struct client *client, double since);
int open_file(const char *name, int flags);
void get_name(char ret_name[64], const struct client *client, int name);
void get_link_path(char ret_path[256], const struct client *client, int name);
void expect(const char *what, int error, int expected);
/* What a client knows becomes another. */
void give(struct client *client, int name, int owner);

/* Clients that change something, one step each. */
void ask(struct client *client);
void ask_lines(struct client *client);
void batch(struct client *client);
void command(struct client *client);
void call(struct client *client);
