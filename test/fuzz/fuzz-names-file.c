/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a dead daemon, or somebody else, has left in /run/mmfs/udev: the name of a file up to the
 * first NUL, then its content. Whatever is listed can be taken away under the name that it is
 * listed by, and nothing else is touched.
 */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "io/publish/names_file.h"

static char top[] = "/tmp/mmfs-fuzz.XXXXXX";
static char folder[64], links[64];

static void clean_up(void)
{
	_cleanup_free_ char *link = xasprintf("%s/a", links);

	unlink(link);
	rmdir(links);
	rmdir(folder);
	rmdir(top);
}

static void set_up(void)
{
	_cleanup_free_ char *link = NULL;

	FUZZ_ASSERT(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/udev", top);
	snprintf(links, sizeof(links), "%s/mm", top);
	link = xasprintf("%s/a", links);
	FUZZ_ASSERT(mkdir(folder, 0700) == 0 && mkdir(links, 0700) == 0);
	FUZZ_ASSERT(symlink("../sda", link) == 0);
	atexit(clean_up);
}

static bool write_raw(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return false; /* a name that no file can have */
	FUZZ_ASSERT(write(fd, data, size) == (ssize_t)size);
	close(fd);
	return true;
}

static void check_file(const struct names_file *file, const char *path)
{
	FUZZ_ASSERT(file->name[0] && file->name[0] != '.' && !strchr(file->name, '!'));
	if (!file->text) {
		FUZZ_ASSERT(strcmp(file->name, "sda") == 0);
		return;
	}
	FUZZ_ASSERT(file->diskseq && strlen(file->text) <= NAMES_FILE_MAX);
	if (file->is_shown && strcmp(file->name, "sda") == 0)
		FUZZ_ASSERT(strstr(file->text, "mm/a"));
	names_file_has_links(links, file->name, file->text);
	FUZZ_ASSERT(names_file_remove(folder, file->name, file->diskseq) == 0);
	FUZZ_ASSERT(access(path, F_OK) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	size_t len = end ? (size_t)(end - data) : size;
	_cleanup_free_ char *name = xstrndup((const char *)data, len);
	_cleanup_free_ char *path = NULL;
	struct names_file *files;
	size_t count;

	if (!folder[0])
		set_up();
	path = xasprintf("%s/%s", folder, name);
	if (end)
		len++;
	if (strchr(name, '/') || !write_raw(path, data + len, size - len))
		return 0;
	FUZZ_ASSERT(names_file_list(folder, links, &files, &count) == 0);
	for (size_t i = 0; i < count; i++)
		check_file(&files[i], path);
	names_file_free_list(files, count);
	unlink(path);
	return 0;
}
