#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzexport: metrics of recorded files, and the file it leaves.

cd "$(dirname "$0")" || exit 1
. ./tap.sh
vzexport=${PROGS:?}/vzexport/vzexport
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

promtool=$(command -v promtool)	# of Debian's package prometheus
plan $((12 + (${#promtool} > 0)))
export VZ_TEST_ROOT=data/refused
is "$($vzexport)" "$(cat data/refused/expected/metrics.prom)" "all containers"
is "$($vzexport | tail -n 1)" "# EOF" "the end is marked"
is "$($vzexport -a | grep -c 'resource="kmemsize"')" 10 "rows that are not enforced"
is "$($vzexport --openmetrics | grep 'TYPE.*failures')" "# TYPE beanpod_resource_failures counter" \
	"counters as OpenMetrics names them"

# What people write into a configuration ends no label.
cp -r data/refused "$tmp/root"
export VZ_TEST_ROOT=$tmp/root
printf 'NAME="a\\"b\\\\\xff"\nHOSTNAME="\xc3\xa9 }1"\n' >"$tmp/root/etc/vz/conf/101.conf"
info=$($vzexport | grep 'info{ctid="101"')
shopt -s extglob
rest=${info#beanpod_container_info\{ctid=\"101\",name=\"}
[[ $rest =~ ^(([^\"\\]|\\[\"\\n])*)\",hostname=\"é\ }1\"}\ 1$ ]]
tap_result $? "labels are escaped: $info"
[[ $info == *$'\xef\xbf\xbd'* ]]
tap_result $? "and UTF-8"

out=$tmp/beanpod.prom
ok "-o writes a file" "$vzexport" -o "$out"
is "$(cat "$out")" "$($vzexport)" "the same"
is "$(stat -c %a "$out"; ls -A "$tmp")" $'644\nbeanpod.prom\nroot' "for all to read, and no other file"
ok "a name without a directory" bash -c "cd $tmp && VZ_TEST_ROOT=root $vzexport -o other.prom && cmp other.prom $out"
is "$($vzexport -o "$tmp/no/where" 2>&1; echo $?)" "vzexport: cannot write $tmp/no/where: No such file or directory
3" "a place that is not there"

# Without the module.
rm -r "$tmp/root/proc/bc"
$vzexport -o "$out" 2>/dev/null
is "$? $(grep -v '^# [HT]' "$out" | xargs)" "5 beanpod_up 0 # EOF" "nothing can be read: the file says so"

[ -z "$promtool" ] || ok "promtool" "$promtool" check metrics <data/refused/expected/metrics.prom
tap_end
