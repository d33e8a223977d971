# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the cases with an engine that is played (engine.c) share, on top of lib.sh.
#
#	begin_engine HOST=SOCKET…	starts it; `end_engine` is for at_end
#	play COMMAND…	what is to happen there
#	state, is_state STATE	of the daemon whose $CTL it is
#	has_row KEY	whether the engine has it

engine=

begin_engine()
{
	mkfifo "$TMP/commands"
	"$(dirname "$MMFS")/test/fs/engine" "$@" <"$TMP/commands" &
	exec {engine}>"$TMP/commands"
}

end_engine()
{
	[ -z "$engine" ] || exec {engine}>&-
}

play()
{
	echo "$*" >&"$engine"
}

state()
{
	sed -n '1s/.* STATE="\([^"]*\)".*/\1/p' "$CTL/cluster"
}

is_state()
{
	[ "$(state)" = "$1" ]
}

dump_rows()
{
	rm -f "$TMP/rows"
	play dump "$TMP/rows"
	await test -e "$TMP/rows"
}

has_row()
{
	dump_rows
	grep -q "^$1 " "$TMP/rows"
}
