/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mount points that travel: the table of decisions, and disks that go from one machine to another.
 */

#include <errno.h>
#include <string.h>

#include "core/model/hosting.h"
#include "core/model/volume_name.h"
#include "core/rules/reconcile.h"
#include "machine.h"

#define VH "Volume{99999999-0000-0000-0000-000000000000}"
#define V2 "/Volumes/Volume{22222222-0000-0000-0000-000000000000}"

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
	machine_init(machine);
	world_play(&machine->world, "plug sda uuid=1", "plug sdb uuid=2", "plug sdc uuid=3",
		"mount sda /h");
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
	disk_put_file(&disk, "a " V1 " UUID=2");
	machine_reconcile(&machine, &disk);
	ck_assert_str_eq(machine_get_owner(&machine, V1), row->owner_after);
	if (row->file_after) {
		_cleanup_free_ char *words = xasprintf("a " V1 " %s", row->file_after);

		disk_expect_file(&disk, words);
		machine_expect_points(&machine, "a " V1 "+");
	} else {
		disk_expect_file(&disk, "a " V1 " UUID=2");
		machine_expect_points(&machine, "");
		ck_assert_str_eq(world_take_notice(&machine.world),
			"point-refused Volume UUID=2 /h/a its volume name belongs to another "
			"volume that is present");
	}
	/* Once is enough, and a restart finds the same. */
	epic = machine.world.manager.epic;
	disk.writes = 0;
	machine_reconcile(&machine, &disk);
	world_reload(&machine.world);
	ck_assert_str_eq(machine_get_owner(&machine, V1), row->owner_after);
	world_mount(&machine.world, "sda /h");
	machine_reconcile(&machine, &disk);
	ck_assert_int_eq(disk.writes, 0);
	ck_assert_uint_eq(machine.world.manager.epic, epic);
	machine_fini(&machine, &disk);
}
END_TEST

/* What this machine has and the file does not: given, or learned to be gone. */
START_TEST(test_without_entry)
{
	struct disk disk = { .folders = "a b c" };
	struct machine machine;

	machine_init_with_two(&machine, &disk);
	disk_expect_file(&disk, "a " V1 " UUID=2 b " V1 " UUID=2");
	strbuf_reset(&disk.text); /* the file is lost: made anew */
	machine_reconcile(&machine, &disk);
	disk_expect_file(&disk, "a " V1 " UUID=2 b " V1 " UUID=2");
	disk_put_file(&disk, "b " V1 " UUID=2"); /* another machine has deleted one */
	while (world_take_notice(&machine.world))
		;
	machine_reconcile(&machine, &disk);
	machine_expect_points(&machine, "b " V1 "+");
	ck_assert_str_eq(world_take_notice(&machine.world),
		"point-deleted Volume UUID=2 /h/a another machine has deleted it");
	disk.folders = "a c"; /* and somebody the directory of the other */
	machine_reconcile(&machine, &disk);
	machine_expect_points(&machine, "");
	disk_expect_file(&disk, "");
	ck_assert_str_eq(world_take_notice(&machine.world),
		"point-deleted Volume UUID=2 /h/b its directory is gone");
	disk_put_file(&disk, "x " V1 " UUID=2"); /* one that is gone, and nobody knew of */
	machine_reconcile(&machine, &disk);
	disk_expect_file(&disk, "");
	ck_assert_str_eq(world_take_notice(&machine.world),
		"point-deleted Volume UUID=2 /h/x its directory is gone");
	machine_fini(&machine, &disk);
}
END_TEST

/* A directory leads elsewhere: what was changed last counts, be it here or on another machine. */
START_TEST(test_other_volume)
{
	struct disk disk = { .folders = "a" };
	struct machine machine;

	machine_init(&machine);
	world_play(&machine.world, "plug sda uuid=1", "plug sdb uuid=2", "plug sdc uuid=3",
		"mount sda /h", "ok create_point " V1 " id=UUID=2",
		"ok create_point " V2 " id=UUID=3");
	ck_assert_int_eq(machine_create(&machine, &disk, "/h/a " V1 " options=ro"), 0);
	disk_put_file(&disk, "a " V2 " UUID=3");
	machine_reconcile(&machine, &disk);
	machine_expect_points(&machine, "a " V2 "+");
	ck_assert_ptr_null(mount_points_find(&machine.world.manager.names, "UUID=1", "a")->options);
	/* A name is changed here: the file follows. */
	ck_assert_int_eq(world_rename(&machine.world, V2,
				 "/Volumes/Volume{33333333-0000-0000-0000-000000000000}", false),
		0);
	machine_expect_points(&machine, "a /Volumes/Volume{33333333-0000-0000-0000-000000000000}");
	machine_reconcile(&machine, &disk);
	disk_expect_file(&disk, "a /Volumes/Volume{33333333-0000-0000-0000-000000000000} UUID=3");
	machine_expect_points(&machine, "a /Volumes/Volume{33333333-0000-0000-0000-000000000000}+");
	machine_fini(&machine, &disk);
}
END_TEST

/* What a prepared disk may try. */
START_TEST(test_hostile)
{
	struct disk disk = { .folders = "a b c d" };
	struct machine machine;

	machine_init(&machine);
	world_play(&machine.world, "plug sda uuid=1", "plug sdb uuid=2", "plug sdc uuid=3",
		"mount sda /h", "ok create_point X: id=UUID=2", "ok create_point " V1 " id=UUID=2");
	/* Its own ID for a name of a present volume; itself; the name of an absent one twice. */
	disk_put_file(&disk, "a " V1 " UUID=1 b " V2 " UUID=1 c " V2 " UUID=7 d " V2 " UUID=3");
	machine_reconcile(&machine, &disk);
	ck_assert_str_eq(machine_get_owner(&machine, V1), "UUID=2");
	ck_assert_str_eq(machine_get_owner(&machine, V2), "UUID=3");
	machine_expect_points(&machine, "c " V2 "+ d " V2 "+");
	machine_reconcile(&machine, &disk);
	disk_expect_file(&disk, "a " V1 " UUID=1 b " V2 " UUID=1 c " V2 " UUID=3 d " V2 " UUID=3");
	world_play(&machine.world, "link X: /dev/sdb");
	machine_fini(&machine, &disk);
}
END_TEST

/* Only volumes have volume names: a disk may not give them to a bay, or to a disk that is none. */
START_TEST(test_no_volume)
{
	static const char *const ids[] = { "PATH=bay3", "PATH=bay4", "WWN=w" };
	struct disk disk = { .folders = "a" };
	_cleanup_free_ char *words = xasprintf("a " V2 " %s", ids[_i]), *expected = NULL;
	struct machine machine;

	machine_init(&machine);
	world_play(&machine.world, "plug sda uuid=1", "plug sdb blank table=gpt wwn=w path=bay3",
		"mount sda /h", "ok create_point link=bay PATH=bay3",
		"ok create_point link=disk WWN=w");
	while (world_take_notice(&machine.world))
		;
	disk_put_file(&disk, words);
	machine_reconcile(&machine, &disk);
	ck_assert_ptr_null(names_find_link(&machine.world.manager.names, V2));
	machine_expect_points(&machine, "");
	disk_expect_file(&disk, words); /* it is another machine's, perhaps */
	expected = xasprintf(
		"point-refused Volume %s /h/a its unique ID is not that of a volume", ids[_i]);
	ck_assert_str_eq(world_take_notice(&machine.world), expected);
	machine_fini(&machine, &disk);
}
END_TEST

/* Nor to a volume of all hosts that these cannot hear of: it would be the machine's own. */
START_TEST(test_held_back)
{
	struct disk disk = { .folders = "a" };
	struct machine machine;
	struct world *world = &machine.world;

	machine_init(&machine);
	world->manager.share = SHARE_FABRIC;
	world->env.cannot_share = true;
	world_play(world, "plug sda uuid=1", "plug sdb uuid=2 fabric", "mount sda /h");
	while (world_take_notice(world))
		;
	disk_put_file(&disk, "a " V2 " UUID=2");
	machine_reconcile(&machine, &disk);
	ck_assert_ptr_null(names_find_record(&world->manager.names, "UUID=2"));
	machine_expect_points(&machine, "");
	ck_assert_str_eq(world_take_notice(world),
		"point-refused Volume UUID=2 /h/a its volume is one of the cluster, which cannot "
		"be changed now");
	world->env.cannot_share = false;
	world_plug(world, "sdc", "uuid=3");
	machine_reconcile(&machine, &disk);
	ck_assert(names_find_record(&world->manager.names, "UUID=2")->is_shared);
	machine_expect_points(&machine, "a " V2 "+");
	machine_fini(&machine, &disk);
}
END_TEST

/* --- machines -------------------------------------------------------------------------------- */

/* What comes to the other machine before its hosting volume is mounted there, and after that. */
static const struct journey {
	const char *before[3];
	size_t before_count;
	const char *after;
} journeys[] = {
	{ { "plug sda uuid=1" }, 1, "plug sdb uuid=2" },
	{ { "plug sdb uuid=2", "plug sda uuid=1" }, 2, NULL },
	{ { "put sda uuid=1", "put sdb uuid=2", "settle" }, 3, NULL },
};

/* A makes it; B learns of it, whichever comes first; A finds what B has made of it. */
START_TEST(test_journey)
{
	const struct journey *journey = &journeys[_i];
	struct disk disk = { .folders = "a b" };
	struct machine a, b;
	_cleanup_free_ char *name = NULL, *words = NULL, *other = NULL;

	machine_init(&a);
	world_play(&a.world, "plug sda uuid=1", "plug sdb uuid=2", "mount sda /h",
		"ok create_point X: UUID=2");
	ck_assert_int_eq(machine_create(&a, &disk, "/h/a X:"), 0);
	name = xstrdup(world_get_volume_name(&a.world, "UUID=2"));
	words = xasprintf("a %s UUID=2", name);
	disk_expect_file(&disk, words);
	world_play(&a.world, "mounts", "unplug sda");

	machine_init(&b);
	world_play_steps(&b.world, journey->before, journey->before_count);
	world_mount(&b.world, "sda /h");
	machine_reconcile(&b, &disk);
	if (journey->after)
		world_play(&b.world, journey->after);
	machine_reconcile(&b, &disk);
	ck_assert_str_eq(machine_get_owner(&b, name), "UUID=2");
	ck_assert_str_eq(
		manager_get_node(&b.world.manager, &b.world.manager.names, "UUID=2"), "/dev/sdb");
	world_play(&b.world, "link X: -");
	disk_expect_file(&disk, words);
	ck_assert_int_eq(machine_delete(&b, &disk, "source=/h/a"), 0);
	ck_assert_int_eq(machine_delete(&b, &disk, "source=/h/a"), EINVAL);
	ck_assert_int_eq(machine_create(&b, &disk, "/h/b UUID=2"), 0);

	world_play(&a.world, "plug sda uuid=1", "mount sda /h");
	machine_reconcile(&a, &disk);
	other = xasprintf("b %s+", volume_name_find(&b.world.manager.names, "UUID=2")->path);
	machine_expect_points(&a, other);
	world_play(&a.world, "link X: /dev/sdb", "ok query_dos_volume_paths X:");
	ck_assert_str_eq(strbuf_text(&a.world.reply), "PATH=\"X:\"\nPATH=\"/h/b\"\n");
	world_fini(&a.world);
	world_fini(&b.world);
	strbuf_fini(&disk.text);
}
END_TEST

/* The target gets a new ID on one machine; the file learns of that. */
START_TEST(test_new_id)
{
	struct disk disk = { .folders = "a" };
	struct machine machine;

	machine_init(&machine);
	world_play(&machine.world, "plug sda uuid=1", "plug sdb1 uuid=2 partuuid=p", "mount sda /h",
		"ok create_point " V1 " UUID=2");
	ck_assert_int_eq(machine_create(&machine, &disk, "/h/a " V1), 0);
	world_play(&machine.world, "plug sdb1 uuid=3 partuuid=p");
	machine_expect_points(&machine, "a " V1 "+");
	machine_reconcile(&machine, &disk);
	disk_expect_file(&disk, "a " V1 " UUID=3");
	machine_fini(&machine, &disk);
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

	machine_init(&machine);
	world_play(&machine.world, "plug sda uuid=1", "plug sdb uuid=2", "plug sdc uuid=3",
		"plug sde uuid=5 removable");
	mount_all(&machine.world);
	world_play(&machine.world, "ok create_point H: sda", "ok create_point link=host device=sda",
		"ok create_point B: sdb", "ok create_point link=" VH " device=sda");
	ck_assert_int_eq(machine_create(&machine, &disk, "/h/taken UUID=2"), 0);
	machine.world.env.uid = 1000;
	ck_assert_int_eq(machine_create(&machine, &disk, "/h/a UUID=2 options=suid"), EPERM);
	machine.world.env.uid = 0;
	r = machine_create(&machine, &disk, creations[_i].line);
	ck_assert_msg(r == creations[_i].error, "%s: %d", creations[_i].line, r);
	machine_fini(&machine, &disk);
}
END_TEST

/* A volume name that only shows is written down again when a directory leads to it. */
START_TEST(test_unrecorded)
{
	struct disk disk = { .folders = "a" };
	struct machine machine;

	machine_init(&machine);
	world_play(&machine.world, "plug sda uuid=1", "plug sdb uuid=2", "mount sda /h",
		"ok create_point " V1 " id=UUID=2", "ok delete_points_dbonly id=UUID=2");
	ck_assert(names_find_link(&machine.world.manager.names, V1)->is_unrecorded);
	ck_assert_int_eq(machine_create(&machine, &disk, "/h/a " V1), 0);
	disk_expect_file(&disk, "a " V1 " UUID=2");
	ck_assert(!names_find_link(&machine.world.manager.names, V1)->is_unrecorded);
	world_reload(&machine.world);
	ck_assert_str_eq(machine_get_owner(&machine, V1), "UUID=2");
	machine_expect_points(&machine, "a " V1 "+");
	machine_fini(&machine, &disk);
}
END_TEST

/* A mount point can be dropped while its volume is away, and by its name. */
START_TEST(test_delete_absent)
{
	struct disk disk = { .folders = "a b" };
	struct machine machine;

	machine_init_with_two(&machine, &disk);
	world_play(&machine.world, "plug sdc uuid=3", "ok create_point " V2 " id=UUID=3",
		"unplug sdb", "unplug sdc");
	ck_assert_int_eq(machine_delete(&machine, &disk, "/h/a " V2), EINVAL);
	ck_assert_int_eq(machine_delete(&machine, &disk, "/h/a " VH), ENOENT);
	ck_assert_int_eq(machine_delete(&machine, &disk, "/h/a UUID=2"), ENOENT);
	ck_assert_int_eq(machine_delete(&machine, &disk, "/h/x " V1), EINVAL);
	machine_expect_points(&machine, "a " V1 "+ b " V1 "+");
	ck_assert_int_eq(machine_delete(&machine, &disk, "/h/a " V1), 0);
	machine_expect_points(&machine, "b " V1 "+");
	ck_assert_int_eq(machine_delete(&machine, &disk, "/h/b"), 0);
	machine_expect_points(&machine, "");
	machine_fini(&machine, &disk);
}
END_TEST

START_TEST(test_consistent)
{
	struct disk disk = { .folders = "a b" };
	struct machine machine;

	machine_init_with_two(&machine, &disk);
	world_play(&machine.world, "ok delete_points link=" V1);
	machine_expect_points(&machine, "");
	machine_reconcile(&machine, &disk);
	machine_expect_points(&machine, "a " V1 "+ b " V1 "+");
	world_play(&machine.world, "ok delete_points_dbonly link=" V1);
	machine_expect_points(&machine, "");
	machine_reconcile(&machine, &disk);
	machine_expect_points(&machine, "a " V1 "+ b " V1 "+");
	world_play(&machine.world, "unplug sdb", "ok scrub_registry");
	machine_expect_points(&machine, "");
	machine_reconcile(&machine, &disk);
	machine_expect_points(&machine, "a " V1 "+ b " V1 "+");
	world_play(&machine.world, "mounts", "unplug sda", "restart", "ok scrub_registry");
	machine_expect_points(&machine, "");
	world_play(&machine.world, "plug sda uuid=1", "plug sdb uuid=2", "mount sda /h");
	machine_reconcile(&machine, &disk);
	machine_expect_points(&machine, "a " V1 "+ b " V1 "+");
	machine_fini(&machine, &disk);
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
	tcase_add_loop_test(tcase, test_no_volume, 0, 3);
	tcase_add_test(tcase, test_held_back);
	tcase_add_loop_test(tcase, test_journey, 0, ARRAY_SIZE(journeys));
	tcase_add_test(tcase, test_new_id);
	tcase_add_loop_test(tcase, test_create, 0, ARRAY_SIZE(creations));
	tcase_add_test(tcase, test_unrecorded);
	tcase_add_test(tcase, test_delete_absent);
	tcase_add_test(tcase, test_consistent);
	return run_suite(suite);
}
