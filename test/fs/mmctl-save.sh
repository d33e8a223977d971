#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl export and import: the round trip is the identity, and an import happens as a whole.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap

id_c=UUID=cccccccc-bbbb-cccc-dddd-eeeeeeeeeeee
make_image c 4M swap "${id_c#UUID=}"

# Without when and where volumes were last, which goes on changing while they are here.
names()
{
	jq -c 'del(.volumes[] | .last_seen, .last_device)' "$@"
}

expect_import_fail()
{
	local regex=$1 before errors code=0

	shift
	before=$(mmctl export | names)
	errors=$(lib_try mmctl import "$@" 2>&1 >"$TMP/told") || code=$?
	expect_equal 1 "$code" "the status of import $*"
	expect_match "$regex" "$errors" "what import $* said"
	expect_equal "" "$(cat "$TMP/told")" "the changes that import $* showed, which failed"
	expect_equal "$before" "$(mmctl export | names)" "the names after an import that failed"
}

attach_two
attach c 03
start_mmfs
mmctl create X: "$a"
mmctl create 'a "quoted" \ name' "$a" 2>/dev/null && fail "a backslash was taken"
mmctl create 'a "quoted" $(name) nämé 日本' "$a"
mmctl create C: "$b"
mmctl create backup "$b"
mmctl keep backup
mmctl create M: "${LOOP}03"
mmctl -q delete M: # it wants no letter now
mmctl auto off
mmctl export >"$TMP/saved"
expect_equal 3 "$(jq '.volumes | length' "$TMP/saved")" "the volumes of an export"
expect_equal "false|true|true" "$(jq -r '[.auto_mount, (.volumes[] | select(.id == "'"$id_b"'").keep_links),
	(.volumes[] | select(.id == "'"$id_c"'").no_drive_letter)] | join("|")' "$TMP/saved")" "the settings"
expect_equal "$(jq -r '.[] | .id + .link' "$MM/points.json" | sort)" \
	"$(jq -r '.volumes[] | .id + .links[]' "$TMP/saved" | sort)" "the links"

# Nothing to do is nothing done.
before=$(epic)
expect_equal "nothing to do" "$(mmctl import "$TMP/saved")" "what changes"
expect_equal "$before" "$(epic)" "the epic number after an import of what is there"

# Who may not read the database is not shown what would change: all of it would seem to be missing.
as_user=(setpriv --reuid=1234 --regid=1234 --clear-groups "$MMCTL" -m "$MM")
expect_exit 1 "cannot export: Permission denied .only root and the group" "${as_user[@]}" export
expect_exit 1 "cannot import: Permission denied .only root and the group" "${as_user[@]}" import --dry-run - <"$TMP/saved"
expect_equal "" "$("${as_user[@]}" import --dry-run - <"$TMP/saved" 2>/dev/null || true)" "what an import shows to who may not read"

# Everything is lost; a new database has other volume names.
stop_mmfs
mv "$DB" "$DB.old"
start_mmfs
fresh=$(mmctl export | names)
diff=$(mmctl import --dry-run --exact "$TMP/saved")
expect_equal "$fresh" "$(mmctl export | names)" "the names after a dry run"
for line in "+ /DosDevices/X:  $id_a" '+ /DosDevices/a "quoted" $(name) nämé 日本'"  $id_a" "+ keep_links  $id_b" \
	"+ no_drive_letter  $id_c" "- auto_mount"; do
	grep -qxF -- "$line" <<<"$diff" || fail "the dry run does not show '$line' but $diff"
done
before=$(epic)
expect_equal "$diff" "$(mmctl import --exact - <"$TMP/saved")" "what an import shows (after the dry run)"
expect_equal $((before + 1)) "$(epic)" "the epic number after an import: it is one transaction"
expect_equal "$(names "$TMP/saved")" "$(mmctl export | names)" "the names after the round trip"
restart_mmfs
expect_equal "$(names "$TMP/saved")" "$(mmctl export | names)" "the names after a restart"

# A merge adds, and leaves the rest.
mmctl -q delete X:
mmctl create mine "$a"
mmctl keep backup off
mmctl auto on
mmctl -q import "$TMP/saved"
expect_equal "mine" "$({ diff <(mmctl export | jq -r '.volumes[].links[]') <(jq -r '.volumes[].links[]' "$TMP/saved") || true; } |
	sed -n 's|^. /DosDevices/||p')" "what is there beside the file's links"
expect_equal "$(jq '[.auto_mount, (.volumes[] | .keep_links, .no_drive_letter)]' "$TMP/saved")" \
	"$(mmctl export | jq '[.auto_mount, (.volumes[] | .keep_links, .no_drive_letter)]')" "the settings"
expect_equal "- /DosDevices/mine  $id_a" "$(mmctl import --exact "$TMP/saved")" "what --exact takes away"

# A mark comes and goes, and whoever lends a letter has it back.
expect_equal "+ no_drive_letter  $id_c" "$(
	jq '(.volumes[] | select(.id == "'"$id_c"'")).no_drive_letter = false' "$TMP/saved" | mmctl -q import
	expect_equal 0 "$(cat "$MM/ids/$id_c/no_drive_letter")" "the mark" >&2
	mmctl import "$TMP/saved"
)" "what gives the mark back"
expect_equal "$(names "$TMP/saved")" "$(mmctl export | names)" "the names after the mark has come and gone"

# All or nothing.
jq '(.volumes[] | select(.id == "'"$id_a"'")).links += ["/DosDevices/new", "/DosDevices/Backup"]' "$TMP/saved" >"$TMP/wrong"
expect_import_fail "cannot import $TMP/wrong: line [0-9]+: the link '/DosDevices/backup' is there twice" "$TMP/wrong"
jq 'del(.volumes[] | select(.id == "'"$id_b"'"))' "$TMP/saved" >"$TMP/others"
jq '(.volumes[] | select(.id == "'"$id_a"'")).links += ["/DosDevices/new", "/DosDevices/Backup"]' "$TMP/others" >"$TMP/wrong"
expect_import_fail "cannot import $TMP/wrong: line [0-9]+: /DosDevices/backup is a link of $id_b" "$TMP/wrong"
jq '(.volumes[] | select(.id == "'"$id_a"'")).no_drive_letter = true' "$TMP/saved" >"$TMP/wrong"
expect_import_fail "has a drive letter and wants none" "$TMP/wrong"
for text in '' '{'; do
	printf '%s' "$text" >"$TMP/wrong"
	expect_import_fail "cannot import $TMP/wrong: line 1: that is no JSON .it takes what mmctl export writes" "$TMP/wrong"
done
echo '{"format":"mmfs-names","version":2,"volumes":[]}' >"$TMP/wrong"
expect_import_fail "$TMP/wrong: it is of version 2, and this mmctl knows version 1 .take that of the mmfs" "$TMP/wrong"
for text in '[]' '{}' '{"format":"mmfs-names","version":1,"volumes":[{"id":"x","links":[]}]}' \
	'{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=1"}]}' \
	'{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=1","links":[3]}]}' \
	'{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=1","links":["a/b"]}]}' \
	'{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=1","links":["a\nb"]}]}' \
	'{"format":"mmfs-names","version":1,"volumes":[7]}' \
	'{"format":"mmfs-names","version":1,"auto_mount":"yes","volumes":[]}' \
	'{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=1","links":["a"],"keep_links":1}]}' \
	'{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=1","links":["a"],"fingerprint":{"size":"7"}}]}' \
	'{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=1","links":["a"]},{"id":"UUID=2","links":["A"]}]}'; do
	printf '%s' "$text" >"$TMP/wrong"
	expect_import_fail "cannot import $TMP/wrong: " "$TMP/wrong"
done
expect_import_fail "No such file" "$TMP/nothing"

# The same of one that takes many writes, whichever of its lines is wrong.
for wrong in 0 20000 39999; do
	jq --compact-output '(.volumes[] | select(.id == "'"$id_a"'")).links += [range(40000) |
		if . == '$wrong' then "/DosDevices/Backup" else "/DosDevices/many-\(.)" end]' "$TMP/others" >"$TMP/wrong"
	expect_import_fail "cannot import $TMP/wrong: line 1: /DosDevices/backup is a link of $id_b" "$TMP/wrong"
done

# A document says on which line it is wrong, however it is laid out.
jq --compact-output '.volumes[0].links = ["a/b"]' "$TMP/saved" >"$TMP/wrong"
expect_import_fail "$TMP/wrong: line 1: 'a/b': " "$TMP/wrong"
sed '3s/"links":\[/&"x\\u0000y",/' "$TMP/saved" >"$TMP/wrong"
expect_import_fail "$TMP/wrong: line 3: " "$TMP/wrong"
sed '4s/,/,,/' "$TMP/saved" >"$TMP/wrong"
expect_import_fail "$TMP/wrong: line 4: that is no JSON" "$TMP/wrong"
sed '3s/"id":"UUID=/&\xff/' "$TMP/saved" >"$TMP/wrong" # no UTF-8
expect_import_fail "$TMP/wrong: line 3: that is no JSON" "$TMP/wrong"

# Each damage is told of with the line that it is on, of a document of one member a line.
jq . "$TMP/saved" >"$TMP/pretty"
expect_damage() # REGEX OF ITS LINE, SED COMMAND, WHAT IS SAID
{
	local line

	line=$(grep -nE -m 1 "$1" "$TMP/pretty")
	sed -E "${line%%:*}{$2}" "$TMP/pretty" >"$TMP/wrong"
	expect_import_fail "cannot import $TMP/wrong: line ${line%%:*}: $3" "$TMP/wrong"
}
expect_damage '"/DosDevices/C:"' 's/",?$//' "that is no JSON"
expect_damage '"/DosDevices/C:"' 's/"//' "that is no JSON"
expect_damage '"/DosDevices/C:"' 's/$/ :/' "that is no JSON"
expect_damage '"/DosDevices/C:"' 's/.*/7,/' "a link is no text"
expect_damage '"/DosDevices/C:"' 's/C:/X:/' "the link '/DosDevices/X:' is there twice"
expect_damage '"/DosDevices/C:"' 's/C:/c:/' "'/DosDevices/c:': a drive letter"
expect_damage '"links"' 's/\[/"", "x": [/' "UUID=[-0-9a-f]* has no array of links"
expect_damage '"id": "'"$id_b" 's/'"$id_b/$id_a/" "$id_a is there twice"
expect_damage '"keep_links"' 's/(true|false)/"yes"/' "keep_links of UUID=[-0-9a-f]* is no boolean"
expect_damage '"size"' 's/[0-9]+/"7"/' "size of UUID=[-0-9a-f]* is no number"
expect_damage '"auto_mount"' 's/(true|false)/1/' "auto_mount of the document is no boolean"
head -n 9 "$TMP/pretty" >"$TMP/wrong"
expect_import_fail "cannot import $TMP/wrong: line 9: that is no JSON" "$TMP/wrong"
printf '%s\0x' "$(cat "$TMP/pretty")" >"$TMP/wrong"
expect_import_fail "cannot import $TMP/wrong: line $(wc -l <"$TMP/pretty"): that is no JSON" "$TMP/wrong"

# Volumes that are away are exported and imported like all others, or left out.
detach 02
detach 03
settle
saved=$(names "$TMP/saved")
expect_equal "$saved" "$(mmctl export | names)" "an export without two of them"
mmctl -q delete X:
mmctl import --skip-absent "$TMP/saved" >/dev/null 2>"$TMP/left"
expect_equal "mmctl: $id_c is not here: its names are left out" "$(cat "$TMP/left")" "what is left out"
expect_equal "$a" "$(readlink "$MM/DosDevices/X:")" "a link after an import without those that are away"
jq '.volumes += [range(13) | {id: "UUID=away-\(.)", links: []}]' "$TMP/saved" >"$TMP/many"
mmctl import --skip-absent "$TMP/many" 2>&1 >/dev/null | tail -n 1 >"$TMP/left"
expect_equal "mmctl: nor are 4 more" "$(cat "$TMP/left")" "of how many more that is said"
attach b 04
attach c 05
settle
expect_equal "$saved" "$(mmctl export | names)" "the names when all have come back"
stop_mmfs

# On another machine, where none of the volumes ever was: the same database, mount points and all.
start_mmfs
mkdir "$TMP/host"
mount "$a" "$TMP/host"
mkdir "$TMP/host/data" "$TMP/host/found"
settle
mmctl -q mount-point add "$TMP/host/data" backup --options=ro,nodev
mmctl -q mount-point add "$TMP/host/found" backup
# What --exact takes away from a volume that is mounted is not found there again.
mmctl export | jq '.volumes[].mount_points |= map(select(.path == "found"))' >"$TMP/fewer"
expect_equal 1 "$(mmctl import --exact "$TMP/fewer" | grep -c '^- mount point /data ')" "what it shows"
expect_equal 'path="found"' "$(grep -o 'path=[^ ]*' "$TMP/host/.mmfs/remote-database")" "what the file on the hosting volume has"
umount "$TMP/host"
settle
mount "$a" "$TMP/host"
settle
expect_equal found "$(mmctl export | jq -r '.volumes[].mount_points[].path')" "the mount points of a host mounted again"
expect_equal "nothing to do" "$(mmctl import --exact "$TMP/fewer")" "what it changes again"
mmctl -q mount-point del "$TMP/host/found"
mmctl -q mount-point add "$TMP/host/data" backup --options=ro,nodev
settle
umount "$TMP/host"
detach 01
detach 04
detach 05
settle
mmctl export >"$TMP/saved"
full=$(cat "$TMP/saved")
expect_equal "data ro,nodev" "$(jq -r '.volumes[].mount_points[] | .path + " " + .options' "$TMP/saved")" "the mount points of an export"
stop_mmfs
mv "$DB" "$DB.first"
start_mmfs devices=none
expect_equal 0 "$(mmctl export | jq '.volumes | length')" "the volumes of a new machine"
mmctl -q import "$TMP/saved"
expect_equal "$full" "$(mmctl export)" "an export of what was imported"
expect_equal "nothing to do" "$(mmctl import --exact "$TMP/saved")" "what a second import changes"

# What --exact has to take away, of volumes that are away; what a document does not say stays.
mmctl -q create --absent extra "$id_b"
mmctl -q create --absent other UUID=0000-1111
jq '.volumes[] |= (if .id == "'"$id_a"'" then .mount_points = [] else . end)' "$TMP/saved" | mmctl import --exact >"$TMP/diff"
for line in "- /DosDevices/extra  $id_b" "- all that is known  UUID=0000-1111"; do
	grep -qxF -- "$line" "$TMP/diff" || fail "--exact does not show '$line' but $(cat "$TMP/diff")"
done
expect_equal 0 "$(mmctl export | jq '[.volumes[].mount_points[]] | length')" "the mount points after that"
mmctl -q import --exact "$TMP/saved"
expect_equal "$full" "$(mmctl export)" "what was made the same"
echo '{"format":"mmfs-names","version":1,"volumes":[{"id":"'"$id_a"'","links":["/DosDevices/by-hand"]}]}' >"$TMP/hand"
expect_equal "+ /DosDevices/by-hand  $id_a" "$(mmctl import "$TMP/hand")" "what a document by hand changes"
expect_equal "nothing to do" "$(mmctl import "$TMP/hand")" "what it changes again"

# IDs typed in another case are those of the same volumes, also of absent ones.
absent=3e6be9de-8139-11d1-9106-a43f08d823a6
mmctl -q create --absent typed "UUID=${absent^^}"
mmctl -q create --absent typed-again "UUID=$absent"
echo '{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID='"${absent^^}"'","links":["/DosDevices/typed", "/DosDevices/third"],
	"keep_links":true}]}' >"$TMP/typed"
expect_equal "+ /DosDevices/third  UUID=$absent
+ keep_links  UUID=$absent" "$(mmctl import "$TMP/typed")" "what an ID in upper case changes"
expect_equal "- /DosDevices/typed-again  UUID=$absent" "$(mmctl import --exact "$TMP/typed" | grep typed)" "what it changes with --exact"
expect_equal "nothing to do" "$(mmctl import --exact "$TMP/typed")" "what it changes again"
expect_equal 1 "$(mmctl export | jq '[.volumes[] | select(.id | ascii_downcase | endswith("8d823a6"))] | length')" "the volumes it is"
sed 's/}]}$/}, {"id":"UUID='"$absent"'","links":[]}]}/' "$TMP/typed" >"$TMP/twice"
expect_exit 1 "UUID=$absent is there twice" mmctl import "$TMP/twice"
mmctl -q import --exact "$TMP/saved"
mmctl -q import "$TMP/hand"

# A name that an absent volume loses shows.
mmctl -q create --absent taken UUID=55
expect_equal "- /DosDevices/Taken  UUID=55
+ /DosDevices/Taken  UUID=56" "$(echo '{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=56","links":["Taken"]}]}' |
	mmctl import --dry-run)" "what a name of two changes"
mmctl -q forget taken

# Who is given a drive letter wants one, also where the volume is away and the document does not say so.
echo '{"format":"mmfs-names","version":1,"volumes":[{"id":"UUID=77","links":["/DosDevices/old"],"no_drive_letter":true}]}' |
	mmctl -q import
mmctl export | jq '.volumes |= map(if .id == "UUID=77" then {id, links: ["/DosDevices/Q:"]} else . end)' >"$TMP/hand"
expect_equal "- /DosDevices/old  UUID=77
- no_drive_letter  UUID=77
+ /DosDevices/Q:  UUID=77" "$(mmctl import --exact "$TMP/hand")" "what a drive letter changes"
expect_equal "nothing to do" "$(mmctl import --exact "$TMP/hand")" "what it changes again"
stop_mmfs

# The disks come after that, over a crash: names and mount points are theirs at once.
start_mmfs devices="${LOOP#/dev/}*"
kill_mmfs
start_mmfs devices="${LOOP#/dev/}*"
attach a 06
attach b 07
settle
expect_equal "${LOOP}06" "$(readlink "$MM/DosDevices/by-hand")" "a name that waited for its disk"
expect_equal "${LOOP}07" "$(readlink "$MM/DosDevices/backup")" "another"
stop_mmfs
