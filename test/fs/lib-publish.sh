# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For cases about names in /dev: udevd has the rule while one of them runs. To be included after lib.sh.
#
# udevd is everybody's, and so is /dev/mm: a case gives names that begin with $name, which no other has.
#
# dev_links		what is below /dev/mm of this case, one per line: NAME NODE
# expect_dev_links [NAME NODE]…	that it is this and nothing else
# synthetic_events	how many events mmfs has asked for since count_events
# count_events		begins to count

# shellcheck disable=SC2154 # of lib.sh
name=t${LOOP#/dev/loop}-
rule=/run/udev/rules.d/61-mmfs.rules
lib_counter=
lib_rule_mutex=

# The rule comes with the first case, and goes with the last.
lib_join_rule()
{
	exec {lib_rule_mutex}>"$lib_locks/rule-mutex"
	flock "$lib_rule_mutex"
	exec {lib_rule_fd}>"$lib_locks/rule-users"
	mkdir -p "${rule%/*}"
	if ! cmp -s "$(dirname "$0")/../../contrib/udev/61-mmfs.rules" "$rule"; then
		cp "$(dirname "$0")/../../contrib/udev/61-mmfs.rules" "$rule"
		await udevadm control --reload
	fi
	flock -s "$lib_rule_fd"
	exec {lib_rule_mutex}>&-
	lib_rule_mutex=
}

lib_leave_rule()
{
	[ -n "$lib_rule_mutex" ] || exec {lib_rule_mutex}>"$lib_locks/rule-mutex" # or joining has failed
	flock "$lib_rule_mutex"
	exec {lib_rule_fd}>&-
	exec {lib_rule_fd}>"$lib_locks/rule-users"
	if flock -n "$lib_rule_fd"; then
		rm -f "$rule"
		await udevadm control --reload
	fi
	exec {lib_rule_fd}>&- {lib_rule_mutex}>&-
}

# What the case leaves would be adopted by the next that has these loop devices.
at_end()
{
	[ -z "$lib_counter" ] || kill "$lib_counter" 2>/dev/null
	lib_leave_rule
	rm -f /run/mmfs/udev/"${LOOP#/dev/}"*
}

dev_links()
{
	local link

	for link in /dev/mm/"$name"*; do
		[ ! -L "$link" ] || echo "${link#/dev/mm/"$name"} $(readlink -f "$link")"
	done
}

expect_dev_links()
{
	local expected=

	while [ $# -gt 0 ]; do
		expected+="$1 $2"$'\n'
		shift 2
	done
	expect_equal "$(printf '%s' "$expected" | sort)" "$(dev_links | sort)" "the list of links in /dev/mm"
}

count_events()
{
	[ -z "$lib_counter" ] || kill "$lib_counter"
	: >"$TMP/kernel-events"
	udevadm monitor --kernel --property --subsystem-match=block >"$TMP/kernel-events" {lib_rule_fd}>&- \
		{lib_slot_fd}>&- {lib_users_fd}>&- {lib_case_fd}>&- &
	lib_counter=$!
	await grep -q '^KERNEL' "$TMP/kernel-events"
}

synthetic_events()
{
	settle_udevd
	awk -v node="${LOOP#/dev/}" 'BEGIN { RS = "" }
		/SYNTH_ARG_MMFS=1/ && index($0, "DEVNAME=/dev/" node) { n++ } END { print n + 0 }' "$TMP/kernel-events"
}

lib_join_rule
