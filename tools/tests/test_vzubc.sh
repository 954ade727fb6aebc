#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzubc against text it must print, from recorded files of the kernel.

cd "$(dirname "$0")" || exit 1
. ./tap.sh
vzubc=${PROGS:?}/vzubc/vzubc
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

plan 27

export VZ_TEST_ROOT=data/classic
is "$($vzubc)" "$(cat data/classic/expected/vzubc-101.txt)" "OpenVZ's table"
is "$($vzubc -f /proc/bc/resources 101)" "$(cat data/classic/expected/vzubc-101.txt)" "of a file"
is "$($vzubc -f - < data/classic/proc/bc/resources)" "$(cat data/classic/expected/vzubc-101.txt)" \
	"of standard input"
is "$(sed 1s/2.5/2.6/ data/classic/proc/bc/resources | $vzubc -f - 2>&1; echo $?)" \
	'vzubc: -: does not begin with "Version: 2.5": no table of counters
3' "another version"
is "$($vzubc -q | wc -l)" 5 "-q: refusals only"
is "$($vzubc -q -qh 0.10 | wc -l)" 7 "-qh: what is near"
is "$($vzubc -q -qh 10 | wc -l)" 7 "in percent"
is "$($vzubc -qh x 2>&1; echo $?)" 'vzubc: "x" is no ratio: 0.8, for instance
21' "no ratio"
is "$($vzubc -q -v 2>&1; echo $?)" 'vzubc: --quiet and --verbose exclude each other
20' "-q and -v"
is "$($vzubc 999)" "" "an unknown container has no rows"
ok "colours" bash -c "$vzubc -c | grep -q \$'^\\033\\[1;31m  privvmpages|19.5M.*\\033\\[0;39m\$'"
ok "a wrong place for -w is said" bash -c "$vzubc -w </dev/null 2>&1 | grep -q 'needs a terminal'"

export VZ_TEST_ROOT=data/refused
is "$($vzubc)" "$(cat data/refused/expected/vzubc.txt)" "rows and columns of tomorrow"
is "$($vzubc -v 102 | grep -c 'kmemsize\|keystone')" 2 "-v: rows that are not enforced"
is "$($vzubc -j)" "$(cat data/refused/expected/vzubc.json)" "JSON"
is "$($vzubc --why 101 102)" "$(cat data/refused/expected/why.txt)" "--why"
is "$($vzubc --why --json web)" "$(cat data/refused/expected/why.json)" "--why --json, by name"
is "$($vzubc --why 999 2>&1; echo $?)" \
	"vzubc: container 999 has no counters: it was not started since the module was loaded
14" "--why of one that is not there"
is "$($vzubc --why 2>&1; echo $?)" "vzubc: --why needs a container: vzubc --why CTID
20" "--why of nobody"

# Relative to the run before.
cp -r data/refused "$tmp/root"
export VZ_TEST_ROOT=$tmp/root
fail() { $vzubc -r -i -rd "$tmp/store" 101 | awk -F'|' '$1 ~ /'"$1"'/ { print $2 $6 }' | xargs; }
is "$($vzubc -r -i -rd "$tmp/store" 101)" "$(cat data/refused/expected/first.txt)" "-r -i, the first run"
is "$(fail numproc)" "55 91% 91% -" "nothing since"
sed -i '/numproc  *55/s/55 \(.*\)325/57 \1332/' "$tmp/root/proc/bc/resources"
is "$(fail numproc)" "57 +2 95% 95% 7" "since the last run"
sed -i '/numproc  *57/s/57 \(.*\)332/50 \1  4/' "$tmp/root/proc/bc/resources"
is "$(fail numproc)" "50 -7 83% 83% 4" "a count that began anew"
is "$($vzubc -r -rc -rd "$tmp/store" 101 | awk -F'|' '/numfile/ { print $6 }' | xargs)" 7 "-rc forgets"
is "$($vzubc -i -rd "$tmp/store" 101 | awk -F'|' '/numproc/ { print $2 }' | xargs)" "50 83% 83%" \
	"and not what -i knows"
chmod 777 "$tmp/store"
is "$($vzubc -r -rd "$tmp/store" 2>&1 >/dev/null; echo $?)" \
	"vzubc: $tmp/store is not a directory that only you can write to
12" "a store that others can write to"

# The live view, on a pseudo terminal, until it has seen a q.
press_q() { while sleep 0.2 && echo q; do :; done 2>/dev/null; }
screen=$(press_q | TERM=xterm timeout 60 script -qec "$vzubc -w" /dev/null; echo "rc ${PIPESTATUS[1]}")
[[ $screen == *REFUSED*numproc*"rc 0" ]]
tap_result $? "-w on a terminal, and q"
tap_end
