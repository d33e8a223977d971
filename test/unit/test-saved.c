/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a saved database brings back, rule by rule: scripts/saved.script. */

#include "fixture.h"

int main(void)
{
	Suite *suite = suite_create("saved");

	fixture_add_script(suite_add_case(suite, "saved"), "saved");
	return run_suite(suite);
}
