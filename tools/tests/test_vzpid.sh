#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzpid: what it prints of recorded processes, and that errors are errors.

cd "$(dirname "$0")" || exit 1
. ./tap.sh
vzpid=${PROGS:?}/vzpid/vzpid
export VZ_TEST_ROOT=data/refused

plan 9
both=$'Pid\tCTID\tName\n438\t101\tnginx\\x5ctx\n77\t0\tsshd'
is "$($vzpid 438 77)" "$both" "as OpenVZ prints it"
is "$(printf '438\n 77 ' | $vzpid -)" "$both" "of standard input"
is "$($vzpid -p 438 77)" $'Pid\tCTID\tVPid\tName\n438\t101\t7\tnginx\\x5ctx\n77\t0\t-\tsshd' \
	"the pid inside"
is "$($vzpid --json 438 77)" '[
  { "pid": 438, "ctid": 101, "vpid": 7, "name": "nginx\\tx" },
  { "pid": 77, "ctid": 0, "vpid": null, "name": "sshd" }
]' "JSON"
is "$($vzpid 99 77 2>&1; echo $?)" $'vzpid: process 99: No such process\nPid\tCTID\tName\n77\t0\tsshd\n3' \
	"one that is gone does not hide the others"
is "$($vzpid 0 -- -5 x 2>&1 >/dev/null; echo $?)" 'vzpid: "0" is no process id
vzpid: "-5" is no process id
vzpid: "x" is no process id
3' "no processes"
is "$($vzpid - </ 2>&1 >/dev/null; echo $?)" "vzpid: cannot read standard input: Is a directory
3" "standard input that cannot be read"
is "$($vzpid - <&- 2>&1 >/dev/null; echo $?)" "vzpid: cannot read standard input: Bad file descriptor
3" "no standard input"
is "$($vzpid 2>&1; echo $?)" "vzpid: say which: vzpid PID..., or vzpid - for those on standard input
20" "nothing asked"
tap_end
