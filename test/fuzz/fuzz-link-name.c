/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link names: what is accepted is canonical, and read back as the same.
 */

#include <string.h>

#include "base/strbuf.h"
#include "core/syntax/link_name.h"
#include "fuzz.h"

static void check_name(const struct link_name *name)
{
	const char *base = link_name_get_base(name->path), *fault = NULL;
	size_t len = strlen(name->path), base_len = strlen(base);
	struct link_name again;

	FUZZ_ASSERT(len < LINK_PATH_MAX);
	FUZZ_ASSERT(base_len >= 1 && base_len <= LINK_NAME_MAX);
	FUZZ_ASSERT(base - name->path == (name->kind == LINK_VOLUME ? 9 : 12));
	FUZZ_ASSERT(link_name_is_letter(name->path) == (name->kind == LINK_LETTER));
	FUZZ_ASSERT(link_name_is_volume(name->path) == (name->kind == LINK_VOLUME));
	FUZZ_ASSERT(!strpbrk(base, "/\\") && strcmp(base, ".") != 0 && strcmp(base, "..") != 0);
	for (size_t i = 0; i < base_len;) {
		size_t n = utf8_sequence_len(base + i, base_len - i);

		FUZZ_ASSERT(n > 0 && (unsigned char)base[i] >= 0x20 && base[i] != 0x7f);
		FUZZ_ASSERT(
			!strchr("\xc0\xc1\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff", base[i]));
		i += n;
	}
	FUZZ_ASSERT(link_name_parse(name->path, len, &again, &fault) == 0);
	FUZZ_ASSERT(again.kind == name->kind && strcmp(again.path, name->path) == 0);
	FUZZ_ASSERT(link_name_is_form(name->path));
}

/* All of the name is in the result: behind it was nothing, or one backslash. */
static void check_end(const struct link_name *name, const char *text, size_t size)
{
	const char *base = link_name_get_base(name->path);
	size_t len = strlen(base);
	bool has_backslash = size > len && text[size - 1] == '\\';

	FUZZ_ASSERT(size >= len + has_backslash);
	FUZZ_ASSERT(memcmp(text + size - len - has_backslash, base, len) == 0);
	FUZZ_ASSERT(!has_backslash || name->kind == LINK_VOLUME);
	size -= len + has_backslash;
	FUZZ_ASSERT(size == 0 || text[size - 1] == '/' || text[size - 1] == '\\');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	struct link_name name;
	const char *fault = NULL;

	if (link_name_parse((const char *)data, size, &name, &fault) == 0) {
		check_name(&name);
		check_end(&name, (const char *)data, size);
	} else {
		FUZZ_ASSERT(fault && *fault);
	}
	(void)link_name_is_form(text);
	return 0;
}
