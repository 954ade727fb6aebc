# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Vocabulary of the tests of vzctl; each of them is a list of functions t_NAME, run by
# vzctl_main. KTAP. Needs root, the module, and a file system with id-mapped mounts and
# project quota: /vz if it is one, else one is made in a file.
#
# Everything happens in a mount namespace of the test's own with its own /etc/vz, /vz
# and state, so that containers of this machine are not touched.
#
#   VZCTL=PATH		the tool, default: build/tools/vzctl/vzctl, then PATH

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
top=$(cd "$here/.." && pwd)
BASE=9101		# ids of the containers that are made here

. "$(dirname "${BASH_SOURCE[0]}")/place.sh"
place_enter "$0" "$@"

[ "$(id -u)" = 0 ] || skip_all "needs root"
VZCTL=${VZCTL:-${BUILD:-$top/build}/tools/vzctl/vzctl}
[ -x "$VZCTL" ] || VZCTL=$(command -v vzctl) || skip_all "no vzctl: make tools"
# The hostile program: static, beside this script when installed.
for PROBE in "$here/helper_probe" "${BUILD:-$top/build}/selftests/helper_probe" ''; do
	[ ! -x "$PROBE" ] || break
done
[ -n "$PROBE" ] || skip_all "no helper_probe: make selftests"
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

no_process() { case $(sed 's/.*) //' "/proc/$1/stat" 2> /dev/null) in ''|Z*) ;; *) return 1 ;; esac; }
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

make_place() {
	place_make vzctl-test || return 1
	work=$place_work
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
	for applet in watch deaf stubborn reboot; do ln -sf probe $tree/sbin/probe-$applet; done
}

# ---- main -------------------------------------------------------------------------

drop_all() {
	local conf
	for conf in /etc/vz/conf/*.conf; do
		[ ! -e "$conf" ] || drop "$(basename "$conf" .conf)"
	done
}

clean_up() {
	drop_all
	cd /
	umount -l /run/beanpod /etc/vz /vz 2> /dev/null
	rm -rf "$work"
}

# vzctl_main NAME...: runs the tests and prints their lines, and how long each took
vzctl_main() {
	local i begin failures=0 tests=("$@")

	[ -e /dev/vzctl ] || modprobe -q beancounter || skip_all "no module: make kernel"
	trap clean_up EXIT
	make_place || skip_all "no file system for containers"
	make_template || skip_all "no template: busybox-static"
	echo "TAP version 13"
	echo "1..${#tests[@]}"
	for i in "${!tests[@]}"; do
		why= begin=$SECONDS
		"t_${tests[i]}"
		if [ -z "$why" ]; then
			echo "ok $((i + 1)) vzctl ${tests[i]}"
		else
			echo "not ok $((i + 1)) vzctl ${tests[i]}"
			echo "$why" | sed 's/^/# /'
			failures=$((failures + 1))
			drop_all
		fi
		echo "# ${tests[i]}: $((SECONDS - begin)) s"
	done
	echo "# Totals: pass:$((${#tests[@]} - failures)) fail:$failures xfail:0 xpass:0 skip:0 error:0"
	[ $failures = 0 ]
}
