/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target as a normal test: plays each file of the corpus folder, then mutations of them,
 * always the same. Usage: replay-TARGET FOLDER [MUTATIONS]
 */

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

enum { SIZE_MAX_BYTES = 16 << 20, MUTATIONS = 20000 };

struct input {
	uint8_t *data;
	size_t size;
};

static struct input *inputs;
static int input_count;
static uint32_t state = 1;
static char doing[300]; /* for the last words */

static void handle_crash(int number)
{
	ssize_t n = write(STDERR_FILENO, doing, strlen(doing));

	(void)n;
	signal(number, SIG_DFL);
	raise(number);
}

static size_t draw(size_t limit)
{
	state = state * 1664525 + 1013904223;
	return limit ? (state >> 8) % limit : 0;
}

/* The target gets memory of exactly the size, so that ASan sees the first byte beyond. */
static void play(const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *copy = xcalloc(size, 1);

	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
}

static void load(const char *folder, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	struct input *input;

	if (!file) {
		fprintf(stderr, "cannot open %s: %m\n", path);
		exit(EXIT_FAILURE);
	}
	inputs = xrealloc(inputs, (size_t)input_count + 1, sizeof(*inputs));
	input = &inputs[input_count++];
	input->data = xcalloc(SIZE_MAX_BYTES, 1);
	input->size = fread(input->data, 1, SIZE_MAX_BYTES, file);
	input->data = xrealloc(input->data, input->size, 1);
	fclose(file);
	snprintf(doing, sizeof(doing), "while playing %s\n", name);
	play(input->data, input->size);
}

static int is_plain(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Replaces `size` bytes at `at` by others. */
static void splice(struct input *input, size_t at, size_t size, const void *data, size_t added)
{
	size_t rest = input->size - at - size;
	struct input result = { xcalloc(at + added + rest, 1), at + added + rest };

	memcpy(result.data, input->data, at);
	if (added)
		memcpy(result.data + at, data, added);
	memcpy(result.data + at + added, input->data + at + size, rest);
	free(input->data);
	*input = result;
}

static void mutate(struct input *input)
{
	static const uint8_t bytes[] = "\0\n\t \"\\=/:{}-xX\x7f\x80\xc2\xe2\xf0\xff";
	const struct input *other = &inputs[draw((size_t)input_count)];
	size_t at = draw(input->size + 1), left = input->size - at;
	size_t from = draw(other->size + 1), n = draw(other->size - from + 1);
	uint8_t byte = draw(2) ? bytes[draw(sizeof(bytes))] : (uint8_t)draw(256);

	switch (draw(6)) {
	case 0:
		splice(input, at, left ? 1 : 0, &byte, 1);
		break;
	case 1:
		splice(input, at, 0, &byte, 1);
		break;
	case 2:
		splice(input, at, draw(left + 1), NULL, 0);
		break;
	case 3:
		splice(input, at, draw(left + 1), other->data + from, n);
		break;
	case 4:
		splice(input, at, 0, other->data + from, n);
		break;
	default:
		if (left)
			input->data[at] ^= (uint8_t)(1u << draw(8));
	}
}

int main(int argc, char **argv)
{
	struct dirent **entries = NULL;
	int count = argc > 1 ? scandir(argv[1], &entries, is_plain, alphasort) : -1;
	unsigned long mutations = argc > 2 ? strtoul(argv[2], NULL, 10) : MUTATIONS;

	if (count <= 0) {
		fprintf(stderr, "usage: %s FOLDER [MUTATIONS]; the folder holds inputs\n", argv[0]);
		return EXIT_FAILURE;
	}
	signal(SIGABRT, handle_crash);
	signal(SIGSEGV, handle_crash);
	for (int i = 0; i < count; i++) {
		load(argv[1], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	for (unsigned long i = 0; i < mutations; i++) {
		const struct input *seed = &inputs[draw((size_t)input_count)];
		struct input input = { xcalloc(seed->size, 1), seed->size };

		memcpy(input.data, seed->data, seed->size);
		for (size_t n = 1 + draw(5); n > 0; n--)
			mutate(&input);
		snprintf(doing, sizeof(doing), "while playing mutation %lu\n", i);
		play(input.data, input.size);
		free(input.data);
	}
	for (int i = 0; i < input_count; i++)
		free(inputs[i].data);
	free(inputs);
	return EXIT_SUCCESS;
}
