/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of hive.c, where there is no libhivex.
 */

#include "ctl/ctl.h"
#include "ctl/hive.h"

int hive_read(const char *path, struct strbuf *ret_values)
{
	(void)ret_values;
	return ctl_fail("cannot read %s: this mmctl was built without libhivex", path);
}
