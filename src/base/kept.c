/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that can outlive the process.
 *
 * It begins with a head and a journal. Behind them lie the records, up to `end`. The size of each,
 * with its header, is a power of two; each is free or valid. kept_new() walks through all of them
 * to find out which are free.
 *
 * The journal tells how to undo the changes since the last commit: the entry about a change is
 * complete before the change is made. A commit is one store, to `state`. After it, only the records
 * that were removed have still to be freed, which does no harm when it is done twice. A process
 * that is killed has made all its stores up to some instruction, in their order. So only the
 * compiler has to be kept from moving them, which the fences do.
 */

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/crash_point.h"
#include "base/kept.h"

#define KEPT_MAGIC UINT64_C(0x7470656b73666d6d) /* "mmfskept" */
#define KEPT_LAYOUT 2
#define RECORD_MARK 0x6b657000u /* the class is added to it */
#define JOURNAL_AT 4096u
#define JOURNAL_SIZE ((size_t)8 << 20)
#define RECORDS_AT (JOURNAL_AT + JOURNAL_SIZE)
#define GRANULE 64u /* records are counted in these */
#define PAGE 4096u
#define JOURNAL_SPARE (4 * PAGE)	/* of the journal, where pages stay after a commit */
#define SPARE_SHARE 4u			/* a quarter is left for what must be kept */
#define SPARE_BYTES ((uint64_t)4 << 20) /* of free records of one class that keep their pages */

enum { CLASS_MIN = 6, CLASS_MAX = 33 };
enum { STATE_OPEN, STATE_COMMITTED };
enum { RECORD_FREE, RECORD_VALID };
enum { FLAG_RAW = 1 };
enum need { NEED_LITTLE, NEED_MUCH };

struct head {
	uint64_t magic;
	uint32_t layout;
	uint32_t state;
	uint64_t size;
	uint64_t end;	  /* of the records, bytes from the start */
	uint64_t journal; /* bytes of it that count */
	uint64_t damage;  /* that nobody has made good so far */
};

struct record {
	uint32_t mark;
	uint16_t state;
	uint16_t flags;
	uint32_t kind;
	uint32_t reserved;
	uint64_t id;
	uint64_t len;
	uint64_t sum;
};

enum entry_kind { ENTRY_ADD = 1, ENTRY_REMOVE, ENTRY_WRITE };

/* Of the journal. The bytes that a write replaces follow, padded to a multiple of 8. */
struct entry {
	uint32_t kind;
	uint32_t record;
	uint64_t at, len;
	uint64_t sum;
};

struct free_list {
	uint32_t *records;
	size_t count;
};

struct kept {
	uint8_t *memory;
	size_t size;
	pthread_mutex_t lock; /* for what follows, and for head::end */
	struct free_list free[CLASS_MAX + 1];
};

#define FENCE() __atomic_signal_fence(__ATOMIC_SEQ_CST)

static struct head *get_head(const struct kept *kept)
{
	return (struct head *)(void *)kept->memory;
}

static struct record *get_record(const struct kept *kept, uint32_t record)
{
	return (struct record *)(void *)(kept->memory + (uint64_t)record * GRANULE);
}

static void *get_bytes(struct record *record)
{
	return record + 1;
}

/* The size is 1 << class. 0: this is not the header of a record. */
static unsigned int get_class(const struct record *record)
{
	unsigned int class = record->mark - RECORD_MARK;

	return class >= CLASS_MIN && class <= CLASS_MAX ? class : 0;
}

static uint64_t add_to_sum(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return sum ^ sum >> 29;
}

static uint64_t get_sum(struct record *record)
{
	const uint8_t *bytes = get_bytes(record);
	uint64_t sum = add_to_sum(record->id, (uint64_t)record->kind << 32 | record->flags), word;
	size_t len = record->flags & FLAG_RAW ? 0 : record->len;

	sum = add_to_sum(sum, record->len);
	for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum = add_to_sum(sum, word);
	}
	if (len) {
		word = 0;
		memcpy(&word, bytes, len);
		sum = add_to_sum(sum, word);
	}
	return sum;
}

/* Gives the pages in the midst of a record back to the system. */
static void give_back(struct kept *kept, unsigned int class, uint32_t record)
{
	uint64_t start = (uint64_t)record * GRANULE, end = start + ((uint64_t)1 << class);

	start = (start + sizeof(struct record) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	end &= ~(uint64_t)(PAGE - 1);
	if (end > start)
		madvise(kept->memory + start, end - start, MADV_REMOVE);
}

static void note_free(struct kept *kept, unsigned int class, uint32_t record)
{
	struct free_list *list = &kept->free[class];

	if ((uint64_t)list->count << class >= SPARE_BYTES)
		give_back(kept, class, record);
	list->records = xgrow(list->records, list->count, sizeof(*list->records));
	list->records[list->count++] = record;
}

void kept_release(struct kept *kept, uint32_t number)
{
	struct record *record = number ? get_record(kept, number) : NULL;

	if (!record)
		return;
	pthread_mutex_lock(&kept->lock);
	if (record->state == RECORD_VALID) {
		FENCE();
		record->state = RECORD_FREE;
		note_free(kept, get_class(record), number);
	}
	pthread_mutex_unlock(&kept->lock);
}

/* A free record of a class; a new one has only zeros. 0: there is no room. */
static uint32_t take_free(struct kept *kept, unsigned int class, enum need need, bool *ret_is_new)
{
	struct head *head = get_head(kept);
	struct free_list *list = &kept->free[class];
	struct record *record;
	uint64_t spare = need == NEED_LITTLE ? kept->size / SPARE_SHARE : 0;
	uint32_t number = 0;

	pthread_mutex_lock(&kept->lock);
	*ret_is_new = !list->count;
	if (list->count) {
		number = list->records[--list->count];
	} else if (head->size - head->end >= ((uint64_t)1 << class) + spare) {
		number = (uint32_t)(head->end / GRANULE);
		record = get_record(kept, number);
		*record = (struct record){ .mark = RECORD_MARK + class };
		FENCE();
		head->end += (uint64_t)1 << class;
	}
	pthread_mutex_unlock(&kept->lock);
	return number;
}

static struct entry *begin_entry(struct kept *kept, size_t len)
{
	struct head *head = get_head(kept);

	/* No commit of ours has as much; if one had, it would fall into two. */
	if (head->journal + sizeof(struct entry) + len + sizeof(uint64_t) > JOURNAL_SIZE)
		kept_commit(kept);
	return (struct entry *)(void *)(kept->memory + JOURNAL_AT + head->journal);
}

static void end_entry(struct kept *kept, const struct entry *entry)
{
	FENCE();
	get_head(kept)->journal += sizeof(*entry) + ((entry->len + 7) & ~UINT64_C(7));
	FENCE();
}

static unsigned int find_class(size_t len)
{
	unsigned int class = CLASS_MIN;

	while ((size_t)1 << class < sizeof(struct record) + len)
		class ++;
	return class;
}

bool kept_has_room(struct kept *kept, size_t len)
{
	const struct head *head = get_head(kept);
	unsigned int class = find_class(len);
	bool has_room;

	pthread_mutex_lock(&kept->lock);
	has_room = kept->free[class].count || head->size - head->end >= (uint64_t)1 << class;
	pthread_mutex_unlock(&kept->lock);
	return has_room;
}

static void put_bytes(char *to, const struct kept_bytes bytes[2])
{
	if (bytes[0].len)
		memcpy(to, bytes[0].data, bytes[0].len);
	if (bytes[1].len)
		memcpy(to + bytes[0].len, bytes[1].data, bytes[1].len);
}

/* `bytes`: two pieces; NULL: zeros. */
static uint32_t add(struct kept *kept, const struct record *header, const struct kept_bytes *bytes,
	enum need need)
{
	unsigned int class = find_class(header->len);
	struct record *record;
	struct entry *entry;
	uint32_t number;
	bool is_new;

	assert(header->kind && header->len < (uint64_t)1 << (CLASS_MAX - 1));
	number = take_free(kept, class, need, &is_new);
	if (!number && need == NEED_MUCH)
		abort(); /* as when memory is exhausted */
	if (!number)
		return 0;
	record = get_record(kept, number);
	record->flags = header->flags;
	record->kind = header->kind;
	record->id = header->id;
	record->len = header->len;
	if (bytes)
		put_bytes(get_bytes(record), bytes);
	else if (!is_new)
		memset(get_bytes(record), 0, header->len);
	record->sum = get_sum(record);
	entry = begin_entry(kept, 0);
	*entry = (struct entry){ .kind = ENTRY_ADD, .record = number };
	end_entry(kept, entry);
	record->state = RECORD_VALID;
	return number;
}

uint32_t kept_add(struct kept *kept, uint32_t kind, uint64_t id, const void *data, size_t len)
{
	const struct kept_bytes bytes[2] = { { data, len } };

	return add(kept, &(struct record){ .kind = kind, .id = id, .len = len },
		data ? bytes : NULL, NEED_MUCH);
}

uint32_t kept_try_add(struct kept *kept, uint32_t kind, uint64_t id, const void *data, size_t len)
{
	const struct kept_bytes bytes[2] = { { data, len } };

	return add(kept, &(struct record){ .kind = kind, .id = id, .len = len },
		data ? bytes : NULL, NEED_LITTLE);
}

uint32_t kept_try_add_both(
	struct kept *kept, uint32_t kind, uint64_t id, const struct kept_bytes bytes[2])
{
	size_t len = bytes[0].len + bytes[1].len;

	return add(
		kept, &(struct record){ .kind = kind, .id = id, .len = len }, bytes, NEED_LITTLE);
}

uint32_t kept_add_raw(struct kept *kept, uint32_t kind, uint64_t id, size_t len)
{
	return add(kept, &(struct record){ .flags = FLAG_RAW, .kind = kind, .id = id, .len = len },
		NULL, NEED_MUCH);
}

void kept_write(struct kept *kept, uint32_t number, size_t at, const void *data, size_t len)
{
	struct record *record = get_record(kept, number);
	uint8_t *bytes = get_bytes(record);
	struct entry *entry = begin_entry(kept, len);

	assert(record->state == RECORD_VALID && at <= record->len && len <= record->len - at);
	*entry = (struct entry){
		.kind = ENTRY_WRITE,
		.record = number,
		.at = at,
		.len = len,
		.sum = record->sum,
	};
	memcpy(entry + 1, bytes + at, len);
	end_entry(kept, entry);
	memcpy(bytes + at, data, len);
	record->sum = get_sum(record);
}

void kept_remove(struct kept *kept, uint32_t number)
{
	struct entry *entry;

	if (!number)
		return;
	entry = begin_entry(kept, 0);
	*entry = (struct entry){ .kind = ENTRY_REMOVE, .record = number };
	end_entry(kept, entry);
}

bool kept_has_changes(const struct kept *kept)
{
	return get_head(kept)->journal != 0;
}

/* The entry at a place of the journal, or NULL at its end, or where it is damaged. */
static struct entry *get_entry(const struct kept *kept, uint64_t at)
{
	uint64_t end = get_head(kept)->journal;
	struct entry *entry = (struct entry *)(void *)(kept->memory + JOURNAL_AT + at);

	if (at >= end || end - at < sizeof(*entry) || entry->len > end - at - sizeof(*entry))
		return NULL;
	return entry;
}

static uint64_t get_next(const struct entry *entry, uint64_t at)
{
	return at + sizeof(*entry) + ((entry->len + 7) & ~UINT64_C(7));
}

/* Whether a number from the journal is that of a record: from a damaged one it may not be. */
static bool is_record(const struct kept *kept, uint32_t number)
{
	uint64_t at = (uint64_t)number * GRANULE, end = get_head(kept)->end;
	const struct record *record = get_record(kept, number);
	unsigned int class;

	if (at < RECORDS_AT || at >= end || end - at < sizeof(*record))
		return false;
	class = get_class(record);
	return class && (uint64_t)1 << class <= end - at &&
		record->len <= ((uint64_t)1 << class) - sizeof(*record);
}

static void free_removed(struct kept *kept)
{
	struct entry *entry;

	for (uint64_t at = 0; (entry = get_entry(kept, at)); at = get_next(entry, at))
		if (entry->kind == ENTRY_REMOVE && is_record(kept, entry->record))
			kept_release(kept, entry->record);
}

void kept_commit(struct kept *kept)
{
	struct head *head = get_head(kept);
	uint64_t journal = head->journal;

	if (!journal)
		return;
	FENCE();
	head->state = STATE_COMMITTED;
	FENCE();
	free_removed(kept);
	FENCE();
	head->journal = 0;
	FENCE();
	head->state = STATE_OPEN;
	FENCE();
	if (journal > JOURNAL_SPARE)
		madvise(kept->memory + JOURNAL_AT + JOURNAL_SPARE, journal - JOURNAL_SPARE,
			MADV_REMOVE);
}

void kept_trim(struct kept *kept)
{
	pthread_mutex_lock(&kept->lock);
	for (unsigned int class = CLASS_MIN; class <= CLASS_MAX; class ++)
		for (size_t i = 0; i < kept->free[class].count; i++)
			give_back(kept, class, kept->free[class].records[i]);
	pthread_mutex_unlock(&kept->lock);
}

/* Undoes one change. */
static void undo(struct kept *kept, const struct entry *entry)
{
	struct record *record = get_record(kept, entry->record);

	if (!is_record(kept, entry->record))
		return;
	if (entry->kind == ENTRY_ADD) {
		record->state = RECORD_FREE;
	} else if (entry->kind == ENTRY_WRITE && entry->at <= record->len &&
		entry->len <= record->len - entry->at) {
		memcpy((uint8_t *)get_bytes(record) + entry->at, entry + 1, entry->len);
		record->sum = entry->sum;
	}
}

/*
 * Ends what the earlier process was doing: completes a commit, or undoes what was not committed. No
 * record has been checked yet.
 */
static void end_journal(struct kept *kept)
{
	struct head *head = get_head(kept);
	uint64_t *places = NULL;
	struct entry *entry;
	size_t count = 0;

	if (head->journal > JOURNAL_SIZE)
		head->journal = 0;
	for (uint64_t at = 0; (entry = get_entry(kept, at)); at = get_next(entry, at)) {
		if (head->state == STATE_COMMITTED) {
			if (entry->kind == ENTRY_REMOVE && is_record(kept, entry->record))
				get_record(kept, entry->record)->state = RECORD_FREE;
			continue;
		}
		places = xgrow(places, count, sizeof(*places));
		places[count++] = at;
	}
	while (count) {
		undo(kept, get_entry(kept, places[--count]));
		crash_point("over:undone");
	}
	free(places);
	FENCE();
	head->journal = 0;
	FENCE();
	head->state = STATE_OPEN;
}

/* It outlives the process, too: who goes on from damage may end before it has made that good. */
static void note_damage(struct kept *kept, uint64_t count)
{
	struct head *head = get_head(kept);

	head->damage = head->damage < UINT64_MAX - count ? head->damage + count : UINT64_MAX;
	FENCE();
}

/* Drops all from this place on: nobody knows where the next record begins. */
static void cut(struct kept *kept, uint64_t at)
{
	uint64_t page = (at + PAGE - 1) & ~(uint64_t)(PAGE - 1);

	note_damage(kept, 1);
	memset(kept->memory + at, 0, page - at);
	madvise(kept->memory + page, kept->size - page, MADV_REMOVE);
	get_head(kept)->end = at;
}

/* Walks through all records: notes what is free, and drops what is damaged. */
static void walk(struct kept *kept)
{
	struct head *head = get_head(kept);
	uint64_t at = RECORDS_AT;

	while (at < head->end) {
		uint32_t number = (uint32_t)(at / GRANULE);
		struct record *record = get_record(kept, number);
		unsigned int class = get_class(record);

		if (!class || (uint64_t)1 << class > head->end - at) {
			cut(kept, at);
			return;
		}
		if (record->state != RECORD_VALID || !is_record(kept, number) ||
			record->sum != get_sum(record)) {
			if (record->state != RECORD_FREE)
				note_damage(kept, 1);
			record->state = RECORD_FREE;
			note_free(kept, class, number);
		}
		at += (uint64_t)1 << class;
	}
}

struct kept *kept_new(void *memory, size_t size)
{
	struct kept *kept = xcalloc(1, sizeof(*kept));
	uint64_t bytes = size; /* of 32 bits they are never too many */
	struct head *head = memory;
	bool is_blank = !head->magic && !head->end && !head->damage;

	assert(size > RECORDS_AT && bytes <= (uint64_t)UINT32_MAX * GRANULE);
	kept->memory = memory;
	kept->size = size;
	pthread_mutex_init(&kept->lock, NULL);
	if (head->magic == KEPT_MAGIC && head->layout == KEPT_LAYOUT && head->size == size &&
		head->end >= RECORDS_AT && head->end <= size && head->end % GRANULE == 0) {
		end_journal(kept);
		walk(kept);
		return kept;
	}
	if (!is_blank) {
		note_damage(kept, UINT64_MAX);
		madvise(kept->memory + PAGE, size - PAGE, MADV_REMOVE);
	}
	*head = (struct head){
		.layout = KEPT_LAYOUT,
		.size = size,
		.end = RECORDS_AT,
		.damage = is_blank ? 0 : UINT64_MAX,
	};
	FENCE();
	head->magic = KEPT_MAGIC;
	return kept;
}

void kept_free(struct kept *kept)
{
	if (!kept)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kept->free); i++)
		free(kept->free[i].records);
	pthread_mutex_destroy(&kept->lock);
	free(kept);
}

size_t kept_get_damage(const struct kept *kept)
{
	uint64_t damage = get_head(kept)->damage;

	return damage < SIZE_MAX ? (size_t)damage : SIZE_MAX;
}

void kept_forget_damage(struct kept *kept)
{
	get_head(kept)->damage = 0;
}

void *kept_get(const struct kept *kept, uint32_t record)
{
	return get_bytes(get_record(kept, record));
}

size_t kept_get_len(const struct kept *kept, uint32_t record)
{
	return get_record(kept, record)->len;
}

uint64_t kept_get_id(const struct kept *kept, uint32_t record)
{
	return get_record(kept, record)->id;
}

uint32_t kept_next(const struct kept *kept, uint32_t kind, uint32_t after)
{
	uint64_t at = RECORDS_AT;

	if (after)
		at = (uint64_t)after * GRANULE +
			((uint64_t)1 << get_class(get_record(kept, after)));
	for (const struct record *record; at < get_head(kept)->end;
		at += (uint64_t)1 << get_class(record)) {
		record = get_record(kept, (uint32_t)(at / GRANULE));
		if (record->state == RECORD_VALID && record->kind == kind)
			return (uint32_t)(at / GRANULE);
	}
	return 0;
}

uint64_t kept_get_used(const struct kept *kept)
{
	return get_head(kept)->end;
}
