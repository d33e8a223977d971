#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names of one host are those of the others: creating, losing a race, deleting, who sees a volume, who
# may do what.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

start_etcd
start_helper h1
begin h1
hear h1 '"state":"up"'
start_helper h2
begin h2
hear h2 '"state":"up"'

# A change is answered, and comes to both.
say h1 '{"commit":1,"change":"h1/1","log":"{\"entries\":[]}","delete":[],
	"compare":[{"key":"volumes/A","revision":0},{"key":"links/x","revision":0},
		{"below":"seen/A/","but":"seen/A/h1"}],
	"put":[{"key":"volumes/A","value":"{\"keep\":false}"},{"key":"links/x","value":"{}"}]}'
hear h1 '"answer":1'
expect h1 .result "done"
revision=$(get h1 .revision)
hear h2 '"rows":'
expect h2 '[.revision, .head, .host, .change, (.rows | map(.key))[]] | join(" ")' \
	"$revision 1 h1 h1/1 volumes/A links/x log/h1/00000000000000000001"
hear h1 '"change":"h1/1"' # its own, behind the answer

# Two at once: one of them loses, and has the rows of the other before it is told so.
say h1 '{"commit":2,"change":"h1/2","compare":[{"key":"links/y","revision":0}],
	"put":[{"key":"links/y","value":"1"}],"log":"{}"}'
say h2 '{"commit":7,"change":"h2/1","compare":[{"key":"links/y","revision":0}],
	"put":[{"key":"links/y","value":"2"}],"log":"{}"}'
hear h1 '"answer":2'
one=$(get h1 .result)
[ "$one" = lost ] || hear h2 '"change":"h1/2"'
hear h2 '"answer":7'
case "$one $(get h2 .result)" in
"done lost" | "lost done") ;;
*) fail "both, or neither: $one ${heard[h2]}" ;;
esac

# Who sees a volume stands in the way of who thinks that it is absent.
say h2 '{"seen":[{"id":"A","device":"/dev/sdx","state":"online","mounts":["/srv"]}]}'
await_within 60 has_key seen/A/h2
say h1 '{"commit":3,"change":"h1/3","compare":[{"below":"seen/A/","but":"seen/A/h1"}],
	"delete":["links/x"],"log":"{}"}'
hear h1 '"answer":3'
expect h1 '[.result, .seen[0].id, .seen[0].host] | join(" ")' "lost A h2"
say h1 '{"ask":4}'
hear h1 '"answer":4'
expect h1 '[(.hosts | map(.host))[], .seen[0].id, .seen[0].host, .seen[0].mounts[0]] | join(" ")' \
	"h1 h2 A h2 /srv"
say h2 '{"seen":[]}'
await_within 60 has_no_key seen/A/h2
say h1 '{"commit":5,"change":"h1/4","compare":[{"below":"seen/A/","but":"seen/A/h1"}],
	"delete":["links/x"],"log":"{}"}'
hear h1 '"answer":5'
expect h1 .result "done"
say h2 '{"sync":8}'
hear h2 '"change":"h1/4"'
expect h2 '.rows[0] | [.key, .value] | tostring' '["links/x",null]'
hear h2 '"synced":'

# What no change may write is refused; so is a number that was used.
say h1 '{"commit":6,"change":"h1/5","put":[{"key":"head","value":"{}"}]}'
hear h1 '"answer":6'
expect h1 .result refused
say h1 '{"commit":7,"change":"h1/4","put":[{"key":"links/q","value":"{}"}]}'
hear h1 '"answer":7'
expect h1 .result refused
has_no_key links/q

# A second one with the name of a host that lives may only read; so may a role that reads.
user=h1 start_helper twin --host=h1
begin twin
hear twin '"state":"read-only"'
[[ ${heard[twin]} == *"another living host"* ]] || fail "${heard[twin]}"
stop_helper twin
user=reader start_helper h9
begin h9
hear h9 '"state":"read-only"'
say h9 '{"commit":1,"change":"h9/1","put":[{"key":"links/q","value":"{}"}]}'
hear h9 '"answer":1'
expect h9 .result refused

# A scrapped host is forgotten, one that lives is not.
say h1 '{"forget":8,"host":"h2"}'
hear h1 '"answer":8'
expect h1 .result refused

# Who says something out of place is hung up on; the connection is made anew.
say h2 '{"want":{"revision":0}}'
hear h2 '-'
hear h2 '"hello":1'
expect h2 .next 2
