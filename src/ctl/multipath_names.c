/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that multipath gives to its maps: of its bindings, lines of an alias and a WWID, and of
 * multipath.conf, where a section `multipath` within `multipaths` has both. A map has the WWID in
 * its device-mapper UUID, whatever kind of WWID it is.
 */

#include <stdio.h>
#include <string.h>

#include "ctl/multipath_names.h"

#define BLANKS " \t\r\v\f"
#define DEPTH_MAX 16 /* of sections within sections: more than multipath knows */

/* One section under way. */
struct section {
	bool is_multipaths, is_multipath;
	char *wwid, *alias; /* of is_multipath */
	size_t line;
};

struct parser {
	struct foreign_names *names;
	struct section sections[DEPTH_MAX];
	size_t depth; /* may be larger than DEPTH_MAX: what lies there means nothing */
	char *key;    /* the first word of a line */
	bool has_value;
};

static void take_name(struct foreign_names *names, const char *alias, const char *wwid)
{
	_cleanup_free_ char *text = xasprintf("%s %s", alias, wwid);
	_cleanup_free_ char *uuid = xasprintf("mpath-%s", wwid);
	char id[UNIQUE_ID_MAX + 1];

	if (unique_id_format(ID_DM_UUID, uuid, 0, id))
		foreign_names_take(names, text, alias, id);
	else
		foreign_names_refuse(names, text, "'%s' is no WWID", wwid);
}

static void section_fini(struct section *section)
{
	free(section->wwid);
	free(section->alias);
	*section = (struct section){ 0 };
}

static void begin_section(struct parser *parser)
{
	const char *key = parser->key ? parser->key : "";
	size_t depth = parser->depth++;

	if (depth >= DEPTH_MAX)
		return;
	parser->sections[depth] = (struct section){
		.is_multipaths = depth == 0 && strcmp(key, "multipaths") == 0,
		.is_multipath = depth == 1 && parser->sections[0].is_multipaths &&
			strcmp(key, "multipath") == 0,
		.line = parser->names->line,
	};
}

static void end_section(struct parser *parser)
{
	size_t line = parser->names->line;
	struct section *section;

	if (parser->depth == 0)
		return;
	if (--parser->depth >= DEPTH_MAX)
		return;
	section = &parser->sections[parser->depth];
	parser->names->line = section->line;
	if (section->wwid && section->alias)
		take_name(parser->names, section->alias, section->wwid);
	else if (section->is_multipath)
		foreign_names_refuse(parser->names, section->wwid ? section->wwid : "multipath",
			"it has no %s", section->wwid ? "alias" : "wwid");
	parser->names->line = line;
	section_fini(section);
}

static void set_value(struct parser *parser, const char *value)
{
	struct section *section = NULL;
	char **to = NULL;

	if (parser->depth && parser->depth <= DEPTH_MAX)
		section = &parser->sections[parser->depth - 1];
	if (section && section->is_multipath && !parser->has_value) {
		if (strcmp(parser->key, "wwid") == 0)
			to = &section->wwid;
		else if (strcmp(parser->key, "alias") == 0)
			to = &section->alias;
	}
	if (to) {
		free(*to);
		*to = xstrdup(value);
	}
	parser->has_value = true;
}

static void take_word(struct parser *parser, const char *word, size_t len)
{
	_cleanup_free_ char *text = xstrndup(word, len);

	if (parser->key)
		set_value(parser, text);
	else
		parser->key = steal_ptr(text);
}

static void end_statement(struct parser *parser)
{
	free(parser->key);
	parser->key = NULL;
	parser->has_value = false;
}

/* A word, a text in quotes, or a brace; what is behind `#` or `!` is said to people. */
static void parse_line(struct parser *parser, const char *at)
{
	for (size_t len; *(at += strspn(at, BLANKS)); at += len) {
		len = 1;
		if (*at == '#' || *at == '!')
			break;
		if (*at == '{') {
			begin_section(parser);
			end_statement(parser);
		} else if (*at == '}') {
			end_section(parser);
			end_statement(parser);
		} else if (*at == '"') {
			len = strcspn(at + 1, "\"");
			take_word(parser, at + 1, len);
			len += 1 + (at[len + 1] == '"');
		} else {
			len = strcspn(at, BLANKS "{}\"#!");
			take_word(parser, at, len);
		}
	}
	/* A brace may stand on a line of its own. */
	if (parser->has_value)
		end_statement(parser);
}

static void parse_configuration(struct foreign_names *names, const char *text)
{
	struct parser parser = { .names = names };
	char *line;

	for (names->line = 1; foreign_take_line(&text, &line); names->line++) {
		_cleanup_free_ char *owned = line;

		/* A key without a value, and no brace behind it. */
		if (parser.key && line[strspn(line, BLANKS)] != '{')
			end_statement(&parser);
		parse_line(&parser, line);
	}
	while (parser.depth)
		end_section(&parser);
	end_statement(&parser);
}

static void parse_bindings(struct foreign_names *names, const char *text)
{
	char *line;

	for (names->line = 1; foreign_take_line(&text, &line); names->line++) {
		_cleanup_free_ char *owned = line;
		char *rest = NULL, *alias = strtok_r(line, BLANKS, &rest);
		char *wwid = alias ? strtok_r(NULL, BLANKS, &rest) : NULL;

		if (!alias || *alias == '#')
			continue;
		if (wwid)
			take_name(names, alias, wwid);
		else
			foreign_names_refuse(names, alias, "it has no WWID");
	}
}

static bool has_sections(const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		size_t len = strcspn(text, "#!\n");

		if (memchr(text, '{', len))
			return true;
	}
	return false;
}

void multipath_names_add(struct foreign_names *names, const char *text)
{
	if (has_sections(text))
		parse_configuration(names, text);
	else
		parse_bindings(names, text);
}
