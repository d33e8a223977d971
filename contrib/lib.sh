# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What quickstart, check and bench have in common: messages, and the packages that are needed.

# To build and to run: the headers bring the libraries with them.
# shellcheck disable=SC2034 # used by those who include this
build_packages=(gcc libc6-dev meson ninja-build pkgconf libblkid-dev libfuse3-dev libjson-c-dev
	libmount-dev libseccomp-dev libsmartcols-dev libsqlite3-dev libudev-dev fuse3)
# For mmfs-cluster, which is a program of its own.
# shellcheck disable=SC2034
cluster_packages=(libcurl4-openssl-dev libjson-c-dev libprotobuf-c-dev protobuf-c-compiler)
# The same, by the names that pkg-config knows.
build_modules=(blkid fuse3 json-c libseccomp libudev mount smartcols sqlite3)

say()
{
	printf '%s\n' "$*"
}

# One line that says what is wrong and what to do about it.
die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# "bookworm"; empty: this is not Debian.
get_debian_release()
(
	# shellcheck source=/dev/null
	. /etc/os-release
	[ "${ID-}" != debian ] || say "${VERSION_CODENAME-}"
)

# The lines of `apt-get indextargets`, as sources of a release of Debian.
list_apt_sources() # RELEASE
{
	local own

	own=$(get_debian_release)
	# shellcheck disable=SC2016 # apt fills them in
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		"Created-By: Packages" "Origin: Debian" | grep "^deb .* $own" | sort -u |
		sed "s/^\(deb [^ ]* \)$own/\1$1/"
}

# apt's own settings of proxies and the like.
list_apt_options()
{
	apt-config dump --no-empty | grep -E '^Acquire::((http|https|ftp)::|Check-|Retries|Force)' ||
		true
}

# Repeats a command until it succeeds.
await() # SECONDS COMMAND…
{
	local limit=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$limit" ] || return 1
		sleep 0.1
	done
}

need_root()
{
	[ "$(id -u)" = 0 ] || die "only root can do this: sudo $0"
}

need_fuse()
{
	[ -c /dev/fuse ] ||
		die "there is no /dev/fuse: modprobe fuse (a container needs --device /dev/fuse --cap-add SYS_ADMIN)"
}

# The packages of a list that are not installed, one per line.
list_missing_packages()
{
	local package

	for package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
			grep -q '^install ok installed' || say "$package"
	done
}

# Debian and what descends from it: gets what is missing, and says in $installed what that was. Elsewhere
# we cannot know the names, so we look for the things themselves and, if something is missing, say how
# Debian calls it.
install_packages()
{
	local missing=() log

	installed=
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		need_programs "$@"
		return
	fi
	mapfile -t missing < <(list_missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	say "Installing ${missing[*]}"
	log=$(mktemp)
	if ! run_apt "${missing[@]}" >"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "cannot install these packages: ${missing[*]}"
	fi
	rm -f "$log"
	# shellcheck disable=SC2034 # used by those who include this
	installed=${missing[*]}
}

run_apt()
{
	export DEBIAN_FRONTEND=noninteractive
	# A failed update may be harmless: the lists that are there may do.
	apt-get -q update || true
	apt-get -q -y --no-install-recommends install "$@"
}

need_programs()
{
	local name missing=()

	for name in cc meson ninja pkg-config; do
		command -v "$name" >/dev/null || missing+=("$name")
	done
	for name in "${build_modules[@]}"; do
		pkg-config --exists "$name" 2>/dev/null || missing+=("$name.pc")
	done
	[ ${#missing[@]} -eq 0 ] ||
		die "missing: ${missing[*]}; this is not Debian, where the packages are $*"
}

# Whether a build folder was made for this very tree: one that was copied along was not.
is_configured()
{
	[ -f "$1/build.ninja" ] && grep -qF "\"source\": \"$PWD\"" "$1/meson-info/meson-info.json"
}

# Builds a release; only these targets if some are given.
build_release() # FOLDER [TARGET…]
{
	local folder=$1 log

	shift
	log=$(mktemp)
	if ! { is_configured "$folder" || {
		rm -rf "$folder" && meson setup --buildtype=release "$folder"
	}; } >"$log" 2>&1 </dev/null || ! ninja -C "$folder" "$@" >>"$log" 2>&1 </dev/null; then
		tail -n 40 "$log" >&2
		rm -f "$log"
		die "cannot build mmfs: see above"
	fi
	rm -f "$log"
	give_to_owner "$folder"
}

# What root builds in somebody's tree is that somebody's.
give_to_owner()
{
	[ ! -e "$1" ] || chown -R --reference=. "$1"
}
