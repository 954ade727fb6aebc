#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzlist with real containers: what it prints is what the kernel's files say. Its
# formats, byte for byte, are tested without a kernel in tools/tests.

. "$(dirname "${BASH_SOURCE[0]}")/lib/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/place.sh"
place_enter "$0" "$@"
[ "$(id -u)" = 0 ] || skip_all "needs root"
vzctl=$(tool vzctl) vzlist=$(tool vzlist) vztmpl=$(tool vztmpl)
place_make vzlist-test || skip_all "no file system with id-mapped mounts can be made"
A=9301 B=9302

# field ID RESOURCE COLUMN: from the kernel's own table
field() { awk -v r="$2" -v c="$3" '$1 == r { print $c }' "/proc/bc/$1/resources.ext"; }
show() { "$vzlist" -H -o "$@" | xargs; }

without_the_module()
{
	bc_unload || fail "rmmod: $?"
	expect "$B stopped -" "$("$vzlist" -aH -o ctid,status,numproc 2>/dev/null | grep $B | xargs)" \
		"a container"
	"$vzlist" -a 2>&1 >/dev/null | grep -q "modprobe beancounter" || fail "no remedy is named"
	"$vzlist" -a >/dev/null 2>&1 || fail "exit status $?"
	bc_load || fail "modprobe: $?"
}

running_and_stopped()
{
	expect "$A running" "$(show ctid,status)" "running"
	expect "$B stopped" "$(show ctid,status -S)" "stopped"
	expect "$A running $B stopped" "$(show ctid,status -a)" "all"
	expect "$A" "$("$vzlist" -1 | xargs)" "ids"
	expect "$A running one.example" "$(show ctid,status,hostname box-one)" "by name"
	# Exactly what libvirt looks for.
	expect "running" "$("$vzlist" $A -ostatus -H)" "libvirt"
	expect "      $A running
      $B stopped" "$("$vzlist" -a -ovpsid,status -H)" "libvirt"
}

same_as_the_kernel()
{
	local r

	# Nothing moves in the container while its init waits.
	for r in numproc numfile privvmpages; do
		expect "$(field $A $r 3) $(field $A $r 4) $(field $A $r 5) $(field $A $r 6) $(field $A $r 7)" \
			"$(show "$r,$r.m,$r.b,$r.l,$r.f" $A)" "$r"
	done
	expect "0 9223372036854775807" "$(show numiptent,numiptent.l $A)" "what is not enforced"
	[ "$(show numproc $A)" -ge 1 ] || fail "no process is held"
}

refusals_show()
{
	local before after

	before=$(show numproc.f $A)
	"$vzctl" set $A --numproc 8 >/dev/null 2>&1 || fail "set: $?"
	"$vzctl" exec2 $A 'for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done' >/dev/null 2>&1
	after=$(show numproc.f $A)
	[ "$after" -gt "$before" ] || fail "failcnt $before, then $after"
	expect "$(field $A numproc 7)" "$after" "failcnt"
	"$vzctl" set $A --numproc 60 >/dev/null 2>&1
	expect "60 60" "$(show numproc.b,numproc.l $A)" "limits changed while it runs"
}

disk()
{
	local used

	"$vzctl" exec2 $A "dd if=/dev/zero of=/file bs=1024 count=3000 2>/dev/null || cat /bin/busybox >/file" \
		>/dev/null 2>&1
	used=$(show diskspace $A)
	[ "${used/-/0}" -gt 100 ] || fail "usage $used"
	expect "102400 204800" "$(show diskspace.s,diskspace.h $A)" "limits"
	expect "5000" "$(show diskinodes.h $A)" "inodes"
}

uptime()
{
	local up

	up=$("$vzlist" -j -o uptime $A | jq '.[0].uptime')
	awk -v up="$up" -v host="$(cut -d ' ' -f 1 /proc/uptime)" \
		'BEGIN { exit !(up > 0 && up <= host) }' || fail "uptime $up"
	"$vzlist" -H -o uptime $A | grep -Eq '^0000d[0-2][0-9]h:[0-5][0-9]m:[0-5][0-9]s$' || fail "text"
	expect "-" "$(show uptime $B)" "of a stopped one"
}

json()
{
	local end=$((SECONDS + 60))

	# What the checks before have started in it may still be ending.
	while [ "$(field $A numproc 3)" != 1 ] && [ $SECONDS -lt $end ]; do sleep 0.1; done
	expect "$A $(field $A numproc 3) running" \
		"$("$vzlist" -j | jq -r '.[0] | "\(.ctid) \(.numproc.held) \(.status)"')" "values"
	expect "2" "$("$vzlist" -a -j | jq length)" "number"
	expect "[]" "$("$vzlist" -j -N 'no such name' | jq -c .)" "empty"
	# Whatever people write into the description.
	"$vzctl" set $B --description $'a "quoted" \\ text' --save >/dev/null || fail "set: $?"
	expect 'a "quoted" \ text' "$("$vzlist" -j $B | jq -r '.[0].description')" "description"
}

netlink_is_proc()
{
	local nl proc

	# The same table with and without the capability that netlink asks for.
	nl=$("$vzlist" -aH -o ctid,numproc.m,numfile.m,privvmpages.m)
	proc=$(capsh --drop=cap_net_admin -- -c "'$vzlist' -aH -o ctid,numproc.m,numfile.m,privvmpages.m")
	expect "$proc" "$nl" "netlink and /proc"
	[ -n "$nl" ] || fail "nothing was printed"
}

last_words()
{
	local max fail

	max=$(show numproc.m $A) fail=$(show numproc.f $A)
	"$vzctl" --quiet stop $A --fast || fail "stop: $?"
	expect "stopped" "$(show status $A)" "status"
	expect "- $max $fail" "$(show numproc,numproc.m,numproc.f $A)" "last words"
	expect "" "$("$vzlist" -H)" "running ones"
}

mounted()
{
	"$vzctl" --quiet mount $B || fail "mount: $?"
	expect "mounted" "$(show status $B)" "status"
	"$vzctl" --quiet umount $B || fail "umount: $?"
	expect "stopped" "$(show status $B)" "status"
}

destroyed()
{
	"$vzctl" --quiet destroy $A && "$vzctl" --quiet destroy $B || fail "destroy: $?"
	expect "" "$("$vzlist" -aH)" "all"
	"$vzlist" $A >/dev/null 2>&1 && fail "found"
	return 0
}

place_tree "$place_work/src" && "$vztmpl" -q import box "$place_work/src" ||
	skip_all "no template could be made"
[ -e /sys/module/beancounter ] || bc_load || skip_all "no module"
for id in $A $B; do
	"$vzctl" --quiet create $id --ostemplate box --diskspace 100M:200M --diskinodes 4000:5000 ||
		skip_all "no container could be made"
done
plan 11
check without_the_module without_the_module
"$vzctl" --quiet set $A --name box-one --hostname one.example --save
"$vzctl" --quiet start $A || fail "start: $?"
check running_and_stopped running_and_stopped
check same_as_the_kernel same_as_the_kernel
check refusals_show refusals_show
check disk disk
check uptime uptime
check json json
check netlink_is_proc netlink_is_proc
check last_words last_words
check mounted mounted
check destroyed destroyed
place_leave
finish
