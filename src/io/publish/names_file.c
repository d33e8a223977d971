/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files for udevd's rule. The folder is in /run: what is in it is gone with the machine's memory,
 * and nothing here waits for a disk. A file is put in place when it is whole, since udevd may read
 * it at any time.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "io/publish/names_file.h"

#define WORD_PREFIX "mm/" /* of each link in a file, below /dev */

/* "FOLDER/sda1.7". */
static char *get_path(const char *folder, const char *name, uint64_t diskseq)
{
	char *path = xasprintf("%s/%s.%llu", folder, name, (unsigned long long)diskseq);

	for (char *c = path + strlen(folder) + 1; *c; c++)
		if (*c == '!')
			*c = '/';
	return path;
}

/* Makes the folders that a file is in. That they are there is as good. */
static int make_folders(const char *path)
{
	_cleanup_free_ char *folder = xstrdup(path);

	for (char *c = strchr(folder + 1, '/'); c; c = strchr(c + 1, '/')) {
		*c = '\0';
		if (mkdir(folder, 0755) == 0)
			chmod(folder, 0755); /* whatever the umask */
		else if (errno != EEXIST)
			return -errno;
		*c = '/';
	}
	return 0;
}

static int open_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : fd;
}

static int write_text(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		text += n;
		len -= (size_t)n;
	}
	return fchmod(fd, 0644) < 0 ? -errno : 0; /* whatever the umask */
}

int names_file_write(const char *folder, const char *name, uint64_t diskseq, const char *text)
{
	_cleanup_free_ char *path = get_path(folder, name, diskseq);
	_cleanup_free_ char *new = xasprintf("%s/.%d", folder, (int)getpid());
	int fd = open_new(new), r;

	if (fd == -ENOENT) {
		r = make_folders(new);
		fd = r < 0 ? r : open_new(new);
	}
	if (fd < 0)
		return fd;
	r = write_text(fd, text);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0)
		r = make_folders(path);
	if (r == 0 && rename(new, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(new);
	return r;
}

int names_file_remove(const char *folder, const char *name, uint64_t diskseq)
{
	_cleanup_free_ char *path = get_path(folder, name, diskseq);

	return unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

/*
 * --- what is there ------------------------------------------------------------------------------
 */

struct dev_link {
	char *link;   /* "mm/photos" */
	char *device; /* "sda1" */
};

struct listing {
	struct names_file *files;
	size_t file_count;
	struct dev_link *links;
	size_t link_count;
};

void names_file_free_list(struct names_file *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].name);
		free(list[i].text);
	}
	free(list);
}

static void listing_fini(struct listing *listing)
{
	names_file_free_list(listing->files, listing->file_count);
	for (size_t i = 0; i < listing->link_count; i++) {
		free(listing->links[i].link);
		free(listing->links[i].device);
	}
	free(listing->links);
}

static char *read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_free_ char *text = xcalloc(1, NAMES_FILE_MAX + 1);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, text, NAMES_FILE_MAX);
	close(fd);
	return n < 0 ? NULL : steal_ptr(text);
}

static void add_file(struct listing *listing, const char *path, const char *name)
{
	const char *dot = strrchr(name, '.');
	uint64_t diskseq = dot && dot > name ? strtoull(dot + 1, NULL, 10) : 0;
	_cleanup_free_ char *number = xasprintf("%llu", (unsigned long long)diskseq);
	struct names_file file;

	/* Only what would be written under the same name again can be taken away by it. */
	if (!diskseq || strcmp(dot + 1, number) != 0 || strchr(name, '!'))
		return;
	file = (struct names_file){
		.name = xstrndup(name, (size_t)(dot - name)),
		.diskseq = diskseq,
		.text = read_text(path),
	};
	if (!file.text) {
		free(file.name);
		return;
	}
	listing->files = xgrow(listing->files, listing->file_count, sizeof(file));
	listing->files[listing->file_count++] = file;
}

/*
 * The files of a folder; of the folders in it, too, unless it is one of these: `prefix` is
 * "cciss/".
 */
static int list_files(struct listing *listing, const char *folder, const char *prefix)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *path = xasprintf("%s/%s", folder, entry->d_name);
		_cleanup_free_ char *name = xasprintf("%s%s", prefix, entry->d_name);
		struct stat status;

		if (entry->d_name[0] == '.' || lstat(path, &status) < 0)
			continue;
		if (S_ISREG(status.st_mode)) {
			add_file(listing, path, name);
		} else if (S_ISDIR(status.st_mode) && !*prefix) {
			_cleanup_free_ char *inner = xasprintf("%s/", name);

			list_files(listing, path, inner);
		}
	}
	closedir(dir);
	return 0;
}

/* Whose link it is; NULL: it is none. udevd's are relative: "../sda1". */
static char *read_link(const char *folder, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 3 || strncmp(target, "../", 3) != 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(target + 3);
}

static void list_links(struct listing *listing, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *device = read_link(folder, entry->d_name);

		if (!device)
			continue;
		listing->links =
			xgrow(listing->links, listing->link_count, sizeof(*listing->links));
		listing->links[listing->link_count++] = (struct dev_link){
			.link = xasprintf(WORD_PREFIX "%s", entry->d_name),
			.device = device,
		};
	}
	if (dir)
		closedir(dir);
}

static int compare_links(const void *a, const void *b)
{
	const struct dev_link *link_a = a, *link_b = b;

	return strcmp(link_a->link, link_b->link);
}

static bool leads_to(const struct listing *listing, const char *link, const char *device)
{
	struct dev_link key = { .link = (char *)link };
	const struct dev_link *found = listing->link_count
		? bsearch(&key, listing->links, listing->link_count, sizeof(key), compare_links)
		: NULL;

	return found && strcmp(found->device, device) == 0;
}

/* Takes the next link out of the text of a file, which is taken apart: "mm/photos". */
static const char *take_link(char **text)
{
	char *word;

	while ((word = strsep(text, " \n=")))
		if (strncmp(word, WORD_PREFIX, strlen(WORD_PREFIX)) == 0)
			return word; /* and not a key */
	return NULL;
}

/* Whether all links of the file are there, and no others that lead to its device. */
static bool is_shown(const struct listing *listing, const struct names_file *file)
{
	_cleanup_free_ char *copy = xstrdup(file->text);
	char *rest = copy;
	size_t count = 0;
	const char *link;

	while ((link = take_link(&rest))) {
		if (!leads_to(listing, link, file->name))
			return false;
		count++;
	}
	for (size_t i = 0; i < listing->link_count; i++)
		count -= strcmp(listing->links[i].device, file->name) == 0;
	return count == 0;
}

static int compare_files(const void *a, const void *b)
{
	const struct names_file *file_a = a, *file_b = b;

	return strcmp(file_a->name, file_b->name);
}

/* Devices that have links, and no file. */
static void add_strays(struct listing *listing)
{
	size_t count = listing->file_count;

	for (size_t i = 0; i < listing->link_count; i++) {
		struct names_file stray = { .name = listing->links[i].device };

		if (count && bsearch(&stray, listing->files, count, sizeof(stray), compare_files))
			continue;
		stray.name = xstrdup(stray.name);
		listing->files = xgrow(listing->files, listing->file_count, sizeof(stray));
		listing->files[listing->file_count++] = stray;
	}
}

int names_file_list(
	const char *folder, const char *links, struct names_file **ret_list, size_t *ret_count)
{
	struct listing listing = { 0 };
	int r = list_files(&listing, folder, "");

	if (r < 0) {
		listing_fini(&listing);
		return r;
	}
	list_links(&listing, links);
	if (listing.link_count)
		qsort(listing.links, listing.link_count, sizeof(*listing.links), compare_links);
	if (listing.file_count)
		qsort(listing.files, listing.file_count, sizeof(*listing.files), compare_files);
	for (size_t i = 0; i < listing.file_count; i++)
		listing.files[i].is_shown = is_shown(&listing, &listing.files[i]);
	add_strays(&listing);
	*ret_list = steal_ptr(listing.files);
	*ret_count = listing.file_count;
	listing.file_count = 0;
	listing_fini(&listing);
	return 0;
}

bool names_file_has_links(const char *links, const char *name, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy;
	const char *link;

	while ((link = take_link(&rest))) {
		_cleanup_free_ char *device = read_link(links, link + strlen(WORD_PREFIX));

		if (device && strcmp(device, name) == 0)
			return true;
	}
	return false;
}
