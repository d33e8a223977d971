/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of triples against that of strcmp(3).
 */

#include <string.h>

#include "core/model/triples.h"
#include "fixture.h"

#define LINK_SIZE 64

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of few characters, so that many begin alike; some in one folder, some without. */
static void fill(char *link, unsigned int *random)
{
	static const char letters[] = "ab~\x01\x80\xff";
	char *end = link + rand_r(random) % (LINK_SIZE / 2);
	int kind = rand_r(random) % 3;

	if (kind)
		link = stpcpy(link, kind == 1 ? "/DosDevices/" : "/DosDevices/a name that is long");
	while (link < end)
		*link++ = letters[(size_t)rand_r(random) % strlen(letters)];
	*link = '\0';
}

START_TEST(test_order)
{
	size_t count = (size_t)_i * _i * 3;
	char(*links)[LINK_SIZE] = xcalloc(count, sizeof(*links));
	struct triple *triples = xcalloc(count, sizeof(*triples));
	const char **expected = xcalloc(count, sizeof(*expected));
	unsigned int random = (unsigned int)_i + 1;

	for (size_t i = 0; i < count; i++) {
		fill(links[i], &random);
		expected[i] = links[i];
		triples[i] = (struct triple){ links[i], links[i] + 1, links[i] + 2 };
	}
	triples_sort(triples, count);
	qsort(expected, count, sizeof(*expected), compare);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(triples[i].link, expected[i]);
		ck_assert_ptr_eq(triples[i].id, triples[i].link + 1);
		ck_assert_ptr_eq(triples[i].node, triples[i].link + 2);
	}
	free(expected);
	free(triples);
	free(links);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("triples");
	TCase *tcase = suite_add_case(suite, "triples");

	tcase_add_loop_test(tcase, test_order, 0, 50);
	return run_suite(suite);
}
