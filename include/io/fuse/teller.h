/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/strbuf.h"

/* A process that writes to the kernel for a thread of the server: see teller.c. */
struct teller;

/* How many notify.c needs: one for each of its threads. */
#define TELLERS 2

/*
 * Starts it, before there is any thread. It gives up with `confine`, which returns a negative errno
 * if it cannot, what it does not need.
 */
int teller_start(int (*confine)(void), struct teller **ret_teller);
/* Gives it a copy of the descriptor that it is to write to, /dev/fuse. */
int teller_set_device(struct teller *teller, int fd);
/* A message more: takes the name of an entry back; attributes, and pages from `from` on. */
void teller_add_entry(struct strbuf *messages, uint64_t parent, const char *name);
void teller_add_inode(struct strbuf *messages, uint64_t ino, int64_t from);
/*
 * Has it write these messages, and waits until that is done. What the kernel says of them is
 * nobody's concern. False: the process is gone.
 */
bool teller_tell(struct teller *teller, const struct strbuf *messages);
/* How many messages it has written: if more than before, nobody holds it up. From any thread. */
uint64_t teller_get_progress(const struct teller *teller);
/* The caller writes them, and waits as the process would. */
void teller_write(int device, const struct strbuf *messages);
/* No thread uses it any more. Ends it, as soon as nothing holds it up. NULL is fine. */
void teller_free(struct teller *teller);
