# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What comes from the Debian archive without being installed: kernel images
# and single files of the kernel source. After common.sh.
#
#   BP_CACHE/headers/RELEASE/    kernel headers, for kernels without installed ones
#   BP_CACHE/kernels/RELEASE/{vmlinuz,config,modules/}
#   BP_CACHE/linux-source/       selected files, paths as in the kernel tree

# Modules a virtual machine without such hardware never loads. Leaving them
# out makes depmod quick.
FETCH_SKIP="drivers/accel drivers/ata drivers/atm drivers/bluetooth drivers/comedi
	drivers/edac drivers/extcon drivers/firewire drivers/gpu drivers/hid drivers/hwmon
	drivers/i2c drivers/iio drivers/infiniband drivers/input drivers/isdn drivers/leds
	drivers/media drivers/memstick drivers/mfd drivers/misc drivers/mmc drivers/mtd
	drivers/net/can drivers/net/ethernet drivers/net/usb drivers/net/wireless
	drivers/net/wwan drivers/net/fddi drivers/net/ieee802154 drivers/nfc
	drivers/parport drivers/pcmcia drivers/pinctrl drivers/platform drivers/power
	drivers/pwm drivers/rtc drivers/scsi drivers/soundwire drivers/spi drivers/ssb
	drivers/staging drivers/target drivers/thermal drivers/thunderbolt drivers/usb
	drivers/video drivers/w1 sound net/bluetooth net/mac80211 net/wireless"

fetch_kernel_done()
{
	local rel

	rel=$(bp_headers "$1") && [ -e "$BP_CACHE/kernels/$rel/vmlinuz" ]
}

# fetch_download DIR PACKAGE[=VERSION]...: into DIR, first that the archive has.
fetch_download()
{
	local dir=$1 p

	shift
	for p in "$@"; do
		# apt's own sandbox user cannot write here; as root it would warn.
		( cd "$dir" && apt-get -q -o APT::Sandbox::User=root download "$p" ) \
			>"$dir/log" 2>&1 && return 0
	done
	cat "$dir/log" >&2
	return 1
}

# fetch_headers SERIES: unpack the archive's newest headers of that series. They
# are not installed, because since 6.12 Debian's header package depends on the
# kernel image, which would become the kernel that this machine boots next.
fetch_headers()
{
	local pkg ver rel tmp p

	pkg=$(apt-cache search --names-only "^linux-headers-${1//./\\.}\\.[0-9][^-]*(-[0-9]+)?-amd64\$" |
		awk '{print $1}' | sort -V | tail -n 1)
	[ -n "$pkg" ] || die "the archive has no linux-headers-$1.*-amd64: run" \
		"apt-get update, then scripts/setup again"
	rel=${pkg#linux-headers-}
	ver=$(apt-cache show "$pkg" | sed -n 's/^Version: //p' | sort -V | tail -n 1)
	say "fetching headers of kernel $rel"
	mkdir -p "$BP_CACHE/headers"
	tmp=$(mktemp -d "$BP_CACHE/headers/.new.XXXXXX")
	for p in "$pkg" $(apt-cache show "$pkg=$ver" | sed -n 's/^Depends: //p' |
		tr ',|' '\n\n' | awk '$1 ~ /^linux-(headers|kbuild)-/ {print $1}' | sort -u); do
		fetch_download "$tmp" "$p=$ver" "$p" || { rm -rf "$tmp"; die "cannot fetch $p"; }
	done
	mkdir "$tmp/x"
	for p in "$tmp"/*.deb; do
		dpkg-deb -x "$p" "$tmp/x"
	done
	# The only absolute path in them.
	sed -i "s,/usr/src/,$BP_CACHE/headers/$rel/usr/src/," \
		"$tmp/x/usr/src/linux-headers-$rel/Makefile"
	echo "$ver" >"$tmp/x/version"
	rm -rf "$BP_CACHE/headers/$rel"
	mv -T "$tmp/x" "$BP_CACHE/headers/$rel"
	rm -rf "$tmp"
}

# fetch_kernel SERIES: image and modules that match the installed headers.
fetch_kernel()
{
	local rel ver tmp d f skip=()

	rel=$(bp_headers "$1") || die "kernel $1: no headers installed; run scripts/setup build"
	ver=$(cat "$BP_CACHE/headers/$rel/version" 2>/dev/null ||
		dpkg-query -W -f '${Version}' "linux-headers-$rel")
	say "fetching kernel $rel"
	mkdir -p "$BP_CACHE/kernels"
	tmp=$(mktemp -d "$BP_CACHE/kernels/.new.XXXXXX")
	fetch_download "$tmp" "linux-image-$rel=$ver" "linux-image-$rel" \
		"linux-image-$rel-unsigned=$ver" || {
		rm -rf "$tmp"
		die "the archive has no linux-image-$rel any more: run apt-get" \
			"update, or remove linux-headers-$rel and run scripts/setup"
	}
	mkdir "$tmp/x"
	say "unpacking kernel $rel"
	for f in $FETCH_SKIP; do
		skip+=(--exclude="*/kernel/$f" --exclude="*/kernel/$f/*")
	done
	dpkg-deb --fsys-tarfile "$tmp"/linux-image-*.deb | tar -xf - -C "$tmp/x" "${skip[@]}"
	mkdir "$tmp/k"
	mv "$tmp/x/boot/vmlinuz-$rel" "$tmp/k/vmlinuz"
	mv "$tmp/x/boot/config-$rel" "$tmp/k/config"
	d=$tmp/x/lib/modules/$rel
	[ -d "$d" ] || d=$tmp/x/usr/lib/modules/$rel
	find "$d" -name '*.ko.xz' -print0 | xargs -0 -r -P "$(nproc)" -n 64 xz -d
	find "$d" -name '*.ko.zst' -print0 | xargs -0 -r -P "$(nproc)" -n 64 zstd -q --rm -d
	sed -i 's/\.ko\.\(xz\|zst\)$/.ko/' "$d/modules.order"
	mv "$d" "$tmp/k/modules"
	chmod -R u+rwX,go+rX "$tmp/k"
	rm -rf "$BP_CACHE/kernels/$rel"
	mv -T "$tmp/k" "$BP_CACHE/kernels/$rel"
	rm -rf "$tmp"
}

fetch_source_done() { [ -e "$BP_CACHE/linux-source/.complete" ]; }

# fetch_source_deb DIR: linux-source-6.12 (else 6.1) into DIR.
fetch_source_deb()
{
	local s

	for s in 6.12 6.1; do
		fetch_download "$1" "linux-source-$s" && return 0
	done
	die "the archive has neither linux-source-6.12 nor linux-source-6.1"
}

# fetch_source: the few files of the kernel source that tests and checks use.
fetch_source()
{
	local tmp tarball

	mkdir -p "$BP_CACHE"
	tmp=$(mktemp -d "$BP_CACHE/.source.XXXXXX")
	say "fetching kernel source, for kselftest and checkpatch (150 MB, once)"
	fetch_source_deb "$tmp"
	mkdir "$tmp/x" "$tmp/s"
	dpkg-deb --fsys-tarfile "$tmp"/linux-source-*.deb | tar -xf - -C "$tmp/x" --wildcards '*/linux-source-*.tar.xz'
	rm "$tmp"/linux-source-*.deb
	tarball=$(ls "$tmp"/x/usr/src/linux-source-*.tar.xz)
	say "unpacking selected files of $(basename "$tarball")"
	xz -T0 -dc "$tarball" | tar -xf - -C "$tmp/s" --strip-components=1 --wildcards \
		--no-wildcards-match-slash \
		'*/COPYING' '*/.clang-format' \
		'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
		'*/scripts/const_structs.checkpatch' '*/scripts/kernel-doc' \
		'*/scripts/subarch.include' \
		'*/tools/testing/selftests/*.h' '*/tools/testing/selftests/*.mk' \
		'*/tools/testing/selftests/*.sh' \
		'*/tools/testing/selftests/kselftest/*' \
		'*/tools/scripts/Makefile.*' '*/scripts/Makefile.compiler'
	touch "$tmp/s/.complete"
	rm -rf "$BP_CACHE/linux-source"
	mv -T "$tmp/s" "$BP_CACHE/linux-source"
	rm -rf "$tmp"
}
