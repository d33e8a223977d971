/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that follow a device whose content changes, and what is known of a device while its content
 * is in doubt: scripts/following.script.
 */

#include "fixture.h"

int main(void)
{
	Suite *suite = suite_create("following");
	TCase *tcase = suite_add_case(suite, "following");

	fixture_add_script(tcase, "following");
	return run_suite(suite);
}
