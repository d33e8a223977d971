/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who does not get the names of an absent volume on its own word: scripts/strangers.script. */

#include "fixture.h"

int main(void)
{
	Suite *suite = suite_create("strangers");
	TCase *tcase = suite_add_case(suite, "strangers");

	fixture_add_script(tcase, "strangers");
	return run_suite(suite);
}
