# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A place of a test's own for containers: /etc/vz, /run/beanpod and /vz in a mount
# namespace that ends with the test, and a tree to make templates of. Sourced
# after lib.sh. The containers of this machine are neither seen nor touched.

# place_enter SCRIPT ARGUMENT...: runs the script again in its own namespace
place_enter()
{
	[ -n "${BC_PLACE-}" ] || BC_PLACE=1 exec unshare -m --propagation private -- "$@"
}

skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

# tool NAME: the installed one, else the one that was built
tool()
{
	command -v "$1" || echo "${BUILD:-$bc_here/../build}/tools/$1/$1"
}

place_suits()
{
	[ "$(stat -f -c %T "$1" 2>/dev/null)" = ext2/ext3 ] &&
		grep -qs " $1 ext4 .*prjquota" /proc/mounts
}

# place_make NAME: /vz/NAME of a disk that suits becomes /vz, or a disk in a file
place_make()
{
	place_work=$(mktemp -d) || return 1
	if place_suits /vz; then
		mkdir -p "/vz/$1" && mount --bind "/vz/$1" /vz
	else
		modprobe -q loop
		modprobe -q quota_v2
		truncate -s 600M "$place_work/disk"
		mke2fs -q -t ext4 -O quota,project -E quotatype=prjquota "$place_work/disk" &&
			mkdir -p /vz && mount -o loop,prjquota "$place_work/disk" /vz
	fi || return 1
	rm -rf /vz/*
	mkdir -p "$place_work"/{etc,run,log} /etc/vz /run/beanpod &&
		mount --bind "$place_work/etc" /etc/vz &&
		mount --bind "$place_work/run" /run/beanpod || return 1
	mkdir -p /etc/vz/conf
	printf 'LOGFILE="%s/log/vzctl.log"\nCONFIGFILE="test"\n' "$place_work" >/etc/vz/vz.conf
	printf 'NUMPROC="60:60"\nNUMFILE="2000:2000"\n' >/etc/vz/conf/ve-test.conf-sample
}

place_leave()
{
	rm -rf /vz/*
	umount /etc/vz /run/beanpod /vz
	rm -rf "$place_work"
}

# place_tree DIR: a root file system of busybox, as small as can be started
place_tree()
{
	local applet

	mkdir -p "$1"/{bin,sbin,proc,sys,dev,tmp,run,etc/ssh,root} &&
		cp "$(command -v busybox)" "$1/bin/busybox" || return 1
	for applet in sh true false sleep cat echo id hostname mount umount poweroff reboot; do
		ln -sf busybox "$1/bin/$applet"
	done
	ln -sf ../bin/busybox "$1/sbin/init"
	printf '::sysinit:/bin/true\n' >"$1/etc/inittab"
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$1/etc/passwd"
	printf 'PRETTY_NAME="Box 1"\nID=box\n' >"$1/etc/os-release"
	echo buildhost >"$1/etc/hostname"
	echo secret >"$1/etc/ssh/ssh_host_rsa_key"
}
