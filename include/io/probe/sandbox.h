/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/* Set where the address sanitizer is built in: it needs calls and memory that we deny otherwise. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_IS_RELAXED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_IS_RELAXED 1
#endif
#endif
#ifndef SANDBOX_IS_RELAXED
#define SANDBOX_IS_RELAXED 0
#endif

/* The system call filters, compiled once and entered by many forks of the process. */
struct sandbox;

/* -ENOMEM, or another negative errno when libseccomp does not know this machine. */
int sandbox_new(struct sandbox **ret_sandbox);
void sandbox_free(struct sandbox *sandbox);
DEFINE_CLEANUP(struct sandbox, sandbox_free)

/*
 * Gives up all capabilities but `kept` (a mask of 1 << CAP_…), and any way to gain one by exec.
 * Cannot be undone. Works without privileges, too.
 */
int sandbox_drop_capabilities(uint64_t kept);

/*
 * Limits the calling process, which can still open files, but make no call that only hostile code
 * would make. Needs no_new_privs or CAP_SYS_ADMIN: see sandbox_drop_capabilities(). Cannot be
 * undone. Where this fails (a kernel without seccomp) the process must not go on.
 */
int sandbox_prepare(const struct sandbox *sandbox);

/*
 * After that, takes everything from it but its memory and reading from the descriptors that are
 * open now: see sandbox.c for what is denied and what is deadly. Cannot be undone, and may fail, as
 * above.
 */
int sandbox_enter(const struct sandbox *sandbox);
