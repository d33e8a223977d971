/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mount points that travel: the table of decisions, and disks that go from one machine to another.
 */

#include <errno.h>
#include <string.h>

#include "core/model/hosting.h"
#include "core/rules/reconcile.h"
#include "fixture.h"

#define VH "Volume{99999999-0000-0000-0000-000000000000}"
#define V1 "/Volumes/Volume{11111111-0000-0000-0000-000000000000}"
#define V2 "/Volumes/Volume{22222222-0000-0000-0000-000000000000}"

/* A hosting volume as any machine finds it: always UUID=1 at sda, mounted at /h. */
struct disk {
	struct strbuf text;  /* of its file; empty: there is none */
	const char *folders; /* "a b": the directories that are there */
	int writes;
};

/* What a machine needs to work on it. */
struct machine {
	struct world world;
	const char *why; /* of the last failure */
};

static int look(const struct disk *disk, const char *path)
{
	size_t len = strlen(path);

	for (const char *at = disk->folders; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, path, len) == 0 && (at[len] == ' ' || !at[len]))
			return 0;
	}
	return -ENOENT;
}

static void look_all(const struct disk *disk, struct replica *replica)
{
	for (size_t i = 0; i < replica->count; i++)
		replica->list[i].error = look(disk, replica->list[i].path);
}

static void begin(struct machine *machine, const char *script)
{
	world_init(&machine->world);
	machine->world.env.uid = 0;
	world_play(&machine->world, script);
}

static void end(struct machine *machine, struct disk *disk)
{
	world_fini(&machine->world);
	strbuf_fini(&disk->text);
}

static void add_places(const struct machine *machine, struct replica *places)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(&machine->world.manager.names, &points);

	for (size_t i = 0; i < count; i++)
		replica_set(places, points[i]->path, NULL, NULL);
}

static void read_disk(const struct disk *disk, struct replica *ret_file)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;

	*ret_file = (struct replica){ 0 };
	if (disk->text.len)
		ck_assert_msg(replica_parse(disk->text.data, disk->text.len, ret_file, &why) == 0,
			"%s", strbuf_text(&why));
	look_all(disk, ret_file);
}

/* Reconciles, with a request or without (NULL), as the daemon does. 0, or the errno. */
static int work(
	struct machine *machine, struct disk *disk, const struct request *request, const char *path)
{
	struct world *world = &machine->world;
	_cleanup_replica_ struct replica file = { 0 }, places = { 0 };
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct reconciled reconciled;
	struct reconcile in = {
		.host = "UUID=1",
		.file = disk->text.len ? &file : NULL,
		.places = &places,
		.is_written = true,
		.request = request,
		.path = path,
		.why = &world->why,
	};
	int r;

	read_disk(disk, &file);
	add_places(machine, &places);
	if (path)
		replica_set(&places, path, NULL, NULL);
	look_all(disk, &places);
	strbuf_reset(&world->why);
	r = reconcile_decide(&world->manager, &world->env, &in, &world->change, &reconciled);
	if (r < 0) {
		expect_listed_error(request->operation, -r);
		ck_assert_uint_gt(world->why.len, 0);
		change_fini(&world->change);
		change_init(&world->change, &world->manager);
		return -r;
	}
	ck_assert_int_eq(replica_format(&reconciled.file, &text, &world->why), 0);
	if (disk->text.len ? strcmp(text.data, disk->text.data) != 0 : reconciled.file.count > 0) {
		disk->writes++;
		strbuf_reset(&disk->text);
		strbuf_add(&disk->text, text.data, text.len);
	}
	replica_fini(&reconciled.file);
	world_commit(world);
	return 0;
}

static void reconcile(struct machine *machine, struct disk *disk)
{
	ck_assert_int_eq(work(machine, disk, NULL, NULL), 0);
}

static int ask(struct machine *machine, struct disk *disk, const char *operation, const char *line)
{
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	struct hosting where;
	struct request request;
	int r;

	ck_assert_msg(request_parse(operation_find_name(operation), line, strlen(line), &request,
			      &why) == 0,
		"%s: %s", line, strbuf_text(&why));
	r = -hosting_place(&machine->world.manager, &request, &where, &why);
	if (r == 0)
		r = work(machine, disk, &request, where.path);
	request_fini(&request);
	return r;
}

static int create(struct machine *machine, struct disk *disk, const char *line)
{
	return ask(machine, disk, "volume_mount_point_created", line);
}

static int delete (struct machine *machine, struct disk *disk, const char *line)
{
	return ask(machine, disk, "volume_mount_point_deleted", line);
}

/* V1 is UUID=2, and belongs at /h/a and /h/b. */
static void begin_with_two(struct machine *machine, struct disk *disk)
{
	begin(machine, "+ sda uuid=1\n+ sdb uuid=2\nm sda /h\n> create_point " V1 " id=UUID=2\n");
	ck_assert_int_eq(create(machine, disk, "/h/a " V1), 0);
	ck_assert_int_eq(create(machine, disk, "/h/b " V1), 0);
}

/* "PATH VOLUME ID" words, three for each. */
static void put_file(struct disk *disk, const char *words)
{
	_cleanup_free_ char *copy = xstrdup(words);
	_cleanup_replica_ struct replica replica = { 0 };
	_cleanup_strbuf_ struct strbuf why = STRBUF_INIT;
	char *rest = NULL;

	for (char *path = strtok_r(copy, " ", &rest); path; path = strtok_r(NULL, " ", &rest)) {
		char *volume = strtok_r(NULL, " ", &rest);

		replica_set(&replica, path, volume, strtok_r(NULL, " ", &rest));
	}
	ck_assert_int_eq(replica_format(&replica, &disk->text, &why), 0);
}

static void expect_file(const struct disk *disk, const char *words)
{
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;
	_cleanup_replica_ struct replica file = { 0 };

	read_disk(disk, &file);
	for (size_t i = 0; i < file.count; i++)
		strbuf_add_format(&seen, "%s%s %s %s", i ? " " : "", file.list[i].path,
			file.list[i].volume, file.list[i].id);
	ck_assert_str_eq(strbuf_text(&seen), words);
}

/* "PATH VOLUME …" of all mount points that are registered, `+` behind those seen in the file. */
static void expect_points(const struct machine *machine, const char *words)
{
	_cleanup_free_ const struct mount_point **points = NULL;
	size_t count = mount_points_get(&machine->world.manager.names, &points);
	_cleanup_strbuf_ struct strbuf seen = STRBUF_INIT;

	for (size_t i = 0; i < count; i++)
		strbuf_add_format(&seen, "%s%s %s%s", i ? " " : "", points[i]->path,
			points[i]->volume, points[i]->is_replicated ? "+" : "");
	ck_assert_str_eq(strbuf_text(&seen), words);
}

static const char *get_owner(const struct machine *machine, const char *volume)
{
	const struct link *link = names_find_link(&machine->world.manager.names, volume);

	return link ? link->record->id : "nobody";
}

/* --- the table ------------------------------------------------------------------------------- */

/*
 * The file has V1 for UUID=2. Who has V1 here: nobody, UUID=2, or UUID=3; which of the two are
 * present, and whether UUID=3 is kept.
 */
static const struct row {
	const char *owner;
	const char *present; /* "2", "3", "23", "" */
	bool is_kept;
	const char *owner_after;
	const char *file_after; /* the ID; NULL: the entry is refused */
} rows[] = {
	{ NULL, "", false, "UUID=2", "UUID=2" },
	{ NULL, "2", false, "UUID=2", "UUID=2" },
	{ NULL, "3", false, "UUID=2", "UUID=2" },
	{ "UUID=2", "", false, "UUID=2", "UUID=2" },
	{ "UUID=2", "2", false, "UUID=2", "UUID=2" },
	{ "UUID=3", "", false, "UUID=3", "UUID=3" },
	{ "UUID=3", "3", false, "UUID=3", "UUID=3" },
	{ "UUID=3", "2", false, "UUID=2", "UUID=2" },
	{ "UUID=3", "23", false, "UUID=3", NULL },
	{ "UUID=3", "2", true, "UUID=3", NULL },
	{ "UUID=3", "", true, "UUID=3", "UUID=3" },
};

static void prepare(struct machine *machine, const struct row *row)
{
	begin(machine, "+ sda uuid=1\n+ sdb uuid=2\n+ sdc uuid=3\nm sda /h\n");
	if (row->owner) {
		_cleanup_free_ char *line = xasprintf("link=\"%s\" id=%s", V1, row->owner);

		ck_assert_int_eq(world_ask(&machine->world, "create_point", line), 0);
	}
	if (row->is_kept)
		ck_assert_int_eq(
			world_ask(&machine->world, "keep_links_when_offline", "id=UUID=3"), 0);
	if (!strchr(row->present, '2'))
		world_unplug(&machine->world, "sdb");
	if (!strchr(row->present, '3'))
		world_unplug(&machine->world, "sdc");
	while (world_take_notice(&machine->world))
		;
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct disk disk = { .folders = "a" };
	struct machine machine;
	uint32_t epic;

	prepare(&machine, row);
	put_file(&disk, "a " V1 " UUID=2");
	reconcile(&machine, &disk);
	ck_assert_str_eq(get_owner(&machine, V1), row->owner_after);
	if (row->file_after) {
		_cleanup_free_ char *words = xasprintf("a " V1 " %s", row->file_after);

		expect_file(&disk, words);
		expect_points(&machine, "a " V1 "+");
	} else {
		expect_file(&disk, "a " V1 " UUID=2");
		expect_points(&machine, "");
		ck_assert_str_eq(world_take_notice(&machine.world),
			"point-refused Volume UUID=2 /h/a its volume name belongs to another "
			"volume that is present");
	}
	/* Once is enough, and a restart finds the same. */
	epic = machine.world.manager.epic;
	disk.writes = 0;
	reconcile(&machine, &disk);
	world_reload(&machine.world);
	ck_assert_str_eq(get_owner(&machine, V1), row->owner_after);
	world_mount(&machine.world, "sda /h");
	reconcile(&machine, &disk);
	ck_assert_int_eq(disk.writes, 0);
	ck_assert_uint_eq(machine.world.manager.epic, epic);
	end(&machine, &disk);
}
END_TEST

/* What this machine has and the file does not: given, or learned to be gone. */
START_TEST(test_without_entry)
{
	struct disk disk = { .folders = "a b c" };
	struct machine machine;

	begin_with_two(&machine, &disk);
	expect_file(&disk, "a " V1 " UUID=2 b " V1 " UUID=2");
	strbuf_reset(&disk.text); /* the file is lost: made anew */
	reconcile(&machine, &disk);
	expect_file(&disk, "a " V1 " UUID=2 b " V1 " UUID=2");
	put_file(&disk, "b " V1 " UUID=2"); /* another machine has deleted one */
	while (world_take_notice(&machine.world))
		;
	reconcile(&machine, &disk);
	expect_points(&machine, "b " V1 "+");
	ck_assert_str_eq(world_take_notice(&machine.world),
		"point-deleted Volume UUID=2 /h/a another machine has deleted it");
	disk.folders = "a c"; /* and somebody the directory of the other */
	reconcile(&machine, &disk);
	expect_points(&machine, "");
	expect_file(&disk, "");
	ck_assert_str_eq(world_take_notice(&machine.world),
		"point-deleted Volume UUID=2 /h/b its directory is gone");
	put_file(&disk, "x " V1 " UUID=2"); /* one that is gone, and nobody knew of */
	reconcile(&machine, &disk);
	expect_file(&disk, "");
	ck_assert_str_eq(world_take_notice(&machine.world),
		"point-deleted Volume UUID=2 /h/x its directory is gone");
	end(&machine, &disk);
}
END_TEST

/* A directory leads elsewhere: what was changed last counts, be it here or on another machine. */
START_TEST(test_other_volume)
{
	struct disk disk = { .folders = "a" };
	struct machine machine;

	begin(&machine,
		"+ sda uuid=1\n+ sdb uuid=2\n+ sdc uuid=3\nm sda /h\n"
		"> create_point " V1 " id=UUID=2\n> create_point " V2 " id=UUID=3\n");
	ck_assert_int_eq(create(&machine, &disk, "/h/a " V1 " options=ro"), 0);
	put_file(&disk, "a " V2 " UUID=3");
	reconcile(&machine, &disk);
	expect_points(&machine, "a " V2 "+");
	ck_assert_ptr_null(mount_points_find(&machine.world.manager.names, "UUID=1", "a")->options);
	/* A name is changed here: the file follows. */
	ck_assert_int_eq(world_rename(&machine.world, V2,
				 "/Volumes/Volume{33333333-0000-0000-0000-000000000000}", false),
		0);
	expect_points(&machine, "a /Volumes/Volume{33333333-0000-0000-0000-000000000000}");
	reconcile(&machine, &disk);
	expect_file(&disk, "a /Volumes/Volume{33333333-0000-0000-0000-000000000000} UUID=3");
	expect_points(&machine, "a /Volumes/Volume{33333333-0000-0000-0000-000000000000}+");
	end(&machine, &disk);
}
END_TEST

/* What a prepared disk may try. */
START_TEST(test_hostile)
{
	struct disk disk = { .folders = "a b c d" };
	struct machine machine;

	begin(&machine,
		"+ sda uuid=1\n+ sdb uuid=2\n+ sdc uuid=3\nm sda /h\n"
		"> create_point X: id=UUID=2\n> create_point " V1 " id=UUID=2\n");
	/* Its own ID for a name of a present volume; itself; the name of an absent one twice. */
	put_file(&disk, "a " V1 " UUID=1 b " V2 " UUID=1 c " V2 " UUID=7 d " V2 " UUID=3");
	reconcile(&machine, &disk);
	ck_assert_str_eq(get_owner(&machine, V1), "UUID=2");
	ck_assert_str_eq(get_owner(&machine, V2), "UUID=3");
	expect_points(&machine, "c " V2 "+ d " V2 "+");
	reconcile(&machine, &disk);
	expect_file(&disk, "a " V1 " UUID=1 b " V2 " UUID=1 c " V2 " UUID=3 d " V2 " UUID=3");
	world_play(&machine.world, "@ X: /dev/sdb\n");
	end(&machine, &disk);
}
END_TEST

/* --- machines -------------------------------------------------------------------------------- */

/* A makes it; B learns of it, whichever comes first; A finds what B has made of it. */
static void check_journey(const char *before, const char *after)
{
	struct disk disk = { .folders = "a b" };
	struct machine a, b;
	_cleanup_free_ char *name = NULL, *words = NULL, *other = NULL;

	begin(&a, "+ sda uuid=1\n+ sdb uuid=2\nm sda /h\n> create_point X: UUID=2\n");
	ck_assert_int_eq(create(&a, &disk, "/h/a X:"), 0);
	name = xstrdup(world_get_volume_name(&a.world, "UUID=2"));
	words = xasprintf("a %s UUID=2", name);
	expect_file(&disk, words);
	world_play(&a.world, "M\n- sda\n");

	begin(&b, before);
	world_mount(&b.world, "sda /h");
	reconcile(&b, &disk);
	world_play(&b.world, after);
	reconcile(&b, &disk);
	ck_assert_str_eq(get_owner(&b, name), "UUID=2");
	ck_assert_str_eq(manager_get_node(&b.world.manager, "UUID=2"), "/dev/sdb");
	world_play(&b.world, "@ X: -\n");
	expect_file(&disk, words);
	ck_assert_int_eq(delete (&b, &disk, "source=/h/a"), 0);
	ck_assert_int_eq(delete (&b, &disk, "source=/h/a"), EINVAL);
	ck_assert_int_eq(create(&b, &disk, "/h/b UUID=2"), 0);

	world_play(&a.world, "+ sda uuid=1\nm sda /h\n");
	reconcile(&a, &disk);
	other = xasprintf("b %s+", names_find_volume_name(&b.world.manager.names, "UUID=2")->path);
	expect_points(&a, other);
	world_play(&a.world, "@ X: /dev/sdb\n> query_dos_volume_paths X:\n");
	ck_assert_str_eq(strbuf_text(&a.world.reply), "PATH=\"X:\"\nPATH=\"/h/b\"\n");
	world_fini(&a.world);
	world_fini(&b.world);
	strbuf_fini(&disk.text);
}

START_TEST(test_journey)
{
	check_journey("+ sda uuid=1\n", "+ sdb uuid=2\n");
	check_journey("+ sdb uuid=2\n+ sda uuid=1\n", "");
	check_journey("& sda uuid=1\n& sdb uuid=2\n.\n", "");
}
END_TEST

/* The target gets a new ID on one machine; the file learns of that. */
START_TEST(test_new_id)
{
	struct disk disk = { .folders = "a" };
	struct machine machine;

	begin(&machine,
		"+ sda uuid=1\n+ sdb1 uuid=2 partuuid=p\nm sda /h\n> create_point " V1 " UUID=2\n");
	ck_assert_int_eq(create(&machine, &disk, "/h/a " V1), 0);
	world_play(&machine.world, "+ sdb1 uuid=3 partuuid=p\n");
	expect_points(&machine, "a " V1 "+");
	reconcile(&machine, &disk);
	expect_file(&disk, "a " V1 " UUID=3");
	end(&machine, &disk);
}
END_TEST

/* --- requests -------------------------------------------------------------------------------- */

static const struct {
	const char *line;
	int error;
} creations[] = {
	{ "/h/a UUID=2", 0 },
	{ "source=//h///a/ target=sdb", 0 },
	{ "/h/a UUID=2 options=ro", 0 },
	{ "/h/a UUID=9", ENOENT },
	{ "/h/a Y:", ENOENT },
	{ "/h/x UUID=2", ENOENT },
	{ "/h/taken UUID=3", EEXIST },
	{ "/h/taken UUID=2", 0 },
	{ "/h/a UUID=1", EINVAL },
	{ "/h UUID=2", ENOTSUP }, /* the directory is one of the root's */
	{ "/h/.mmfs UUID=2", EINVAL },
	{ "/h/.mmfs/a UUID=2", EINVAL },
	{ "/r/a UUID=2", EROFS },
	{ "/s/a UUID=2", ENOTSUP }, /* a part */
	{ "/n/a UUID=2", ENOTSUP }, /* no volume */
	{ "/e/a UUID=2", ENOTSUP }, /* removable */
	{ "/x/a UUID=2", ENOTSUP }, /* the root's tmpfs */
	{ "/t/a UUID=2", ENOTSUP },
	/* As Windows has it: below a link, with backslashes; or an absolute path of ours. */
	{ "source=\\DosDevices\\H:\\a target=UUID=2", 0 },
	{ "source=\\DosDevices\\h:\\\\a\\ target=UUID=2", 0 },
	{ "\\??\\H:\\a UUID=2", 0 },
	{ "source=\\??\\" VH "\\a target=UUID=2", 0 },
	{ "\\\\?\\" VH "\\a UUID=2", 0 },
	{ "source=\\??\\host\\a target=UUID=2", 0 },
	{ "source=\\??\\/h/a target=UUID=2", 0 },
	{ "source=\\DosDevices\\/h/a target=UUID=2", 0 },
	{ "source=\\??\\H:\\x target=UUID=2", ENOENT },
	{ "source=\\??\\Q:\\a target=UUID=2", ENOENT },
	{ "source=\\??\\B:\\a target=UUID=3", ENOENT }, /* not mounted */
	{ "source=\\??\\H:\\.mmfs target=UUID=2", EINVAL },
};

static void mount_all(struct world *world)
{
	static const struct {
		const char *device, *path, *fstype;
		bool is_part, is_read_only;
	} list[] = {
		{ NULL, "/", "tmpfs", false, false },
		{ "sda", "/h", "ext4", false, false },
		{ "sda", "/r", "xfs", false, true },
		{ "sda", "/s", "btrfs", true, false },
		{ "sdz", "/n", "ext4", false, false },
		{ "sde", "/e", "ext4", false, false },
		{ NULL, "/t", "fuse.sshfs", false, false },
		{ "sda", "/t", "squashfs", false, false },
	};
	struct mounts mounts = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		mounts_add(&mounts,
			&(struct mount){
				.number = list[i].device ? map_hash_text(list[i].device) : 0,
				.path = (char *)list[i].path,
				.fstype = (char *)list[i].fstype,
				.is_whole = !list[i].is_part,
				.is_read_only = list[i].is_read_only,
				.id = (int)i + 2,
				.parent = i ? 2 : 1,
			});
	world_apply_mounts(world, &mounts);
}

START_TEST(test_create)
{
	struct disk disk = { .folders = "a taken" };
	struct machine machine;
	int r;

	begin(&machine, "+ sda uuid=1\n+ sdb uuid=2\n+ sdc uuid=3\n+ sde uuid=5 removable\n");
	mount_all(&machine.world);
	world_play(&machine.world,
		"> create_point H: sda\n> create_point link=host device=sda\n> create_point B: "
		"sdb\n"
		"> create_point link=" VH " device=sda\n");
	ck_assert_int_eq(create(&machine, &disk, "/h/taken UUID=2"), 0);
	machine.world.env.uid = 1000;
	ck_assert_int_eq(create(&machine, &disk, "/h/a UUID=2 options=suid"), EPERM);
	machine.world.env.uid = 0;
	r = create(&machine, &disk, creations[_i].line);
	ck_assert_msg(r == creations[_i].error, "%s: %d", creations[_i].line, r);
	end(&machine, &disk);
}
END_TEST

/* Names, records and mount points go together, and come back with the disk. */
/* A mount point can be dropped while its volume is away, and by its name. */
START_TEST(test_delete_absent)
{
	struct disk disk = { .folders = "a b" };
	struct machine machine;

	begin_with_two(&machine, &disk);
	world_play(&machine.world, "+ sdc uuid=3\n> create_point " V2 " id=UUID=3\n- sdb\n- sdc\n");
	ck_assert_int_eq(delete (&machine, &disk, "/h/a " V2), EINVAL);
	ck_assert_int_eq(delete (&machine, &disk, "/h/a " VH), ENOENT);
	ck_assert_int_eq(delete (&machine, &disk, "/h/a UUID=2"), ENOENT);
	ck_assert_int_eq(delete (&machine, &disk, "/h/x " V1), EINVAL);
	expect_points(&machine, "a " V1 "+ b " V1 "+");
	ck_assert_int_eq(delete (&machine, &disk, "/h/a " V1), 0);
	expect_points(&machine, "b " V1 "+");
	ck_assert_int_eq(delete (&machine, &disk, "/h/b"), 0);
	expect_points(&machine, "");
	end(&machine, &disk);
}
END_TEST

START_TEST(test_consistent)
{
	struct disk disk = { .folders = "a b" };
	struct machine machine;

	begin_with_two(&machine, &disk);
	world_play(&machine.world, "> delete_points link=" V1 "\n");
	expect_points(&machine, "");
	reconcile(&machine, &disk);
	expect_points(&machine, "a " V1 "+ b " V1 "+");
	world_play(&machine.world, "> delete_points_dbonly link=" V1 "\n");
	expect_points(&machine, "");
	reconcile(&machine, &disk);
	expect_points(&machine, "a " V1 "+ b " V1 "+");
	world_play(&machine.world, "- sdb\n> scrub_registry\n");
	expect_points(&machine, "");
	reconcile(&machine, &disk);
	expect_points(&machine, "a " V1 "+ b " V1 "+");
	world_play(&machine.world, "M\n- sda\n~\n> scrub_registry\n");
	expect_points(&machine, "");
	world_play(&machine.world, "+ sda uuid=1\n+ sdb uuid=2\nm sda /h\n");
	reconcile(&machine, &disk);
	expect_points(&machine, "a " V1 "+ b " V1 "+");
	end(&machine, &disk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reconcile");
	TCase *tcase = suite_add_case(suite, "reconcile");

	tcase_add_loop_test(tcase, test_row, 0, ARRAY_SIZE(rows));
	tcase_add_test(tcase, test_without_entry);
	tcase_add_test(tcase, test_other_volume);
	tcase_add_test(tcase, test_hostile);
	tcase_add_test(tcase, test_journey);
	tcase_add_test(tcase, test_new_id);
	tcase_add_loop_test(tcase, test_create, 0, ARRAY_SIZE(creations));
	tcase_add_test(tcase, test_delete_absent);
	tcase_add_test(tcase, test_consistent);
	return run_suite(suite);
}
