#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vztmpl: trees from archives and folders, honest and hostile; names, locks, use,
# interruption. Making a Debian tree needs the network and is the demo's.

. "$(dirname "${BASH_SOURCE[0]}")/lib/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib/place.sh"
place_enter "$0" "$@"
[ "$(id -u)" = 0 ] || skip_all "needs root"
vztmpl=$(tool vztmpl)
place_make vztmpl-test || skip_all "no file system with id-mapped mounts can be made"
src=$place_work/src
trees=/vz/template/tree

# run COMMAND...: output of both streams in $out, exit status in $rc
run() { out=$("$@" 2>&1 </dev/null) && rc=0 || rc=$?; }
says() { case $out in *"$1"*) ;; *) fail "no \"$1\" in: $out" ;; esac; }
gone() { [ ! -e "$trees/$1" ] && [ ! -e "$trees/$1.tmp" ] && [ ! -e "$trees/$1.conf" ] ||
	fail "$1 left something: $(ls -a $trees)"; }

archives()
{
	local kind

	for kind in tar tar.gz tar.bz2 tar.xz tar.zst; do
		tar -C "$src" -caf "$place_work/t.$kind" . || return 1
		run "$vztmpl" -q import "a-$kind" "$place_work/t.$kind"
		expect 0 $rc "$kind: $out"
		cmp "$src/bin/busybox" "$trees/a-$kind/bin/busybox" || fail "$kind: content"
		run "$vztmpl" delete "a-$kind"
		expect 0 $rc "delete: $out"
		gone "a-$kind"
	done
}

standard_input()
{
	"$vztmpl" -q import stdin - <"$place_work/t.tar.gz" || fail "import from stdin: $?"
	# A pipe has no size and cannot be read twice.
	cat "$place_work/t.tar.zst" | "$vztmpl" -q import pipe - || fail "import from a pipe: $?"
	diff -r --no-dereference $trees/stdin $trees/pipe || fail "they differ"
	"$vztmpl" delete stdin && "$vztmpl" delete pipe
}

folder()
{
	run "$vztmpl" -q import box "$src"
	expect 0 $rc "import: $out"
	expect "$(readlink "$src/sbin/init")" "$(readlink $trees/box/sbin/init)" link
	expect 755 "$(stat -c %a $trees/box)" "mode of the root"
	expect 700 "$(stat -c %a $trees)" "mode of the folder of trees"
}

stripped()
{
	[ ! -e $trees/box/etc/hostname ] || fail "host name of the build machine"
	[ ! -e $trees/box/etc/ssh/ssh_host_rsa_key ] || fail "SSH host key"
	[ -e "$src/etc/ssh/ssh_host_rsa_key" ] || fail "the source lost its key"
	expect 0 "$(find $trees/box \( -type b -o -type c \) | wc -l)" "device nodes"
}

listed()
{
	expect "box                  Box 1                            import" \
		"$("$vztmpl" list -H | cut -c 1-60)" "list"
	expect '{"name":"box","os":"Box 1","origin":"import","used":0}' \
		"$("$vztmpl" list -j | jq -c '.[0] | {name, os, origin, used}')" "JSON"
}

in_use()
{
	echo 'OSTEMPLATE="box"' >/etc/vz/conf/900.conf
	run "$vztmpl" delete box
	expect 21 $rc "delete"
	says "(900)"
	[ -e $trees/box/bin/busybox ] || fail "it is gone"
	expect 1 "$("$vztmpl" list -j | jq '.[0].used')" "used"
	rm /etc/vz/conf/900.conf
	# Somebody is about to use it.
	flock -s $trees/box "$vztmpl" delete box 2>/dev/null
	expect 9 $? "delete of a locked tree"
	# A configuration that cannot be read may name it.
	echo 'OSTEMPLATE="box' >/etc/vz/conf/900.conf
	run "$vztmpl" delete box
	[ $rc != 0 ] || fail "deleted beside a broken configuration"
	rm /etc/vz/conf/900.conf
}

names()
{
	local bad

	for bad in ../x a/b .x -x x.tmp x.conf "x y" ""; do
		run "$vztmpl" import -- "$bad" "$src"
		expect 21 $rc "name \"$bad\""
	done
	run "$vztmpl" import box "$src"
	expect 21 $rc "a name that exists"
	run "$vztmpl" delete absent
	expect 91 $rc "delete of what is not there"
}

bad_archives()
{
	head -c 100000 /dev/urandom >"$place_work/junk"
	head -c 20000 "$place_work/t.tar.gz" >"$place_work/cut.tar.gz"
	: >"$place_work/empty"
	mkdir -p "$place_work/nothing/here"
	local f

	for f in junk cut.tar.gz empty nothing; do
		run "$vztmpl" -q import bad "$place_work/$f"
		expect 47 $rc "$f: $out"
		gone bad
	done
	run "$vztmpl" -q import bad "$place_work/absent"
	expect 3 $rc "absent file"
	gone bad
}

# Names and links that lead out, device nodes, a secret outside of the tree.
hostile_archive()
{
	local d=$place_work/hostile

	mkdir -p "$d/top/sub" "$place_work/outside"
	echo old >"$place_work/outside/victim"
	echo old >"$place_work/outside/hostname"
	cp -a "$src/." "$d/top"
	rm -rf "$d/top/etc"
	ln -s "$place_work/outside" "$d/top/etc"
	ln -s "$place_work/outside" "$d/top/way-out"
	mknod "$d/top/sub/disk" b 7 0
	mknod "$d/top/sub/memory" c 1 1
	echo new >"$d/victim"
	tar -C "$d/top" -cf "$d/t.tar" . &&
		tar -C "$d" --transform='s,victim,./way-out/victim,' -rPf "$d/t.tar" victim &&
		tar -C "$d" --transform="s,victim,$place_work/outside/victim," -rPf "$d/t.tar" victim &&
		tar -C "$d" --transform='s,victim,../../../../../../victim-of-vztmpl,' -rPf "$d/t.tar" victim ||
		return 1
	run "$vztmpl" -q import hostile "$d/t.tar"
	[ $rc = 0 ] || gone hostile
	expect old "$(cat "$place_work/outside/victim")" "a file outside"
	expect old "$(cat "$place_work/outside/hostname")" "a file that etc pointed to"
	[ ! -e /victim-of-vztmpl ] || fail "wrote to the root of the host"
	expect 0 "$(find $trees -maxdepth 3 \( -type b -o -type c \) | wc -l)" "device nodes"
	[ $rc != 0 ] || "$vztmpl" delete hostile
}

# Killed in the middle: nothing to be seen, and the next one clears the rest.
interrupted()
{
	local how pid

	for how in TERM KILL; do
		mkfifo "$place_work/slow"
		"$vztmpl" -q import slow - <"$place_work/slow" 2>/dev/null &
		pid=$!
		exec 8>"$place_work/slow"
		head -c 300000 "$place_work/t.tar" >&8
		for _ in $(seq 200); do
			[ -e $trees/slow.tmp/bin ] && break
			sleep 0.05
		done
		[ -e $trees/slow.tmp/bin ] || fail "it did not begin"
		run "$vztmpl" import slow "$src"
		expect 9 $rc "a second one meanwhile"
		kill -$how $pid
		exec 8>&-
		wait $pid 2>/dev/null
		rm "$place_work/slow"
		[ $how = KILL ] || gone slow
		[ ! -e $trees/slow ] || fail "half a tree has the name"
		run "$vztmpl" -q import slow "$src"
		expect 0 $rc "after SIG$how: $out"
		diff -r --no-dereference $trees/box $trees/slow || fail "rests of the first one"
		"$vztmpl" delete slow
	done
}

race()
{
	local i won=0

	for i in 1 2 3 4; do
		"$vztmpl" -q import race "$src" 2>/dev/null &
	done
	for i in 1 2 3 4; do
		wait -n && won=$((won + 1))
	done
	expect 1 $won "winners"
	diff -r --no-dereference $trees/box $trees/race || fail "content"
	"$vztmpl" delete race
}

# Overlay cannot be id-mapped: say so before anything is unpacked.
unsuitable_place()
{
	mkdir -p "$place_work"/{l,u,w,m}
	mount -t tmpfs none "$place_work/u" && mkdir "$place_work"/u/{u,w} &&
		mount -t overlay none -o "lowerdir=$place_work/l,upperdir=$place_work/u/u,workdir=$place_work/u/w" \
			"$place_work/m" || return 1
	cp /etc/vz/vz.conf "$place_work/vz.conf"
	echo "TEMPLATE=\"$place_work/m\"" >>/etc/vz/vz.conf
	run "$vztmpl" -q import x "$src"
	expect 47 $rc "import"
	says "id-mapped"
	expect "" "$(ls "$place_work/m/tree")" "what is left"
	cp "$place_work/vz.conf" /etc/vz/vz.conf
	umount "$place_work/m" "$place_work/u"
}

used_by_a_container()
{
	local vzctl

	vzctl=$(tool vzctl)
	"$vzctl" --quiet create 9201 --ostemplate box || fail "create: $?"
	run "$vztmpl" delete box
	expect 21 $rc "delete"
	says "9201"
	"$vzctl" --quiet destroy 9201 || fail "destroy: $?"
	run "$vztmpl" delete box
	expect 0 $rc "delete: $out"
	gone box
}

place_tree "$src" || skip_all "no static busybox"
tar -C "$src" -cf "$place_work/t.tar" .
plan 13
check archives archives
check standard_input standard_input
check folder folder
check stripped stripped
check listed listed
check in_use in_use
check names names
check bad_archives bad_archives
check hostile_archive hostile_archive
check interrupted interrupted
check race race
check unsuitable_place unsuitable_place
check used_by_a_container used_by_a_container
place_leave
finish
