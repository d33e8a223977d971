/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads test cases that are files: from lines to cases and their steps. Blocks are put in where
 * they are used, so who plays a case sees nothing but steps, each with the line that it was written
 * in.
 */

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "script.h"

#ifndef SCRIPTS
#define SCRIPTS "test/unit/scripts" /* of a program that is run at the root of the sources */
#endif

static int fail(const struct script *script, unsigned int line, struct strbuf *why,
	const char *sentence, const char *what)
{
	strbuf_add_format(
		why, "%s:%u: %s%s%s", script->name, line, sentence, *what ? ": " : "", what);
	return -EINVAL;
}

/* The line without the white space around it. */
static char *trim(char *line)
{
	size_t len;

	line += strspn(line, " \t");
	len = strlen(line);
	while (len && strchr(" \t", line[len - 1]))
		line[--len] = '\0';
	return line;
}

static const struct script_part *find_block(const struct script *script, const char *name)
{
	for (size_t i = 0; i < script->block_count; i++)
		if (strcmp(script->blocks[i].title, name) == 0)
			return &script->blocks[i];
	return NULL;
}

static int add_step(const struct script *script, struct script_part *part, const char *text,
	unsigned int line, struct strbuf *why)
{
	if (part->count >= SCRIPT_STEPS_MAX)
		return fail(script, line, why, "too many steps", "");
	part->steps = xgrow(part->steps, part->count, sizeof(*part->steps));
	part->steps[part->count++] = (struct script_step){ text, line };
	return 0;
}

static int use(const struct script *script, struct script_part *part, const char *name,
	unsigned int line, struct strbuf *why)
{
	const struct script_part *block = find_block(script, name);
	int r = 0;

	if (!block || block == part)
		return fail(script, line, why, "no such block stands above", name);
	if (part->count + block->count > SCRIPT_STEPS_MAX)
		return fail(script, line, why, "too many steps", name);
	for (size_t i = 0; i < block->count && r == 0; i++)
		r = add_step(script, part, block->steps[i].text, block->steps[i].line, why);
	return r;
}

/* Begins a case or a block. */
static int begin(struct script *script, struct script_part **ret_part,
	const struct script_part *begun, bool is_block, struct strbuf *why)
{
	struct script_part **list = is_block ? &script->blocks : &script->cases;
	size_t *count = is_block ? &script->block_count : &script->case_count;

	if (!*begun->title)
		return fail(script, begun->line, why, "a title is missing", "");
	if (is_block && find_block(script, begun->title))
		return fail(script, begun->line, why, "there is such a block", begun->title);
	*list = xgrow(*list, *count, sizeof(**list));
	(*list)[*count] = *begun;
	*ret_part = &(*list)[(*count)++];
	return 0;
}

/* A line that says something; *part is what its steps belong to. */
static int parse_line(struct script *script, struct script_part **part, char *text,
	unsigned int line, struct strbuf *why)
{
	size_t len = strcspn(text, " ");
	char *rest = text + len + (text[len] == ' ');
	struct script_part begun = { .title = rest, .line = line };

	if (len == 5 && strncmp(text, "block", len) == 0)
		return begin(script, part, &begun, true, why);
	begun.is_at_rest = len == 12 && strncmp(text, "case_at_rest", len) == 0;
	if (begun.is_at_rest || (len == 4 && strncmp(text, "case", len) == 0))
		return begin(script, part, &begun, false, why);
	if (!*part)
		return fail(script, line, why, "neither `case` nor `block` stands above", text);
	if (len == 3 && strncmp(text, "use", len) == 0)
		return use(script, *part, rest, line, why);
	return add_step(script, *part, text, line, why);
}

/* A case without a step would pass, and say nothing. */
static int check_parts(const struct script *script, struct strbuf *why)
{
	for (size_t i = 0; i < script->case_count; i++)
		if (!script->cases[i].count)
			return fail(script, script->cases[i].line, why, "no steps",
				script->cases[i].title);
	for (size_t i = 0; i < script->block_count; i++)
		if (!script->blocks[i].count)
			return fail(script, script->blocks[i].line, why, "no steps",
				script->blocks[i].title);
	return script->case_count ? 0 : fail(script, 1, why, "no cases", "");
}

static int parse(struct script *script, struct strbuf *why)
{
	struct script_part *part = NULL;
	char *rest = script->text, *text;
	int r = 0;

	for (unsigned int line = 1; r == 0 && (text = strsep(&rest, "\n")); line++) {
		if (strlen(text) > SCRIPT_LINE_MAX)
			return fail(script, line, why, "the line is too long", "");
		for (const char *c = text; *c; c++)
			if ((unsigned char)*c < ' ' && *c != '\t')
				return fail(script, line, why, "a control character", "");
		text = trim(text);
		if (*text && *text != '#')
			r = parse_line(script, &part, text, line, why);
	}
	return r < 0 ? r : check_parts(script, why);
}

int script_parse(struct script *script, const char *name, char *text, struct strbuf *why)
{
	int r;

	*script = (struct script){ .name = xstrdup(name), .text = text };
	r = parse(script, why);
	if (r < 0)
		script_fini(script);
	return r;
}

static void free_parts(struct script_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(parts[i].steps);
	free(parts);
}

void script_fini(struct script *script)
{
	free_parts(script->cases, script->case_count);
	free_parts(script->blocks, script->block_count);
	free(script->name);
	free(script->text);
	*script = (struct script){ 0 };
}

void script_load(struct script *script, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s.script", SCRIPTS, name);
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	char *text = xcalloc(1, SCRIPT_TEXT_MAX + 2);
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		err(EXIT_FAILURE, "cannot open %s", path);
	len = fread(text, 1, SCRIPT_TEXT_MAX + 1, file);
	if (ferror(file))
		err(EXIT_FAILURE, "cannot read %s", path);
	fclose(file);
	if (len > SCRIPT_TEXT_MAX || strlen(text) != len)
		errx(EXIT_FAILURE, "%s: longer than %d bytes, or no text", path, SCRIPT_TEXT_MAX);
	if (script_parse(script, path, text, &why) < 0)
		errx(EXIT_FAILURE, "%s", strbuf_text(&why));
}
