/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface in words, made from the tables that make the interface.
 */

#include "core/syntax/request.h"
#include "core/views/interface.h"
#include "core/views/render.h"
#include "core/views/tree.h"

static void add_flags(struct strbuf *text, unsigned int flags)
{
	for (size_t i = 0; i < OPERATION_FLAGS; i++) {
		if (!(flags & 1u << i))
			continue;
		strbuf_add_text(text, operation_flag_names[i]);
		flags &= ~(1u << i);
		strbuf_add_text(text, flags ? " " : "");
	}
}

/* Those of one kind, with something around each and between them. */
static void add_keys(struct strbuf *text, unsigned int keys, const char *before, const char *after,
	const char *between)
{
	const char *space = text->len && text->data[text->len - 1] != '\t' ? " " : "";

	for (unsigned int key = 0; key < KEYS; key++) {
		if (!(keys & KEY_BIT(key)))
			continue;
		strbuf_add_format(text, "%s%s%s%s", space, before, request_key_names[key], after);
		space = between;
	}
}

static void end_list(struct strbuf *text, char end)
{
	if (text->data[text->len - 1] == '\t')
		strbuf_add_char(text, '-');
	strbuf_add_char(text, end);
}

static void add_operation(struct strbuf *text, const struct operation *operation)
{
	strbuf_add_format(text, "operation\t%s\t%s\t%s\t", operation->name, operation->usage,
		operation->help);
	add_flags(text, operation->flags);
	end_list(text, '\t');
	add_keys(text, operation->needs, "", "", " ");
	add_keys(text, operation->one_of, "", "", "|");
	add_keys(text, operation->keys & ~(operation->needs | operation->one_of), "[", "]", " ");
	end_list(text, '\t');
	strbuf_add_text(text, operation->errors ? operation->errors : "");
	end_list(text, '\n');
}

static void add_files(struct strbuf *text)
{
	struct tree tree;

	tree_init(&tree, 0);
	for (const struct node *node = tree.root->content->first; node; node = node->next)
		strbuf_add_format(
			text, "file\t%s%s\n", node->name, node->kind == NODE_FOLDER ? "/" : "");
	tree_fini(&tree);
	for (size_t i = 0; i < volume_file_count; i++)
		strbuf_add_format(text, "file\tids/ID/%s\n", volume_files[i].name);
	strbuf_add_text(text, "file\tids/ID/device\n");
}

void interface_format(struct strbuf *ret_text)
{
	for (size_t i = 0; i < operation_count; i++)
		add_operation(ret_text, &operations[i]);
	for (size_t i = 0; i < OPERATION_FLAGS; i++)
		strbuf_add_format(ret_text, "flag\t%s\n", operation_flag_names[i]);
	for (size_t i = 0; i < KEYS; i++)
		strbuf_add_format(ret_text, "key\t%s\n", request_key_names[i]);
	strbuf_add_format(ret_text, "errors\tany\t%s\nerrors\tmv\t%s\n", operation_common_errors,
		operation_rename.errors);
	for (size_t i = 0; i < ARRAY_SIZE(event_types); i++)
		strbuf_add_format(
			ret_text, "event\t%s\t%s\n", event_types[i].name, event_types[i].members);
	add_files(ret_text);
}
