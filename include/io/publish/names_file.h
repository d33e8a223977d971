/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/base.h"

/*
 * The files from which udevd's rule takes the names of a device, FOLDER/NAME.DISKSEQ: NAME is the
 * kernel name (its `!` are folders), DISKSEQ the number of the disk that is there, which no other
 * disk had or will have until the next boot.
 */

#define NAMES_FILE_MAX (64u << 10) /* bytes taken of a file */

/* Makes the file hold `text`, which readers see whole or not at all. 0 or a negative errno. */
int names_file_write(const char *folder, const char *name, uint64_t diskseq, const char *text);
/* A file that is not there is gone: 0. */
int names_file_remove(const char *folder, const char *name, uint64_t diskseq);

/*
 * Whether any of the links of a file with this text is in `links` (/dev/mm), and leads to the
 * device.
 */
bool names_file_has_links(const char *links, const char *name, const char *text);

/* A file, or (`text` NULL) a device that has links and no file. */
struct names_file {
	char *name; /* kernel name, with `/` */
	uint64_t diskseq;
	char *text;
	bool is_shown; /* the links below /dev/mm that lead to the device are those of the file */
};

/*
 * All files of `folder`, and the devices that symlinks in `links` (/dev/mm) lead to. None of both
 * need exist. What is no file of ours is not listed. The caller frees the list with
 * names_file_free_list().
 */
int names_file_list(
	const char *folder, const char *links, struct names_file **ret_list, size_t *ret_count);
void names_file_free_list(struct names_file *list, size_t count);
