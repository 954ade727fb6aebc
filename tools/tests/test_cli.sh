#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What every program of the tools has in common: help, version, errors, exit codes.

cd "$(dirname "$0")" || exit 1
. ./tap.sh
export VZ_TEST_ROOT=data/classic
mapfile -t progs < <(cd .. && printf '%s\n' vz*/*.c | cut -d / -f 1 | sort -u)

# run NAME ARGUMENT...: output and exit status
run() { "${PROGS:?}/$1/$1" "${@:2}" 2>&1; echo $?; }
first() { run "$@" | head -n 1; }
last() { run "$@" | tail -n 1; }

plan $((${#progs[@]} * 7 + 3))
for p in "${progs[@]}"; do
	[[ $(first "$p" --version) =~ ^$p\ version\ [0-9] ]]
	tap_result $? "$p --version"
	is "$(last "$p" --version)" 0 "$p --version succeeds"
	is "$(last "$p" --help)" 0 "$p --help succeeds"
	is "$(first "$p" --help)" "$(first "$p" --version)" "$p --help begins with the version"
	out=$("$PROGS/$p/$p" --no-such-option 2>&1 >/dev/null)
	[[ $out == "$p: "*--no-such-option* ]]
	tap_result $? "$p names a wrong option"
	[ "$(last "$p" --no-such-option)" != 0 ]
	tap_result $? "$p fails with a wrong option"
	ok "$p has a completion" test -s "../completion/$p.bash"
done

is "$(last vztmpl --no-such-option)" 20 "exit code of a wrong option"
is "$(last vztmpl)" 20 "exit code of a missing argument"
is "$("$PROGS/vzlist/vzlist" -L 2>&1 >/dev/full; echo $?)" \
	"vzlist: cannot write to stdout: No space left on device
1" "a full disk"
tap_end
