/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bindings and configurations of multipath. */

#include "ctl/multipath_names.h"
#include "foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(foreign_names_fini) struct foreign_names names = { .path = "fuzz" };
	_cleanup_free_ char *text = xstrndup((const char *)data, size);

	multipath_names_add(&names, text);
	foreign_check(&names);
	return 0;
}
