# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Vocabulary of the tests that are shell scripts. Sourced by bash.
#
# A test is a function; "check NAME COMMAND..." runs it and prints its KTAP line.
# Helpers: "fail WORDS..." notes a failure of the test that runs.

BC_MODULE=${BC_MODULE:-beancounter}
bc_here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # for those that source this file
BC_BIN=${BC_BIN:-$bc_here}
bc_tests=0 bc_failed=0 bc_bad=0

plan()
{
	echo "TAP version 13"
	echo "1..$1"
}

fail()
{
	echo "# $*"
	bc_bad=1
}

# expect EXPECTED SEEN WHAT
expect()
{
	[ "$1" = "$2" ] || fail "$3: expected \"$1\", seen \"$2\""
}

check()
{
	local name=$1

	shift
	bc_tests=$((bc_tests + 1)) bc_bad=0
	"$@" || fail "$1 returned $?"
	if [ "$bc_bad" = 0 ]; then
		echo "ok $bc_tests $name"
	else
		echo "not ok $bc_tests $name"
		bc_failed=$((bc_failed + 1))
	fi
}

finish()
{
	echo "# Totals: pass:$((bc_tests - bc_failed)) fail:$bc_failed xfail:0 xpass:0 skip:0 error:0"
	[ "$bc_failed" = 0 ]
	exit
}

bc_loaded()
{
	grep -q "^$BC_MODULE " /proc/modules
}

# bc_load PARAMETER...: the module that was built for this kernel
bc_load()
{
	if [ -n "${BC_KO-}" ]; then
		insmod "$BC_KO" "$@"
	else
		modprobe "$BC_MODULE" "$@"
	fi
}

bc_unload()
{
	rmmod "$BC_MODULE"
}
