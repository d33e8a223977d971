/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that other programs keep for devices: those that can be taken, and of each other why not.
 * The files are people's, and whatever is in them: a name is a valid link, and an ID a valid one,
 * or it is not taken. IDs are spelled as devices have them, so that equal ones are of one volume.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/syntax/link_name.h"
#include "ctl/foreign_names.h"

static void name_fini(struct foreign_name *name)
{
	free(name->path);
	free(name->text);
	free(name->link);
	free(name->id);
	free(name->reason);
}

void foreign_names_fini(struct foreign_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		name_fini(&names->list[i]);
	free(names->list);
	*names = (struct foreign_names){ 0 };
}

static struct foreign_name *add(struct foreign_names *names, const char *text)
{
	names->list = xgrow(names->list, names->count, sizeof(*names->list));
	names->list[names->count] = (struct foreign_name){
		.path = xstrdup(names->path ? names->path : ""),
		.line = names->line,
		.text = xstrdup(text),
	};
	return &names->list[names->count++];
}

static void refuse(struct foreign_name *name, char *reason)
{
	free(name->link);
	free(name->id);
	name->link = name->id = NULL;
	name->reason = reason;
}

void foreign_names_refuse(struct foreign_names *names, const char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	refuse(add(names, text), xvasprintf(format, args));
	va_end(args);
}

void foreign_names_take(
	struct foreign_names *names, const char *text, const char *name, const char *id)
{
	_cleanup_free_ char *path = xasprintf(LINK_FOLDER_DOS_DEVICES "%s", name);
	struct foreign_name *added = add(names, text);
	char spelled[UNIQUE_ID_MAX + 1];
	struct link_name link;
	const char *why;

	if (link_name_parse(path, strlen(path), &link, &why) < 0)
		refuse(added, xstrdup(why));
	else if (link.kind != LINK_OTHER)
		refuse(added, xstrdup("the name looks like one of Windows"));
	else if (!unique_id_is_valid(id))
		refuse(added, xasprintf("'%s' is no unique ID", id));
	else
		added->link = xstrdup(link.path);
	if (!added->link)
		return;
	unique_id_canonize(id, spelled);
	added->id = xstrdup(spelled);
}

/* Those that are not taken first, then by their links; equal links as they came. */
static int compare(const void *a, const void *b)
{
	const struct foreign_name *name_a = *(struct foreign_name *const *)a;
	const struct foreign_name *name_b = *(struct foreign_name *const *)b;
	int order = strcasecmp(name_a->link ? name_a->link : "", name_b->link ? name_b->link : "");

	return order ? order : (name_a > name_b) - (name_a < name_b);
}

void foreign_names_finish(struct foreign_names *names)
{
	_cleanup_free_ struct foreign_name **order = xcalloc(names->count + 1, sizeof(*order));
	const struct foreign_name *first = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < names->count; i++)
		order[i] = &names->list[i];
	if (names->count)
		qsort(order, names->count, sizeof(*order), compare);
	for (size_t i = 0; i < names->count; i++) {
		struct foreign_name *name = order[i];

		if (!name->link)
			continue;
		if (!first || strcasecmp(first->link, name->link) != 0)
			first = name;
		else if (strcmp(first->id, name->id) == 0)
			refuse(name, NULL); /* it says nothing new */
		else
			refuse(name,
				xasprintf("%s is the name of %s already (line %zu)",
					link_name_get_base(first->link), first->id, first->line));
	}
	for (size_t i = 0; i < names->count; i++) {
		if (names->list[i].link || names->list[i].reason)
			names->list[kept++] = names->list[i];
		else
			name_fini(&names->list[i]);
	}
	names->count = kept;
}

bool foreign_take_line(const char **text, char **ret_line)
{
	size_t len = strcspn(*text, "\n");

	if (!**text)
		return false;
	*ret_line = xstrndup(*text, len);
	*text += len + ((*text)[len] == '\n');
	return true;
}
