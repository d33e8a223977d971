/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make-hive FILE [KEY [NAME TYPE HEX]…]: writes a hive of a registry with one key and its values,
 * with libhivex. Types are numbers: 3 is binary.
 */

#include <hivex.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/hex.h"

#define PAGE 4096u
#define ROOT 0x20u  /* offsets behind the header, of cells */
#define OWNER 0x80u /* what says who may do what, which libhivex wants */
#define FREE 0xc0u

static void put(uint8_t *at, uint32_t value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* The header of the file, and one page with a root that has no keys. */
static void write_empty(const char *path)
{
	uint8_t data[2 * PAGE] = { 0 }, *page = data + PAGE, *cell;
	uint32_t sum = 0;
	FILE *file = fopen(path, "we");

	memcpy(data, "regf", 4);
	put(data + 4, 1, 4);
	put(data + 8, 1, 4);
	put(data + 0x14, 1, 4); /* version 1.3 */
	put(data + 0x18, 3, 4);
	put(data + 0x20, 1, 4);
	put(data + 0x24, ROOT, 4);
	put(data + 0x28, PAGE, 4);
	put(data + 0x2c, 1, 4);
	for (size_t i = 0; i < 0x1fc; i += 4)
		sum ^= data[i] | (uint32_t)data[i + 1] << 8 | (uint32_t)data[i + 2] << 16 |
			(uint32_t)data[i + 3] << 24;
	put(data + 0x1fc, sum, 4);

	memcpy(page, "hbin", 4);
	put(page + 8, PAGE, 4);
	cell = page + ROOT;
	put(cell, (uint32_t) - (int32_t)(OWNER - ROOT), 4);
	memcpy(cell + 4, "nk", 2);
	put(cell + 6, 0x2c, 2);
	for (size_t at = 0x20; at <= 0x24; at += 4)
		put(cell + at, UINT32_MAX, 4); /* no keys */
	put(cell + 0x2c, UINT32_MAX, 4);       /* no values */
	put(cell + 0x30, OWNER, 4);
	put(cell + 0x34, UINT32_MAX, 4);
	put(cell + 0x4c, 4, 2);
	memcpy(cell + 0x50, "root", 4);
	cell = page + OWNER;
	put(cell, (uint32_t) - (int32_t)(FREE - OWNER), 4);
	memcpy(cell + 4, "sk", 2);
	put(cell + 8, OWNER, 4);
	put(cell + 12, OWNER, 4);
	put(cell + 16, 1, 4);
	put(cell + 20, 20, 4);
	put(page + FREE, PAGE - FREE, 4);
	if (!file || fwrite(data, sizeof(data), 1, file) != 1 || fclose(file) != 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

static hive_set_value make_value(char **words)
{
	size_t len = strlen(words[2]) / 2;
	hive_set_value value = { words[0], (hive_type)strtoul(words[1], NULL, 0), len,
		xcalloc(len, 1) };

	for (size_t i = 0; i < len; i++)
		value.value[i] = (char)(hex_get_value(words[2][2 * i]) << 4 |
			hex_get_value(words[2][2 * i + 1]));
	return value;
}

int main(int argc, char **argv)
{
	size_t count = argc > 3 ? (size_t)(argc - 3) / 3 : 0;
	hive_set_value *values = xcalloc(count, sizeof(*values));
	hive_node_h key;
	hive_h *hive;

	if (argc < 2)
		return 2;
	write_empty(argv[1]);
	for (size_t i = 0; i < count; i++)
		values[i] = make_value(argv + 3 + 3 * i);
	hive = hivex_open(argv[1], HIVEX_OPEN_WRITE);
	if (!hive) {
		perror("hivex_open");
		return EXIT_FAILURE;
	}
	key = argc > 2 ? hivex_node_add_child(hive, hivex_root(hive), argv[2]) : 1;
	if (!key || (count && hivex_node_set_values(hive, key, count, values, 0) < 0) ||
		hivex_commit(hive, NULL, 0) < 0) {
		perror("hivex");
		return EXIT_FAILURE;
	}
	hivex_close(hive);
	for (size_t i = 0; i < count; i++)
		free(values[i].value);
	free(values);
	return EXIT_SUCCESS;
}
