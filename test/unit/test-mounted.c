/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes that are no block device.
 */

#include <errno.h>
#include <string.h>

#include "core/rules/mounted.h"
#include "fixture.h"

#define ARRIVAL "volume_arrival_notification"

static const struct {
	uint64_t number;
	const char *path, *fstype;
} all_mounts[] = {
	{ 52, "/mnt/fuse", "fuse.sshfs" }, { 53, "/mnt/nfs", "nfs4" },
	{ 54, "/mnt/mm", "fuse.mmfs" }, { 55, "/proc", "proc" }, { 0x12345, "/mnt/disk", "ext4" },
	{ 0x10000034, "/mnt/many", "fuse" }, /* minor 0x10034 */
};

/* The first of them, what is mounted from then on. */
static void mount(struct world *world, size_t count)
{
	struct mounts mounts = { 0 };

	mounts_add(&mounts,
		&(struct mount){
			.path = (char *)"/", .fstype = (char *)"ext4", .id = 1, .parent = 0 });
	for (size_t i = 0; i < count; i++)
		mounts_add(&mounts,
			&(struct mount){
				.number = all_mounts[i].number,
				.path = (char *)all_mounts[i].path,
				.fstype = (char *)all_mounts[i].fstype,
				.is_whole = true,
				.id = (int)i + 2,
				.parent = 1,
			});
	mounts_finish(&mounts);
	world_apply_mounts(world, &mounts);
	mounted_decide_departures(&world->manager, &world->change);
	world_commit_requests(world);
}

static void begin(struct world *world)
{
	world_init(world);
	world_plug(world, "sda1", "uuid=1 size=1000");
	mount(world, ARRAY_SIZE(all_mounts));
}

START_TEST(test_arrival)
{
	struct world world;

	begin(&world);
	ck_assert_int_eq(world_ask(&world, ARRIVAL, "device=/mnt/fuse id=UUID=2 suggested=X:"), 0);
	world_play(&world, "link X: /mnt/fuse", "device 0:52 UUID=2", "letter UUID=2 has",
		"ok create_point link=films id=UUID=2", "link films /mnt/fuse",
		"ok query_dos_volume_paths device=/mnt/fuse",
		"reply PATH=\"X:\" | PATH=\"/mnt/fuse\"",
		"ok query_points device=/mnt/fuse link=X:");
	ck_assert_str_ne(world_get_volume_name(&world, "UUID=2"), "");
	/* Again is nothing new; nor are its names any more a suggestion's. */
	ck_assert_int_eq(world_ask(&world, ARRIVAL, "device=/mnt/fuse"), 0);
	ck_assert_int_eq(world_ask(&world, ARRIVAL, "device=/mnt/fuse id=UUID=3"), EEXIST);
	/* It goes with its mount, and comes back under the same names, wherever it is then. */
	mount(&world, 0);
	world_play(&world, "link X: -", "stored X: UUID=2");
	mount(&world, ARRAY_SIZE(all_mounts));
	world_play(&world, "link X: -");
	ck_assert_int_eq(world_ask(&world, ARRIVAL, "/mnt/nfs id=UUID=2 suggested=Y:"), 0);
	world_play(&world, "link X: /mnt/nfs", "link Y: -",
		"ok volume_removal_notification /mnt/nfs", "link X: -");
	world_fini(&world);
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *line;
		int error;
	} rows[] = {
		{ "device=/mnt/fuse id=UUID=1", EEXIST }, /* a disk's that is here */
		{ "device=/mnt/fuse id=UUID=4", EEXIST }, /* or was */
		{ "device=/mnt/fuse id=WWN=4", EINVAL },
		{ "device=/mnt/fuse id=nonsense", EINVAL },
		{ "device=/mnt/fuse suggested=x:", EINVAL },
		{ "device=/mnt/mm id=UUID=5", ENOENT },
		{ "device=/proc id=UUID=5", ENOENT },
		{ "device=/mnt/disk id=UUID=5", ENOENT },
		{ "device=/mnt/nothing", ENOENT },
		{ "device=sda1 suggested=X:", EINVAL },
		{ "device=sda1 id=UUID=2", ENOENT },
		{ "device=sda1 id=UUID=1", 0 },
	};
	struct world world;

	begin(&world);
	world_plug(&world, "sdb1", "uuid=4 size=1000");
	world_unplug(&world, "sdb1");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = world_ask(&world, ARRIVAL, rows[i].line);

		ck_assert_msg(r == rows[i].error, "%s: %d", rows[i].line, r);
		ck_assert_ptr_null(volumes_find_number(&world.manager.volumes, 52));
	}
	world_fini(&world);
}
END_TEST

/*
 * Without an ID it has one that is made of the type and the mount point; a suggestion is no more
 * than that.
 */
START_TEST(test_made)
{
	const struct device *device;
	struct world world;
	char id[64];

	begin(&world);
	ck_assert_int_eq(world_ask(&world, "create_point", "X: sda1"), 0);
	ck_assert_int_eq(world_ask(&world, ARRIVAL, "device=/mnt/many suggested=X:"), 0);
	device = volumes_find_number(&world.manager.volumes, 0x10000034);
	ck_assert_ptr_nonnull(device);
	ck_assert_str_eq(device->name, "0:65588");
	ck_assert_uint_eq(strlen(device->id), 41);
	strcpy(id, device->id);
	world_play(&world, "link X: /dev/sda1");
	mount(&world, 0);
	mount(&world, ARRAY_SIZE(all_mounts));
	ck_assert_int_eq(world_ask(&world, ARRIVAL, "device=/mnt/many suggested=data"), 0);
	device = volumes_find_number(&world.manager.volumes, 0x10000034);
	ck_assert_str_eq(device->id, id);
	world_play(&world, "link data /mnt/many", "restart");
	world_fini(&world);
}
END_TEST

static void mount_one(struct world *world, uint64_t origin, int id)
{
	struct mounts mounts = { 0 };

	mounts_add(&mounts,
		&(struct mount){
			.path = (char *)"/", .fstype = (char *)"ext4", .id = 1, .parent = 0 });
	mounts_add(&mounts,
		&(struct mount){
			.number = 52,
			.path = (char *)"/mnt/fuse",
			.fstype = (char *)"fuse.sshfs",
			.origin = origin,
			.is_whole = true,
			.id = id,
			.parent = 1,
		});
	mounts_finish(&mounts);
	world_apply_mounts(world, &mounts);
}

/*
 * What is mounted as before is a volume again after a restart; what was mounted anew since, or
 * taken away, or is mounted from elsewhere, is not.
 */
START_TEST(test_restart)
{
	static const struct {
		uint64_t origin;
		int id;
		bool is_removed, is_back;
	} rows[] = { { 7, 2, false, true }, { 8, 2, false, false }, { 7, 9, false, false },
		{ 7, 2, true, false }, { 0, 2, false, false } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct record *record;
		struct world world;

		world_init(&world);
		mount_one(&world, 7, 2);
		ck_assert_int_eq(
			world_ask(&world, ARRIVAL, "device=/mnt/fuse id=UUID=2 suggested=X:"), 0);
		world_play(&world, "link X: /mnt/fuse");
		if (rows[i].is_removed)
			world_play(&world, "ok volume_removal_notification /mnt/fuse", "link X: -");
		world_unplug(&world, "0:52"); /* as it is when nobody looks */
		mount_one(&world, rows[i].origin, rows[i].id);
		for (int again = 0; again < 2; again++) {
			mounted_decide_return(&world.manager, &world.change);
			world_settle(&world);
			world_play(&world, rows[i].is_back ? "link X: /mnt/fuse" : "link X: -");
			record = names_find_record(&world.manager.names, "UUID=2");
			if (rows[i].is_back)
				ck_assert_uint_ne(record->fingerprint.diskseq, 0);
		}
		world_fini(&world);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mounted");

	fixture_add(suite, "arrival", test_arrival);
	fixture_add(suite, "refused", test_refused);
	fixture_add(suite, "made", test_made);
	fixture_add(suite, "restart", test_restart);
	return run_suite(suite);
}
