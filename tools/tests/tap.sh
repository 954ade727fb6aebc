# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# TAP for scripts: plan N; is GOT WANT NAME; ok NAME COMMAND...

tap_n=0 tap_bad=0

plan() { printf 'TAP version 13\n1..%d\n' "$1"; }

tap_result()
{
	tap_n=$((tap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_n $2"
	else
		echo "not ok $tap_n $2"
		tap_bad=1
	fi
}

# Compares two texts, shows how they differ.
is()
{
	if [ "$1" == "$2" ]; then
		tap_result 0 "$3"
	else
		diff <(printf '%s\n' "$2") <(printf '%s\n' "$1") | sed 's/^/# /'
		tap_result 1 "$3"
	fi
}

ok()
{
	local name=$1

	shift
	"$@"
	tap_result $? "$name"
}

tap_end() { exit "$tap_bad"; }
