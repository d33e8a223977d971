#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The names as they are written in contrib/examples/ansible-names.yml: its commands make them so, again
# and again, say whether they have changed anything, and change nothing when something is wrong.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-robust.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq

playbook=$(dirname "$0")/../../contrib/examples/ansible-names.yml
sed -n '/^    disks:/,/^$/p' "$playbook" | sed 1d | jq . >"$TMP/names.json"
mapfile -t commands < <(sed -n 's/^ *cmd: //p' "$playbook")
expect_equal 2 "${#commands[@]}" "the commands of the playbook"

# What Ansible would do: with the document as input; "changed" or "ok".
run_task()
{
	local words output

	read -ra words <<<"${commands[$1]}"
	output=$("${words[@]}" <"$TMP/names.json")
	if [ "$output" != "nothing to do" ]; then
		echo changed
	else
		echo ok
	fi
}

for n in 1 2; do
	make_image "$n" 1M swap "$(number_uuid "$n")"
done
attach 1 01
start_mmfs
mmctl create other "${LOOP}01"
expect_equal changed "$(run_task 1)" "a check of what would change"
expect_equal "${LOOP}01" "$(readlink "$MM/DosDevices/other")" "a link after a check"
before=$(epic)
expect_equal changed "$(run_task 0)" "the names where they are new"
expect_equal $((before + 1)) "$(epic)" "the epic number: it is one change"
expect_equal "backup" "$(links "${LOOP}01")" "the links of the first disk"
expect_equal 1 "$(cat "$(volume_folder "${LOOP}01")/keep_links")" "whether they are kept"
for state in "as they are" "after a restart" "after kill -9" "with a disk more"; do
	case $state in
	*restart) restart_mmfs ;;
	*kill*) kill_mmfs && start_mmfs ;;
	*more) attach 2 02 && settle ;;
	esac
	expect_equal ok "$(run_task 1)" "a check $state"
	expect_equal ok "$(run_task 0)" "the names $state"
done
expect_equal $'X:\ndata' "$(links "${LOOP}02")" "the links of a disk that came later"

# A disk less in the file: it is forgotten, and another's name changes its owner.
mv "$TMP/names.json" "$TMP/first.json"
jq '.volumes |= [.[0], {id: .[1].id, links: ["/DosDevices/osd7"]}]' "$TMP/first.json" >"$TMP/names.json"
expect_equal changed "$(run_task 0)" "the names that are others"
expect_equal "${LOOP}02" "$(readlink "$MM/DosDevices/osd7")" "a name that has another owner"
expect_equal 2 "$(jq '.volumes | length' "$CTL/database")" "the volumes that are known"
expect_equal ok "$(run_task 0)" "the names as they are"

# Something wrong in it, and nothing happens.
saved=$(mmctl export)
jq '.volumes[1].links += ["/DosDevices/backup"]' "$TMP/first.json" >"$TMP/names.json"
expect_exit 1 "line [0-9]+: .*backup" mmctl import --exact "$TMP/names.json"
expect_equal "$saved" "$(mmctl export)" "the names after a document that was wrong"
stop_mmfs
