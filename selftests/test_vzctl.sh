#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzctl, from the outside: verbs, exit codes, what a container is and is not, attacks
# and their defences. KTAP. Needs root, the module, and a file system with id-mapped
# mounts and project quota: /vz if it is one, else one is made in a file.
#
# Everything happens in a mount namespace of the test's own with its own /etc/vz, /vz
# and state, so that containers of this machine are not touched.
#
#   VZCTL=PATH		the tool, default: build/tools/vzctl/vzctl, then PATH
#   VZ_DEBIAN=FILE	tar archive of a Debian tree: adds a boot of systemd

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/.." && pwd)
BASE=9101		# ids of the containers that are made here

# ---- frame ------------------------------------------------------------------------

if [ -z "${VZ_TEST_INSIDE:-}" ]; then
	VZ_TEST_INSIDE=1 exec unshare -m --propagation private -- "$0" "$@"
fi

skip_all() { echo "TAP version 13"; echo "1..0 # SKIP $*"; exit 4; }

[ "$(id -u)" = 0 ] || skip_all "needs root"
VZCTL=${VZCTL:-${BUILD:-$top/build}/tools/vzctl/vzctl}
[ -x "$VZCTL" ] || VZCTL=$(command -v vzctl) || skip_all "no vzctl: make tools"
# The hostile program: static, beside this script when installed.
for PROBE in "$here/helper_probe" "${BUILD:-$top/build}/selftests/helper_probe" ''; do
	[ ! -x "$PROBE" ] || break
done
[ -n "$PROBE" ] || skip_all "no helper_probe: make selftests"
work=$(mktemp -d /tmp/vzctl-test.XXXXXX)
why=		# why the current test fails
rc=0 out=	# of the last run()

# run COMMAND...: keeps output (both streams) and exit status
run() { out=$("$@" 2>&1 < /dev/null); rc=$?; }
vz() { run "$VZCTL" "$@"; }

fail() { why="${why:+$why; }$*"; return 1; }
expect_rc() { [ "$rc" = "$1" ] || fail "line ${BASH_LINENO[0]}: exit $rc, not $1: $out"; }
expect_out() { case $out in *"$1"*) ;; *) fail "line ${BASH_LINENO[0]}: no \"$1\" in: $out" ;; esac; }
expect_no() { case $out in *"$1"*) fail "line ${BASH_LINENO[0]}: \"$1\" in: $out" ;; esac; }
expect() { "$@" || fail "line ${BASH_LINENO[0]}: $*"; }

wait_for() {	# SECONDS COMMAND...: until it succeeds
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

wait_jobs() {
	local pid
	for pid in $(jobs -p); do wait "$pid"; done
}

is() { [ "$("$VZCTL" status "$1")" = "CTID $1 $2" ]; }
init_of() { sed -n 's/^init \([0-9]*\) .*/\1/p' "/run/beanpod/$1/state"; }
keeper_of() { sed -n 's/^keeper \([0-9]*\) .*/\1/p' "/run/beanpod/$1/state"; }
new() { vz create "$@" --ostemplate box && [ $rc = 0 ] || fail "create $1: $out"; }
start() { vz start "$@"; [ $rc = 0 ] || fail "start $1: $out"; }
drop() {
	local id
	for id; do
		"$VZCTL" --quiet stop "$id" --fast
		"$VZCTL" --quiet umount "$id"
		"$VZCTL" --quiet destroy "$id"
	done > /dev/null 2>&1
}
# held ID RESOURCE
held() { awk -v r="$2" '$1 == r { print $3 }' "/proc/bc/$1/resources.ext"; }
column() { awk -v r="$2" -v c="$3" '$1 == r { print $c }' "/proc/bc/$1/resources.ext"; }

# ---- a place of its own -----------------------------------------------------------

suits() {	# DIR: id-mapped mounts and project quota
	[ "$(stat -f -c %T "$1" 2> /dev/null)" = ext2/ext3 ] &&
		grep -qs " $1 ext4 .*prjquota" /proc/mounts
}

make_place() {
	if suits /vz; then
		mkdir -p /vz/vzctl-test && mount --bind /vz/vzctl-test /vz
	else
		modprobe -q loop
		modprobe -q quota_v2
		truncate -s 600M "$work/disk"
		mke2fs -q -t ext4 -O quota,project -E quotatype=prjquota "$work/disk" || return 1
		mkdir -p /vz && mount -o loop,prjquota "$work/disk" /vz || return 1
	fi
	rm -rf /vz/* 2> /dev/null
	mkdir -p "$work"/{etc,run,log} /etc/vz /run/beanpod
	mount --bind "$work/etc" /etc/vz && mount --bind "$work/run" /run/beanpod || return 1
	mkdir -p /etc/vz/conf
	printf 'LOGFILE="%s/log/vzctl.log"\nCONFIGFILE="test"\n' "$work" > /etc/vz/vz.conf
	printf '# kept\n#UUID: 1234\nNUMPROC="60:60"\nNUMFILE="2000:2000"\nKEPT="by \\"hand\\""\n' \
		> /etc/vz/conf/ve-test.conf-sample
}

make_template() {
	local tree=/vz/template/tree/box applet
	mkdir -p $tree/{bin,sbin,proc,sys,dev,tmp,run,etc,root,var/log}
	cp "$(command -v busybox)" $tree/bin/busybox || return 1
	for applet in sh true false sleep cat ls ps mount umount echo id hostname chmod chown \
		touch rm mkdir mknod ln stat head dd df env tty kill readlink grep sed awk wc \
		unshare test ip ifconfig dmesg seq cp stty printf poweroff reboot; do
		ln -sf busybox $tree/bin/$applet
	done
	ln -sf ../bin/busybox $tree/sbin/init
	printf '::sysinit:/bin/echo booted\n::shutdown:/bin/echo goodbye\n' > $tree/etc/inittab
	printf 'root:x:0:0:root:/root:/bin/sh\n' > $tree/etc/passwd
	printf 'root:x:0:\ntty:x:5:\n' > $tree/etc/group
	chmod 1777 $tree/tmp
	mknod $tree/memory c 1 1	# as a careless template might have
	chmod 666 $tree/memory
	cp "$PROBE" $tree/sbin/probe || return 1
	for applet in watch deaf stubborn; do ln -sf probe $tree/sbin/probe-$applet; done
}

# ---- tests ------------------------------------------------------------------------

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
	vz exec $BASE env
	expect_no HOME=$HOME/x; expect_no VZ_TEST; expect_no SSH
	expect_out HOME=/root; expect_out container=
	# Signals reach the command, and its end the caller.
	"$VZCTL" exec2 $BASE 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done' \
		> "$work/ready" 2>&1 &
	expect wait_for 20 grep -q ready "$work/ready"
	kill -TERM $!
	wait $!; rc=$?; expect_rc 5
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
	expect_out "remount-dev EPERM"; expect_out "remount-firmware-rw EPERM"
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
	drop $BASE
	new $BASE --diskspace 20M	# limits of the destroyed one are gone
	vz set $BASE --diskspace 5x --save; expect_rc 21
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
	drop $BASE
}

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
	expect [ ! -e /run/beanpod/$BASE/state ]
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

t_attack_cgroup() {
	new $BASE
	start $BASE
	vz exec $BASE '/sbin/probe cgroups'; expect_out depth
	vz exec $BASE 'echo max > /sys/fs/cgroup/../pids.max; ls /sys/fs/cgroup/..' ; expect_no enter.x
	vz exec $BASE 'echo 1 > /sys/fs/cgroup/cgroup.kill'; expect_rc 8
	vz exec $BASE 'echo max > /sys/fs/cgroup/memory.max'; expect_rc 8
	# Controllers on, a cgroup of our name in the way, made threaded: still enterable.
	vz exec $BASE 'echo +pids > /sys/fs/cgroup/cgroup.subtree_control; rmdir /sys/fs/cgroup/enter
		mkdir -p /sys/fs/cgroup/enter/sub; echo threaded > /sys/fs/cgroup/enter/sub/cgroup.type
		mkdir -p /sys/fs/cgroup/.x/.y'
	vz exec $BASE 'echo entered'; expect_rc 0; expect_out entered
	vz stop $BASE --fast; expect_rc 0
	expect [ ! -e /sys/fs/cgroup/beanpod/$BASE ]
	drop $BASE
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

# ---- main -------------------------------------------------------------------------

tests=(help no_container no_global_config not_root create uids life mount exec enter namespaces
	mounts_and_devices privileges inherits_nothing limits policy quota simfs failed_start_undoes
	locks concurrent stop_timeout keeper reboot attack_newcomer attack_descriptors attack_pty
	attack_console attack_cgroup attack_destroy debian no_module)
[ $# = 0 ] || tests=("$@")

clean_up() {
	local conf
	for conf in /etc/vz/conf/*.conf; do
		[ -e "$conf" ] && drop "$(basename "$conf" .conf)"
	done
	cd /
	umount -l /run/beanpod /etc/vz /vz 2> /dev/null
	rm -rf "$work"
}

[ -e /dev/vzctl ] || modprobe -q beancounter || skip_all "no module: make kernel"
trap clean_up EXIT
make_place || skip_all "no file system for containers"
make_template || skip_all "no template: busybox-static"
echo "TAP version 13"
echo "1..${#tests[@]}"
failures=0
for i in "${!tests[@]}"; do
	why=
	"t_${tests[i]}"
	if [ -z "$why" ]; then
		echo "ok $((i + 1)) vzctl ${tests[i]}"
	else
		echo "not ok $((i + 1)) vzctl ${tests[i]}"
		echo "$why" | sed 's/^/# /'
		failures=$((failures + 1))
		for conf in /etc/vz/conf/*.conf; do
			[ -e "$conf" ] && drop "$(basename "$conf" .conf)"
		done
	fi
done
echo "# Totals: pass:$((${#tests[@]} - failures)) fail:$failures xfail:0 xpass:0 skip:0 error:0"
[ $failures = 0 ]
