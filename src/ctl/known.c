/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a document says of devices that may be away: judged, and as the values of `remember`.
 *
 * An export has a size of 0 where it does not know it, so that, and an empty text, says nothing.
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/known.h"

#define MICROSECONDS 1000000

/* Texts of `fingerprint`, and the keys of `remember`. */
static const struct {
	const char *member, *key;
} texts[] = { { "partuuid", "partuuid" }, { "dm_uuid", "dmuuid" }, { "md_uuid", "mduuid" },
	{ "wwn", "wwn" }, { "serial", "serial" }, { "attachment", "attachment" } };

/* Numbers there, which have the same keys. */
static const char *const numbers[] = { "size", "start" };

/* ".25": 250000. What is below a microsecond is left out. */
static const char *read_fraction(const char *text, int64_t *ret_rest)
{
	int64_t rest = 0, unit = MICROSECONDS;

	*ret_rest = 0;
	if (*text != '.')
		return text;
	for (text++; *text >= '0' && *text <= '9'; text++) {
		unit /= 10;
		rest += unit * (*text - '0');
	}
	*ret_rest = rest;
	return text[-1] == '.' ? NULL : text;
}

static bool is_digits(const char *text, size_t count)
{
	return strspn(text, "0123456789") >= count;
}

/* "Z" or "+02:00": seconds; all of the text must be that. */
static bool read_offset(const char *text, int64_t *ret_offset)
{
	int hours, minutes;

	*ret_offset = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if ((*text != '+' && *text != '-') || strlen(text) != strlen("+02:00") ||
		!is_digits(text + 1, 2) || text[3] != ':' || !is_digits(text + 4, 2))
		return false;
	hours = (text[1] - '0') * 10 + text[2] - '0';
	minutes = (text[4] - '0') * 10 + text[5] - '0';
	*ret_offset = (hours * 60 + minutes) * 60 * (*text == '-' ? -1 : 1);
	return hours < 24 && minutes < 60;
}

/*
 * "2026-01-31T12:00:00.000000Z": microseconds since 1970, 0: that is no time. strptime() also takes
 * what is no date, and less than all digits: so it is written down again, and compared.
 */
static uint64_t read_time(const char *text)
{
	static const char format[] = "%Y-%m-%dT%H:%M:%S";
	const char *rest = text;
	int64_t seconds, fraction, offset;
	struct tm utc = { 0 };
	char again[32];
	time_t time;

	if (!text || !strptime(text, format, &utc))
		return 0;
	time = timegm(&utc);
	if (!gmtime_r(&time, &utc) || !strftime(again, sizeof(again), format, &utc) ||
		strncmp(text, again, strlen(again)) != 0)
		return 0;
	rest = read_fraction(text + strlen(again), &fraction);
	if (!rest || !read_offset(rest, &offset))
		return 0;
	seconds = time - offset;
	return seconds < 0 ? 0 : (uint64_t)seconds * MICROSECONDS + (uint64_t)fraction;
}

static char *check_numbers(struct json_object *known, const char *of, struct strbuf *place)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct json_object *value;

		if (!json_object_object_get_ex(known, numbers[i], &value) ||
			(json_object_get_int64(value) >= 0 &&
				json_object_get_uint64(value) <= INT64_MAX))
			continue;
		strbuf_reset(place);
		strbuf_add_format(place, "fingerprint/%s", numbers[i]);
		return xasprintf("%s of %s is no number of bytes", numbers[i], of);
	}
	return NULL;
}

static char *check_attachment(struct json_object *known, const char *of, struct strbuf *place)
{
	static const char *const ways[] = { "", "internal", "external", "virtual" };
	const char *text = database_get_text(known, "attachment");
	bool is_one = !text;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		is_one |= is_same_text(text, ways[i]);
	if (is_one)
		return NULL;
	strbuf_reset(place);
	strbuf_add_text(place, "fingerprint/attachment");
	return xasprintf("attachment of %s is not internal, external or virtual", of);
}

char *known_check(struct json_object *volume, struct strbuf *place)
{
	static const struct database_member members[] = {
		{ "last_seen", json_type_string, "text" },
		{ "last_device", json_type_string, "text" },
		{ "fingerprint", json_type_object, "object" },
	};
	static const struct database_member of_fingerprint[] = {
		{ "size", json_type_int, "number" },
		{ "start", json_type_int, "number" },
		{ "partuuid", json_type_string, "text" },
		{ "dm_uuid", json_type_string, "text" },
		{ "md_uuid", json_type_string, "text" },
		{ "wwn", json_type_string, "text" },
		{ "serial", json_type_string, "text" },
		{ "attachment", json_type_string, "text" },
	};
	struct json_object *known = database_get_object(volume, "fingerprint");
	const char *id = volume_get_id(volume), *seen = database_get_text(volume, "last_seen");
	char *why;

	strbuf_reset(place);
	why = database_check_members(volume, members, ARRAY_SIZE(members), id, place);
	if (why)
		return why;
	strbuf_reset(place);
	strbuf_add_text(place, seen && !read_time(seen) ? "last_seen" : "fingerprint");
	if (seen && !read_time(seen))
		return xasprintf("last_seen of %s is no time such as 2026-01-31T12:00:00Z", id);
	why = database_check_members(known, of_fingerprint, ARRAY_SIZE(of_fingerprint), id, place);
	if (!why)
		why = check_numbers(known, id, place);
	return why ? why : check_attachment(known, id, place);
}

bool known_is_said(struct json_object *volume)
{
	return database_get_text(volume, "last_seen") || database_get_text(volume, "last_device") ||
		database_get_object(volume, "fingerprint");
}

static void set_text(struct json_object *known, const char *key, const char *value)
{
	if (value && *value)
		json_object_object_add(known, key, json_object_new_string(value));
}

static void set_number(struct json_object *known, const char *key, uint64_t value)
{
	if (value)
		json_object_object_add(known, key, json_object_new_int64((int64_t)value));
}

struct json_object *known_read(struct json_object *volume, struct json_object *before)
{
	struct json_object *said = database_get_object(volume, "fingerprint"), *value;
	struct json_object *known = json_object_new_object();

	if (before) {
		json_object_object_foreach(before, key, old)
			json_object_object_add(known, key, json_object_get(old));
	}
	set_number(known, "seen", read_time(database_get_text(volume, "last_seen")));
	set_text(known, "node", database_get_text(volume, "last_device"));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (json_object_object_get_ex(said, numbers[i], &value))
			set_number(known, numbers[i], json_object_get_uint64(value));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		set_text(known, texts[i].key, database_get_text(said, texts[i].member));
	return known;
}

uint64_t known_get_seen(struct json_object *known)
{
	return json_object_get_uint64(json_object_object_get(known, "seen"));
}

void known_add(struct strbuf *request, struct json_object *known)
{
	/* That nothing is known is also something: one key has to say so. */
	if (!json_object_object_get_ex(known, "seen", NULL))
		request_add(request, "seen", "0");
	json_object_object_foreach(known, key, value)
		request_add(request, key, json_object_get_string(value));
}
