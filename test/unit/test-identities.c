/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of identities, of whatever device: scripts/identities.script.
 */

#include "fixture.h"

int main(void)
{
	Suite *suite = suite_create("identities");
	TCase *tcase = suite_add_case(suite, "identities");

	fixture_add_script(tcase, "identities");
	return run_suite(suite);
}
