/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option id=.
 */

#include <errno.h>
#include <string.h>

#include "core/syntax/unique_id.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup((const char *)data, size);
	struct id_order order = { .count = 99 };
	bool seen[ID_SCHEMES] = { false };
	const char *fault = NULL;
	int r = id_order_parse(text, &order, &fault);

	if (r < 0) {
		FUZZ_ASSERT(r == -EINVAL && fault && order.count == 99);
		return 0;
	}
	FUZZ_ASSERT(order.count >= 1 && order.count <= ID_SCHEMES);
	for (size_t i = 0; i < order.count; i++) {
		FUZZ_ASSERT(order.scheme[i] < ID_SCHEMES && !seen[order.scheme[i]]);
		seen[order.scheme[i]] = true;
	}
	return 0;
}
