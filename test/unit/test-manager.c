/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of the mount manager: requests, and what arrivals and departures do to names. Most are
 * in scripts/manager.script.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define V1 "Volume{11111111-1111-1111-1111-111111111111}"

/*
 * A volume name is made at first sight and kept until deleted; then a new one at the next arrival.
 */
START_TEST(test_volume_name)
{
	_cleanup_free_ char *first = NULL;
	const char *second;
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1");
	first = xstrdup(world_get_volume_name(&world, "UUID=1"));
	ck_assert_uint_eq(strspn(first + strlen("/Volumes/Volume{"), "0123456789abcdef-"), 36);
	world_play(&world, "unplug sda1", "plug sdz1 part=1 uuid=1", "restart",
		"plug sdz1 part=1 uuid=1 label=x");
	ck_assert_str_eq(world_get_volume_name(&world, "UUID=1"), first);
	world_play(&world, "ok delete_points %UUID=1%", "letter UUID=1 free",
		"plug sdz1 part=1 uuid=1");
	ck_assert_ptr_null(world_get_volume_name(&world, "UUID=1"));
	world_play(&world, "unplug sdz1", "plug sda1 part=1 uuid=1");
	second = world_get_volume_name(&world, "UUID=1");
	ck_assert_ptr_nonnull(second);
	ck_assert_str_ne(second, first);
	world_fini(&world);
}
END_TEST

/* One more name of that form may be had; deleting one leaves the other, and arrival adds none. */
START_TEST(test_volume_names)
{
	_cleanup_free_ char *first = NULL;
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1");
	first = xasprintf("ok delete_points %s", world_get_volume_name(&world, "UUID=1"));
	world_play(&world, "ok create_point " V1 " sda1", first, "unplug sda1",
		"plug sda1 part=1 uuid=1");
	ck_assert_str_eq(world_get_volume_name(&world, "UUID=1"), "/Volumes/" V1);
	world_fini(&world);
}
END_TEST

/* A mark goes also when the link that named the volume is among the deleted. */
START_TEST(test_mark_by_volume_name)
{
	_cleanup_free_ char *line = NULL;
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=1 uuid=2", "epic +2",
		"ok create_point X: sda1", "ok delete_points X:", "letter UUID=1 refuses");
	line = xasprintf("device=%s", world_get_volume_name(&world, "UUID=1"));
	ck_assert_int_eq(world_ask(&world, "delete_points", line), 0);
	ck_assert(!world_has_mark(&world, "UUID=1"));
	world_fini(&world);
}
END_TEST

static void check_reply(
	struct world *world, const char *operation, const char *line, const char *expected)
{
	ck_assert_msg(world_ask(world, operation, line) == 0, "%s", strbuf_text(&world->why));
	ck_assert_str_eq(strbuf_text(&world->reply), expected);
}

/* Replies: complete, by link name, before the change, spelled for a shell. */
START_TEST(test_replies)
{
	static const char a[] = "LINK=\"/DosDevices/A:\" ID=\"UUID=2\" DEVICE=\"/dev/sdb1\"\n";
	static const char x[] = "LINK=\"/DosDevices/X:\" ID=\"UUID=1\" DEVICE=\"/dev/sda1\"\n";
	_cleanup_free_ char *v1 = NULL, *v2 = NULL, *of_1 = NULL, *all = NULL;
	struct world world;

	world_init(&world);
	check_reply(&world, "query_points", "", "");
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=1 uuid=2", "epic +2",
		"ok create_point X: sda1", "ok create_point A: sdb1",
		"ok create_point link=$(reboot) device=sda1");
	v1 = xasprintf("LINK=\"%s\" ID=\"UUID=1\" DEVICE=\"/dev/sda1\"\n",
		world_get_volume_name(&world, "UUID=1"));
	v2 = xasprintf("LINK=\"%s\" ID=\"UUID=2\" DEVICE=\"/dev/sdb1\"\n",
		world_get_volume_name(&world, "UUID=2"));
	of_1 = xasprintf("LINK=\"/DosDevices/\\x24(reboot)\" ID=\"UUID=1\" DEVICE=\"/dev/sda1\"\n"
			 "%s%s",
		x, v1);
	all = xasprintf("LINK=\"/DosDevices/\\x24(reboot)\" ID=\"UUID=1\" DEVICE=\"/dev/sda1\"\n"
			"%s%s%s%s",
		a, x, v1, v2);
	check_reply(&world, "query_points", "X:", x);
	check_reply(&world, "query_points", "link=\\??\\X:", x);
	check_reply(&world, "query_points", "X: UUID=1", x);
	check_reply(&world, "query_points", "UUID=1", of_1);
	check_reply(&world, "query_points", "sda1", of_1);
	check_reply(&world, "query_points", "device=X:", of_1);
	check_reply(&world, "query_points", "", all);
	check_reply(&world, "delete_points", "A:", a);
	world_play(&world, "ok create_point A: sdb1");
	check_reply(&world, "create_point", "link=b device=sdb1", "");
	check_reply(&world, "delete_points", "link=b id=UUID=2",
		"LINK=\"/DosDevices/b\" ID=\"UUID=2\" DEVICE=\"/dev/sdb1\"\n");
	check_reply(&world, "delete_points", "all=1", all);
	check_reply(&world, "query_points", "", "");
	check_reply(&world, "delete_points", "all=1", "");
	world_fini(&world);
}
END_TEST

/* Several requests in one change: each sees those before it; one that fails leaves those be. */
START_TEST(test_several)
{
	struct world world;
	uint32_t epic;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=1 uuid=2", "epic +2",
		"ok create_point Q: sda1");
	epic = world.manager.epic;
	ck_assert_int_eq(world_decide(&world, "create_point", "X: sdb1"), 0);
	ck_assert_int_eq(world_decide(&world, "create_point", "link=data device=X:"), 0);
	ck_assert_int_eq(world_decide(&world, "create_point", "Y: sdb1"), EINVAL);
	ck_assert_int_eq(world_decide(&world, "create_point", "link=DATA device=sda1"), EEXIST);
	ck_assert_int_eq(world_decide(&world, "delete_points", "Q:"), 0);
	ck_assert_int_eq(world_decide(&world, "query_points", "Q:"), ENOENT);
	ck_assert_int_eq(world_decide_rename(&world, "X:", "Q:", false), 0);
	ck_assert_int_eq(world_decide(&world, "query_points", "Q: sdb1"), 0);
	ck_assert_str_eq(world_show(&world), "/DosDevices/Q: /dev/sda1\n");
	ck_assert_uint_eq(world.manager.epic, epic);
	ck_assert_uint_eq(world.change.entry_count, 4);
	world_commit(&world);
	ck_assert_uint_eq(world.manager.epic, epic + 1);
	ck_assert_str_eq(
		world_show(&world), "/DosDevices/Q: /dev/sdb1\n/DosDevices/data /dev/sdb1\n");
	ck_assert(world_has_mark(&world, "UUID=1"));
	world_fini(&world);
}
END_TEST

/* Requests of several clients in one change: each of them counts, if it changes something. */
START_TEST(test_steps)
{
	struct world world;
	const struct history *history = &world.manager.history;
	uint32_t epic;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=1 uuid=2", "epic +2");
	epic = world.manager.epic;
	ck_assert_int_eq(world_decide(&world, "create_point", "X: sdb1"), 0);
	ck_assert_int_eq(world_decide(&world, "create_point", "link=data device=X:"), 0);
	change_end_step(&world.change);
	ck_assert_int_eq(world_decide(&world, "create_point", "Y: sdb1"), EINVAL);
	change_end_step(&world.change);
	ck_assert_int_eq(world_decide(&world, "delete_points", "X:"), 0);
	change_end_step(&world.change);
	ck_assert_uint_eq(world.manager.epic, epic);
	world_commit(&world);
	ck_assert_uint_eq(world.manager.epic, epic + 2);
	ck_assert_uint_eq(history->entries[history->count - 3]->epic, epic + 1);
	ck_assert_uint_eq(history->entries[history->count - 2]->epic, epic + 1);
	ck_assert_uint_eq(history->entries[history->count - 1]->epic, epic + 2);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdb1\n");
	/* What one made and another deleted is nowhere to be seen, and did happen. */
	ck_assert_int_eq(world_decide(&world, "create_point", "link=brief device=sda1"), 0);
	change_end_step(&world.change);
	ck_assert_int_eq(world_decide(&world, "delete_points", "link=brief"), 0);
	change_end_step(&world.change);
	world_commit(&world);
	ck_assert_uint_eq(world.manager.epic, epic + 4);
	ck_assert_str_eq(world_show(&world), "/DosDevices/data /dev/sdb1\n");
	world_fini(&world);
}
END_TEST

static void check_entry(const struct world *world, size_t from_end, const char *operation,
	const char *link, const char *id)
{
	const struct history *history = &world->manager.history;
	const struct history_entry *entry = history->entries[history->count - 1 - from_end];

	ck_assert_str_eq(entry->operation, operation);
	if (link)
		ck_assert_str_eq(entry->link, link);
	ck_assert_str_eq(entry->id, id);
	ck_assert_uint_eq(entry->sequence, history->next_sequence - 1 - from_end);
	ck_assert_uint_eq(entry->uid, 1);
	ck_assert_uint_eq(entry->pid, 2);
	ck_assert_str_eq(entry->command, "test");
	ck_assert_uint_eq(entry->epic, world->manager.epic);
}

START_TEST(test_history)
{
	struct world world;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1");
	check_entry(&world, 0, "volume_arrival", NULL, "UUID=1");
	ck_assert_str_eq(world.manager.history.entries[0]->device, "/dev/sda1");
	world_play(&world, "ok create_point X: sda1");
	check_entry(&world, 0, "create_point", "/DosDevices/X:", "UUID=1");
	world_play(&world, "ok query_points", "EINVAL create_point Y: sda1", "unplug sda1",
		"plug sda1 part=1 uuid=1", "ok mv X: X:");
	ck_assert_uint_eq(world.manager.history.count, 2);
	world_play(&world, "ok mv X: Y:");
	check_entry(&world, 0, "rename", "/DosDevices/Y:", "UUID=1");
	world_play(&world, "ok delete_points all=1");
	check_entry(&world, 0, "delete_points", NULL, "UUID=1");
	check_entry(&world, 1, "delete_points", "/DosDevices/Y:", "UUID=1");
	ck_assert_uint_eq(world.manager.history.count, 5);
	world_fini(&world);
}
END_TEST

static bool has_text(char **list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static bool has_moved(const struct touched *touched, const char *id)
{
	for (size_t i = 0; i < touched->id_count; i++)
		if (strcmp(touched->ids[i], id) == 0 && touched->is_moved[i])
			return true;
	return false;
}

/*
 * What must be shown anew after a change: look-ups go by spelling, so both of a name's spellings.
 */
START_TEST(test_touched)
{
	struct world world;
	struct touched *touched = &world.touched;

	world_init(&world);
	world_play(&world, "plug sda1 part=1 uuid=1", "plug sdb1 part=1 uuid=2", "epic +2",
		"ok create_point link=Data device=sda1");
	ck_assert(has_text(touched->links, touched->link_count, "/DosDevices/Data"));
	ck_assert(has_text(touched->linked, touched->linked_count, "UUID=1"));
	ck_assert(touched->has_changed && !touched->id_count);
	world_play(&world, "ok keep_links_when_offline device=sda1");
	ck_assert(has_text(touched->ids, touched->id_count, "UUID=1") && !touched->linked_count);
	world_play(&world, "ok query_points");
	ck_assert(!touched->has_changed && !touched->link_count && !touched->id_count &&
		!touched->linked_count);
	world_play(&world, "ok mv Data DATA");
	ck_assert(has_text(touched->links, touched->link_count, "/DosDevices/DATA"));
	ck_assert(has_text(touched->links, touched->link_count, "/DosDevices/Data"));
	world_play(&world, "unplug sda1");
	ck_assert(has_moved(touched, "UUID=1") && touched->has_changed);
	ck_assert(has_text(touched->devices, touched->device_count, "sda1"));
	world_play(&world, "plug sdc1 part=1 uuid=1");
	ck_assert(has_moved(touched, "UUID=1"));
	world_play(&world, "plug sdc1 part=1 uuid=3");
	ck_assert(has_moved(touched, "UUID=1") && has_moved(touched, "UUID=3"));
	world_fini(&world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manager");
	TCase *tcase = suite_add_case(suite, "manager");

	fixture_add_script(tcase, "manager");
	tcase_add_test(tcase, test_volume_name);
	tcase_add_test(tcase, test_volume_names);
	tcase_add_test(tcase, test_mark_by_volume_name);
	tcase_add_test(tcase, test_replies);
	tcase_add_test(tcase, test_several);
	tcase_add_test(tcase, test_steps);
	tcase_add_test(tcase, test_history);
	tcase_add_test(tcase, test_touched);
	return run_suite(suite);
}
