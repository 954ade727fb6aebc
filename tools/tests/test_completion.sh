#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the shell offers behind a command line.

cd "$(dirname "$0")" || exit 1
. ./tap.sh
for f in ../completion/*.bash; do
	# shellcheck source=/dev/null
	. "$f"
done
for p in "${PROGS:?}"/vz*/; do
	PATH=${p%/}:$PATH
done
export VZ_TEST_ROOT=data/classic

# offers WORD... CURRENT: completions, sorted, separated by blanks
offers()
{
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	"_$1"
	printf '%s\n' "${COMPREPLY[@]}" | sort | xargs
}

plan 16
is "$(offers vzctl st)" "start status stop" "commands"
is "$(offers vzctl --quiet exec)" "exec exec2 exec3" "behind an option"
is "$(offers vzctl stop '')" "101" "running containers"
is "$(offers vzctl set 101 --numf)" "--numfile --numflock" "settings"
is "$(offers vzctl set 101 --sa)" "--save" "save"
is "$(offers vzctl set 101 --layout)" "" "a setting of create only"
is "$(offers vzctl create 101 --layout '')" "overlay simfs" "words of a setting"
is "$(offers vzctl set 101 --onboot '')" "no yes" "yes and no"
is "$(offers vzctl set 101 --cpumask '')" "all auto" "words beside a list"
is "$(offers vzlist -o ctid,numproc)" \
	"ctid,numproc ctid,numproc.b ctid,numproc.f ctid,numproc.l ctid,numproc.m" "columns"
is "$(offers vzlist --s)" "--sort --stopped" "options"
is "$(offers vztmpl '')" "--help --version create delete import list" "vztmpl"
is "$(offers vztmpl create --mi)" "--mirror" "options of vztmpl"
is "$(offers vzubc --wa)" "--watch" "options of vzubc"
is "$(offers vzubc -q '')" "101" "containers of vzubc"
is "$(offers vzexport --a)" "--all" "options of vzexport"
tap_end
