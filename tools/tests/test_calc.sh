#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzcfgvalidate, vzmemcheck, vzcalc, vzcpucheck, vzsplit against what the classic
# tools print for the same numbers, and vzadvise, on a fake root.

cd "$(dirname "$0")" || exit 1
. ./tap.sh
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cp -r data/classic "$tmp/root"
export VZ_TEST_ROOT=$tmp/root
conf=$tmp/root/etc/vz/conf

# run TOOL ARGUMENT...: both streams and the exit status
run() { "${PROGS:?}/$1/$1" "${@:2}" 2>&1 </dev/null; echo $?; }
# json TOOL ARGUMENT... FILTER: standard output through jq
json() { "$PROGS/$1/$1" --json "${@:2:$#-2}" 2>/dev/null | jq -cr "${*: -1}"; }
says() { printf '%s\n' "$@"; }

plan 41

# ---- memory and CPU -------------------------------------------------------------
is "$(run vzmemcheck -v)" "$(cat data/classic/expected/vzmemcheck-v.txt; echo 0)" "vzmemcheck -v"
is "$(run vzmemcheck)" "$(says "Output values in %" \
	" LowMem  LowMem     RAM MemSwap MemSwap   Alloc   Alloc   Alloc" \
	"   util  commit    util    util  commit    util  commit   limit" \
	"   0.01    0.22    0.05    0.05    0.51    0.09    0.64    1.22" 0)" "vzmemcheck"
is "$(run vzmemcheck -vA | tail -n 5)" "$(says \
	"101           1.43   21.51   13.15   13.15  123.51   20.96  153.51  293.51" \
	"--------------------------------------------------------------------------" \
	"Summary:      1.43   21.51   13.15   13.15  123.51   20.96  153.51  293.51" \
	"           9617.00 9617.00 24042.00 24042.00 24042.00 24042.00 24042.00 24042.00" 0)" \
	"vzmemcheck -vA"
is "$(json vzmemcheck '.[] | [.ctid, .ram_util, .alloc_limit]')" \
	"$(says '[101,0.05,1.22]' '[null,0.05,1.22]')" "vzmemcheck --json"
is "$(run vzcpucheck -v)" "$(cat data/classic/expected/vzcpucheck-v.txt; echo 0)" "vzcpucheck -v"
is "$(run vzcpucheck)" "$(tail -n 2 data/classic/expected/vzcpucheck-v.txt; echo 0)" "vzcpucheck"
is "$(json vzcpucheck '.[] | [.ctid, .cpuunits]')" "$(says '[101,1000]' '[0,1000]')" \
	"vzcpucheck --json"

# The classic tool leaves a blank at the end of one line.
cat data/ve-classic.conf >>"$conf/101.conf"
is "$(run vzcalc -v 101)" "$(cat data/classic/expected/vzcalc-v.txt; echo 0)" "vzcalc -v"
is "$(run vzcalc 101)" "$(says "Resource     Current(%)  Promised(%)  Max(%)" \
	"Memory           0.09       0.64       1.22" 0)" "vzcalc"
is "$(json vzcalc 101 '.[] | .resource + ": " +
		([.current, .promised, .max] | map((. // 0) * 100 | round | tostring) | join(" "))')" \
	"$(says 'Low Mem: 1 22 22' 'Total RAM: 5 0 0' 'Mem + Swap: 5 51 0' 'Alloc. Mem: 9 64 122' \
		'Num. Proc: 2 0 40' 'Memory: 9 64 122')" "vzcalc --json"
cp "$conf/101.conf" "$conf/102.conf"
is "$(run vzcalc 102 | tail -n 2)" "$(says "Memory            n/a       0.64       1.22" 0)" \
	"a container that does not run"
echo 'TCPSNDBUF="unlimited"' >>"$conf/102.conf"
is "$(run vzcalc 102 | tail -n 2)" "$(says "Memory            n/a        inf        inf" 0)" \
	"unlimited"
is "$(json vzcalc 102 '.[-1].max')" null "unlimited in JSON"
sed -i /KMEMSIZE/d "$conf/102.conf"
is "$(run vzcalc 102)" "$(says \
	"vzcalc: /etc/vz/conf/102.conf: parameter KMEMSIZE not found" 1)" "a missing limit"
is "$(run vzcalc 103 | tail -n 1)" 1 "no such container"
is "$(run vzcalc | tail -n 1)" 1 "no argument"

# ---- validation ------------------------------------------------------------------
f=$tmp/ve.conf
good="$(says "Validation completed: success" 0)"
for s in basic light; do
	is "$(run vzcfgvalidate ../conf/ve-$s.conf-sample)" "$good" "the sample $s"
done
sed 's/^NUMPROC=.*/NUMPROC="240:250"  # too few/; s/^NUMFILE=.*/NUMFILE=5759/' \
	data/ve-classic.conf >"$f"
before=$(cat "$f")
is "$(run vzcfgvalidate "$f")" "$(says \
	"Error: barrier should be equal to limit for numproc (currently, 240:250)" \
	"Warning: numfile.bar should be at least 5760 (currently, 5759)" 2)" "findings"
is "$(run vzcfgvalidate -i "$f" | tail -n 1)" 2 "nobody says yes"
is "$(printf 'n\ny\n' | "$PROGS/vzcfgvalidate/vzcfgvalidate" -i "$f" 2>/dev/null; echo $?)" 2 \
	"no to one of two"
is "$(cat "$f")" "$before" "the file is as it was"
is "$(json vzcfgvalidate -r "$f" '.[] | [.severity, .parameter, .fix, .repaired]')" \
	"$(says '["Error","numproc","250:250",true]' '["Warning","numfile","5760:5760",true]')" \
	"repaired, JSON"
is "$(diff <(echo "$before") "$f" | grep '^>')" "$(says '> NUMPROC="250:250"  # too few' \
	'> NUMFILE="5760:5760"')" "only these lines changed"
is "$(run vzcfgvalidate "$f")" "$good" "and are right now"
printf '%s\n' "$before" >"$f"
is "$(yes y | "$PROGS/vzcfgvalidate/vzcfgvalidate" -i "$f" 2>/dev/null; echo $?)" 0 "yes to all"
is "$(run vzcfgvalidate "$f")" "$good" "yes to all was done"
is "$(run vzcfgvalidate "$tmp/absent")" "$(says \
	"vzcfgvalidate: Container configuration file $tmp/absent not found" 1)" "no such file"
sed 's/^DISKSPACE=.*/DISKSPACE="2:1"/' data/ve-classic.conf >"$f"
is "$(run vzcfgvalidate "$f")" "$good" "disk limits without quota do not matter"
echo DISK_QUOTA=yes >>"$f"
is "$(run vzcfgvalidate "$f" | tail -n 1)" 2 "with quota they do"
printf 'PHYSPAGES="0:65536"\nSWAPPAGES="0:9"\n' >"$f"
is "$(run vzcfgvalidate "$f")" "$(says "Warning: swappages.lim should be <= 0 (currently, 9)" 2)" \
	"more swap than the host has"
is "$(run vzcfgvalidate -v no "$f" | head -n 1)" "Error: parameter numproc not found" "-v no"

# ---- division ---------------------------------------------------------------------
"$PROGS/vzsplit/vzsplit" -n 10 >"$f" 2>/dev/null
is "$(run vzcfgvalidate "$f")" "$good" "what vzsplit makes is valid"
"$PROGS/vzsplit/vzsplit" -n 10 -s 48000000 -v yes 2>/dev/null >"$f"
sed -i 's/^SwapTotal.*/SwapTotal: 100000000 kB/' "$tmp/root/proc/meminfo"
is "$(run vzcfgvalidate "$f")" "$good" "RAM and swap as well"
is "$(run vzsplit -n 100000 | tail -n 2)" "$(says "vzsplit: 121699 MB of memory (RAM + swap) are \
not enough for 100000 containers; the maximum is 18655" 1)" "a host has an end"

# ---- advice -----------------------------------------------------------------------
mkdir -p "$tmp/root/proc/bc/101"
ours=$tmp/root/proc/bc/resources
is "$(run vzadvise 101)" "CT 101: no limit needs to change
0" "no advice"
is "$(run vzadvise --json 101 | tr -d '\n')" "[]0" "no advice, JSON"
sed -i '0,/numproc  */s/numproc .*/numproc 12 230 240 240 0/' "$ours"
sed -i '0,/numfile  */s/numfile .*/numfile 200 220 9223372036854775807 9223372036854775807 0/' "$ours"
is "$(run vzadvise 101)" "$(says \
	"RESOURCE         MAXHELD  FAILCNT    BARRIER      LIMIT    NEW BAR    NEW LIM REASON" \
	"numproc              230        0        240        240        350        350 230 of 240 were held" \
	"numfile              220        0  unlimited  unlimited        512        512 nothing bounds it; at most 220 were held" \
	0)" "advice"
is "$(json vzadvise --lower 101 '.[] | select(.resource == "numtcpsock") | [.limit, .new_limit]')" \
	"[360,40]" "less, JSON"
is "$(run vzadvise 102 | tail -n 1)" 31 "nothing is known"
is "$(run vzadvise | tail -n 1)" 20 "which container?"

tap_end
