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
		.medium = from->medium,
		.has_twin = from->has_twin,
	};

	for (size_t i = 0; i < ID_SCHEMES; i++)
		copy.value[i] = from->value[i] ? xstrdup(from->value[i]) : NULL;
	copy.node = from->node ? xstrdup(from->node) : NULL;
	fingerprint_fini(to);
	*to = copy;
}

uint64_t fingerprint_get_medium(uint64_t boot, const struct device *device)
{
	const uint64_t parts[] = { device->number, device->diskseq, device->partition,
		device->start };
	uint64_t medium = boot;

	if (!boot || !device->diskseq)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		for (unsigned int shift = 0; shift < 64; shift += 8)
			medium = (medium ^ (parts[i] >> shift & 0xff)) * UINT64_C(0x100000001b3);
	return medium >> 1 | 1; /* as the database takes it */
}

bool fingerprint_has(const struct fingerprint *fingerprint, char *const identity[ID_SCHEMES])
{
	for (size_t i = 0; i < ID_SCHEMES; i++)
		if (i != ID_UUID && !is_same_text(fingerprint->value[i], identity[i]))
			return false;
	return true;
}
