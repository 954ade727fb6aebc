#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module comes and goes: under load of the host, with containers that were
# stopped in between, with files and descriptors still open. It stays while a
# container lives. BC_ROUNDS: how often each loop goes round, 3 (debug kernel: 1).

. "$(dirname "${BASH_SOURCE[0]}")/lib/lib.sh"
# A kernel with lock debugging is slow, above all in the waits of an unload.
rounds=${BC_ROUNDS:-$([ -e /proc/lockdep_stats ] && echo 1 || echo 3)}
log=$(mktemp)

host_load()
{
	"$BC_BIN/test_storm" -n -s 600 -h 3 >/dev/null 2>&1 &
	load=$!
}

# The workers are in a group of their own; its leader is a child of $load.
end_host_load()
{
	local worker

	worker=$(pgrep -P "$load" | head -n 1)
	[ -z "$worker" ] || kill -KILL -- "-$(ps -o pgid= -p "$worker" | tr -d ' ')" 2>/dev/null
	kill "$load" 2>/dev/null
	wait "$load" 2>/dev/null
	return 0
}

begin_hold()
{
	coproc HOLD { "$BC_BIN/helper_hold" "$1"; }
	read -r answer <&"${HOLD[0]}"
	expect ready "$answer" "helper_hold $1"
}

hold()
{
	echo "$1" >&"${HOLD[1]}"
	read -r answer <&"${HOLD[0]}"
	expect "done" "$answer" "helper_hold: $1"
}

end_hold()
{
	local pid=${HOLD_PID-}

	[ -z "$pid" ] || { echo quit >&"${HOLD[1]}"; wait "$pid"; } 2>/dev/null
	return 0
}

under_host_load()
{
	local i

	host_load
	for ((i = 0; i < rounds; i++)); do
		bc_load || fail "round $i: does not load"
		sleep 0.$((RANDOM % 10))
		bc_unload || fail "round $i: does not unload"
		bc_loaded && fail "round $i: is still there"
	done
	end_host_load
}

with_containers_in_between()
{
	local i

	host_load
	for ((i = 0; i < rounds; i++)); do
		bc_load || fail "round $i: does not load"
		"$BC_BIN/test_storm" -s 4 -c 4 -h 0 >"$log" || fail "round $i: storm"
		grep '^#' "$log"
		bc_unload || fail "round $i: does not unload"
	done
	end_host_load
}

stays_while_a_container_lives()
{
	bc_load || fail "does not load"
	begin_hold 501
	bc_unload 2>/dev/null && fail "unloaded under a living container"
	bc_loaded || fail "is gone"
	[ "$(awk '$1 == "numproc" { print $3 }' /proc/bc/501/resources.ext)" = 1 ] ||
		fail "numproc of 501 is not 1"
	hold kill
	hold close
	bc_unload || fail "does not unload when the container is dead"
	end_hold
}

# What the dead container still holds is forgotten with the module, and giving it
# back later must not reach another one.
held_by_the_dead()
{
	bc_load || fail "does not load"
	begin_hold 502
	hold kill
	expect 1 "$(awk '$1 == "numfile" { print $3 }' /proc/bc/502/resources.ext)" "numfile of 502"
	bc_unload || fail "does not unload"
	bc_load || fail "does not load again"
	hold close
	expect 0 "$(awk 'NR > 2 { n += $(NF - 4) } END { print n + 0 }' /proc/bc/resources)" \
		"what is held by nobody"
	end_hold
	bc_unload || fail "does not unload again"
}

open_device()
{
	bc_load || fail "does not load"
	exec 8<>/dev/vzctl
	bc_unload 2>/dev/null && fail "unloaded under an open device"
	exec 8>&-
	bc_unload || fail "does not unload"
}

open_proc_files()
{
	local line

	bc_load || fail "does not load"
	exec 7</proc/user_beancounters 8</proc/bc/resources 9</proc/bc/0/failures
	read -r line <&7
	expect "Version: 2.5" "$line" "first line"
	bc_unload || fail "does not unload"
	cat <&8 >/dev/null 2>&1 && fail "a file of a module that is gone can be read"
	bc_load || fail "does not load again"
	exec 7<&- 8<&- 9<&-
	bc_unload || fail "does not unload again"
	for line in /proc/bc /proc/vz /proc/user_beancounters /dev/vzctl; do
		[ ! -e "$line" ] || fail "$line is left"
	done
}

twice()
{
	local ko

	bc_load || fail "does not load"
	ko=${BC_KO:-$(modinfo -n "$BC_MODULE")}
	insmod "$ko" 2>/dev/null && fail "loaded twice"
	bc_loaded || fail "the first one is gone"
	[ -e /dev/vzctl ] || fail "/dev/vzctl is gone"
	bc_unload || fail "does not unload"
}

bad_parameters()
{
	bc_load hide_on_host=banana 2>/dev/null && fail "hide_on_host=banana was taken"
	bc_loaded && fail "loaded in spite of a bad parameter"
	[ -e /dev/vzctl ] && fail "/dev/vzctl is there"
	return 0
}

hidden_on_the_host()
{
	bc_load hide_on_host=1 || fail "does not load"
	[ -e /proc/vz ] && fail "/proc/vz is there"
	[ -e /proc/user_beancounters ] && fail "/proc/user_beancounters is there"
	[ -e /proc/bc/resources ] || fail "/proc/bc/resources is hidden too"
	find /proc -maxdepth 1 -name vz | grep -q . && fail "/proc/vz is listed"
	bc_unload || fail "does not unload"
}

hooked()
{
	grep -q "^$1 " /sys/kernel/tracing/enabled_functions
}

# There when ours is loaded, gone, there again.
with_hooks_in_another_module()
{
	modprobe nf_tables || fail "nf_tables does not load"
	bc_load || fail "does not load"
	hooked nf_tables_newrule || fail "no hook in nf_tables"
	modprobe -r nf_tables || fail "nf_tables does not go"
	hooked nf_tables_newrule && fail "a hook is left of nf_tables"
	hooked security_file_alloc || fail "the kernel's own hooks went with it"
	modprobe nf_tables || fail "nf_tables does not load again"
	hooked nf_tables_newrule || fail "no hook in nf_tables when it comes again"
	bc_unload || fail "does not unload"
	hooked nf_tables_newrule && fail "its hook is left"
	hooked security_file_alloc && fail "a hook is left"
	return 0
}

plan 10
trap 'end_host_load 2>/dev/null; end_hold; rm -f "$log"' EXIT
bc_loaded && { bc_unload || echo "# cannot begin: the module is in use"; }
check "load and unload under load" under_host_load
check "containers stopped in between" with_containers_in_between
check "stays while a container lives" stays_while_a_container_lives
check "what the dead hold does not keep it" held_by_the_dead
check "an open device keeps it" open_device
check "open files of /proc do not" open_proc_files
check "not twice" twice
check "bad parameters" bad_parameters
check "hooks in a module that goes and comes" with_hooks_in_another_module
check "hide_on_host" hidden_on_the_host
bc_load
finish
