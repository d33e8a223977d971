/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spelling of unique IDs. Nothing here may ever change what it answers for an identity that it
 * accepted in a release: the names of people's disks are filed under these texts.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/utf.h"
#include "core/syntax/unique_id.h"

static const struct {
	const char *tag;  /* in the unique ID */
	const char *word; /* in the option id= */
} schemes[ID_KINDS] = {
	[ID_UUID] = { "UUID=", "uuid" },
	[ID_PARTUUID] = { "PARTUUID=", "partuuid" },
	[ID_DM_UUID] = { "DM_UUID=", "dm" },
	[ID_MD_UUID] = { "MD_UUID=", "md" },
	[ID_WWN] = { "WWN=", "wwn" },
	[ID_SERIAL] = { "SERIAL=", "serial" },
	[ID_PATH] = { "PATH=", NULL }, /* what is there is another disk tomorrow: no volume's ID */
};

const struct id_order id_order_default = {
	{ ID_UUID, ID_PARTUUID, ID_DM_UUID, ID_MD_UUID, ID_WWN, ID_SERIAL },
	ID_SCHEMES,
};

/* Serial numbers that bridge chips and careless vendors give to every unit. */
static const char *const placeholders[] = {
	"0123456789ABCDEF",
	"0123456789ABCDE",
	"0123456789ABCD",
	"0123456789AB",
	"012345678912",
	"012345678901",
	"01234567890123456789",
	"0123456789",
	"ABCDEF0123456789",
	"ABCDEF",
	"123456789ABCDEF",
	"1234567890ABCDEF",
	"1234567890123456",
	"1234567890",
	"123456789012",
	"123456789",
	"12345678",
	"DD56419883891",
	"DD564198838B1",
	"DB9876543214E",
	"DB98765432100",
	"AABBCCDDEEFF",
	"112233445566",
	"DEADBEEF",
	"00A1234",
	"NOSERIAL",
	"NONE",
	"N/A",
	"UNKNOWN",
	"SERIAL",
	"SERIAL_NUMBER",
	"SERIALNUMBER",
	"NOT_SPECIFIED",
	"NOT_AVAILABLE",
	"NULL",
	"TO_BE_FILLED_BY_O.E.M.",
	"DEFAULT_STRING",
};

int id_order_parse(const char *text, struct id_order *ret_order, const char **ret_why)
{
	struct id_order order = { .count = 0 };
	bool seen[ID_SCHEMES] = { false };

	for (;;) {
		size_t len = strcspn(text, ":"), i = 0;

		while (i < ID_SCHEMES &&
			!(strlen(schemes[i].word) == len &&
				strncmp(schemes[i].word, text, len) == 0))
			i++;
		if (i == ID_SCHEMES) {
			*ret_why = "the words are uuid, partuuid, dm, md, wwn and serial";
			return -EINVAL;
		}
		if (seen[i]) {
			*ret_why = "an identity is named twice";
			return -EINVAL;
		}
		seen[i] = true;
		order.scheme[order.count++] = (enum id_scheme)i;
		if (!text[len])
			break;
		text += len + 1;
	}
	*ret_order = order;
	return 0;
}

bool unique_id_is_place(const char *id)
{
	return strncmp(id, schemes[ID_PATH].tag, strlen(schemes[ID_PATH].tag)) == 0;
}

/* A value in which no digit or letter tells anything: "0000-0000", "0x0000", "______". */
static bool is_void(const char *value)
{
	if (strncasecmp(value, "0x", 2) == 0)
		value += 2;
	for (; *value; value++)
		if (isalnum((unsigned char)*value) && *value != '0')
			return false;
	return true;
}

/* "11111111", but "7" may well be what somebody has chosen. */
static bool is_monotonous(const char *value)
{
	size_t same = strspn(value, (char[]){ value[0], '\0' });

	return value[same] == '\0' && (same >= 8 || strchr("fFxX", value[0]));
}

/*
 * A name that nobody was given: of its digits at most one tells anything, beside the first of a NAA
 * name (0x…), which is its format. "0x5000000000000001".
 */
static bool is_worthless_wwn(const char *value)
{
	static const char *const forms[] = { "0x", "eui.", "uuid." };
	size_t telling = 0, form = 0;

	while (form < ARRAY_SIZE(forms) &&
		strncasecmp(value, forms[form], strlen(forms[form])) != 0)
		form++;
	if (form == ARRAY_SIZE(forms))
		return false;
	value += strlen(forms[form]);
	if (!*value || is_monotonous(value))
		return true;
	for (value += form == 0; *value; value++)
		telling += isalnum((unsigned char)*value) && *value != '0';
	return telling <= 1;
}

static bool is_worthless(enum id_scheme scheme, const char *value)
{
	if (is_void(value))
		return true;
	if (scheme != ID_SERIAL && scheme != ID_WWN)
		return false;
	if (is_monotonous(value) || (scheme == ID_WWN && is_worthless_wwn(value)))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
		if (strcasecmp(value, placeholders[i]) == 0)
			return true;
	return false;
}

bool unique_id_format(enum id_scheme scheme, const char *value, unsigned int partition,
	char ret_id[UNIQUE_ID_MAX + 1])
{
	char clean[UNIQUE_ID_MAX + 1];
	char part[16] = "";
	bool space = false; /* white space was seen since the last character */
	size_t n = 0;

	if (!value)
		return false;
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (isspace(c)) {
			space = n > 0;
			continue;
		}
		if (c < 0x21 || c > 0x7e || n + space >= UNIQUE_ID_MAX)
			return false;
		if (space)
			clean[n++] = '_';
		space = false;
		clean[n++] = (char)c;
	}
	clean[n] = '\0';
	if (is_worthless(scheme, clean))
		return false;
	if (partition && (scheme == ID_WWN || scheme == ID_SERIAL || scheme == ID_PATH))
		snprintf(part, sizeof(part), "-part%u", partition);
	if (strlen(schemes[scheme].tag) + n + strlen(part) > UNIQUE_ID_MAX)
		return false;
	strcpy(ret_id, schemes[scheme].tag);
	strcat(ret_id, clean);
	strcat(ret_id, part);
	return true;
}

bool unique_id_has_form(const char *text)
{
	if (strlen(text) > UNIQUE_ID_MAX)
		return false;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	for (size_t i = 0; i < ID_KINDS; i++) {
		size_t n = strlen(schemes[i].tag);

		if (strncmp(text, schemes[i].tag, n) == 0)
			return text[n] != '\0';
	}
	return false;
}

bool unique_id_is_valid(const char *text)
{
	return unique_id_has_form(text) && utf8_is_plain(text);
}

bool unique_id_is_alike(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && (hex_get_value(*a) < 0 || hex_get_value(*a) != hex_get_value(*b)))
			return false;
	return *a == *b;
}

/*
 * How hexadecimal identities are spelled: what they begin with, and their digits behind that. NULL:
 * any number of digits. UUIDs of 16 digits are not here: NTFS and UDF have them in different cases.
 */
static const struct {
	const char *start, *digits;
	bool is_upper;
} spellings[] = {
	{ "UUID=", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", false },
	{ "UUID=", "xxxx-xxxx", true },
	{ "PARTUUID=", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", false },
	{ "PARTUUID=", "xxxxxxxx-xx", false },
	{ "MD_UUID=", "xxxxxxxx:xxxxxxxx:xxxxxxxx:xxxxxxxx", false },
	{ "WWN=0x", NULL, false },
	{ "WWN=eui.", NULL, false },
	{ "WWN=uuid.", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", false },
};

static bool is_fitting(char c, char form)
{
	return form == 'x' ? hex_get_value(c) >= 0 : form && c == form;
}

/* How long the digits are that `text` has as a spelling says; 0: it has others. */
static size_t measure_digits(const char *text, const char *digits)
{
	size_t n = 0;

	while (is_fitting(text[n], digits ? digits[n] : 'x'))
		n++;
	if (digits && digits[n])
		return 0;
	return !text[n] || strncmp(text + n, "-part", strlen("-part")) == 0 ? n : 0;
}

void unique_id_canonize(const char *text, char ret_id[UNIQUE_ID_MAX + 1])
{
	snprintf(ret_id, UNIQUE_ID_MAX + 1, "%s", text);
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		size_t start = strlen(spellings[i].start), n;

		if (strncasecmp(ret_id, spellings[i].start, start) != 0)
			continue;
		n = measure_digits(ret_id + start, spellings[i].digits);
		if (!n)
			continue;
		memcpy(ret_id, spellings[i].start, start);
		for (char *c = ret_id + start; c < ret_id + start + n; c++)
			if (isalpha((unsigned char)*c))
				*c = hex_get_digit((unsigned int)hex_get_value(*c)) ^
					(spellings[i].is_upper ? 'a' ^ 'A' : 0);
		return;
	}
}
