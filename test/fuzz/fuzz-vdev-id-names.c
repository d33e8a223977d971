/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of vdev_id, and the links of udev that are in them. */

#include "ctl/vdev_id_names.h"
#include "foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(foreign_names_fini) struct foreign_names names = { .path = "fuzz" };
	_cleanup_free_ char *text = xstrndup((const char *)data, size);

	vdev_id_names_add(&names, text, &foreign_devices);
	foreign_check(&names);
	return 0;
}
