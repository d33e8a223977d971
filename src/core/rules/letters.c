/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets which drive letter.
 *
 * A letter is free when no volume shows it: what the database lists for a volume that is absent and
 * not kept is no reservation. But it may come back, so its letter is taken when no other is left.
 * Floppies start at A, optical drives and media at
 * D, all else at C. A volume that found none left is marked, so that nobody tries again.
 */

#include <stdio.h>
#include <string.h>

#include "core/rules/letters.h"
#include "core/syntax/link_name.h"

static void format_letter(char letter, char ret_path[LINK_PATH_MAX])
{
	snprintf(ret_path, LINK_PATH_MAX, LINK_FOLDER_DOS_DEVICES "%c:", letter);
}

/* Whether nobody has a letter, or nobody who is here. */
static bool is_free(
	const struct manager *manager, const struct change *change, char letter, bool may_be_absent)
{
	char path[LINK_PATH_MAX];
	const struct link *link;

	format_letter(letter, path);
	link = names_find_link(&change->names, path);
	return !link || (may_be_absent && !change_shows_link(manager, change, link));
}

/* A label such as "E:" where labels are suggestions, else 0. */
static char get_suggestion(const struct manager *manager, const struct device *device)
{
	const char *label = device_get_suggestion(device);

	if (!manager->suggests_label || !label || label[0] < 'A' || label[0] > 'Z' ||
		strcmp(label + 1, ":") != 0)
		return 0;
	return label[0];
}

static bool has_free_suggestion(
	const struct manager *manager, const struct change *change, const struct device *device)
{
	char suggestion = get_suggestion(manager, device);

	return suggestion && is_free(manager, change, suggestion, false);
}

static char get_first_letter(const struct device *device)
{
	if (!device)
		return 'C';
	if (strncmp(device->name, "fd", 2) == 0)
		return 'A';
	return strncmp(device->name, "sr", 2) == 0 || device_is_disc(device) ? 'D' : 'C';
}

static char find_free(
	const struct manager *manager, const struct change *change, const struct device *device)
{
	if (device && has_free_suggestion(manager, change, device))
		return get_suggestion(manager, device);
	for (int may_be_absent = 0; may_be_absent < 2; may_be_absent++)
		for (char letter = get_first_letter(device); letter <= 'Z'; letter++)
			if (is_free(manager, change, letter, may_be_absent))
				return letter;
	return 0;
}

static bool may_have_letter(const struct manager *manager, const struct change *change,
	const struct record *record, const struct device *device)
{
	/* Of one that is absent it is known how it was attached. */
	bool is_removable = device ? device->is_removable
				   : record->fingerprint.attachment == ATTACHMENT_EXTERNAL;

	if (record->no_drive_letter)
		return false;
	if (is_removable)
		return true;
	if (device && device->partition_flags & DEVICE_GPT_NO_DRIVE_LETTER &&
		!get_suggestion(manager, device))
		return false;
	return !names_is_auto_mount_off(&change->names);
}

struct letter letters_assign(const struct manager *manager, const struct manager_env *env,
	const char *id, const char *operation, struct change *change)
{
	const struct device *device =
		volumes_change_find_id(&manager->volumes, &change->volumes, id);
	const struct record *record = names_find_record(&change->names, id);
	struct letter letter = { record ? record->letter : 0, false };
	struct triple triple = { .id = id, .node = device ? device->node : NULL };
	char path[LINK_PATH_MAX];

	if (!record || letter.value || !may_have_letter(manager, change, record, device))
		return letter;
	letter.value = find_free(manager, change, device);
	if (!letter.value) {
		names_edit_record(&change->names, id)->no_drive_letter = true;
		return letter;
	}
	letter.is_new = true;
	format_letter(letter.value, path);
	names_set_link(&change->names, path, id, env->now);
	triple.link = path;
	change_add_entry(change, manager, env, operation, &triple);
	return letter;
}

static int compare_applicants(const void *a, const void *b)
{
	return device_compare_names(((const struct applicant *)a)->device->name,
		((const struct applicant *)b)->device->name);
}

void applicants_sort(struct applicant *list, size_t count)
{
	if (count)
		qsort(list, count, sizeof(*list), compare_applicants);
}

void letters_assign_all(const struct manager *manager, const struct manager_env *env,
	const struct applicant *list, size_t count, struct change *change)
{
	const char *operation = change->gives_letters ? "auto_dl_assignments" : "volume_arrival";

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < count; i++)
			if (pass == 1 || has_free_suggestion(manager, change, list[i].device))
				letters_assign(manager, env, list[i].id, operation, change);
}
