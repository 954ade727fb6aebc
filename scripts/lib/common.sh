# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts of this tree share: where things are and which kernels are
# meant. Sourced by bash, never run.
#
#   BP_TOP     top of the source tree
#   BP_BUILD   build directory; BEANPOD_BUILD overrides BP_TOP/build
#   BP_CACHE   what is fetched or made once; BEANPOD_CACHE overrides
#              $XDG_CACHE_HOME/beanpod

BP_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
BP_BUILD=$(realpath -m "${BEANPOD_BUILD:-$BP_TOP/build}")
BP_CACHE=$(realpath -m "${BEANPOD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/beanpod}")
BP_SERIES="6.1 6.12"

# Name shown before each message; a script sets its own.
BP_NAME=${BP_NAME:-${0##*/}}

say() { printf '%s: %s\n' "$BP_NAME" "$*" >&2; }
die() { say "$*"; exit "${BP_DIE:-1}"; }

# bp_headers_dir RELEASE: where the headers of that kernel are: installed, or
# unpacked by scripts/setup.
bp_headers_dir()
{
	local d

	for d in "/usr/src/linux-headers-$1" \
		"$BP_CACHE/headers/$1/usr/src/linux-headers-$1"; do
		[ -e "$d/Makefile" ] && [ -e "$d/scripts/Makefile.build" ] &&
			{ echo "$d"; return 0; }
	done
	return 1
}

# bp_headers SERIES: release of the newest Debian kernel headers of that series
# that are here (6.1 -> 6.1.0-50-amd64). Status 1 when there are none.
bp_headers()
{
	local re d list=

	re="^${1//./\\.}[.][0-9][^-]*(-[0-9]+)?-amd64$"
	for d in /usr/src/linux-headers-*-amd64 \
		"$BP_CACHE"/headers/*/usr/src/linux-headers-*-amd64; do
		d=${d##*/linux-headers-}
		[[ $d =~ $re ]] && bp_headers_dir "$d" >/dev/null || continue
		list+="$d"$'\n'
	done
	[ -n "$list" ] || return 1
	printf '%s' "$list" | sort -V | tail -n 1
}

# bp_kdir KVER: the directory to build modules against, from a series, a full
# release, the word "debug", or a directory.
bp_kdir()
{
	local rel

	case $1 in
	/*|./*|../*)
		echo "$1" ;;
	debug)
		rel=$(bp_debug_dir) || return 1
		echo "$rel/headers" ;;
	*)
		if rel=$(bp_headers "$1"); then
			bp_headers_dir "$rel"
		elif [ -e "/lib/modules/$1/build" ]; then
			echo "/lib/modules/$1/build"
		elif bp_headers_dir "$1"; then
			:
		else
			say "no headers for kernel '$1': here are" \
				"$(bp_installed); scripts/setup build installs" \
				"$BP_SERIES; KDIR= names any other tree"
			return 1
		fi ;;
	esac
}

bp_installed()
{
	local s out=

	for s in $BP_SERIES; do
		out+="$(bp_headers "$s" || true) "
	done
	[ -n "${out// }" ] && echo "$out" || echo none
}

# bp_krelease KDIR: what "uname -r" says on that kernel. kernel.release is not
# that on Debian's 6.1.
bp_krelease()
{
	local f=$1/include/generated/utsrelease.h rel=

	[ ! -r "$f" ] || rel=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"$/\1/p' "$f")
	[ -n "$rel" ] || rel=$(cat "$1/include/config/kernel.release" 2>/dev/null) ||
		rel=$(make -s -C "$1" kernelrelease)
	echo "$rel"
}

# bp_debug_dir: directory of the debug kernel (bzImage, config, headers/).
# BEANPOD_DEBUG_KERNEL names one, unpacked or as .tar.zst; else the one that
# scripts/build-debug-kernel left in the cache.
bp_debug_dir()
{
	local src=${BEANPOD_DEBUG_KERNEL:-} dir tmp

	if [ -z "$src" ]; then
		dir=$(ls -d "$BP_CACHE"/debug-kernel/debug-* 2>/dev/null | sort -V | tail -n 1)
		[ -n "$dir" ] && { echo "$dir"; return 0; }
		say "no debug kernel: scripts/build-debug-kernel makes one," \
			"BEANPOD_DEBUG_KERNEL names a ready one"
		return 1
	fi
	if [ -d "$src" ]; then
		src=$(realpath "$src")
		[ -e "$src/bzImage" ] || src=$(ls -d "$src"/debug-*/ 2>/dev/null | sort -V | tail -n 1)
		src=${src%/}
		[ -n "$src" ] && [ -e "$src/bzImage" ] && { echo "$src"; return 0; }
	fi
	[ -f "$src" ] || {
		say "BEANPOD_DEBUG_KERNEL=${BEANPOD_DEBUG_KERNEL}: neither a" \
			"directory with bzImage and headers/ nor a .tar.zst"
		return 1
	}
	src=$(realpath "$src")
	dir=$BP_CACHE/prebuilt/$(basename "${src%.tar.zst}")-$(stat -c %Y-%s "$src")
	if [ ! -d "$dir" ]; then
		say "unpacking $(basename "$src")"
		mkdir -p "$BP_CACHE/prebuilt"
		tmp=$(mktemp -d "$BP_CACHE/prebuilt/.new.XXXXXX")
		zstd -qdc "$src" | tar -xf - -C "$tmp" || { rm -rf "$tmp"; return 1; }
		mv -T "$tmp" "$dir" 2>/dev/null || rm -rf "$tmp"
	fi
	dir=$(ls -d "$dir"/*/bzImage 2>/dev/null | head -n 1)
	[ -n "$dir" ] || { say "$src: holds no */bzImage"; return 1; }
	dirname "$dir"
}

# bp_root COMMAND...: run as root, through sudo when need be.
bp_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed for: $*"
	fi
}
