#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzctl, from the outside: verbs, exit codes, limits, files.
#
#   VZ_DEBIAN=FILE	tar archive of a Debian tree: adds a boot of systemd

. "$(dirname "${BASH_SOURCE[0]}")/lib/vzctl.sh"

t_help() {
	vz --help
	expect_rc 0
	case $out in "vzctl version "[0-9]*) ;; *) fail "first line of --help: ${out%%$'\n'*}" ;; esac
	vz --version; expect_rc 0
	vz; expect_rc 20
	vz --no-such; expect_rc 20
	vz no-such 101; expect_rc 20
	vz start; expect_rc 20
	vz start 0; expect_rc 21
	vz start x/y; expect_rc 21
	vz start 2147483645; expect_rc 21; expect_out 2147483644
	vz start --help; expect_rc 0; expect_out --foreground
	vz set 101 --no-such 5; expect_rc 20
}

t_no_container() {
	vz status $BASE; expect_rc 0; expect_out "CTID $BASE deleted unmounted down"
	local verb
	for verb in start stop restart destroy mount umount; do
		vz $verb $BASE; expect_rc 14
	done
	vz exec $BASE true; expect_rc 14
	vz enter $BASE; expect_rc 14
	vz set $BASE --numproc 5 --save; expect_rc 14
}

t_no_global_config() {
	mv /etc/vz/vz.conf /etc/vz/vz.conf.away
	vz start $BASE; expect_rc 10
	mv /etc/vz/vz.conf.away /etc/vz/vz.conf
}

t_not_root() {
	run setpriv --reuid 65534 --clear-groups "$VZCTL" start $BASE
	expect_rc 12
}

t_create() {
	vz create $BASE --ostemplate none; expect_rc 91; expect_out vztmpl
	vz create $BASE --ostemplate ../../etc; expect_rc 21
	vz create $BASE --ostemplate box --config none; expect_rc 82
	vz create $BASE --ostemplate box --hostname 'bad name'; expect_rc 70
	vz create $BASE --ostemplate box --numproc 5x; expect_rc 21
	expect [ ! -e /vz/private/$BASE ]
	expect [ ! -e /etc/vz/conf/$BASE.conf ]
	new $BASE --hostname first --name alpha
	expect is $BASE "exist unmounted down"
	expect [ "$(stat -c '%a %u' /vz/private/$BASE)" = "700 0" ]
	local conf
	conf=$(cat /etc/vz/conf/$BASE.conf)
	case $conf in *'#UUID: 1234'*) ;; *) fail "comment lost: $conf" ;; esac
	case $conf in *'KEPT="by \"hand\""'*) ;; *) fail "unknown key lost: $conf" ;; esac
	vz create $BASE --ostemplate box; expect_rc 44
	vz status alpha; expect_out "CTID $BASE exist"
	vz create $((BASE + 1)) --ostemplate box --name alpha; expect_rc 131
	expect [ ! -e /vz/private/$((BASE + 1)) ]
	drop $BASE
	expect [ -e /etc/vz/conf/$BASE.conf.destroyed ]
	expect [ ! -e /etc/vz/names/alpha ]
	expect [ ! -e /vz/private/$BASE ]
}

t_uids() {
	local i bases
	for i in 1 2 3 4 5 6; do
		"$VZCTL" --quiet create $((BASE + i)) --ostemplate box &
	done
	wait_jobs
	bases=$(sed -n 's/^LOCAL_UID="\(.*\)"/\1/p' /etc/vz/conf/*.conf)
	expect [ "$(echo "$bases" | wc -l)" = 6 ]
	expect [ "$(echo "$bases" | sort -u | wc -l)" = 6 ]
	for i in $bases; do expect [ $((i % 65536)) = 0 ]; done
	set -- $bases
	vz create $BASE --ostemplate box --local_uid "$1"; expect_rc 21; expect_out overlap
	vz create $BASE --ostemplate box --local_uid 5; expect_rc 21
	expect [ ! -e /etc/vz/conf/$BASE.conf ]
	drop $((BASE + 1)) $((BASE + 2)) $((BASE + 3)) $((BASE + 4)) $((BASE + 5)) $((BASE + 6))
}

t_life() {
	new $BASE --hostname first
	vz stop $BASE; expect_rc 31
	vz exec $BASE true; expect_rc 31
	start $BASE
	expect is $BASE "exist mounted running"
	vz start $BASE; expect_rc 32
	vz destroy $BASE; expect_rc 32
	vz mount $BASE; expect_rc 32
	expect wait_for 20 grep -q booted /run/beanpod/$BASE/console.log
	vz restart $BASE; expect_rc 0
	expect is $BASE "exist mounted running"
	vz stop $BASE; expect_rc 0
	expect is $BASE "exist unmounted down"
	expect grep -q goodbye /run/beanpod/$BASE/console.log
	expect [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	expect [ "$(held $BASE numproc)" = 0 ]
	vz set $BASE --disabled yes --save; expect_rc 0
	vz start $BASE; expect_rc 105
	vz set $BASE --disabled no --save; expect_rc 0
	start $BASE --init /bin/true
	expect wait_for 20 is $BASE "exist unmounted down"
	vz start $BASE --foreground --init /bin/false; expect_rc 1
	vz destroy $BASE; expect_rc 0
	expect [ ! -e /proc/bc/$BASE ]
}

t_mount() {
	new $BASE
	vz umount $BASE; expect_rc 40
	vz mount $BASE; expect_rc 0
	expect is $BASE "exist mounted down"
	vz mount $BASE; expect_rc 41
	vz destroy $BASE; expect_rc 41
	echo hello > /vz/root/$BASE/root/file
	expect [ "$(stat -c %u /vz/private/$BASE/fs/root/file)" = 0 ]
	expect [ "$(stat -c %a /vz/root)" = 700 ]
	expect grep -q "/vz/root/$BASE .*nosuid,nodev" /proc/mounts
	start $BASE	# unmounts it
	expect [ ! -e /vz/root/$BASE/root ]
	vz exec $BASE 'cat /root/file && stat -c owner-%u /root/file'; expect_out hello; expect_out owner-0
	drop $BASE
}

t_exec() {
	new $BASE
	start $BASE
	vz exec $BASE 'exit 3'; expect_rc 8
	vz exec2 $BASE 'exit 3'; expect_rc 3
	vz exec3 $BASE sh -c 'exit 4'; expect_rc 4
	vz exec3 $BASE /no/such; expect_rc 8; expect_out /no/such
	vz exec2 $BASE 'kill -9 $$'; expect_rc 137
	vz exec $BASE echo a '$((1 + 1))' b; expect_out "a 2 b"
	vz exec3 $BASE echo '$((1 + 1))'; expect_out '$((1 + 1))'
	vz exec $BASE; expect_rc 20
	out=$(echo 'echo piped $((2 + 2))' | "$VZCTL" exec $BASE -); expect_out "piped 4"
	out=$(echo data | "$VZCTL" exec $BASE cat); expect_out data
	out=$("$VZCTL" exec $BASE 'echo err >&2; echo out' 2> /dev/null); expect_no err
	# A pipe may be opened again by name, as programs do that log to /dev/stdout.
	out=$("$VZCTL" exec $BASE 'echo again > /dev/stdout' | cat); expect_out again
	# It stays the caller's, and what it does not read is for the caller's next program.
	out=$( { "$VZCTL" exec $BASE true; stat -L -c 'owner %u' /proc/self/fd/1; } | cat )
	expect_out "owner 0"
	out=$(echo data | { "$VZCTL" exec $BASE cat; stat -L -c 'owner %u' /proc/self/fd/0; })
	expect_out data; expect_out "owner 0"
	out=$(printf '1\n2\n' | while read -r n; do "$VZCTL" exec $BASE echo got-$n; done)
	expect_out got-1; expect_out got-2
	out=$("$VZCTL" exec3 $BASE dd if=/dev/zero bs=64k count=64 2> /dev/null | wc -c)
	expect [ "$out" = 4194304 ]
	out=$(timeout 60 "$VZCTL" exec3 $BASE cat /dev/zero | head -c 3 | wc -c); expect_out 3
	vz exec $BASE env
	expect_no HOME=$HOME/x; expect_no VZ_TEST; expect_no SSH
	expect_out HOME=/root; expect_out container=
	# Signals reach the command, and its end the caller.
	"$VZCTL" exec2 $BASE 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done' \
		> "$work/ready" 2>&1 &
	expect wait_for 20 grep -q ready "$work/ready"
	kill -TERM $!
	wait $!; rc=$?; expect_rc 5
	# But not those that the caller ignores.
	( trap '' TERM; exec "$VZCTL" exec2 $BASE \
		'echo ready; until test -e /root/go; do sleep 0.1; done; exit 6' ) > "$work/ready" 2>&1 &
	local job=$!
	expect wait_for 20 grep -q ready "$work/ready"
	kill -TERM $job
	vz exec $BASE touch /root/go; expect_rc 0
	wait $job; rc=$?; expect_rc 6
	drop $BASE
}

# An output that nobody reads holds up neither the other one nor the end.
t_exec_stuck() {
	local verb
	new $BASE
	start $BASE
	for verb in exec2 "enter --exec"; do
		mkfifo "$work/full"
		exec 7<> "$work/full"
		# shellcheck disable=SC2086
		set -- ${verb/ / $BASE }
		[ $# = 3 ] || set -- "$1" $BASE
		"$VZCTL" --quiet "$@" "touch /root/$1; echo told >&2; exec cat /dev/zero" \
			> "$work/full" 2> "$work/told" &
		expect wait_for 60 [ -e /vz/private/$BASE/fs/root/$1 ]
		[ "$1" = enter ] || expect wait_for 60 grep -q told "$work/told"
		kill -TERM $!
		wait_for 60 no_process $! || { fail "$verb does not end"; kill -9 $!; }
		wait $!
		exec 7>&-
		rm "$work/full"
	done
	drop $BASE
}

t_enter() {
	new $BASE
	start $BASE
	vz enter $BASE --exec tty; expect_rc 0; expect_out /dev/pts/
	expect_out "entered into CT $BASE"; expect_out "exited from CT $BASE"
	vz enter $BASE --exec 'exit 6'; expect_rc 6
	vz enter $BASE --exec 'ls -l $(tty)'; expect_out "root     tty"
	out=$(echo 'echo shell $0; exit 7' | "$VZCTL" enter $BASE 2>&1); rc=$?
	expect_rc 7; expect_out "shell -sh"
	if command -v script > /dev/null; then
		# On a terminal of the caller: window size, and an interactive job.
		out=$(script -qec "stty rows 33 cols 111; $VZCTL enter $BASE --exec 'stty size'" \
			/dev/null < /dev/null)
		expect_out "33 111"
		out=$(script -qec "$VZCTL exec $BASE 'tty; ls -l /proc/self/fd'" /dev/null < /dev/null)
		expect_out "not a tty"; expect_no /dev/pts
	fi
	vz enter $BASE --nonsense; expect_rc 20
	drop $BASE
}

t_limits() {
	new $BASE --numproc 20
	start $BASE
	expect [ "$(column $BASE numproc 5)" = 20 ]
	expect [ "$(column $BASE numfile 5)" = 2000 ]
	expect [ "$(held $BASE numproc)" -ge 1 ]
	"$VZCTL" exec $BASE 'exec /sbin/probe bomb' > "$work/bomb" 2>&1 &
	local job=$!
	expect wait_for 30 grep -q EAGAIN "$work/bomb"
	expect [ "$(held $BASE numproc)" = 20 ]
	# The admin gets in nevertheless, and the limit is back afterwards.
	vz exec3 $BASE /bin/echo in; expect_rc 0; expect_out in
	expect [ "$(column $BASE numproc 5)" = 20 ]
	vz set $BASE --numproc 25; expect_rc 0; expect_out "not saved"
	expect [ "$(column $BASE numproc 5)" = 25 ]
	expect grep -q 'NUMPROC="20' /etc/vz/conf/$BASE.conf
	vz set $BASE --reset_ub; expect_rc 0
	expect [ "$(column $BASE numproc 5)" = 20 ]
	vz set $BASE --numproc 30 --save; expect_rc 0
	expect grep -q 'NUMPROC="30' /etc/vz/conf/$BASE.conf
	expect grep -q '#UUID: 1234' /etc/vz/conf/$BASE.conf
	vz set $BASE --numproc 3K; expect_rc 21
	vz set $BASE --numproc -1; expect_rc 21
	printf 'NUMPROC=33\nNUMFILE=44\nHOSTNAME=other\nONBOOT=yes\nOSTEMPLATE=none\n' \
		> /etc/vz/conf/ve-small.conf-sample
	vz set $BASE --applyconfig small --numfile 1999; expect_rc 0; expect_out "not saved"
	expect [ "$(column $BASE numproc 5)" = 33 ]
	expect [ "$(column $BASE numfile 5)" = 1999 ]
	expect grep -q 'ORIGIN_SAMPLE="test"' /etc/vz/conf/$BASE.conf
	vz set $BASE --applyconfig small --numfile 1998 --save; expect_rc 0
	expect grep -q 'ORIGIN_SAMPLE="small"' /etc/vz/conf/$BASE.conf
	expect grep -q 'OSTEMPLATE="box"' /etc/vz/conf/$BASE.conf
	expect grep -q 'NUMPROC="33:33"' /etc/vz/conf/$BASE.conf
	vz set $BASE --applyconfig no-such --save; expect_rc 109; expect_out no-such
	vz set $BASE --applyconfig ../x --save; expect_rc 21
	vz set $BASE --hostname live --save; expect_rc 0
	vz exec $BASE hostname; expect_out live
	vz set $BASE; expect_rc 20
	vz set $BASE --onboot yes; expect_rc 20; expect_out --save
	vz stop $BASE; expect_rc 0
	wait $job
	vz set $BASE --numproc 22; expect_rc 31
	vz set $BASE --numproc 22 --save; expect_rc 0
	expect [ "$(held $BASE numproc)" = 0 ]
	expect [ "$(column $BASE numproc 7)" -gt 0 ]	# last words
	drop $BASE
}

policy() { column "$1" "$2" 8; }
t_policy() {
	new $BASE --policy numfile:burst,numproc:observe
	expect grep -q '^POLICY="numproc:observe,numfile:burst"' /etc/vz/conf/$BASE.conf
	start $BASE
	expect [ "$(policy $BASE numproc) $(policy $BASE numfile)" = "observe burst" ]
	expect [ "$(policy $BASE privvmpages)" = classic ]
	# One task lives: under observe a limit of one is no obstacle, only a record.
	vz set $BASE --numproc 1; expect_rc 0
	vz exec3 $BASE /bin/sh -c '/bin/echo forked; true'; expect_rc 0; expect_out forked
	expect [ "$(column $BASE numproc 7)" -gt 0 ]
	# What is not named is classic, live as after a start; the file is untouched without --save.
	vz set $BASE --policy privvmpages:observe; expect_rc 0; expect_out "not saved"
	expect [ "$(policy $BASE numproc) $(policy $BASE privvmpages)" = "classic observe" ]
	vz set $BASE --policy numproc:no-such; expect_rc 1; expect_out "no-such"
	vz set $BASE --policy numproc; expect_rc 21
	vz set $BASE --policy bogus:observe; expect_rc 21
	vz stop $BASE; expect_rc 0
	start $BASE
	expect [ "$(policy $BASE numproc) $(policy $BASE privvmpages)" = "observe classic" ]
	# A policy that is not there does not keep a container down.
	vz stop $BASE; expect_rc 0
	vz set $BASE --policy numproc:no-such --save; expect_rc 0
	vz start $BASE; expect_rc 0; expect_out "numproc:no-such"
	expect [ "$(policy $BASE numproc)" = classic ]
	vz set $BASE --policy "" --save; expect_rc 0
	drop $BASE
}

cpulimit() { awk '$1 == "limit" { print $2 }' "/proc/bc/$1/cpu"; }
t_cpulimit() {
	# Without the module a start goes on and says so, a setting fails.
	rmmod fairsched 2> /dev/null
	new $BASE --cpulimit 12.50%
	expect grep -q '^CPULIMIT="12.5"' /etc/vz/conf/$BASE.conf
	vz start $BASE; expect_rc 0; expect_out "CPULIMIT=12.5 is not enforced"; expect_out "modprobe fairsched"
	vz set $BASE --cpulimit 30; expect_rc 2; expect_out "modprobe fairsched"
	vz set $BASE --cpulimit 0; expect_rc 0
	for bad in -1 1.234 819201 50%% x ''; do
		vz set $BASE --cpulimit "$bad"; expect_rc 21; expect_out "\"$bad\""; expect_out "0 to 819200"
	done
	vz stop $BASE; expect_rc 0
	modprobe fairsched || fail "modprobe fairsched"
	start $BASE; expect_no enforced
	expect [ "$(cpulimit $BASE)" = 1250 ]
	run vzlist -H -o cpulimit $BASE; expect [ "${out// /}" = 13 ]
	vz set $BASE --cpulimit 150.1; expect_rc 0; expect_out "not saved"
	expect [ "$(cpulimit $BASE)" = 15010 ]
	vz set $BASE --cpulimit 0 --save; expect_rc 0
	expect [ "$(cpulimit $BASE)" = 0 ]
	expect grep -q '^CPULIMIT="0"' /etc/vz/conf/$BASE.conf
	vz set $BASE --cpulimit 99; expect_rc 0
	vz stop $BASE; expect_rc 0
	# What was set live is not for the next start.
	start $BASE
	expect [ "$(cpulimit $BASE)" = 0 ]
	drop $BASE
	rmmod fairsched || fail "rmmod fairsched"
}

cpuclass() { awk '$1 == "cpuclass" { print $2 }' "/proc/bc/$1/cpu"; }
t_cpuclass() {
	rmmod fairsched 2> /dev/null
	new $BASE --cpuclass 0
	expect grep -q '^CPUCLASS="0"' /etc/vz/conf/$BASE.conf
	vz start $BASE; expect_rc 0; expect_out "CPUCLASS=0 is not enforced"; expect_out "modprobe fairsched"
	vz set $BASE --cpuclass 3; expect_rc 2; expect_out "modprobe fairsched"
	vz set $BASE --cpuclass 1; expect_rc 0
	for bad in -1 4 x 1.5 ''; do
		vz set $BASE --cpuclass "$bad"; expect_rc 21; expect_out "\"$bad\""; expect_out "0 to 3"
	done
	vz stop $BASE; expect_rc 0
	modprobe fairsched || fail "modprobe fairsched"
	start $BASE; expect_no enforced
	expect [ "$(cpuclass $BASE)" = 0 ]
	run vzlist -H -o cpuclass $BASE; expect [ "${out// /}" = 0 ]
	vz set $BASE --cpuclass 3; expect_rc 0; expect_out "not saved"
	expect [ "$(cpuclass $BASE)" = 3 ]
	vz set $BASE --cpuclass 2 --save; expect_rc 0
	expect [ "$(cpuclass $BASE)" = 2 ]
	vz set $BASE --cpuunits 2000; expect_rc 0
	expect [ "$(cpuclass $BASE)" = 2 ]
	vz stop $BASE; expect_rc 0
	run vzlist -a -H -o cpuclass $BASE; expect [ "${out// /}" = 2 ]
	sed -i /^CPUCLASS/d /etc/vz/conf/$BASE.conf
	start $BASE
	expect [ "$(cpuclass $BASE)" = 1 ]
	drop $BASE
	rmmod fairsched || fail "rmmod fairsched"
}

t_memory() {
	local dir=/sys/fs/cgroup/beanpod/$BASE
	new $BASE --ram 64M --swap 0
	expect grep -q '^PHYSPAGES="0:16384"' /etc/vz/conf/$BASE.conf
	start $BASE
	[ -e $dir/memory.max ] || { echo "# no memory controller here"; drop $BASE; return; }
	expect_no physpages
	expect [ "$(cat $dir/memory.max)" = 67108864 ]
	[ ! -e $dir/memory.swap.max ] || expect [ "$(cat $dir/memory.swap.max)" = 0 ]
	vz exec $BASE 'cat /sys/fs/cgroup/memory.max; echo 9G > /sys/fs/cgroup/memory.max'
	expect_rc 8; expect_out max
	vz set $BASE --physpages 0:unlimited; expect_rc 0
	expect [ "$(cat $dir/memory.max)" = max ]
	# What is not named follows from RAM and swap, and is not written down.
	vz set $BASE --ram 48M --vm_overcommit 1.5; expect_rc 0
	expect [ "$(column $BASE privvmpages 6)" = 18432 ]
	expect [ "$(column $BASE lockedpages 6)" = 12288 ]
	expect [ "$(grep -c PRIVVMPAGES /etc/vz/conf/$BASE.conf)" = 0 ]
	vz set $BASE --vm_overcommit 1001; expect_rc 21; expect_out 1000
	vz exec2 $BASE 'exec dd if=/dev/zero of=/dev/null bs=96M count=1'; expect_rc 1
	vz set $BASE --vm_overcommit 0; expect_rc 0
	vz exec2 $BASE 'exec dd if=/dev/zero of=/dev/null bs=96M count=1'; expect_rc 137
	vz exec $BASE true; expect_rc 0
	drop $BASE
}

t_quota() {
	new $BASE --diskspace 20M --diskinodes 200
	start $BASE
	vz exec $BASE 'dd if=/dev/zero of=/root/big bs=64k count=800'; expect_rc 8
	expect_out "Disk quota exceeded"
	vz exec $BASE 'df -k / | awk "END { print \$2 }"'; expect [ "$out" = 20480 ]
	vz exec $BASE 'rm /root/big; i=0; while [ $i -lt 300 ]; do echo > /root/$i || exit 9; i=$((i+1)); done'
	expect_rc 8
	vz exec $BASE 'rm -f /root/*'
	vz set $BASE --diskspace 40M --save; expect_rc 0
	vz exec $BASE 'dd if=/dev/zero of=/root/big bs=64k count=480 2> /dev/null'; expect_rc 0
	# Files that were restored by other means are in no project.
	vz stop $BASE; expect_rc 0
	chattr -P -p 0 /vz/private/$BASE/w
	vz start $BASE; expect_rc 60; expect_out "not in project"
	vz set $BASE --diskspace 30M --save; expect_rc 60
	chattr +P -p $BASE /vz/private/$BASE/w
	start $BASE
	drop $BASE
	new $BASE --diskspace 20M	# limits of the destroyed one are gone
	vz set $BASE --diskspace 5x --save; expect_rc 21
	drop $BASE
}

allowed() { awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(init_of $1)/status"; }
nodes() { awk '/^Mems_allowed_list/ { print $2 }' "/proc/$(init_of $1)/status"; }
t_cpumask() {
	local bad all last cg=/sys/fs/cgroup
	all=$(cat /sys/devices/system/cpu/online)
	last=${all##*[-,]}
	for bad in x 1-0 '0,' -1 8192 ALL ''; do
		vz create $BASE --ostemplate box --cpumask "$bad"
		expect_rc 21; expect_out "\"$bad\""; expect_out "0 to 8191"
	done
	vz create $BASE --ostemplate box --nodemask auto; expect_rc 21; expect_out "0 to 1023"
	vz create $BASE --ostemplate box --cpumask 0-$((last + 1)); expect_rc 21
	expect_out "$((last + 1)) is not there, this host has processors $all"
	vz create $BASE --ostemplate box --nodemask 1023; expect_rc 21
	expect_out "1023 is not there, this host has nodes with memory 0"
	new $BASE --cpumask "$last"
	start $BASE; expect_no enforced
	expect [ "$(allowed $BASE)" = "$last" ]
	vz exec $BASE '/bin/busybox nproc'; expect [ "$out" = 1 ]
	# What enters is bound, too, and what runs moves at once.
	vz exec $BASE 'grep Cpus_allowed_list /proc/self/status'; expect_out "	$last"
	vz set $BASE --cpumask 0; expect_rc 0; expect_out "not saved"
	expect [ "$(allowed $BASE)" = 0 ]
	vz set $BASE --cpumask 0-$((last + 1)) --save; expect_rc 21; expect_out "processors $all"
	expect [ "$(allowed $BASE)" = 0 ]
	vz restart $BASE --fast; expect_rc 0
	expect [ "$(allowed $BASE)" = "$last" ]
	vz set $BASE --cpumask auto --nodemask 0 --save; expect_rc 0
	expect grep -q '^CPUMASK="auto"' /etc/vz/conf/$BASE.conf
	expect grep -q '^NODEMASK="0"' /etc/vz/conf/$BASE.conf
	expect [ "$(allowed $BASE)" = "$(cat /sys/devices/system/node/node0/cpulist)" ]
	expect [ "$(cat $cg/beanpod/$BASE/cpuset.mems)" = 0 ]
	expect [ "$(nodes $BASE)" = 0 ]
	vz set $BASE --cpumask "0,$last" --nodemask all --save; expect_rc 0
	expect [ "$(nodes $BASE)" = "$(cat /sys/devices/system/node/has_memory)" ]
	expect [ "$(allowed $BASE)" = "$all" ]
	vz set $BASE --cpumask "$last"; expect_rc 0
	expect [ "$(allowed $BASE)" = "$last" ]
	vz set $BASE --cpumask all --save; expect_rc 0
	expect [ "$(allowed $BASE)" = "$all" ]
	vz stop $BASE --fast; expect_rc 0
	vz set $BASE --cpumask 0 --save; expect_rc 0
	start $BASE
	expect [ "$(allowed $BASE)" = 0 ]
	vz stop $BASE --fast; expect_rc 0
	# A file from a larger host.
	sed -i "s/^CPUMASK=.*/CPUMASK=\"0,$((last + 5))\"/" /etc/vz/conf/$BASE.conf
	vz start $BASE; expect_rc 21
	expect_out "CPUMASK=\"0,$((last + 5))\""; expect_out "this host has processors $all"
	expect is $BASE "exist unmounted down"
	# Without the controller: a start goes on and says so, a setting fails.
	vz set $BASE --cpumask 0 --save; expect_rc 0
	if echo -cpuset > $cg/beanpod/cgroup.subtree_control &&
		echo -cpuset > $cg/cgroup.subtree_control &&
		mount --bind /dev/full $cg/cgroup.subtree_control; then
		start $BASE; expect_out "CPUMASK=0 is not enforced"; expect_out cpuset
		expect [ "$(allowed $BASE)" = "$all" ]
		vz set $BASE --cpumask 0; expect_rc 2; expect_out "CPUMASK=0 is not enforced"
		vz set $BASE --cpumask all; expect_rc 0
		vz stop $BASE --fast; expect_rc 0
		umount $cg/cgroup.subtree_control || fail "umount"
	else
		fail "cpuset cannot be taken away"
	fi
	start $BASE
	expect [ "$(allowed $BASE)" = 0 ]
	drop $BASE
}

t_simfs() {
	new $BASE --layout simfs
	start $BASE
	vz exec $BASE 'touch /root/x && stat -c %u /root/x && stat -f -c %t /'
	expect_out 0; expect_out ef53
	vz exec $BASE 'head -c 1 /memory'; expect_rc 8
	vz stop $BASE; expect_rc 0
	expect [ -e /vz/private/$BASE/fs/root/x ]
	expect [ ! -e /vz/private/$BASE/fs/memory ]
	vz mount $BASE; expect_rc 0
	expect is $BASE "exist mounted down"
	vz destroy $BASE; expect_rc 41
	vz umount $BASE; expect_rc 0
	expect is $BASE "exist unmounted down"
	drop $BASE
}

t_debian() {
	[ -n "${VZ_DEBIAN:-}" ] || { echo "# VZ_DEBIAN is not set: nothing is booted"; return; }
	mkdir -p /vz/template/tree/debian
	tar -C /vz/template/tree/debian --xattrs --xattrs-include='*' -xf "$VZ_DEBIAN" ||
		fail "unpack $VZ_DEBIAN"
	vz create $BASE --ostemplate debian --numproc 200 --numfile 20000; expect_rc 0
	start $BASE
	booted() { [ "$("$VZCTL" exec $BASE systemctl is-system-running 2> /dev/null)" = running ]; }
	wait_for 240 booted || fail "$("$VZCTL" exec $BASE 'systemctl is-system-running;
		systemctl list-units --failed --no-legend; journalctl -b -p warning | tail' 2>&1)"
	vz exec $BASE 'systemctl list-units --failed --no-legend'; expect [ -z "$out" ]
	vz exec $BASE 'systemd-detect-virt -c'; expect_out openvz
	vz exec $BASE 'id'; expect_out uid=0
	vz enter $BASE --exec tty; expect_out /dev/pts/
	vz stop $BASE; expect_rc 0; expect_no STOP_TIMEOUT
	drop $BASE
}

tests=(help no_container no_global_config not_root create uids life mount exec exec_stuck enter
	limits memory policy cpulimit cpuclass cpumask quota simfs debian)
[ $# = 0 ] || tests=("$@")
vzctl_main "${tests[@]}"
