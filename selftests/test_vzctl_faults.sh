#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzctl when something goes wrong: failed steps, killed processes, races, no module.

. "$(dirname "${BASH_SOURCE[0]}")/lib/vzctl.sh"

no_keeper() { [ -z "$(ls /run/beanpod/keepers 2> /dev/null)" ]; }

t_failed_start_undoes() {
	new $BASE
	vz start $BASE --init /no/such; expect_rc 7; expect_out /no/such
	vz start $BASE --init relative; expect_rc 21
	mv /vz/private/$BASE/fs /vz/private/$BASE/fs.away
	vz start $BASE; expect_rc 43
	mv /vz/private/$BASE/fs.away /vz/private/$BASE/fs
	mv /vz/private/$BASE/w /vz/private/$BASE/w.away
	vz start $BASE; expect_rc 50
	mv /vz/private/$BASE/w.away /vz/private/$BASE/w
	chmod 755 /vz/private/$BASE
	vz start $BASE; expect_rc 43; expect_out setuid
	chmod 700 /vz/private/$BASE
	sed -i s/overlay/bottle/ /etc/vz/conf/$BASE.conf
	vz start $BASE; expect_rc 53; expect_out simfs
	sed -i s/bottle/overlay/ /etc/vz/conf/$BASE.conf
	# Directories that are to be mounted over may be links that a tenant made.
	ln -s /../../../../tmp /vz/private/$BASE/fs/dev
	vz start $BASE; expect_rc 50; expect_out "not a link"
	rm /vz/private/$BASE/fs/dev
	expect is $BASE "exist unmounted down"
	expect [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	expect [ ! -e /proc/bc/$BASE ]
	expect [ ! -e /run/beanpod/$BASE ]
	expect [ ! -e /vz/lock/$BASE.lck ]
	expect [ -z "$(grep " $BASE " /proc/mounts)" ]
	expect [ -z "$(pgrep -f "vzctl.* start $BASE")" ]
	start $BASE
	drop $BASE
}

t_locks() {
	new $BASE
	mkdir -p /vz/lock
	exec 8> /vz/lock/$BASE.lck
	flock 8
	printf '%s\nstarting\n' $$ > /vz/lock/$BASE.lck
	vz start $BASE; expect_rc 9; expect_out "process $$"
	vz status $BASE; expect_rc 0
	vz --skiplock set $BASE --hostname x --save; expect_rc 0
	exec 8>&-
	start $BASE	# a file that is left, but not locked, is stale
	drop $BASE
}

t_concurrent() {
	local i n=8 ids=()
	for i in $(seq 1 $n); do
		ids+=($((BASE + i)))
		new $((BASE + i))
	done
	for i in "${ids[@]}"; do "$VZCTL" --quiet start $i || touch "$work/bad-$i" & done
	wait_jobs
	for i in "${ids[@]}"; do expect is $i "exist mounted running"; done
	# All at once on one container: exactly one start wins.
	new $BASE
	for i in 1 2 3 4 5 6; do
		( "$VZCTL" --quiet start $BASE 2> /dev/null; echo $? >> "$work/race" ) &
	done
	wait_jobs
	expect [ "$(grep -c '^0$' "$work/race")" = 1 ]
	expect [ "$(grep -cvE '^(0|9|32)$' "$work/race")" = 0 ]
	for i in "${ids[@]}" $BASE; do "$VZCTL" --quiet stop $i --fast & done
	wait_jobs
	for i in "${ids[@]}" $BASE; do expect is $i "exist unmounted down"; done
	expect [ -z "$(ls "$work"/bad-* 2> /dev/null)" ]
	drop "${ids[@]}" $BASE
}

t_stop_timeout() {
	new $BASE --stop-timeout 2
	start $BASE --init /sbin/probe-stubborn
	local begin=$SECONDS
	vz stop $BASE; expect_rc 0; expect_out STOP_TIMEOUT
	expect [ $((SECONDS - begin)) -ge 1 ]
	vz set $BASE --stop-timeout 1000 --save
	start $BASE --init /sbin/probe-deaf
	begin=$SECONDS
	vz stop $BASE; expect_rc 0	# nobody listens: no reason to wait
	expect [ $((SECONDS - begin)) -lt 300 ]
	start $BASE --init /sbin/probe-stubborn
	begin=$SECONDS
	vz stop $BASE --fast; expect_rc 0
	expect [ $((SECONDS - begin)) -lt 300 ]
	drop $BASE
}

t_keeper() {
	new $BASE
	start $BASE
	kill -9 "$(keeper_of $BASE)"
	expect wait_for 20 [ ! -e "/proc/$(keeper_of $BASE)/exe" ]
	vz status $BASE; expect_rc 0; expect_out "CTID $BASE exist mounted running"; expect_out keeper
	vz exec $BASE true; expect_rc 0
	vz stop $BASE; expect_rc 0
	expect is $BASE "exist unmounted down"
	expect [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	start $BASE
	kill -9 "$(init_of $BASE)"
	expect wait_for 20 is $BASE "exist unmounted down"
	expect wait_for 20 [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	# The keeper holds nothing of the caller: this would hang else.
	out=$(timeout 60 "$VZCTL" start $BASE); rc=$?; expect_rc 0
	expect [ "$(readlink "/proc/$(keeper_of $BASE)/cwd")" = / ]
	drop $BASE
}

# One process keeps all containers; none of them is in another's way there.
t_one_keeper() {
	local other=$((BASE + 1)) keeper
	new $BASE
	new $other
	start $BASE
	start $other
	keeper=$(keeper_of $BASE)
	expect [ "$keeper" = "$(keeper_of $other)" ]
	vz exec $BASE 'cat /dev/zero > /dev/console 2> /dev/null < /dev/null &'
	expect wait_for 60 [ -e /run/beanpod/$BASE/console.log.1 ]
	vz exec $other 'echo neighbour > /dev/console'
	expect wait_for 60 grep -q neighbour /run/beanpod/$other/console.log
	expect [ "$(stat -c %s /run/beanpod/$BASE/console.log)" -le 65536 ]
	# A log always has its name, also while it is changed for the next.
	local i
	for i in {1..4000}; do
		[ -e /run/beanpod/$BASE/console.log ] || { expect false "no log, time $i"; break; }
	done
	kill -9 "$(init_of $BASE)"
	expect wait_for 60 is $BASE "exist unmounted down"
	expect is $other "exist mounted running"
	start $BASE
	expect [ "$(keeper_of $BASE)" = "$keeper" ]
	# Nothing of a container's stays with it, and it ends when all have ended.
	vz stop $BASE --fast; expect_rc 0
	expect [ "$(find "/proc/$keeper/fd" -lname "*/$BASE/*" | wc -l)" = 0 ]
	drop $BASE $other
	expect wait_for 60 no_process "$keeper"
	expect wait_for 60 no_keeper
	# It is not of the caller's making: processors, priority.
	new $BASE
	run taskset 1 nice -n 5 "$VZCTL" start $BASE; expect_rc 0
	expect [ "$(awk '/^Cpus_allowed:/ { print $2 }' "/proc/$(init_of $BASE)/status")" = \
		"$(awk '/^Cpus_allowed:/ { print $2 }' /proc/self/status)" ]
	expect [ "$(sed 's/.*) //' "/proc/$(init_of $BASE)/stat" | cut -d ' ' -f 17)" = 0 ]
	vz keeper; expect_rc 20
	drop $BASE
}

t_reboot() {
	new $BASE
	start $BASE
	local first
	first=$(init_of $BASE)
	vz exec $BASE reboot
	reborn() { is $BASE "exist mounted running" && [ "$(init_of $BASE)" != "$first" ]; }
	expect wait_for 60 reborn
	vz exec $BASE poweroff
	expect wait_for 30 is $BASE "exist unmounted down"
	drop $BASE
}

t_no_module() {
	if ! rmmod beancounter 2> /dev/null; then
		echo "# the module cannot be unloaded here: built in, or in use"
		return
	fi
	new $BASE
	vz start $BASE; expect_rc 5; expect_out "modprobe beancounter"
	expect is $BASE "exist unmounted down"
	expect [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	echo 'BEANCOUNTERS="no"' >> /etc/vz/vz.conf
	start $BASE; expect_out "WITHOUT ANY LIMIT"
	vz exec $BASE true; expect_rc 0
	vz stop $BASE; expect_rc 0
	sed -i '/BEANCOUNTERS/d' /etc/vz/vz.conf
	drop $BASE
	modprobe beancounter
}

# Between a quick reboot and the start that follows it.
t_reboot_window() {
	local old
	waits() { grep -q '^init 0 ' /run/beanpod/$BASE/state; }
	new $BASE
	start $BASE --init /sbin/probe-reboot
	expect wait_for 60 waits
	expect is $BASE "exist unmounted down"
	old=$(keeper_of $BASE)
	vz destroy $BASE; expect_rc 32
	expect [ -d /vz/private/$BASE/fs ]
	vz stop $BASE; expect_rc 0
	expect no_process "$old"
	expect is $BASE "exist unmounted down"
	start $BASE --init /sbin/probe-reboot
	expect wait_for 60 waits
	vz start $BASE	# at once, or the keeper was faster
	case $rc in 0|9|32) ;; *) fail "start: exit $rc: $out" ;; esac
	expect wait_for 60 is $BASE "exist mounted running"
	drop $BASE
}

t_lost_record() {
	new $BASE
	start $BASE
	rm /run/beanpod/$BASE/state
	vz destroy $BASE; expect_rc 32; expect_out "nothing is recorded"
	vz mount $BASE; expect_rc 32
	vz start $BASE; expect_rc 32
	expect [ -d /vz/private/$BASE/fs ]
	expect [ "$(held $BASE numproc)" -ge 1 ]
	vz stop $BASE; expect_rc 0
	expect [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	start $BASE
	drop $BASE
}

t_create_killed() {
	local job
	# Where it waits for the uids of the host, it has made all its files.
	mkdir -p /vz/lock
	exec 8> /vz/lock/uid.lck
	flock 8
	"$VZCTL" --quiet create $BASE --ostemplate box &
	job=$!
	expect wait_for 60 grep -q -- "-> FLOCK .* $job " /proc/locks
	kill -9 $job
	wait $job
	exec 8>&-
	expect is $BASE "deleted unmounted down"
	new $BASE
	start $BASE
	vz stop $BASE
	# A moment later: configuration saved, area without its name.
	mv /vz/private/$BASE /vz/private/$BASE.tmp
	vz start $BASE; expect_rc 43
	new $BASE
	mv /vz/private/$BASE /vz/private/$BASE.tmp
	vz destroy $BASE; expect_rc 0
	expect [ -z "$(ls -A /vz/private)" ]
	# And a name that leads nowhere is nobody's.
	mkdir -p /etc/vz/names
	ln -s /etc/vz/conf/$((BASE + 1)).conf /etc/vz/names/ghost
	new $BASE --name ghost
	vz status ghost; expect_out "CTID $BASE exist"
	drop $BASE
}

t_start_killed() {
	command -v strace > /dev/null || { echo "# no strace: not tried"; return; }
	new $BASE
	expect wait_for 60 no_keeper	# one that runs already would not be traced
	# By the order of its own system calls: the first process waits for its root.
	run strace -f -qq -o "$work/trace" -e trace=fsopen -e inject=fsopen:signal=KILL \
		"$VZCTL" start $BASE
	expect_rc 7; expect_out "keeper died"
	expect no_keeper
	expect [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	expect [ ! -e /proc/bc/$BASE ]
	expect [ ! -e /run/beanpod/$BASE ]
	start $BASE
	vz stop $BASE
	expect wait_for 60 no_keeper
	# The log and the last words of an earlier run stay.
	run strace -f -qq -o "$work/trace" -e trace=fsopen -e inject=fsopen:signal=KILL \
		"$VZCTL" start $BASE
	expect_rc 7
	expect [ -e /run/beanpod/$BASE/console.log ]
	expect [ -e /proc/bc/$BASE ]
	# It runs, but its keeper cannot be told (third message of whoever starts it).
	expect wait_for 60 no_keeper
	run strace -f -qq -o "$work/trace" -e trace=sendmsg \
		-e inject=sendmsg:error=ENOBUFS:when=3 "$VZCTL" start $BASE
	expect_rc 7; expect_out "hand the container over"
	expect is $BASE "exist unmounted down"
	expect [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	expect [ ! -e /run/beanpod/$BASE/state ]
	start $BASE
	drop $BASE
}

tests=(failed_start_undoes locks concurrent stop_timeout keeper one_keeper reboot reboot_window
	lost_record create_killed start_killed no_module)
[ $# = 0 ] || tests=("$@")
vzctl_main "${tests[@]}"
