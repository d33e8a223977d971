/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents that mmctl imports, by somebody who wishes us ill: whatever they say, what is made of
 * them for control/database are lines of operations that bring back a database, and none of them
 * ends the batch. The first byte says whether the import is exact.
 */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/syntax/operations.h"
#include "ctl/json_place.h"
#include "ctl/judge.h"
#include "ctl/output.h"
#include "ctl/restore.h"
#include "fuzz.h"

#define HERE                                                                                       \
	"{\"format\":\"mmfs-names\",\"version\":1,\"auto_mount\":true,\"volumes\":[{\"id\":"       \
	"\"UUID=1\",\"links\":[\"/DosDevices/X:\",\"/DosDevices/a\"],\"keep_links\":true,"         \
	"\"fingerprint\":{\"size\":512},\"mount_points\":[{\"path\":\"data\",\"volume\":"          \
	"\"/Volumes/Volume{00000000-0000-4000-8000-000000000001}\",\"options\":\"ro\"}]},"         \
	"{\"id\":\"UUID=2\",\"links\":[\"/DosDevices/b\"],\"last_seen\":\"2026-01-31T12:00:00Z\"}" \
	"]}\n"

int ctl_fail(const char *format, ...)
{
	return CTL_FAILED;
}

void output_print_json(const char *json)
{
}

static char tree[] = "/tmp/mmfs-fuzz-XXXXXX";
static bool has_tree;

static void add_file(const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", tree, name);
	FILE *file = fopen(path, "we");

	FUZZ_ASSERT(file && fputs(text, file) >= 0);
	fclose(file);
}

static void remove_tree(void)
{
	static const char *const paths[] = { "control/database", "ids/UUID=1/state", "ids/UUID=1",
		"ids", "control", "" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", tree, paths[i]);

		remove(path);
	}
}

/* What mmctl sees of a mounted tree. */
static void make_tree(void)
{
	static const char *const folders[] = { "control", "ids", "ids/UUID=1" };

	FUZZ_ASSERT(mkdtemp(tree));
	has_tree = true;
	atexit(remove_tree);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", tree, folders[i]);

		FUZZ_ASSERT(mkdir(path, 0700) == 0);
	}
	add_file("control/database", HERE);
	add_file("ids/UUID=1/state", "online\n");
}

static void check_batch(const struct strbuf *batch)
{
	const char *line = strbuf_text(batch);

	FUZZ_ASSERT(strlen(line) == batch->len);
	for (size_t len; *line; line += len + 1) {
		_cleanup_free_ char *word = xstrndup(line, strcspn(line, " \n"));
		const struct operation *operation = operation_find_saved(word);

		len = strcspn(line, "\n");
		FUZZ_ASSERT(line[len] == '\n');
		FUZZ_ASSERT(operation && operation->flags & OPERATION_BATCHES);
	}
}

static void import(struct json_object *wanted, bool is_exact)
{
	struct ctl ctl = { .mount = tree, .is_exact = is_exact, .timeout_ms = -1 };
	_cleanup_(restore_fini) struct restore restore = { 0 };
	_cleanup_strbuf_ struct strbuf batch = STRBUF_INIT;

	if (restore_begin(&restore, &ctl, wanted) != CTL_OK)
		return;
	restore_end(&restore, &batch);
	check_batch(&batch);
}

/* Whatever the text is. */
static void look_for_places(const char *text)
{
	static const char *const paths[] = { "volumes/1/links/0", "a/b", "0/1", "" };
	struct strbuf whole = STRBUF_INIT;

	strbuf_add_text(&whole, text);
	json_find_fault(&whole);
	strbuf_fini(&whole);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		json_find_line(text, paths[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ struct json_object *wanted = NULL;
	_cleanup_strbuf_ struct strbuf place = STRBUF_INIT;
	_cleanup_free_ char *text = NULL, *why = NULL;
	struct json_tokener *tokener;

	if (!size)
		return 0;
	if (!has_tree)
		make_tree();
	text = xstrndup((const char *)data + 1, size - 1);
	look_for_places(text);
	tokener = json_tokener_new();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	wanted = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	json_tokener_free(tokener);
	if (!wanted)
		return 0;
	why = judge_document(wanted, &place);
	json_find_line(text, strbuf_text(&place));
	if (!why)
		import(wanted, data[0] % 2);
	return 0;
}
