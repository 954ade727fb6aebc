# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The initial RAM disk of scripts/vm: busybox, the modules to reach the host's
# root file system, and scripts/lib/vm-init. Also the module tree the guest
# sees as /lib/modules/RELEASE. After common.sh.

INITRD_MODULES="virtio_pci 9pnet_virtio 9p overlay virtio_console"

# initrd_make OUT MODULES_DIR: MODULES_DIR may be "" (all drivers built in).
initrd_make()
{
	local out=$1 mods=$2 d m f tmp

	d=$(mktemp -d "$BP_CACHE/.initrd.XXXXXX")
	mkdir -p "$d"/{bin,proc,sys,dev,mods,root,lower,rw}
	cp "$(command -v busybox)" "$d/bin/busybox" || die "no busybox: run scripts/setup vm"
	: >"$d/modlist"
	if [ -n "$mods" ]; then
		for m in $INITRD_MODULES; do
			# A module that this kernel has built in is listed as such.
			modprobe -d "${mods%/lib/modules/*}" -S "${mods##*/}" --show-depends "$m" |
				awk '$1 == "insmod" {print $2}'
		done | awk '!seen[$0]++' >"$d/list"
		while read -r f; do
			cp "$f" "$d/mods/"
			basename "$f" >>"$d/modlist"
		done <"$d/list"
		rm "$d/list"
	fi
	tmp=$(mktemp "$out.XXXXXX")
	( cd "$d" && find . | cpio -o -H newc --quiet ) >"$tmp"
	mv "$tmp" "$out"
	rm -rf "$d"
}

# modtree RELEASE KERNEL_MODULES EXTRA...: print a directory D so that
# D/lib/modules/RELEASE is the kernel's module tree plus EXTRA files in extra/,
# with an index. Same files, same directory; nothing in it changes afterwards,
# so that machines already running keep what they booted with.
modtree()
{
	local rel=$1 base=$2 sum d tmp f
	shift 2

	sum=$({ printf '%s\n' "$rel" "$base"; [ $# = 0 ] || sha256sum "$@"; } | sha256sum | cut -c1-16)
	d=$BP_CACHE/modtree/$rel-$sum
	if [ ! -d "$d" ]; then
		mkdir -p "$BP_CACHE/modtree"
		tmp=$(mktemp -d "$BP_CACHE/modtree/.new.XXXXXX")
		chmod 755 "$tmp"
		mkdir -p "$tmp/lib/modules/$rel/extra"
		if [ -n "$base" ]; then
			ln -s "$base/kernel" "$tmp/lib/modules/$rel/kernel"
			for f in "$base"/modules.{order,builtin,builtin.modinfo}; do
				[ ! -e "$f" ] || cp "$f" "$tmp/lib/modules/$rel/"
			done
		fi
		[ $# = 0 ] || cp "$@" "$tmp/lib/modules/$rel/extra/"
		depmod -b "$tmp" "$rel" 2>"$tmp/depmod.log" || {
			cat "$tmp/depmod.log" >&2
			rm -rf "$tmp"
			return 1
		}
		mv -T "$tmp" "$d" 2>/dev/null || rm -rf "$tmp"
		# Trees of modules long rebuilt.
		find "$BP_CACHE/modtree" -mindepth 1 -maxdepth 1 -name "$rel-*" \
			-mmin +1440 ! -path "$d" -exec rm -rf {} +
	fi
	touch "$d"
	echo "$d"
}
