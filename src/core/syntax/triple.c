/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A triple as a line of text, safe for `eval` in a shell.
 */

#include "core/syntax/triple.h"

void triple_format(const struct triple *triple, struct strbuf *ret_text)
{
	strbuf_add_pair(ret_text, "LINK", triple->link);
	strbuf_add_pair(ret_text, "ID", triple->id);
	strbuf_add_pair(ret_text, "DEVICE", triple->node);
	strbuf_add_char(ret_text, '\n');
}
