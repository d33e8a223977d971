/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files like fstab, by way of libmount. */

#include "ctl/fstab_names.h"
#include "foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(foreign_names_fini) struct foreign_names names = { .path = "fuzz" };
	_cleanup_free_ char *text = xstrndup((const char *)data, size);

	fstab_names_add(&names, text, &foreign_devices);
	foreign_check(&names);
	return 0;
}
