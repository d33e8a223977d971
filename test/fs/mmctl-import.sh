#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Documents for mmctl import that somebody has written by hand: what they do not say stays, and what
# means the same is the same.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap

document() # VOLUME,…
{
	echo '{"format":"mmfs-names","version":1,"volumes":['"$1"']}'
}

# Puts a document in, with the options; it is nothing to do for a second time, and nothing is done.
import() # VOLUME,… [OPTION…]
{
	local volumes=$1 before

	shift
	document "$volumes" | mmctl import "$@"
	before=$(epic)
	expect_equal "nothing to do" "$(document "$volumes" | mmctl import "$@")" "what $volumes changes again"
	expect_equal "$before" "$(epic)" "the epic number after $volumes again"
}

volume() # ID
{
	mmctl export | jq -c '.volumes[] | select(.id == "'"$1"'")'
}

known() # ID
{
	volume "$1" | jq -c '{last_seen, last_device, fingerprint}'
}


attach_two
start_mmfs
settle

# --- what is known of devices ---

# What a document leaves out stays.
import '{"id":"UUID=dead-2","links":["g2"],"last_seen":"2020-01-01T00:00:00Z","last_device":"/dev/sdq",
	"fingerprint":{"size":5,"start":7,"wwn":"0x5000c500a1b2c3d4","attachment":"internal"}}' >/dev/null
expect_equal "+ what it was  UUID=dead-2" \
	"$(import '{"id":"UUID=dead-2","links":["g2"],"last_seen":"2021-01-01T00:00:00Z","fingerprint":{"serial":"abc"}}')" \
	"what a fingerprint in part changes"
all='{"last_seen":"2021-01-01T00:00:00.000000Z","last_device":"/dev/sdq","fingerprint":{"size":5,"start":7,"wwn":"0x5000c500a1b2c3d4","serial":"abc","attachment":"internal"}}'
expect_equal "$all" "$(known UUID=dead-2)" "what is known after a fingerprint in part"
# So it is with one without a time, and of what is 0 or empty nothing is said.
import '{"id":"UUID=dead-2","links":[],"fingerprint":{"size":0,"start":0,"wwn":"","serial":"xyz"}}' >/dev/null
expect_equal "${all/abc/xyz}" "$(known UUID=dead-2)" "what is known after one without a time"
import '{"id":"UUID=dead-2","links":[],"last_device":"/dev/sdr"}' >/dev/null
import '{"id":"UUID=dead-2","links":[],"last_seen":"2022-01-01T00:00:00Z"}' >/dev/null
all=$(sed 's/abc/xyz/; s/sdq/sdr/; s/2021/2022/' <<<"$all")
expect_equal "$all" "$(known UUID=dead-2)" "what is known after a device and a time alone"
# A document from before it was here last is not as good.
expect_equal "nothing to do" \
	"$(import '{"id":"UUID=dead-2","links":[],"last_seen":"2019-01-01T00:00:00Z","fingerprint":{"serial":"old"}}')" \
	"what an older document changes"
expect_equal "$all" "$(known UUID=dead-2)" "what is known after an older document"

# With --exact a fingerprint says all, and a document without one nothing but what it says.
mmctl export >"$TMP/rest"
exactly() # MEMBERS
{
	import "$(jq -c '.volumes[] | select(.id != "UUID=dead-2")' "$TMP/rest" | paste -sd ,),"'{"id":"UUID=dead-2","links":["g2"]'"$1}" --exact
}
exactly ',"last_seen":"2020-01-01T00:00:00Z"' >/dev/null
expect_equal "${all/2022/2020}" "$(known UUID=dead-2)" "what is known after a time with --exact"
exactly ',"last_seen":"2020-01-01T00:00:00Z","fingerprint":{"serial":"abc","colour":"red"}' >/dev/null
expect_equal '{"last_seen":"2020-01-01T00:00:00.000000Z","last_device":null,"fingerprint":{"size":0,"serial":"abc"}}' \
	"$(known UUID=dead-2)" "what is known after a fingerprint in part with --exact"
exactly ',"fingerprint":{}' >/dev/null
expect_equal '{"last_seen":null,"last_device":null,"fingerprint":{"size":0}}' "$(known UUID=dead-2)" "what is known after an empty one"

# Times are what they say.
number=0
expect_time() # AS EXPORTED, TEXT
{
	import '{"id":"UUID=time-'$((++number))'","links":[],"last_seen":"'"$2"'"}' >/dev/null
	expect_equal "$1" "$(volume UUID=time-$number | jq -r .last_seen)" "the time $2"
}
expect_time 2020-01-01T00:00:00.500000Z 2020-01-01T00:00:00.5Z
expect_time 2020-01-01T00:00:00.000005Z 2020-01-01T00:00:00.000005Z
expect_time 2020-01-01T00:00:00.123456Z 2020-01-01T00:00:00.123456789Z
expect_time 2019-12-31T22:30:00.250000Z 2020-01-01T00:00:00.25+01:30
expect_time 2020-02-29T01:00:00.000000Z 2020-02-28T23:00:00-02:00
for text in "" rubbish 2020-01-01 2020-01-01T00:00:00 2020-01-01T00:00Z 2020-01-01T00:00:00.Z 2020-1-01T00:00:00Z \
	2020-02-30T00:00:00Z 2020-01-01T25:00:00Z "2020-01-01T00:00:00Z " 2020-01-01T00:00:00+2:00 2020-01-01T00:00:00+02:60 \
	1969-12-31T23:59:59Z 2020-01-01T00:00:00,5Z '2020-01-01T00:00:00Z\u0000'; do
	document $'\n{"id":"UUID=wrong","links":["w"],\n"last_seen":"'"$text"'"}' >"$TMP/wrong"
	expect_exit 1 "^mmctl: cannot import $TMP/wrong: line 3: last_seen of UUID=wrong is no (text|time)" mmctl import "$TMP/wrong"
done
for member in '"size":-5' '"start":-1' '"size":99999999999999999999' '"size":1.5' '"attachment":"foo"' '"wwn":7' '"serial":"a\u0000b"'; do
	document $'\n{"id":"UUID=wrong","links":["w"],"fingerprint":{\n'"$member"'}}' >"$TMP/wrong"
	expect_exit 1 "^mmctl: cannot import $TMP/wrong: line 3: [a-z]* of UUID=wrong is no" mmctl import "$TMP/wrong"
done
expect_equal "" "$(volume UUID=wrong)" "what is known of what was refused"

# --- names that go ---

# What an absent volume loses shows, also where it is left out itself.
mmctl -q create --absent photos UUID=dead-9
document "{\"id\":\"$id_a\",\"links\":[\"photos\"]},"'{"id":"UUID=dead-9","links":["videos"]}' >"$TMP/taken"
for options in "--exact --skip-absent" --skip-absent; do
	# shellcheck disable=SC2086 # words
	diff=$(mmctl import --dry-run $options "$TMP/taken" 2>/dev/null)
	expect_equal "- /DosDevices/photos  UUID=dead-9
+ /DosDevices/photos  $id_a" "$(grep photos <<<"$diff")" "what import $options changes"
done
expect_equal "$diff" "$(mmctl import --skip-absent "$TMP/taken" 2>/dev/null)" "what it has changed"
expect_equal "[]" "$(volume UUID=dead-9 | jq -c .links)" "the links of who has lost one"
expect_equal "- /DosDevices/photos  $id_a" "$(document "{\"id\":\"$id_a\",\"links\":[]}" | mmctl import --exact | grep photos)" \
	"what goes of a volume that is here"

# The case of letters is made the same by --exact, and by nothing else.
for id in "$id_b" UUID=dead-9; do
	import '{"id":"'"$id"'","links":["photos","other"],"keep_links":false}' >/dev/null
	expect_equal "nothing to do" "$(import '{"id":"'"$id"'","links":["PHOTOS","other"]}')" "what another case changes of $id"
	expect_equal "- /DosDevices/photos  $id
+ /DosDevices/PHOTOS  $id" "$(import '{"id":"'"$id"'","links":["PHOTOS","other"]}' --exact | grep -F "  $id")" "what it changes with --exact of $id"
	expect_equal '["/DosDevices/PHOTOS","/DosDevices/other"]' "$(volume "$id" | jq -c '.links |= map(select(startswith("/Dos"))) | .links')" "the links of $id"
	document "" | mmctl -q import --exact
done

# --- mount points ---

# They are the same however they are typed.
guid='{00000000-0000-4000-8000-00000000000a}'
target='{"id":"UUID=target","links":["/Volumes/Volume'$guid'"]}'
host() # MOUNT POINT,… [TARGET]
{
	echo "${2-$target},"'{"id":"UUID=host","links":["h"],"mount_points":['"$1"']}'
}
canonical='[{"path":"a/b","volume":"/Volumes/Volume'$guid'"}]'
import "$(host "${canonical:1:-1}")" >/dev/null
expect_equal "$canonical" "$(volume UUID=host | jq -c .mount_points)" "the mount points"
for point in '"path":"/a/b","volume":"Volume'$guid'"' '"path":"a//b/","volume":"\\\\?\\Volume'$guid'\\"' \
	'"path":"a/b","volume":"/Volumes/Volume'${guid^^}'","found":false,"options":"","colour":"red"'; do
	for options in "" --exact; do
		# shellcheck disable=SC2086 # none or one
		expect_equal "nothing to do" "$(import "$(host "{$point}")" $options | grep mount || echo "nothing to do")" \
			"what $point changes $options"
		expect_equal "$canonical" "$(volume UUID=host | jq -c .mount_points)" "the mount points after $point $options"
	done
done
# They stay with a volume name that is given another case.
expect_equal "- /Volumes/Volume$guid  UUID=target
+ /Volumes/Volume${guid^^}  UUID=target" "$(import "$(host "${canonical:1:-1}" "${target/$guid/${guid^^}}")" --exact | grep target)" \
	"what another case of a volume name changes"
expect_equal "a/b" "$(volume UUID=host | jq -r '.mount_points[].path')" "the mount points after that"
import "$(host "${canonical:1:-1}")" --exact >/dev/null
# Nor do they go with another name of the volume, whether the document tells of them or not.
for document in "$(host "${canonical:1:-1}")" "$target,"'{"id":"UUID=host","links":["h"]}'; do
	mmctl -q create --absent extra UUID=target
	mmctl -q create --absent also UUID=host
	expect_equal "- /DosDevices/also  UUID=host
- /DosDevices/extra  UUID=target" "$(import "$document" --exact | sort)" "what goes with --exact"
	expect_equal "$canonical" "$(volume UUID=host | jq -c .mount_points)" "the mount points after that"
done
# Where both go, in whatever order.
mmctl -q create --absent extra UUID=target
import "$(host "")" --exact >/dev/null
expect_equal "[]" "$(volume UUID=host | jq -c .mount_points)" "the mount points after none"
import "$(host "${canonical:1:-1}")" --exact >/dev/null
for point in '"path":"a/b","volume":"photos"' '"path":"a/b","volume":7' '"path":"a/b","volume":"Volume'$guid'","found":1' \
	'"path":"a/b","volume":"Volume'$guid'","options":["ro"]' '"path":"c","volume":"Volume'$guid'"},{"path":"/c/","volume":"Volume'$guid'"'; do
	document $'\n'"$(host $'\n{'"$point}")" >"$TMP/wrong"
	expect_exit 1 "^mmctl: cannot import $TMP/wrong: line 3: (a|the) mount point|^mmctl: .*: line 3: (found|options) of the mount point /a/b on UUID=host is no" \
		mmctl import "$TMP/wrong"
done
expect_equal "$canonical" "$(volume UUID=host | jq -c .mount_points)" "the mount points after what was refused"

stop_mmfs
