/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identities from hardware and superblocks, and what clients call a volume. The first byte is the
 * scheme and the partition number.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/syntax/request.h"
#include "core/syntax/unique_id.h"
#include "fuzz.h"

/* Only the case of letters can become another. */
static void check_spelling(const char *text)
{
	char id[UNIQUE_ID_MAX + 1], again[UNIQUE_ID_MAX + 1];

	if (!unique_id_is_valid(text))
		return;
	unique_id_canonize(text, id);
	FUZZ_ASSERT(unique_id_is_valid(id) && strcasecmp(id, text) == 0);
	unique_id_canonize(id, again);
	FUZZ_ASSERT(strcmp(again, id) == 0);
}

static void check_identity(enum id_scheme scheme, const char *value, unsigned int partition)
{
	char id[UNIQUE_ID_MAX + 1] = "untouched", again[UNIQUE_ID_MAX + 1];
	const char *clean;

	if (!unique_id_format(scheme, value, partition, id)) {
		FUZZ_ASSERT(strcmp(id, "untouched") == 0);
		return;
	}
	FUZZ_ASSERT(unique_id_is_valid(id));
	for (const char *c = id; *c; c++)
		FUZZ_ASSERT(*c > 0x20 && *c < 0x7f);
	if (partition && (scheme == ID_WWN || scheme == ID_SERIAL)) {
		char *part = strrchr(id, '-');

		FUZZ_ASSERT(part && strncmp(part, "-part", 5) == 0);
		*part = '\0';
	}
	clean = strchr(id, '=') + 1; /* has no white space left to lose */
	FUZZ_ASSERT(unique_id_format(scheme, clean, 0, again) && strcmp(again, id) == 0);
}

static void check_volume_ref(const char *text)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct volume_ref ref, again;
	int r = volume_ref_parse(text, &ref, &why);

	if (r < 0) {
		FUZZ_ASSERT(r == -EINVAL && why.len > 0);
		return;
	}
	FUZZ_ASSERT(why.len == 0 && *ref.text && !ref.is_word && !ref.number);
	FUZZ_ASSERT((ref.kind == VOLUME_BY_LINK) == link_name_is_form(text));
	FUZZ_ASSERT(ref.kind == VOLUME_BY_LINK || strcmp(ref.text, text) == 0);
	FUZZ_ASSERT(ref.kind != VOLUME_BY_ID || unique_id_is_valid(text));
	FUZZ_ASSERT(volume_ref_parse(ref.text, &again, &why) == 0);
	FUZZ_ASSERT(again.kind == ref.kind && strcmp(again.text, ref.text) == 0);
	free(again.text);
	free(ref.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;

	if (size == 0)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	check_identity((enum id_scheme)(data[0] % ID_SCHEMES), text, data[0] / ID_SCHEMES);
	check_spelling(text);
	check_volume_ref(text);
	return 0;
}
