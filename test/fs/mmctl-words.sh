#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmctl: what the words of the command line mean, wherever they stand, and which options they take.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-mmctl.sh"
require jq mkfs.ext4 mkswap

attach_two films
start_mmfs
settle

# --- options belong to the words of a command ----------------------------------------------------

for option in --dry-run --timeout=1; do
	expect_exit 2 'cluster forget does not take ' mmctl cluster forget h9 "$option"
	expect_exit 2 'cluster status does not take ' mmctl cluster status "$option"
done
expect_exit 2 'cluster join does not take --timeout: ' mmctl cluster join --timeout=1
expect_exit 2 'cluster join does not take --json: ' mmctl cluster join -J
expect_exit 2 'cluster forget does not take --output: ' mmctl cluster forget h9 -o HOST
expect_exit 1 'cannot join: mmfs was started without cluster=' mmctl cluster join --dry-run
expect_exit 2 'cluster takes status, join' mmctl cluster join h9
expect_exit 2 'mount-point del does not take --json: ' mmctl mount-point del "$TMP" -J
expect_exit 2 'mount-point add does not take --sort: ' mmctl mount-point add "$TMP" "$a" -x ID
expect_exit 2 'delete what' mmctl delete --all --link=x
expect_exit 2 'delete what' mmctl delete --all --id="$id_a"
expect_exit 2 'delete what' mmctl delete --all --device="$a"

# --- a device by a symlink, or by a path in the tree ---------------------------------------------

expect_ok mmctl create lnk "$a"
ln -s "$a" "$TMP/mysym"
for word in "$MM/DosDevices/lnk" "$TMP/mysym" "$MM/ids/$id_a" "$MM/ids/$id_a/device" "$MM/devices/${a#/dev/}" lnk \
	LABEL=films "${a#/dev/}"; do
	expect_equal "$a" "$(mmctl query --device="$word" -n -r -o DEVICE | sort -u)" "the device of --device=$word"
	expect_ok mmctl arrival "$word"
	expect_ok mmctl keep "$word"
done
for word in "$MM/DosDevices/lnk" "$TMP/mysym"; do
	expect_equal "$(mmctl accept "$a" 2>&1 || true)" "$(mmctl accept "$word" 2>&1 | sed "s|accept $word|accept $a|" || true)" \
		"what accept $word says"
	mmctl keep "$word" off
	expect_ok mmctl removal "$word"
	expect_exit 1 "$a|mysym|lnk" mmctl query "$a"
	expect_ok mmctl arrival "$a"
done
expect_equal "$a" "$(cd /dev && mmctl query --device="./${a#/dev/}" -n -r -o DEVICE | sort -u)" "the device of a path from here"
expect_exit 2 "takes a volume" mmctl query --device=
expect_exit 1 "cannot look at $TMP/nothing" mmctl arrival "$TMP/nothing"
expect_equal "/DosDevices/lnk" "$(mmctl delete --device="$TMP/mysym" -n -r -o LINK | grep -v Volumes)" "what is deleted"
mmctl create --absent never UUID=0000-9999
mmctl keep --absent never
expect_equal "/DosDevices/never" "$(mmctl query --device=never -n -r -o LINK)" "the link of one that is offline"
mmctl keep never off
expect_ok mmctl forget never

# --- a path into the tree, by whatever way -------------------------------------------------------

expect_ok mmctl create films "$a"
expect_ok mmctl create other "$a"
ln -s "$MM" "$TMP/sym"
ln -s "$MM/DosDevices" "$TMP/names"
mkdir "$TMP/here"
ln -s ../mnt "$TMP/here/up"
for path in "$TMP/sym/DosDevices/films" "$TMP/names/films" "$TMP/here/up/DosDevices/films" "$MM//DosDevices/films" \
	"$MM/ids/../DosDevices/films" "$MM/./DosDevices/films"; do
	expect_equal /DosDevices/films "$(mmctl query "$path" -n -r -o LINK)" "what query $path shows"
	expect_equal /DosDevices/films "$("$MMCTL" -m "$TMP/sym" query "$path" -n -r -o LINK)" "what it shows with -m"
	expect_equal /DosDevices/films "$(mmctl query --link="$path" -n -r -o LINK)" "what --link=$path selects"
	mmctl verify "$path" >"$TMP/verified" || fail "verify $path fails"
	expect_ok mmctl rename "$path" "${path%films}renamed"
	expect_ok mmctl delete "${path%films}renamed" -q
	expect_ok mmctl create "$path" "$a"
done
expect_equal 2 "$(mmctl query "$TMP/sym/devices/${a#/dev/}" -n -r -o LINK | wc -l)" "the links of a device, by its path"
expect_equal 2 "$(mmctl query "$TMP/sym/ids/$id_a/" -n -r -o LINK | wc -l)" "the links of a volume, by its path"
from_here()
{
	cd "$MM$1" && shift && "$MMCTL" -m "$@"
}
expect_match "/DosDevices/films is $a" "$(from_here / . verify DosDevices/films)" "what verify says of a path from here"
expect_match "/DosDevices/films is $a" "$(from_here /ids "$MM" verify ../DosDevices/films)" "what verify says of a path from there"
expect_match "/DosDevices/films is $a" "$(from_here /DosDevices .. verify ./films)" "what verify says of a path in the folder"
expect_exit 2 "'/dev/films' cannot be a link" mmctl delete /dev/films
expect_exit 1 "cannot query '/nothing/films'" mmctl query /nothing/films
mmctl create --absent never UUID=0000-9999
mmctl keep --absent never
expect_ok mmctl forget "$TMP/sym/ids/UUID=0000-9999"
mmctl create --absent never UUID=0000-9999
expect_ok mmctl forget "$MM/ids/UUID=0000-9999"

# --- a label that several volumes have -----------------------------------------------------------

id_c=UUID=77777777-2222-3333-4444-555555555555
c=${LOOP}03
"$MMCTL" -m "$MM" wait LABEL=twice 2>"$TMP/waited" &
pid=$!
make_image c 4M swap "${id_c#UUID=}" films
attach c 03
settle
both="2 devices have LABEL=films: ($a $c|$c $a)$"
for command in list tree explain paths "mount-point list" query "query --device" "create new" keep next-letter; do
	# shellcheck disable=SC2086 # words
	expect_exit 1 ": $both" mmctl $command LABEL=films
done
expect_exit 1 "^mmctl: cannot wait for 'LABEL=films': $both" timeout 20 "$MMCTL" -m "$MM" wait LABEL=films
expect_exit 1 "^mmctl: cannot wait for 'LABEL=films': $both" timeout 20 "$MMCTL" -m "$MM" wait LABEL=films --timeout=10
expect_exit 1 "LABEL=nobody has not appeared" mmctl wait LABEL=nobody --timeout=0
expect_exit 1 "cannot list 'LABEL=nobody': no volume of that name" mmctl list LABEL=nobody
# Who waits is told when it comes about.
make_image d 4M swap 77777777-2222-3333-4444-666666666666 twice
make_image e 4M swap 77777777-2222-3333-4444-777777777777 twice
kill -STOP $pid
attach d 04
attach e 05
settle
kill -CONT $pid
await_end $pid
expect_equal 1 "$status" "the status of a wait for a label that two have meanwhile"
expect_match "cannot wait for 'LABEL=twice': 2 devices have LABEL=twice: ${LOOP}0[45] ${LOOP}0[45]$" "$(cat "$TMP/waited")" \
	"what it said"
# One that is kept for a volume that is absent counts for nothing.
mmctl keep "$c"
detach 03
settle
expect_ok mmctl wait LABEL=films --timeout=10
expect_match "$a" "$(mmctl list LABEL=films)" "the one that is here"

# --- a word that names nothing among others ------------------------------------------------------

mkdir "$TMP/dir"
mount "$a" "$TMP/dir"
mkdir "$TMP/dir/point"
expect_ok mmctl mount-point add "$TMP/dir/point" "$b"
for words in "$b nope" "/dev/x $b" "nope $b $b"; do
	# shellcheck disable=SC2086 # words
	expect_equal "$TMP/dir/point" "$(mmctl mount-point list $words -n -r -o DIRECTORY 2>"$TMP/said" || echo "$?" >"$TMP/status")" \
		"what mount-point list $words shows"
	expect_equal 1 "$(cat "$TMP/status")" "the status of mount-point list $words"
	expect_match "^mmctl: cannot list the mount points of '(nope|/dev/x)': no volume of that name shows .mmctl list" \
		"$(cat "$TMP/said")" "what it said"
	rm "$TMP/status"
done
for command in list query tree "mount-point list"; do
	# shellcheck disable=SC2086 # words
	expect_exit 1 "'nope'" mmctl $command nope
	# shellcheck disable=SC2086 # words
	expect_exit 1 "'nope'" mmctl $command "$b" nope
	# shellcheck disable=SC2086 # words
	expect_equal "" "$(mmctl $command nope 2>/dev/null || true)" "what $command nope shows"
	# shellcheck disable=SC2086 # words
	expect_match "$b|${b#/dev/}" "$(mmctl $command nope "$b" 2>/dev/null || true)" "what $command nope $b shows"
done
expect_ok mmctl mount-point del "$TMP/dir/point"
umount "$TMP/dir"

# --- renaming to a name that is kept for an absent volume ----------------------------------------

id_d=UUID=77777777-2222-3333-4444-666666666666
expect_ok mmctl create kept "${LOOP}04"
expect_ok mmctl create X: "${LOOP}04"
expect_ok mmctl create loose "$b"
mmctl keep kept
detach 04
settle
said="/DosDevices/kept is kept for $id_d"
expect_exit 1 "cannot create 'kept': $said" mmctl create kept "$b"
expect_exit 1 "cannot rename 'loose': $said" mmctl rename loose kept
expect_exit 1 "cannot rename 'loose': $said" mmctl rename loose kept --replace
expect_exit 1 "cannot rename 'loose': $said" mmctl rename loose KEPT --replace
! mmctl rename loose kept 2>&1 | grep -e --replace || fail "it advises --replace, which does not help"
mmctl create Y: "$b"
expect_exit 1 "cannot rename 'Y:': ${said/kept is/X: is}" mmctl rename Y: X: --replace
expect_equal "$b" "$(readlink "$MM/DosDevices/loose")" "the link that was to be renamed"
expect_exit 1 "/DosDevices/films is a link to $a .--replace takes its place" mmctl rename loose films
expect_ok mmctl rename loose films --replace

# --- quiet ---------------------------------------------------------------------------------------

expect_equal "" "$(mmctl -q list; mmctl -q tree; mmctl -q explain "$a"; mmctl -q history; mmctl -q status)" "what is shown quietly"
expect_exit 1 nope mmctl -q list nope
expect_equal "$(mmctl export)" "$(mmctl -q export)" "what is exported quietly"
for command in events watch; do
	"$MMCTL" -m "$MM" -q $command -r -o LINK >"$TMP/followed" &
	pid=$!
	await grep -q LINK "$TMP/followed"
	expect_ok mmctl create "quiet-$command" "$a"
	await grep -q "quiet-$command" "$TMP/followed"
	kill $pid
	await_end $pid
done

stop_mmfs
