#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzctl: what a container is and is not; attacks from inside and their defences.

. "$(dirname "${BASH_SOURCE[0]}")/lib/vzctl.sh"

t_namespaces() {
	local ns init
	new $BASE --hostname inside
	start $BASE
	init=$(init_of $BASE)
	for ns in user pid mnt net ipc uts cgroup time; do
		[ -e /proc/self/ns/$ns ] || continue
		expect [ "$(readlink /proc/self/ns/$ns)" != "$(readlink /proc/$init/ns/$ns)" ]
		vz exec3 $BASE readlink /proc/self/ns/$ns
		expect [ "$out" = "$(readlink /proc/$init/ns/$ns)" ]
	done
	vz exec $BASE 'cat /proc/self/uid_map /proc/self/gid_map'
	expect [ "$(echo "$out" | awk '{ print $1, $3 }' | sort -u)" = "0 65536" ]
	expect [ "$(echo "$out" | awk '{ print $2 }' | sort -u)" = \
		"$(sed -n 's/^LOCAL_UID="\(.*\)"/\1/p' /etc/vz/conf/$BASE.conf)" ]
	vz exec $BASE hostname; expect_out inside
	vz exec $BASE 'cat /proc/1/comm'; expect_out init
	vz exec $BASE 'ip link show lo'; expect_out UP
	vz exec $BASE 'cat /proc/self/cgroup'; expect_no beanpod; expect_no ..
	vz exec $BASE 'ls /proc/1/root /vz /work 2>&1'; expect_out "/vz: No such file"
	vz exec $BASE 'awk "{ exit !(\$1 < 200) }" /proc/uptime'; expect_rc 0
	drop $BASE
}

t_mounts_and_devices() {
	new $BASE
	start $BASE
	vz exec $BASE 'for d in null zero full random urandom tty; do test -c /dev/$d || echo no $d; done'
	expect [ -z "$out" ]
	vz exec $BASE 'echo x > /dev/null && head -c 4 /dev/urandom | wc -c'; expect_out 4
	vz exec $BASE 'ls /dev/vda /dev/sda /dev/mem /dev/kmsg /dev/vzctl 2>/dev/null; true'
	expect [ -z "$out" ]
	vz exec $BASE cat /proc/mounts
	expect_out "sysfs /sys sysfs ro,"; expect_out "cgroup2 /sys/fs/cgroup"
	expect_out "tmpfs /dev/shm"; expect_out "devpts /dev/pts"
	expect_no /vz/; expect_no private/$BASE
	vz exec $BASE 'echo 1 > /proc/sysrq-trigger'; expect_rc 8
	vz exec $BASE 'echo 1 > /proc/sys/kernel/panic'; expect_rc 8
	vz exec $BASE 'ls -A /sys/firmware | wc -l'; expect [ "$out" = 0 ]
	vz exec $BASE 'touch /x /tmp/y /run/z /dev/shm/s'; expect_rc 0
	# A device node of the template must not work, remounted or not.
	vz exec $BASE 'head -c 1 /memory'; expect_rc 8; expect_no "No such"
	vz exec $BASE /sbin/probe mounts
	expect_out "remount-dev EPERM"; expect_out "write-firmware E"
	expect_out "remount-sys-rw EPERM"; expect_out "mount-ext4 EPERM"
	expect_out "mount-debugfs EPERM"; expect_out "mknod EPERM"; expect_out "mount-tmpfs ok"
	# What the container does with mounts stays there.
	vz exec $BASE 'mount -t tmpfs none /root'; expect_rc 0
	expect [ -z "$(awk '$2 ~ "root$" && $1 == "none"' /proc/mounts)" ]
	drop $BASE
}

t_privileges() {
	new $BASE
	start $BASE
	local init
	init=$(init_of $BASE)
	expect [ "$(awk '/^CapBnd/ { print $2 }' /proc/$init/status)" = 00000020fdfcffff ] ||
		expect [ "$(awk '/^CapBnd/ { print $2 }' /proc/$init/status)" != 000001ffffffffff ]
	vz exec $BASE 'grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|Seccomp|NoNewPrivs)" /proc/self/status'
	expect [ "$out" = "$(grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|Seccomp|NoNewPrivs)' /proc/$init/status)" ]
	expect_out "Seccomp:	2"; expect_out "NoNewPrivs:	0"
	vz exec $BASE /sbin/probe syscalls
	local call
	for call in init_module kexec_load bpf keyctl open_by_handle_at userfaultfd \
		io_uring_setup perf_event_open; do
		expect_out "$call EPERM"
	done
	expect_out "getpid ok"; expect_out "unshare ok"
	expect_out "x32 ENOSYS"; expect_no "i386 ok"
	vz exec $BASE 'sh -c "ulimit -n; ulimit -Hn"'; expect_out 1024; expect_out 524288
	vz exec $BASE 'hostname other && hostname'; expect_out other
	vz exec $BASE 'ifconfig lo 127.0.0.5'; expect_rc 0
	vz exec $BASE 'touch /tmp/f && chown 33:33 /tmp/f && stat -c %u /tmp/f'; expect_out 33
	vz exec $BASE 'touch /tmp/g && chown 70000 /tmp/g'; expect_rc 8
	vz exec $BASE 'unshare -U -m -p -f --mount-proc true 2>/dev/null || unshare -U true'
	expect_rc 0
	drop $BASE
}

t_rights() {
	bounded() { awk '/^CapBnd/ { print $2 }' "/proc/$(init_of $BASE)/status"; }
	has_cap() { [ $((0x$(bounded) >> $1 & 1)) = 1 ]; }
	vz create $BASE --ostemplate box --capability net_admin:maybe; expect_rc 21
	vz create $BASE --ostemplate box --features no:on; expect_rc 21; expect_out io_uring
	new $BASE --capability net_admin:off --capability sys_time:on --features keyctl:on,tun:on
	[ -e /dev/net/tun ] || modprobe -q tun || "$VZCTL" --quiet set $BASE --features tun:off --save
	start $BASE; expect_out sys_time
	expect has_cap 25
	has_cap 12 && fail "net_admin was not taken"
	vz exec $BASE 'ip link set lo down'; expect_rc 8
	vz exec $BASE /sbin/probe syscalls
	expect_no "keyctl EPERM"; expect_out "bpf EPERM"; expect_out "x32 ENOSYS"
	[ ! -e /dev/net/tun ] || { vz exec $BASE 'test -c /dev/net/tun'; expect_rc 0; }
	vz exec $BASE 'test -e /dev/fuse'; expect_rc 8
	vz set $BASE --capability net_admin:on; expect_rc 20
	vz set $BASE --capability net_admin:on,sys_admin:off --features sysfs:off --save; expect_rc 0
	expect grep -q 'CAPABILITY="NET_ADMIN:on SYS_ADMIN:off SYS_TIME:on"' /etc/vz/conf/$BASE.conf
	# Whoever enters has the rights of this start, not of the next one.
	vz exec $BASE 'grep CapBnd /proc/self/status'; expect_out "$(bounded)"
	vz restart $BASE --fast; expect_rc 0
	expect has_cap 12
	has_cap 21 && fail "sys_admin was not taken"
	vz exec $BASE 'grep -E "CapBnd|Seccomp:" /proc/self/status'
	expect_out "$(bounded)"; expect_out "Seccomp:	2"
	vz exec $BASE 'ip link set lo down'; expect_rc 0
	vz exec $BASE 'cat /proc/mounts'; expect_no sysfs; expect_no cgroup2
	drop $BASE
}

# Nothing of the session that starts a container, or enters it, goes along.
t_inherits_nothing() {
	local init
	new $BASE
	( trap '' HUP TERM PIPE; umask 077; ulimit -n 64; { echo -500 > /proc/self/oom_score_adj; } 2> /dev/null
	  SECRET=1 nice -n -5 "$VZCTL" --quiet start $BASE ) 7< /etc
	init=$(init_of $BASE)
	expect [ "$(cat "/proc/$init/oom_score_adj")" = 0 ]
	expect [ "$(awk '{ print $19 }' "/proc/$init/stat")" = 0 ]
	expect grep -q '^SigIgn:	0*$' "/proc/$init/status"
	expect grep -q '^Umask:	0022$' "/proc/$init/status"
	expect [ "$(tr '\0' '\n' < "/proc/$init/environ" | grep -c SECRET)" = 0 ]
	expect [ "$(find "/proc/$init/fd" -lname '/etc*')" = "" ]
	inherit() {
		( trap '' HUP TERM; { echo -500 > /proc/self/oom_score_adj; } 2> /dev/null
		  exec nice -n -5 "$VZCTL" exec3 $BASE "$@" ) 2>&1
	}
	out=$(inherit cat /proc/self/oom_score_adj); expect [ "$out" = 0 ]
	out=$(inherit awk '{ print $19 }' /proc/self/stat); expect [ "$out" = 0 ]
	out=$(inherit grep SigIgn /proc/self/status); expect_out 0000000000000000
	drop $BASE
}

t_attack_newcomer() {
	local i
	new $BASE
	start $BASE --init /sbin/probe-watch
	expect wait_for 20 [ -e /vz/private/$BASE/fs/report ]
	for i in $(seq 1 40); do "$VZCTL" exec3 $BASE /bin/true; done
	"$VZCTL" exec3 $BASE /bin/sleep 2
	sleep 2
	out=$(cat /vz/private/$BASE/fs/report)
	# It must have seen and traced them as they ran their own program: it does look.
	expect_no "seen 0 "; expect_no "traced 0 "
	expect_out "foreign 0"
	drop $BASE
}

t_attack_descriptors() {
	new $BASE
	start $BASE
	# Whatever the caller has open must not be inside.
	out=$("$VZCTL" exec3 $BASE /sbin/probe fds 7< /etc 8< /etc/passwd 9< /vz/private 2>&1); rc=$?
	expect_rc 0; expect_out "extra 0 cwd /root"
	out=$("$VZCTL" enter $BASE --exec '/sbin/probe fds' 7< /etc 2>&1 < /dev/null); expect_out "extra 0"
	# A home directory that leads to a descriptor: 2024-21626 and its kind.
	vz exec $BASE 'rm -rf /root && ln -s /proc/self/fd/7 /root'
	out=$("$VZCTL" exec3 $BASE /bin/ls . 7< /etc 2>&1); expect_no shadow; expect_out inittab.not ||
		why=
	out=$("$VZCTL" exec3 $BASE /bin/readlink /proc/self/cwd 7< /etc 2>&1)
	expect [ "$out" = / ]
	out=$("$VZCTL" exec3 $BASE /bin/ls < /etc 2>&1); rc=$?
	expect_rc 20; expect_out directory
	drop $BASE
}

t_attack_pty() {
	new $BASE
	start $BASE
	vz enter $BASE --exec '/sbin/probe tiocsti'
	expect_out "tty /dev/pts/"
	# A trap in place of the multiplexer: no hang, no terminal from it.
	vz exec $BASE 'umount /dev/pts; mkdir -p /dev/pts; mknod /dev/pts/ptmx p; test -p /dev/pts/ptmx'
	out=$(timeout 60 "$VZCTL" enter $BASE --exec 'echo still' 2>&1 < /dev/null); rc=$?
	expect_rc 0; expect_out still
	vz exec $BASE 'rm -f /dev/pts/ptmx; rmdir /dev/pts; ln -s /tmp /dev/pts'
	out=$(timeout 60 "$VZCTL" enter $BASE --exec 'echo yet' 2>&1 < /dev/null); rc=$?
	expect_rc 0; expect_out yet
	drop $BASE
}

t_attack_console() {
	new $BASE
	start $BASE
	"$VZCTL" exec $BASE 'exec cat /dev/zero > /dev/console' &
	sleep 2
	# The log stays small, the container can be looked at and stopped.
	expect [ "$(cat /run/beanpod/$BASE/console.log* | wc -c)" -le 131072 ]
	expect [ -s /run/beanpod/$BASE/console.log.1 ]
	vz exec $BASE 'echo there'; expect_out there
	vz stop $BASE --fast; expect_rc 0
	wait_jobs
	expect is $BASE "exist unmounted down"
	drop $BASE
}

# All that tells a program of its processors agrees with --cpus.
t_cpus() {
	local all n
	all=$(cat /sys/devices/system/cpu/online)
	n=$(getconf _NPROCESSORS_ONLN)
	shown() {
		vz exec $BASE '/bin/busybox nproc; grep -c ^processor /proc/cpuinfo
			grep -c "^cpu[0-9]" /proc/stat; cat /sys/devices/system/cpu/online'
		out=${out//$'\n'/ }
	}
	modprobe fairsched || fail "modprobe fairsched"
	new $BASE --cpus 1
	start $BASE; expect_no enforced
	shown; expect [ "$out" = "1 1 1 0" ]
	vz set $BASE --cpus 0; expect_rc 0
	shown; expect [ "$out" = "$n $n $n $all" ]
	vz set $BASE --cpus 1000; expect_rc 0
	shown; expect [ "$out" = "$n $n $n $all" ]
	vz set $BASE --cpus 1; expect_rc 0
	shown; expect [ "$out" = "1 1 1 0" ]
	# The first of one is all of the host's: nobody crowds on processor 0.
	vz exec $BASE '/bin/busybox taskset -p 1 1 && /bin/busybox taskset -p 1'; expect_rc 0
	expect_out "new affinity mask: 1"
	expect [ "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$(init_of $BASE)/status")" = "$all" ]
	expect [ "$(nproc)" = "$n" ]
	drop $BASE
	rmmod fairsched || fail "rmmod fairsched"
}

t_attack_cgroup() {
	local own=/sys/fs/cgroup/beanpod/$BASE leaf
	new $BASE --ram 64M
	start $BASE
	# It sees its limits, and what it may write is exactly what divides its own share.
	vz exec $BASE 'cat /sys/fs/cgroup/memory.max'; expect [ "$out" = 67108864 ]
	vz exec $BASE 'cd /sys/fs/cgroup; for f in *; do
		test -d $f || ! test "$(stat -c %u $f)" = 0 || echo $f; done'
	expect [ "${out//$'\n'/ }" = "cgroup.procs cgroup.subtree_control cgroup.threads" ]
	vz exec $BASE 'cd /sys/fs/cgroup; for f in memory.max memory.high pids.max cpu.max io.max \
		cgroup.max.descendants cgroup.max.depth cgroup.type; do
		test ! -e $f || { { echo max > $f; } 2> /dev/null && echo "wrote $f"; }
		chmod 666 $f 2> /dev/null && echo "opened $f"; chown 0 $f 2> /dev/null && echo "took $f"
		done; for f in cgroup.kill cgroup.freeze; do { echo 1 > $f; } 2> /dev/null && echo $f; done
		{ echo $$ > ../cgroup.procs; } 2> /dev/null && echo out'
	expect [ -z "$out" ]
	expect [ "$(cat $own/memory.max)" = 67108864 ]
	vz exec $BASE '/sbin/probe cgroups'; expect_out depth
	vz exec $BASE 'echo entered'; expect_out entered
	vz stop $BASE --fast; expect_rc 0
	expect [ ! -e $own ]
	start $BASE
	# Threads of its own below, and a cgroup of our name in the way: still enterable.
	vz exec $BASE 'cd /sys/fs/cgroup; mkdir x; echo $$ > x/cgroup.procs; rmdir enter
		mkdir enter; echo $$ > cgroup.procs; echo threaded > enter/cgroup.type
		cat enter/cgroup.type cgroup.type'
	expect_out threaded
	vz exec $BASE 'echo entered; cat /proc/self/cgroup'
	expect_rc 0; expect [ "$out" = "entered
0::/" ]
	vz stop $BASE --fast; expect_rc 0
	expect [ ! -e $own ]
	# Controllers on, as an init does; a frozen cgroup in the same place catches nobody, and
	# that the tenant has no more cgroups does not keep the host out.
	start $BASE
	vz exec $BASE 'cd /sys/fs/cgroup; mkdir init; echo 1 > init/cgroup.procs
		echo +memory > cgroup.subtree_control; cat cgroup.subtree_control'
	expect_out memory
	vz exec $BASE 'echo entered; cat /proc/self/cgroup'; expect_out entered; expect_out 0::/enter
	echo 2 > $own/cgroup.max.descendants
	vz exec $BASE 'cd /sys/fs/cgroup; echo $$ > init/cgroup.procs; rmdir enter && mkdir enter &&
		echo 1 > enter/cgroup.freeze; mkdir more 2> /dev/null || echo full'
	expect_rc 0; expect_out full
	out=$(timeout 60 "$VZCTL" exec $BASE 'echo entered; cat /proc/self/cgroup' 2>&1 < /dev/null); rc=$?
	expect_rc 0; expect_out entered; expect_out 0::/enter-
	expect [ "$(cat $own/cgroup.max.descendants)" = 2 ]
	leaf=$(echo $own/enter-*)
	expect [ "$leaf" = "$own/enter-*" ]
	drop $BASE
	expect [ ! -e $own ]
}

t_attack_destroy() {
	new $BASE
	start $BASE
	vz exec $BASE /sbin/probe maze; expect_out depth
	vz exec $BASE 'ln -s /etc /root/etc; ln -s ../../../../../../etc /root/up'
	vz stop $BASE --fast
	expect [ -L /vz/private/$BASE/fs/root/etc ]
	# A path written wrongly deletes nothing.
	sed -i '/^VE_PRIVATE/d' /etc/vz/conf/$BASE.conf
	echo 'VE_PRIVATE="/vz/private"' >> /etc/vz/conf/$BASE.conf
	vz destroy $BASE; expect_rc 52; expect_out "Nothing was deleted"
	expect [ -L /vz/private/$BASE/fs/root/etc ]
	sed -i 's,^VE_PRIVATE=.*,VE_PRIVATE="/vz/private/$VEID/",' /etc/vz/conf/$BASE.conf
	vz destroy $BASE; expect_rc 0
	expect [ ! -e /vz/private/$BASE ]
	expect [ -z "$(ls -A /vz/private)" ]
	expect [ -s /etc/passwd ]
}

tests=(namespaces mounts_and_devices privileges rights inherits_nothing attack_newcomer
	attack_descriptors attack_pty attack_console cpus attack_cgroup attack_destroy)
[ $# = 0 ] || tests=("$@")
vzctl_main "${tests[@]}"
