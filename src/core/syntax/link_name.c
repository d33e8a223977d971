/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Syntax of link names: the forms that people, scripts and Windows programs write come in, one
 * canonical path comes out. The predicates are those of the Windows header (a drive letter is upper
 * case; the hexadecimal digits of a volume name are not looked at), applied to one component.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "core/syntax/link_name.h"

#define VOLUME_NAME_LEN 44 /* "Volume{" + 36 + "}" */
#define VOLUME_START "Volume{"
#define VOLUME_START_LEN strlen(VOLUME_START)

struct form {
	const char *prefix;
	bool is_volume_only; /* what follows must be a volume name */
};

static const struct form forms[] = {
	{ "/DosDevices/", false },
	{ "\\DosDevices\\", false },
	{ "\\??\\", false },
	{ "\\\\?\\", true },
	{ "/Volumes/", true },
	{ "\\Volumes\\", true },
};

/* In whatever case. */
static bool is_like_volume_name(const char *name, size_t len)
{
	static const int dashes[] = { 15, 20, 25, 30 };

	if (len != VOLUME_NAME_LEN || strncasecmp(name, VOLUME_START, VOLUME_START_LEN) != 0 ||
		name[len - 1] != '}')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(dashes); i++)
		if (name[dashes[i]] != '-')
			return false;
	for (size_t i = VOLUME_START_LEN; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return true;
}

static bool is_volume_name(const char *name, size_t len)
{
	return is_like_volume_name(name, len) && memcmp(name, VOLUME_START, VOLUME_START_LEN) == 0;
}

/* Without the backslash that may follow a volume name, as it does on Windows. */
static size_t get_bare_len(const char *name, size_t len, bool is_sought)
{
	if (len != VOLUME_NAME_LEN + 1 || name[len - 1] != '\\')
		return len;
	return (is_sought ? is_like_volume_name : is_volume_name)(name, len - 1) ? len - 1 : len;
}

static bool is_letter_name(const char *name, size_t len)
{
	return len == 2 && name[0] >= 'A' && name[0] <= 'Z' && name[1] == ':';
}

static bool is_lower_letter_name(const char *name, size_t len)
{
	return len == 2 && name[0] >= 'a' && name[0] <= 'z' && name[1] == ':';
}

static const char *find_fault(const char *name, size_t len)
{
	if (len == 0)
		return "a link name cannot be empty";
	if (len > LINK_NAME_MAX)
		return "a link name has at most 255 bytes";
	if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
		return "'.' and '..' cannot be link names";
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence_len(name + i, len - i);

		if (n == 0)
			return "a link name must be UTF-8";
		if (name[i] == '/' || name[i] == '\\')
			return "a link name cannot contain '/' or '\\'";
		if (utf8_is_control(name + i, n))
			return "a link name cannot contain control characters";
		i += n;
	}
	return NULL;
}

static const struct form *find_form(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t n = strlen(forms[i].prefix);

		if (len >= n && strncasecmp(text, forms[i].prefix, n) == 0)
			return &forms[i];
	}
	return NULL;
}

static int parse(const char *text, size_t len, bool is_sought, struct link_name *ret_name,
	const char **ret_why)
{
	const struct form *form = find_form(text, len);
	size_t skip = form ? strlen(form->prefix) : 0;
	const char *fault, *name = text + skip, *folder = LINK_FOLDER_DOS_DEVICES;
	enum link_kind kind = LINK_OTHER;
	char *base;

	len = get_bare_len(name, len - skip, is_sought);
	fault = find_fault(name, len);
	if (!fault &&
		(is_volume_name(name, len) ||
			(is_sought && form && form->is_volume_only &&
				is_like_volume_name(name, len)))) {
		kind = LINK_VOLUME;
		folder = LINK_FOLDER_VOLUMES;
	} else if (!fault && form && form->is_volume_only) {
		fault = "only names of the form Volume{GUID} can be below Volumes";
	} else if (is_letter_name(name, len) || is_lower_letter_name(name, len)) {
		kind = LINK_LETTER;
	}
	if (!fault && !is_sought && is_lower_letter_name(name, len))
		fault = "a drive letter must be upper case";
	if (fault) {
		*ret_why = fault;
		return -EINVAL;
	}
	ret_name->kind = kind;
	base = stpcpy(ret_name->path, folder); /* a start parses each name: no printf here */
	memcpy(base, name, len);
	base[len] = '\0';
	if (kind == LINK_LETTER)
		*base &= ~0x20;
	else if (kind == LINK_VOLUME)
		memcpy(base, VOLUME_START, VOLUME_START_LEN);
	return 0;
}

bool link_name_get_twin(const char *path, char ret_path[LINK_PATH_MAX])
{
	const char *base = link_name_get_base(path);

	if (link_name_is_volume(path))
		snprintf(ret_path, LINK_PATH_MAX, LINK_FOLDER_DOS_DEVICES "%s", base);
	else if (is_like_volume_name(base, strlen(base)))
		snprintf(ret_path, LINK_PATH_MAX, LINK_FOLDER_VOLUMES VOLUME_START "%s",
			base + VOLUME_START_LEN);
	else
		return false;
	return true;
}

int link_name_parse(const char *text, size_t len, struct link_name *ret_name, const char **ret_why)
{
	return parse(text, len, false, ret_name, ret_why);
}

int link_name_parse_sought(
	const char *text, size_t len, struct link_name *ret_name, const char **ret_why)
{
	return parse(text, len, true, ret_name, ret_why);
}

size_t link_name_parse_start(const char *text, struct link_name *ret_name, const char **ret_why)
{
	const struct form *form = *text == '\\' ? find_form(text, strlen(text)) : NULL;
	size_t skip = form ? strlen(form->prefix) : 0;
	size_t len = skip + strcspn(text + skip, "\\/");

	*ret_why = "no link stands at its start";
	return form && parse(text, len, true, ret_name, ret_why) == 0 ? len : 0;
}

bool link_name_is_form(const char *text)
{
	size_t len = strlen(text);

	if (find_form(text, len) || is_like_volume_name(text, get_bare_len(text, len, true)))
		return true;
	return is_letter_name(text, len) || is_lower_letter_name(text, len);
}

const char *link_name_get_base(const char *path)
{
	return strrchr(path, '/') + 1;
}

bool link_name_is_letter(const char *path)
{
	size_t skip = strlen(LINK_FOLDER_DOS_DEVICES);

	return strncmp(path, LINK_FOLDER_DOS_DEVICES, skip) == 0 &&
		is_letter_name(path + skip, strlen(path + skip));
}

bool link_name_is_volume(const char *path)
{
	return strncmp(path, LINK_FOLDER_VOLUMES, strlen(LINK_FOLDER_VOLUMES)) == 0;
}

bool link_name_get_guid(const char *path, uint8_t ret_guid[16])
{
	const char *c = path + strlen(LINK_FOLDER_VOLUMES "Volume{");
	uint8_t guid[16];

	if (!link_name_is_volume(path))
		return false;
	for (size_t i = 0; i < 16; i++, c += 2) {
		int high, low;

		c += *c == '-';
		high = hex_get_value(c[0]);
		low = high < 0 ? -1 : hex_get_value(c[1]);
		if (low < 0)
			return false; /* nobody looks at the digits of one that is made */
		guid[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret_guid, guid, sizeof(guid));
	return true;
}

void link_name_format_volume(const uint8_t random[16], char ret_path[LINK_PATH_MAX])
{
	char guid[37], *out = guid;

	for (int i = 0; i < 16; i++) {
		unsigned int byte = random[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x40; /* version 4 */
		else if (i == 8)
			byte = (byte & 0x3f) | 0x80; /* RFC 4122 variant */
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex_get_digit(byte >> 4);
		*out++ = hex_get_digit(byte);
	}
	*out = '\0';
	snprintf(ret_path, LINK_PATH_MAX, "%sVolume{%s}", LINK_FOLDER_VOLUMES, guid);
}
