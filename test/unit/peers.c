/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several hosts with one database. What change_queue.c and the sources ask of the rest of the
 * daemon is answered here.
 *
 * The shared database accepts a commit if nobody else has changed a row of it, or of a volume that
 * it touches, since the host took up news last; and, where change_needs_newest(), anything at all;
 * and if who sees which volume is as it was. What is a host's own it does not look at.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/asking.h"
#include "fixture.h"
#include "io/fuse/fuse_finish.h"
#include "io/fuse/kept_kind.h"
#include "io/udev/dev_path.h"
#include "peers.h"

struct peers peers;

#define MEMORY ((size_t)16 << 20) /* bytes */

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

bool peers_is_shared(const char *id)
{
	return id[strlen(id) - 1] != '0' + PEER_VOLUMES - 1;
}

bool peer_sees_elsewhere(const struct peer *peer, const char *id)
{
	for (size_t i = 0; i < PEERS; i++)
		if (&peers.peer[i] != peer && volumes_find_id(&peers.peer[i].manager.volumes, id))
			return true;
	return false;
}

static uint64_t get_presence(void)
{
	uint64_t presence = 0;

	for (size_t i = 0; i < PEERS; i++)
		for (unsigned int j = 0; j < PEER_VOLUMES; j++) {
			_cleanup_free_ char *id = xasprintf("UUID=v%u", j);

			presence = 2 * presence +
				(volumes_find_id(&peers.peer[i].manager.volumes, id) != NULL);
		}
	return presence;
}

static bool is_changed(const struct peer *peer, char kind, const char *text)
{
	size_t i = find_key(kind, text);

	return peers.key[i].revision > peer->manager.names.revision && peers.key[i].writer != peer;
}

static bool has_lost_race(const struct peer *peer, const struct change *change)
{
	if (peer->store.presence != get_presence() ||
		(change_needs_newest(change) && (peer->coming.first || peer->here.first)))
		return true;
	index_for_each (&change->names.links, const struct link, link) {
		if (elsewhere_is_row(&change->names, link->path) &&
			is_changed(peer, 'L', link->path))
			return true;
	}
	map_for_each (&change->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (peers_is_shared(record->id) && is_changed(peer, 'R', record->id))
			return true;
	}
	return false;
}

static void note_key(const struct peer *peer, char kind, const char *text)
{
	size_t i = find_key(kind, text);

	peers.key[i].revision = peers.revision;
	peers.key[i].writer = peer;
}

static void free_text(const char *text)
{
	free((char *)text);
}

static void news_free(struct news *news)
{
	for (size_t i = 0; i < news->elsewhere.count; i++) {
		struct elsewhere_row *row = &news->elsewhere.rows[i];

		free_text(row->id);
		free_text(row->path);
		for (size_t j = 0; j < ID_SCHEMES; j++)
			free_text(row->value[j]);
	}
	free(news->elsewhere.rows);
	free_text(news->elsewhere.host);
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

static struct elsewhere_row *add_row(
	struct news *news, enum elsewhere_kind kind, const char *id, bool is_gone)
{
	struct elsewhere *elsewhere = &news->elsewhere;
	struct elsewhere_row *row;

	elsewhere->rows = xgrow(elsewhere->rows, elsewhere->count, sizeof(*elsewhere->rows));
	row = &elsewhere->rows[elsewhere->count++];
	*row = (struct elsewhere_row){ .kind = kind, .is_gone = is_gone };
	row->id = id ? xstrdup(id) : NULL;
	return row;
}

static void add_record(struct news *news, const struct record *record)
{
	static const enum id_scheme schemes[] = { ID_PARTUUID, ID_WWN, ID_SERIAL };
	const struct fingerprint *fingerprint = &record->fingerprint;
	struct elsewhere_row *row = add_row(news, ELSEWHERE_RECORD, record->id, record->is_removed);

	row->keep_links = record->keep_links;
	row->size = fingerprint->size;
	row->start = fingerprint->start;
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (fingerprint->value[schemes[i]])
			row->value[schemes[i]] = xstrdup(fingerprint->value[schemes[i]]);
}

/* In any order. */
static struct news *make_news(const struct peer *peer, const struct change *change)
{
	struct news *news = xcalloc(1, sizeof(*news));

	news->elsewhere.host = xasprintf("host%d", (int)(peer - peers.peer));
	news->elsewhere.revision = peers.revision;
	index_for_each (&change->names.links, const struct link, link) {
		struct elsewhere_link now = { 0 };
		bool is_there = elsewhere_find_link(&change->names, link->path, &now);
		struct elsewhere_row *row;

		if (!elsewhere_is_row(&change->names, link->path))
			continue;
		row = add_row(news, ELSEWHERE_LINK, now.id, !is_there);
		row->path = xstrdup(is_there ? now.path : link->path);
		row->changed = now.changed;
	}
	map_for_each (&change->names.records, node, next) {
		const struct record *record = container_of(node, struct record, by_id);

		if (peers_is_shared(record->id))
			add_record(news, record);
	}
	return news;
}

static void note_keys(const struct peer *peer, const struct change *change)
{
	index_for_each (&change->names.links, const struct link, link) {
		if (elsewhere_is_row(&change->names, link->path))
			note_key(peer, 'L', link->path);
	}
	map_for_each (&change->names.records, node, next)
		note_key(peer, 'R', container_of(node, struct record, by_id)->id);
}

static bool has_shared_rows(const struct change *change)
{
	index_for_each (&change->names.links, const struct link, link)
		if (elsewhere_is_row(&change->names, link->path))
			return true;
	map_for_each (&change->names.records, node, next)
		if (peers_is_shared(container_of(node, struct record, by_id)->id))
			return true;
	return false;
}

static void accept(struct peer *peer, const struct change *change)
{
	peers.judge(peer, change);
	if (!change_has_rows(change))
		return;
	if (!has_shared_rows(change))
		return;
	peers.revision++;
	note_keys(peer, change);
	for (size_t i = 0; i < PEERS; i++)
		if (&peers.peer[i] != peer)
			add_news(&peers.peer[i].coming, make_news(peer, change));
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
	struct ledger *store = &peer->store;

	if (store->change->host)
		error = error == -EAGAIN ? 0 : error; /* only its own disk can fail */
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
	change_queue_on_ledger(peer->queue, 0);
}

/* --- the rest of the daemon ------------------------------------------------------------------- */

bool ledger_has_others(const struct ledger *store)
{
	return true;
}

size_t ledger_get_lines(const struct ledger *store)
{
	return SIZE_MAX;
}

int ledger_forget_host(struct ledger *store, const char *host, struct strbuf *why)
{
	return 0;
}

int ledger_take_over(struct ledger *store, struct strbuf *why)
{
	return 0;
}

void ledger_settle(struct ledger *store)
{
}

void ledger_explain_refusal(const struct ledger *store, struct strbuf *why)
{
}

void ledger_look(struct ledger *store)
{
}

uint64_t ledger_get_looks(const struct ledger *store)
{
	return 0;
}

bool ledger_is_settled(const struct ledger *store)
{
	return true;
}

const struct elsewhere *ledger_next_elsewhere(
	const struct ledger *store, const struct elsewhere *before)
{
	const struct news *next = before ? container_of(before, struct news, elsewhere)->next
					 : store->peer->here.first;

	return next ? &next->elsewhere : NULL;
}

void ledger_drop_elsewhere(struct ledger *store)
{
	news_free(take_news(&store->peer->here));
}

void ledger_commit(struct ledger *store, struct change *change)
{
	ck_assert_ptr_null(store->change);
	store->change = change;
	store->presence = get_presence();
	store->is_done = false;
}

bool ledger_take_result(struct ledger *store, int *ret_result, struct strbuf *why)
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

bool fuse_has_listeners(const struct fuse_server *server)
{
	return true;
}

void fuse_finish(struct fuse_server *server, struct fuse_job *job, struct deltas *deltas)
{
	struct peer *peer = (struct peer *)server;

	for (size_t i = 0; i < deltas->events.count; i++)
		peer->shadowed += deltas->events.list[i].kind == EVENT_LINK_SHADOWED;
	if (job)
		kept_outcomes_drop(peer->kept, job);
	kept_commit(peer->kept);
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

static bool is_seen_elsewhere(const void *elsewhere, const char *id)
{
	return elsewhere && peer_sees_elsewhere(elsewhere, id);
}

struct manager_env asking_get_env(const struct fuse_job *job)
{
	static uint64_t now = 1000;
	const struct peer_job *own = job ? container_of(job, const struct peer_job, job) : NULL;

	return (struct manager_env){
		.now = now++,
		.get_random = get_random,
		.command = "peer",
		.is_seen_elsewhere = is_seen_elsewhere,
		.elsewhere = own ? own->peer : NULL,
	};
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

void device_monitor_begin_drain(struct device_monitor *source)
{
	source->unread = source->next_unread;
}

bool device_monitor_drain(struct device_monitor *source)
{
	source->unread -= source->unread > 0;
	return !source->unread;
}

bool device_monitor_is_settled(struct device_monitor *source)
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
	_cleanup_free_ char *words = xasprintf("part=1 uuid=v%u wwn=w%u%s", volume, volume,
		volume == PEER_VOLUMES - 1 ? "" : " fabric");

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
	peer->manager.share = SHARE_FABRIC;
	tree_init(&peer->tree, 1);
	event_stream_init(&peer->stream);
	peer->store.peer = peer;
	peer->coming.last = &peer->coming.first;
	peer->here.last = &peer->here.first;
	peer->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(peer->memory, MAP_FAILED);
	peer->kept = peer->jobs.kept = kept_new(peer->memory, MEMORY);
	kept_changes_init(&peer->changes, peer->kept, 1);
	kept_changes_set_told(&peer->changes, &peer->manager);
	peer->queue = change_queue_new(&peer->manager, &peer->tree, &peer->stream);
	change_queue_set_kept(peer->queue, &peer->changes, &peer->noted);
	change_queue_set_ledger(peer->queue, &peer->store);
	change_queue_set_fuse(peer->queue, (struct fuse_server *)peer);
	peer->elsewhere = (struct elsewhere_source){
		.manager = &peer->manager, .ledger = &peer->store, .queue = peer->queue
	};
	elsewhere_source_init(&peer->elsewhere);
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
	/* Nothing is kept of what is over. */
	ck_assert_uint_eq(kept_next(peer->kept, KEPT_CHANGE, 0), 0);
	ck_assert_uint_eq(kept_next(peer->kept, KEPT_OUTCOME, 0), 0);
	kept_free(peer->kept);
	munmap(peer->memory, MEMORY);
}

void peers_fini(void)
{
	for (size_t i = 0; i < PEERS; i++)
		fini_peer(&peers.peer[i]);
}
