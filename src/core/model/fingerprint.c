/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells a device from its clones.
 */

#include "core/model/fingerprint.h"

void fingerprint_fini(struct fingerprint *fingerprint)
{
	for (size_t i = 0; i < ID_SCHEMES; i++)
		free(fingerprint->value[i]);
	free(fingerprint->node);
	*fingerprint = (struct fingerprint){ 0 };
}

void fingerprint_copy(struct fingerprint *to, const struct fingerprint *from)
{
	struct fingerprint copy = {
		.size = from->size,
		.start = from->start,
		.attachment = from->attachment,
		.diskseq = from->diskseq,
		.has_twin = from->has_twin,
	};

	for (size_t i = 0; i < ID_SCHEMES; i++)
		copy.value[i] = from->value[i] ? xstrdup(from->value[i]) : NULL;
	copy.node = from->node ? xstrdup(from->node) : NULL;
	fingerprint_fini(to);
	*to = copy;
}

bool fingerprint_has(const struct fingerprint *fingerprint, char *const identity[ID_SCHEMES])
{
	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (i != ID_UUID && !is_same_text(fingerprint->value[i], identity[i]))
			return false;
	return true;
}
