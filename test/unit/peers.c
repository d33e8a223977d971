/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several hosts with one database. What change_queue.c and the sources ask of the rest of the
 * daemon is answered here.
 *
 * The shared database accepts a commit if nobody else has changed a row of it, or of a volume that
 * it touches, since the host took up news last; and, where change_needs_newest(), anything at all.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "daemon/asking.h"
#include "fixture.h"
#include "io/fuse/fuse_finish.h"
#include "io/udev/dev_path.h"
#include "peers.h"

struct peers peers;

/* --- the shared database ---------------------------------------------------------------------- */

static void get_key(char kind, const char *text, char ret_key[LINK_PATH_MAX + 2])
{
	size_t i = 0;

	for (ret_key[i++] = kind; text[i - 1]; i++)
		ret_key[i] = kind == 'L' ? (char)tolower(text[i - 1]) : text[i - 1];
	ret_key[i] = '\0';
}

static size_t find_key(char kind, const char *text)
{
	char key[LINK_PATH_MAX + 2];
	size_t i = 0;

	get_key(kind, text, key);
	while (i < peers.keys && strcmp(peers.key[i].key, key) != 0)
		i++;
	if (i < peers.keys)
		return i;
	ck_assert_uint_lt(peers.keys, PEER_KEYS);
	strcpy(peers.key[peers.keys++].key, key);
	return i;
}

static bool is_changed(const struct peer *peer, char kind, const char *text)
{
	size_t i = find_key(kind, text);

	return peers.key[i].revision > peer->revision && peers.key[i].writer != peer;
}

static bool has_lost_race(const struct peer *peer, const struct change *change)
{
	if (change_needs_newest(change) && (peer->coming.first || peer->here.first))
		return true;
	map_for_each (&change->names.links, node, next)
		if (is_changed(peer, 'L', container_of(node, struct link, by_path)->path))
			return true;
	map_for_each (&change->names.records, node, next)
		if (is_changed(peer, 'R', container_of(node, struct record, by_id)->id))
			return true;
	return false;
}

static void note_key(const struct peer *peer, char kind, const char *text)
{
	size_t i = find_key(kind, text);

	peers.key[i].revision = peers.revision;
	peers.key[i].writer = peer;
}

static void news_free(struct news *news)
{
	for (size_t i = 0; i < news->count; i++)
		fingerprint_fini(&news->rows[i].record.fingerprint);
	free(news->rows);
	free(news);
}

static void add_news(struct news_list *list, struct news *news)
{
	news->next = NULL;
	*list->last = news;
	list->last = &news->next;
}

static struct news *take_news(struct news_list *list)
{
	struct news *news = list->first;

	if (!news)
		return NULL;
	list->first = news->next;
	if (!list->first)
		list->last = &list->first;
	return news;
}

static struct news_row *add_row(struct news *news)
{
	news->rows = xgrow(news->rows, news->count, sizeof(*news->rows));
	news->rows[news->count] = (struct news_row){ 0 };
	return &news->rows[news->count++];
}

/* Records first: a link needs one. */
static struct news *make_news(const struct change *change)
{
	struct news *news = xcalloc(1, sizeof(*news));

	news->revision = peers.revision;
	map_for_each (&change->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);
		struct news_row *row = add_row(news);

		row->is_record = true;
		row->is_gone = record->is_removed;
		strcpy(row->record.id, record->id);
		row->record.keep_links = record->keep_links;
		row->record.no_drive_letter = record->no_drive_letter;
		fingerprint_copy(&row->record.fingerprint, &record->fingerprint);
	}
	map_for_each (&change->names.links, node, next) {
		const struct link *link = container_of(node, struct link, by_path);
		struct news_row *row = add_row(news);

		strcpy(row->path, link->path);
		row->changed = link->changed;
		row->is_gone = !link->record || link->is_unrecorded;
		strcpy(row->record.id, row->is_gone ? "" : link->record->id);
	}
	return news;
}

static void accept(struct peer *peer, const struct change *change)
{
	peers.judge(peer, change);
	if (!change_has_rows(change))
		return;
	peers.revision++;
	map_for_each (&change->names.links, node, next)
		note_key(peer, 'L', container_of(node, struct link, by_path)->path);
	map_for_each (&change->names.records, node, next)
		note_key(peer, 'R', container_of(node, struct record, by_id)->id);
	rows_write(&peers.rows, &change->names);
	for (size_t i = 0; i < PEERS; i++)
		if (&peers.peer[i] != peer)
			add_news(&peers.peer[i].coming, make_news(change));
}

bool peer_is_asked(const struct peer *peer)
{
	return peer->store.change && !peer->store.is_done;
}

void peer_deliver(struct peer *peer)
{
	struct news *news = take_news(&peer->coming);

	if (!news)
		return;
	add_news(&peer->here, news);
	change_queue_work(peer->queue);
}

void peer_answer(struct peer *peer, int error)
{
	struct store *store = &peer->store;

	if (peer->is_elsewhere)
		error = 0;
	else if (!error && has_lost_race(peer, store->change))
		error = -EAGAIN;
	else if (!error)
		accept(peer, store->change);
	if (!error)
		rows_write(&peer->rows, &store->change->names);
	while (error == -EAGAIN && peer->coming.first) /* what it lost against is there then */
		add_news(&peer->here, take_news(&peer->coming));
	store->is_done = true;
	store->result = error;
	change_queue_on_store(peer->queue, 0);
}

/* --- what others wrote, as a source ----------------------------------------------------------- */

static void put_record(struct names *layer, const struct news_row *row)
{
	struct record *record = names_edit_record(layer, row->record.id);

	record->keep_links = row->record.keep_links;
	record->no_drive_letter = row->record.no_drive_letter;
	fingerprint_copy(&record->fingerprint, &row->record.fingerprint);
}

static void take_up(const struct news *news, struct names *layer)
{
	for (size_t i = 0; i < news->count; i++)
		if (news->rows[i].is_record && !news->rows[i].is_gone)
			put_record(layer, &news->rows[i]);
	for (size_t i = 0; i < news->count; i++)
		if (!news->rows[i].is_record && news->rows[i].is_gone)
			names_remove_link(layer, news->rows[i].path);
	for (size_t i = 0; i < news->count; i++)
		if (!news->rows[i].is_record && !news->rows[i].is_gone)
			names_set_link(layer, news->rows[i].path, news->rows[i].record.id,
				news->rows[i].changed);
	for (size_t i = 0; i < news->count; i++)
		if (news->rows[i].is_record && news->rows[i].is_gone)
			names_remove_record(layer, news->rows[i].record.id);
}

static bool begin_elsewhere(void *data, struct change *change)
{
	struct peer *peer = data;
	struct news *news;

	if (!peer->here.first)
		return false;
	while ((news = take_news(&peer->here))) {
		take_up(news, &change->names);
		peer->revision = news->revision;
		news_free(news);
	}
	peer->is_elsewhere = true;
	return true;
}

static void end_elsewhere(void *data, int error, const char *why, struct deltas *deltas)
{
	struct peer *peer = data;

	peer->is_elsewhere = false;
}

/* --- the rest of the daemon ------------------------------------------------------------------- */

bool store_has_others(const struct store *store)
{
	return true;
}

void store_commit(struct store *store, const struct change *change)
{
	ck_assert_ptr_null(store->change);
	store->change = change;
	store->is_done = false;
}

bool store_take_result(struct store *store, int *ret_result, struct strbuf *why)
{
	if (!store->is_done)
		return false;
	*ret_result = store->result;
	if (store->result)
		strbuf_add_text(why, "nothing is written");
	store->change = NULL;
	store->is_done = false;
	return true;
}

void fuse_finish(struct fuse_server *server, struct fuse_job *job, struct deltas *deltas)
{
	if (job)
		peers.replied(container_of(job, struct peer_job, job));
	deltas_fini(deltas);
}

static void get_random(void *to, size_t len)
{
	static uint64_t count;

	memset(to, 0, len);
	count++;
	memcpy(to, &count, sizeof(count));
}

struct manager_env asking_get_env(const struct fuse_job *job)
{
	static uint64_t now = 1000;

	return (struct manager_env){ .now = now++, .get_random = get_random, .command = "peer" };
}

void asking_find_device(struct request *request)
{
}

void asking_note_failure(struct error_log *log, const struct fuse_job *job)
{
	ck_assert(job->error < 0 && job->why.len);
}

void device_monitor_take(struct device_monitor *source, struct volumes_change *change)
{
	*change = source->news;
	source->news = (struct volumes_change){ 0 };
}

void device_monitor_peek(const struct device_monitor *source,
	void (*look)(void *data, const char *name, const struct device *device), void *data)
{
}

void device_monitor_look(struct device_monitor *source, uint64_t number)
{
}

void device_monitor_drain(struct device_monitor *source)
{
}

bool device_monitor_is_settled(const struct device_monitor *source)
{
	return true;
}

uint64_t dev_path_find_number(const char *path)
{
	return 0;
}

void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t at)
{
	timer->at = at;
}

void mount_table_read(struct mount_table *table)
{
}

bool mount_orders_is_settled(const struct mount_orders *orders)
{
	return true;
}

bool publisher_is_settled(const struct publisher *publisher)
{
	return true;
}

void host_jobs_submit(struct host_jobs *jobs, struct fuse_job *job)
{
}

bool host_jobs_cancel(struct host_jobs *jobs, struct fuse_job *job)
{
	return false;
}

/* --- the hosts -------------------------------------------------------------------------------- */

bool peer_plug(struct peer *peer, unsigned int volume, bool is_there)
{
	_cleanup_free_ char *name = xasprintf("sd%c1", 'a' + volume);
	_cleanup_free_ char *words = xasprintf("part=1 uuid=v%u wwn=w%u", volume, volume);

	if (volumes_change_concerns(&peer->monitor.news, name))
		return false;
	if (is_there)
		volumes_change_put(&peer->monitor.news, fixture_device(name, words));
	else
		volumes_change_remove(&peer->monitor.news, name);
	change_queue_work(peer->queue);
	return true;
}

static void init_peer(struct peer *peer)
{
	manager_init(&peer->manager, &id_order_default);
	tree_init(&peer->tree, 1);
	event_stream_init(&peer->stream);
	peer->store.peer = peer;
	peer->coming.last = &peer->coming.first;
	peer->here.last = &peer->here.first;
	peer->queue = change_queue_new(&peer->manager, &peer->tree, &peer->stream);
	change_queue_set_store(peer->queue, &peer->store);
	change_queue_set_fuse(peer->queue, (struct fuse_server *)peer);
	peer->elsewhere = (struct change_source){
		.begin = begin_elsewhere, .end = end_elsewhere, .data = peer
	};
	change_queue_add_source(peer->queue, &peer->elsewhere);
	device_source_init(&peer->devices, &peer->manager, &peer->monitor, NULL, peer->queue);
	peer->devices.is_paused = false;
	peer->jobs.manager = &peer->manager;
	peer->jobs.queue = peer->queue;
	peer->jobs.monitor = &peer->monitor;
	peer->jobs.devices = &peer->devices;
	job_source_init(&peer->jobs);
}

void peers_init(void)
{
	memset(&peers, 0, sizeof(peers));
	for (size_t i = 0; i < PEERS; i++)
		init_peer(&peers.peer[i]);
}

static void fini_peer(struct peer *peer)
{
	struct news *news;

	while ((news = take_news(&peer->coming)) || (news = take_news(&peer->here)))
		news_free(news);
	change_queue_free(peer->queue);
	device_source_fini(&peer->devices);
	volumes_change_fini(&peer->monitor.news);
	event_stream_fini(&peer->stream);
	tree_fini(&peer->tree);
	manager_fini(&peer->manager);
	rows_fini(&peer->rows);
}

void peers_fini(void)
{
	for (size_t i = 0; i < PEERS; i++)
		fini_peer(&peers.peer[i]);
	rows_fini(&peers.rows);
}
