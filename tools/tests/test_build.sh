#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The build of the library refuses what the linker would quietly choose from.

cd "$(dirname "$0")" || exit 1
. ./tap.sh
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# library FILE...: makes one of these files alone
library()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		make -s -C .. BUILD="$tmp" LIB_SRC="$*" "$tmp/tools/libvz.a" 2>&1
}

plan 3
out=$(library tests/data/twice/a.c)
tap_result $? "a library of one file"
[ -z "$out" ] || sed 's/^/# /' <<<"$out"
out=$(library tests/data/twice/a.c tests/data/twice/b.c)
[ $? != 0 ]
tap_result $? "a name that is defined twice does not link"
[[ $out == *vz_twice* ]]
tap_result $? "and is named"
tap_end
