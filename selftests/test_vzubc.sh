#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tools that watch, with a real container: vzubc, vzpid, vzexport. What they
# print, byte for byte, is tested without a kernel in tools/tests.

. "$(dirname "${BASH_SOURCE[0]}")/lib/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/place.sh"
place_enter "$0" "$@"
[ "$(id -u)" = 0 ] || skip_all "needs root"
vzctl=$(tool vzctl) vztmpl=$(tool vztmpl) vzubc=$(tool vzubc) vzpid=$(tool vzpid) vzexport=$(tool vzexport) vzadvise=$(tool vzadvise)
place_make vzubc-test || skip_all "no file system with id-mapped mounts can be made"
A=9311

# field ID RESOURCE COLUMN: from the kernel's own table
field() { awk -v r="$2" -v c="$3" '$1 == r { print $c }' "/proc/bc/$1/resources.ext"; }
# value RESOURCE MEMBER: of the JSON; not by jq, which has doubles for numbers
value() { "$vzubc" -j $A | sed -n "s/^ *\"$1\": .*\"$2\": \"\{0,1\}\([^\",} ]*\).*/\1/p"; }

# until_true COMMAND...: for a minute at most
until_true()
{
	local n

	for n in $(seq 1 600); do
		! "$@" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# A task of the container beyond its numproc: refused at least once.
refuse()
{
	"$vzctl" set $A --numproc 8 >/dev/null 2>&1 || fail "set: $?"
	"$vzctl" exec2 $A 'for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done' >/dev/null 2>&1
	"$vzctl" set $A --numproc 60 >/dev/null 2>&1 || fail "set: $?"
}

same_as_the_kernel()
{
	local r n=0 k

	# Nothing moves in the container while its init waits.
	for r in numproc numfile privvmpages; do
		n=2
		for k in state held maxheld barrier limit failcnt; do
			expect "$(field $A $r $n)" "$(value $r $k)" "$r $k"
			n=$((n + 1))
		done
	done
	expect "running" "$("$vzubc" -j $A | jq -r '.[0].life')" "life"
	"$vzubc" $A | grep -Eq "^ +numproc\| +[0-9]+ " || fail "no row of numproc"
	expect "" "$("$vzubc" $A | grep dcachesize)" "what nobody is refused"
}

# by_both FILTER OPTION: netlink and /proc have the same to say
by_both()
{
	[ "$(capsh --drop=cap_net_admin -- -c "'$vzubc' $2" | $1)" = "$("$vzubc" "$2" | $1)" ]
}

# The kernel may still free memory that an earlier command has left behind.
netlink_is_proc()
{
	until_true by_both cat -v || fail "netlink and /proc"
	until_true by_both 'jq -c .[].resources' -j || fail "states and units"
}

follow_tells()
{
	local out=$place_work/follow pid

	timeout 120 "$vzubc" --follow --json --count 1 $A >"$out" 2>"$out.err" &
	pid=$!
	until_true grep -q waiting "$out.err" || fail "not listening: $(cat "$out.err")"
	# The kernel may thin a flood, not swallow it.
	refuse
	wait $pid || fail "status $?"
	expect "$A numproc 1 EAGAIN" "$(jq -r '"\(.ctid) \(.resource) \(.asked) \(.errno)"' "$out")" "event"
}

why_explains()
{
	local text

	text=$("$vzubc" --why $A) || fail "status $?"
	grep -q "^numproc (processes and threads) was refused $(field $A numproc 7) times\?, " <<<"$text" ||
		fail "what and how often: $text"
	grep -q "asked for 1 more process or thread while [0-9]* were held; the limit is 8\." <<<"$text" ||
		fail "asked and held: $text"
	grep -q "It was told EAGAIN: \"Resource temporarily unavailable\"\." <<<"$text" || fail "errno: $text"
	grep -q "The limit has been raised to 60 since\." <<<"$text" || fail "raised: $text"
	expect "$(tail -n +3 /proc/bc/$A/failures | wc -l)" "$("$vzubc" --why -j $A | jq length)" "records"
}

# The record of a refusal at 8 is still there; the limit of today is what counts.
advice_is_taken()
{
	local want

	"$vzctl" set $A --numproc 8 >/dev/null 2>&1 || fail "set: $?"
	refuse
	"$vzctl" set $A --numproc 8 >/dev/null 2>&1 || fail "set: $?"
	want=$("$vzadvise" -j $A | jq -r '.[] | select(.resource == "numproc") | .new_limit')
	[ "$want" -gt 8 ] || fail "no advice: $want"
	"$vzadvise" --apply $A >/dev/null || fail "status $?"
	expect "$want" "$(field $A numproc 6)" "the limit in force"
	grep -q "^NUMPROC=\".*:$want\"" /etc/vz/conf/$A.conf || fail "not in the configuration"
	"$vzctl" set $A --numproc 60 --save >/dev/null 2>&1 || fail "set: $?"
}

relative()
{
	local store=$place_work/store before

	# What an earlier run saw is no news.
	"$vzubc" -r -rd "$store" $A >/dev/null || fail "status $?"
	expect "-" "$("$vzubc" -r -rd "$store" $A | awk -F'|' '/numproc/ { print $6 }' | xargs)" "nothing since"
	before=$(field $A numproc 7)
	refuse
	expect "$(($(field $A numproc 7) - before))" \
		"$("$vzubc" -r -rd "$store" $A | awk -F'|' '/numproc/ { print $6 }' | xargs)" "since then"
}

own_row_inside()
{
	# The container's root reads its own block, and no other.
	expect "$A" "$(nsenter -t "$init" -a cat /proc/user_beancounters | "$vzubc" -f - -j |
		jq -r '.[].ctid' | xargs)" "ids"
}

whose_process()
{
	local deep

	expect "$init $A init" "$("$vzpid" "$init" | tail -n 1 | tr '\t' ' ')" "init"
	expect "1" "$("$vzpid" -p "$init" | tail -n 1 | cut -f 3)" "its pid inside"
	expect "$$ 0 -" "$("$vzpid" -p $$ | tail -n 1 | cut -f 1-3 | tr '\t' ' ')" "a process of the host"
	# Not by the first namespace alone: one that is nested belongs to it as well.
	nsenter -t "$init" -U unshare -U sleep 1000 &
	deep=$!
	until_true sh -c "[ \$(readlink /proc/$deep/ns/user) != \$(readlink /proc/$init/ns/user) ] &&
		[ \$(readlink /proc/$deep/ns/user) != \$(readlink /proc/self/ns/user) ]" || fail "not nested"
	expect "$A" "$(echo $deep | "$vzpid" - | tail -n 1 | cut -f 2)" "a nested namespace"
	kill $deep
	wait $deep 2>/dev/null
	"$vzpid" $deep >/dev/null 2>&1 && fail "a process that is gone is no error"
	return 0
}

metrics()
{
	local out=$place_work/beanpod.prom

	"$vzexport" -o "$out" || fail "status $?"
	expect "beanpod_up 1" "$(grep '^beanpod_up' "$out")" "up"
	expect "1" "$(awk -v k="beanpod_container_running{ctid=\"$A\"}" '$1 == k { print $2 }' "$out")" "running"
	expect "$(field $A numproc 4)" \
		"$(awk -v k="beanpod_resource_maxheld{ctid=\"$A\",resource=\"numproc\",unit=\"items\"}" \
			'$1 == k { print $2 }' "$out")" "maxheld"
	expect "$(field $A numproc 7)" \
		"$(awk -v k="beanpod_resource_failures_total{ctid=\"$A\",resource=\"numproc\",unit=\"items\"}" \
			'$1 == k { print $2 }' "$out")" "failures"
	expect "# EOF" "$(tail -n 1 "$out")" "end"
}

without_the_module()
{
	local out=$place_work/beanpod.prom err=$place_work/gone pid

	"$vzctl" --quiet stop $A --fast && "$vzctl" --quiet destroy $A || fail "stop, destroy: $?"
	timeout 120 "$vzubc" --follow >/dev/null 2>"$err" &
	pid=$!
	until_true grep -q waiting "$err" || fail "not listening"
	bc_unload || fail "rmmod: $?"
	"$vzubc" >/dev/null 2>&1
	expect 5 $? "vzubc"
	"$vzexport" -o "$out" 2>/dev/null
	expect 5 $? "vzexport"
	expect "beanpod_up 0" "$(grep '^beanpod_up' "$out")" "the file says so"
	# A follower does not wait for ever for what cannot come.
	wait $pid
	expect 5 $? "a follower"
	bc_load || fail "modprobe: $?"
}

place_tree "$place_work/src" && "$vztmpl" -q import box "$place_work/src" ||
	skip_all "no template could be made"
[ -e /sys/module/beancounter ] || bc_load || skip_all "no module"
"$vzctl" --quiet create $A --ostemplate box || skip_all "no container could be made"
plan 10
"$vzctl" --quiet start $A || fail "start: $?"
init=$(sed -n 's/^init \([0-9]*\) .*/\1/p' /run/beanpod/$A/state)
check same_as_the_kernel same_as_the_kernel
check netlink_is_proc netlink_is_proc
check follow_tells follow_tells
check why_explains why_explains
check relative relative
check advice_is_taken advice_is_taken
check own_row_inside own_row_inside
check whose_process whose_process
check metrics metrics
check without_the_module without_the_module
place_leave
finish
