/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gRPC and protobuf: see the header. The messages are in etcd.proto.
 *
 * What comes is of a server that has proven who it is, and could be broken all the same: a message
 * has a limit, and so has the memory that it becomes, since two bytes can become a hundred.
 */

#include <errno.h>
#include <etcd.pb-c.h>
#include <string.h>

#include "cluster/codec.h"

#define HEADER 5		       /* bytes: is it compressed, and its length */
#define KEY_MAX 4096		       /* bytes: no host writes longer ones */
#define MEMORY_MAX ((size_t)256 << 20) /* of one message, unpacked */

const char codec_watch_path[] = "/etcdserverpb.Watch/Watch";

const char *codec_get_path(enum etcd_request_type type)
{
	static const char *const paths[] = {
		[ETCD_TXN] = "/etcdserverpb.KV/Txn",
		[ETCD_LEASE] = "/etcdserverpb.Lease/LeaseGrant",
		[ETCD_KEEP_ALIVE] = "/etcdserverpb.Lease/LeaseKeepAlive",
	};

	return paths[type];
}

/* --- out ------------------------------------------------------------------------------------- */

static ProtobufCBinaryData bytes_of(char *text)
{
	return (ProtobufCBinaryData){ strlen(text), (uint8_t *)text };
}

/* To be freed. */
static ProtobufCBinaryData key_of(const char *prefix, const char *key)
{
	return bytes_of(xasprintf("%s%s", prefix, key));
}

static ProtobufCBinaryData end_of(const char *prefix, const char *end)
{
	return end[0] ? key_of(prefix, end) : (ProtobufCBinaryData){ 0, NULL };
}

static void pack(const ProtobufCMessage *message, struct strbuf *bytes)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *at;

	strbuf_resize(bytes, HEADER + len);
	at = (uint8_t *)bytes->data;
	at[0] = 0;
	for (size_t i = 0; i < 4; i++)
		at[1 + i] = (uint8_t)(len >> (24 - 8 * i));
	protobuf_c_message_pack(message, at + HEADER);
}

static Etcd__RangeRequest *make_range(const char *prefix, const struct etcd_operation *operation)
{
	Etcd__RangeRequest *range = xcalloc(1, sizeof(*range));

	etcd__range_request__init(range);
	range->key = key_of(prefix, operation->key);
	range->range_end = end_of(prefix, operation->end);
	range->limit = operation->limit;
	range->revision = operation->revision;
	range->count_only = operation->is_count_only;
	range->sort_order = operation->is_last_first ? 2 : 0;
	return range;
}

static void fill_operation(
	const char *prefix, const struct etcd_operation *operation, Etcd__RequestOperation *ret)
{
	etcd__request_operation__init(ret);
	switch (operation->type) {
	case ETCD_RANGE:
		ret->request_case = ETCD__REQUEST_OPERATION__REQUEST_RANGE;
		ret->range = make_range(prefix, operation);
		break;
	case ETCD_PUT:
		ret->request_case = ETCD__REQUEST_OPERATION__REQUEST_PUT;
		ret->put = xcalloc(1, sizeof(*ret->put));
		etcd__put_request__init(ret->put);
		ret->put->key = key_of(prefix, operation->key);
		ret->put->value = bytes_of(operation->value);
		ret->put->lease = operation->lease;
		break;
	case ETCD_DELETE:
		ret->request_case = ETCD__REQUEST_OPERATION__REQUEST_DELETE_RANGE;
		ret->delete_range = xcalloc(1, sizeof(*ret->delete_range));
		etcd__delete_range_request__init(ret->delete_range);
		ret->delete_range->key = key_of(prefix, operation->key);
		ret->delete_range->range_end = end_of(prefix, operation->end);
		break;
	}
}

/* The list of pointers that protobuf-c wants, and what they point to. */
struct operations {
	Etcd__RequestOperation *all;
	Etcd__RequestOperation **list;
	size_t count;
};

static struct operations make_operations(
	const char *prefix, const struct etcd_operations *operations)
{
	struct operations made = { xcalloc(operations->count, sizeof(*made.all)),
		xcalloc(operations->count, sizeof(void *)), operations->count };

	for (size_t i = 0; i < made.count; i++) {
		fill_operation(prefix, &operations->list[i], &made.all[i]);
		made.list[i] = &made.all[i];
	}
	return made;
}

static void free_operations(struct operations *made)
{
	for (size_t i = 0; i < made->count; i++) {
		Etcd__RequestOperation *operation = &made->all[i];

		if (operation->request_case == ETCD__REQUEST_OPERATION__REQUEST_RANGE) {
			free(operation->range->key.data);
			free(operation->range->range_end.data);
		} else if (operation->request_case == ETCD__REQUEST_OPERATION__REQUEST_PUT) {
			free(operation->put->key.data);
		} else {
			free(operation->delete_range->key.data);
			free(operation->delete_range->range_end.data);
		}
		free(operation->range); /* whichever of them it is */
	}
	free(made->all);
	free(made->list);
}

static void pack_txn(
	const struct etcd_request *request, const char *prefix, struct strbuf *ret_bytes)
{
	struct operations then = make_operations(prefix, &request->then);
	struct operations otherwise = make_operations(prefix, &request->otherwise);
	size_t count = request->compare_count;
	_cleanup_free_ Etcd__Compare *compares = xcalloc(count, sizeof(*compares));
	_cleanup_free_ Etcd__Compare **list = xcalloc(count, sizeof(*list));
	Etcd__TxnRequest txn;

	for (size_t i = 0; i < count; i++) {
		etcd__compare__init(&compares[i]);
		compares[i].target = 2;
		compares[i].key = key_of(prefix, request->compares[i].key);
		compares[i].range_end = end_of(prefix, request->compares[i].end);
		compares[i].number_case = ETCD__COMPARE__NUMBER_MOD_REVISION;
		compares[i].mod_revision = request->compares[i].revision;
		list[i] = &compares[i];
	}
	etcd__txn_request__init(&txn);
	txn.n_compare = count;
	txn.compare = list;
	txn.n_success = then.count;
	txn.success = then.list;
	txn.n_failure = otherwise.count;
	txn.failure = otherwise.list;
	pack(&txn.base, ret_bytes);
	for (size_t i = 0; i < count; i++) {
		free(compares[i].key.data);
		free(compares[i].range_end.data);
	}
	free_operations(&then);
	free_operations(&otherwise);
}

void codec_pack(const struct etcd_request *request, const char *prefix, struct strbuf *ret_bytes)
{
	Etcd__LeaseGrantRequest grant = ETCD__LEASE_GRANT_REQUEST__INIT;
	Etcd__LeaseKeepAliveRequest keep = ETCD__LEASE_KEEP_ALIVE_REQUEST__INIT;

	switch (request->type) {
	case ETCD_TXN:
		pack_txn(request, prefix, ret_bytes);
		break;
	case ETCD_LEASE:
		grant.ttl = request->number;
		pack(&grant.base, ret_bytes);
		break;
	case ETCD_KEEP_ALIVE:
		keep.id = request->number;
		pack(&keep.base, ret_bytes);
		break;
	}
}

void codec_pack_watch(const char *prefix, int64_t from, struct strbuf *ret_bytes)
{
	Etcd__WatchRequest request = ETCD__WATCH_REQUEST__INIT;
	Etcd__WatchCreateRequest create = ETCD__WATCH_CREATE_REQUEST__INIT;

	create.key = key_of(prefix, "");
	create.range_end = key_of(prefix, ETCD_KEYS_END);
	create.start_revision = from;
	request.request_case = ETCD__WATCH_REQUEST__REQUEST_CREATE;
	request.create = &create;
	pack(&request.base, ret_bytes);
	free(create.key.data);
	free(create.range_end.data);
}

/* --- in -------------------------------------------------------------------------------------- */

int codec_find(const struct strbuf *bytes, const void **ret_message, size_t *ret_len)
{
	const uint8_t *at = (const uint8_t *)bytes->data;
	size_t len = 0;

	if (bytes->len < HEADER)
		return 0;
	for (size_t i = 0; i < 4; i++)
		len = len << 8 | at[1 + i];
	if (at[0] != 0 || len > CODEC_MESSAGE_MAX)
		return -EBADMSG;
	if (bytes->len - HEADER < len)
		return 0;
	*ret_message = at + HEADER;
	*ret_len = len;
	return 1;
}

void codec_drop(struct strbuf *bytes, size_t len)
{
	memmove(bytes->data, bytes->data + HEADER + len, bytes->len - HEADER - len);
	strbuf_resize(bytes, bytes->len - HEADER - len);
}

static void *take_memory(void *left, size_t size)
{
	size_t *room = left;

	if (size > *room)
		return NULL;
	*room -= size;
	return malloc(size);
}

static void give_memory(_unused_ void *left, void *memory)
{
	free(memory);
}

static void *unpack(const ProtobufCMessageDescriptor *type, const void *message, size_t len)
{
	size_t left = MEMORY_MAX;
	ProtobufCAllocator allocator = { take_memory, give_memory, &left };

	return protobuf_c_message_unpack(type, &allocator, len, message);
}

static void release(void *message)
{
	if (message)
		protobuf_c_message_free_unpacked(message, NULL);
}

static bool is_utf8(const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		size_t step = utf8_sequence_len(text, len);

		if (step == 0)
			return false;
		text += step;
		len -= step;
	}
	return true;
}

/* A text of its own, or NULL: it is none. */
static char *take_text(const ProtobufCBinaryData *bytes)
{
	char *text;

	if (bytes->len > 0 && memchr(bytes->data, 0, bytes->len))
		return NULL;
	text = xstrndup(bytes->len > 0 ? (const char *)bytes->data : "", bytes->len);
	if (is_utf8(text))
		return text;
	free(text);
	return NULL;
}

static void take_row(
	const char *prefix, const Etcd__Row *row, bool is_deleted, struct etcd_rows *rows)
{
	_cleanup_free_ char *key = take_text(&row->key);
	_cleanup_free_ char *value = take_text(&row->value);
	size_t len = strlen(prefix);
	struct etcd_row *taken;

	if (!key || !value || row->key.len > KEY_MAX || strncmp(key, prefix, len) != 0)
		return;
	taken = etcd_rows_add(rows, key + len, is_deleted ? NULL : value);
	taken->revision = row->mod_revision;
	taken->version = is_deleted ? 0 : row->version;
}

/* Where to read on, whether or not that is a text. */
static char *take_last(const char *prefix, const Etcd__RangeResponse *range)
{
	size_t len = strlen(prefix);
	const ProtobufCBinaryData *key;

	if (!range->more || range->n_rows == 0)
		return NULL;
	key = &range->rows[range->n_rows - 1]->key;
	return key->len > len ? xstrndup((const char *)key->data + len, key->len - len) : NULL;
}

static void take_results(
	const char *prefix, const Etcd__TxnResponse *response, struct etcd_answer *answer)
{
	answer->results = xcalloc(response->n_responses, sizeof(*answer->results));
	answer->result_count = response->n_responses;
	for (size_t i = 0; i < response->n_responses; i++) {
		const Etcd__ResponseOperation *operation = response->responses[i];
		struct etcd_result *result = &answer->results[i];

		if (operation->response_case != ETCD__RESPONSE_OPERATION__RESPONSE_RANGE)
			continue;
		for (size_t j = 0; j < operation->range->n_rows; j++)
			take_row(prefix, operation->range->rows[j], false, &result->rows);
		result->count = operation->range->count;
		result->last = take_last(prefix, operation->range);
	}
}

static int unpack_txn(
	const char *prefix, const void *message, size_t len, struct etcd_answer *ret_answer)
{
	Etcd__TxnResponse *response = unpack(&etcd__txn_response__descriptor, message, len);

	if (!response || !response->header) {
		release(response);
		return -EBADMSG;
	}
	ret_answer->revision = response->header->revision;
	ret_answer->is_done = response->succeeded;
	take_results(prefix, response, ret_answer);
	release(response);
	return 0;
}

static int unpack_lease(const void *message, size_t len, struct etcd_answer *ret_answer)
{
	Etcd__LeaseGrantResponse *response =
		unpack(&etcd__lease_grant_response__descriptor, message, len);

	if (!response)
		return -EBADMSG;
	ret_answer->lease = response->id;
	ret_answer->seconds = response->ttl;
	release(response);
	return 0;
}

static int unpack_keep_alive(const void *message, size_t len, struct etcd_answer *ret_answer)
{
	Etcd__LeaseKeepAliveResponse *response =
		unpack(&etcd__lease_keep_alive_response__descriptor, message, len);

	if (!response)
		return -EBADMSG;
	ret_answer->lease = response->id;
	ret_answer->seconds = response->ttl;
	release(response);
	return 0;
}

int codec_unpack(enum etcd_request_type type, const char *prefix, const void *message, size_t len,
	struct etcd_answer *ret_answer)
{
	*ret_answer = (struct etcd_answer){};
	switch (type) {
	case ETCD_TXN:
		return unpack_txn(prefix, message, len, ret_answer);
	case ETCD_LEASE:
		return unpack_lease(message, len, ret_answer);
	case ETCD_KEEP_ALIVE:
		return unpack_keep_alive(message, len, ret_answer);
	}
	return -EBADMSG;
}

int codec_unpack_news(
	const char *prefix, const void *message, size_t len, struct etcd_news *ret_news)
{
	Etcd__WatchResponse *response = unpack(&etcd__watch_response__descriptor, message, len);

	*ret_news = (struct etcd_news){};
	if (!response || response->fragment) {
		release(response);
		return -EBADMSG;
	}
	ret_news->is_created = response->created;
	ret_news->is_canceled = response->canceled;
	ret_news->compacted = response->compact_revision;
	if (response->canceled)
		ret_news->why = xstrdup(response->cancel_reason);
	for (size_t i = 0; i < response->n_events; i++) {
		const Etcd__Event *event = response->events[i];

		if (event->row)
			take_row(prefix, event->row, event->type == ETCD__EVENT__TYPE__DELETE,
				&ret_news->rows);
	}
	release(response);
	return 0;
}

enum etcd_status codec_get_status(int status, const char *why)
{
	switch (status) {
	case 0:
		return ETCD_OK;
	case 3: /* invalid argument; roles that have changed meanwhile are one as well */
		return strstr(why, "auth store") ? ETCD_UNCLEAR : ETCD_INVALID;
	case 7:
		return ETCD_DENIED;
	case 8: /* resource exhausted: space, or patience */
		return strstr(why, "space") ? ETCD_FULL : ETCD_UNCLEAR;
	case 11: /* out of range */
		return ETCD_COMPACTED;
	default:
		return ETCD_UNCLEAR;
	}
}
