#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vzlist against text it must print byte for byte, on a fake root (data/classic:
# the formats of the classic kernel; the rest is made here).

cd "$(dirname "$0")" || exit 1
. ./tap.sh
vzlist=${PROGS:?}/vzlist/vzlist
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

plan 43

export VZ_TEST_ROOT=data/classic
is "$($vzlist -a)" "$(cat data/classic/expected/vzlist-a.txt)" "default columns"
is "$($vzlist -a -j)" "$(cat data/classic/expected/vzlist-a-j.json)" "JSON"
is "$($vzlist -o ctid,status,kmemsize,kmemsize.m,kmemsize.b,kmemsize.l,privvmpages.f,diskspace,diskspace.s,diskinodes.h,cpuunits,cpulimit,cpus,laverage,uptime,iolimit)" \
	"$(cat data/classic/expected/vzlist-cols.txt)" "all kinds of columns"

# The calls that libvirt, munin and zabbix make.
is "$($vzlist -a -ovpsid,status -H)" "       101 running" "libvirt: all"
is "$($vzlist -ovpsid -H)" "       101" "libvirt: running"
is "$($vzlist -ovpsid -H -S)" "" "libvirt: stopped"
is "$($vzlist 101 -ostatus -H)" "running" "libvirt: one"
is "$($vzlist --no-header -oprivvmpages.b,privvmpages.l 101)" "     65536      69632" "libvirt: limits"
is "$($vzlist -o hostname 101 -H)" "ct101.example" "libvirt: host name"
is "$($vzlist -a -H --no-trim -o hostname,numproc)" \
	"ct101.example                            12" "munin: untrimmed"
is "$($vzlist -H --no-trim -o numproc,hostname)" \
	"        12 ct101.example                   " "trailing blanks are kept"
is "$($vzlist -aH -octid,onboot -s-bootorder)" "       101      -" "boot script"
is "$($vzlist -Ho veid)" "       101" "collectd"
is "$($vzlist -1)" "       101" "ids only"

# Several containers, stopped ones, names, order, filters.
cp -r data/classic "$tmp/root"
export VZ_TEST_ROOT=$tmp/root
conf=$tmp/root/etc/vz/conf
cat > "$conf/102.conf" <<'X'
NAME="db 1"
HOSTNAME=db.example
DESCRIPTION="say \"hi\""
IP_ADDRESS="10.0.0.2 10.0.0.3"
NUMPROC="40:50"
ONBOOT=yes
BOOTORDER=5
DISABLED=yes
PHYSPAGES="0:65536"
X
echo 'HOSTNAME=gone' > "$conf/103.conf"		# no private area
echo 'not ours' > "$conf/104.conf.destroyed"
echo 'HOSTNAME=never' > "$conf/0.conf"
is "$($vzlist -aH -o ctid,numproc,status,ip,hostname)" \
"       101         12 running   10.0.0.101      ct101.example
       102          - stopped   10.0.0.2,10.0.0.3 db.example" "a stopped container"
is "$($vzlist -H)" "       101         12 running   10.0.0.101      ct101.example" "running only"
is "$($vzlist -SH -octid)" "       102" "stopped only"
is "$($vzlist -aHn -osmart_name)" "       101
      db 1" "smart names"
is "$($vzlist -an | head -n 1)" " SMARTNAME      NPROC STATUS    IP_ADDR         HOSTNAME" "-n"
is "$($vzlist -aH -octid -s-ctid)" "       102
       101" "descending"
is "$($vzlist -aH -octid -s-bootorder)" "       102
       101" "unset boot order is last"
is "$($vzlist -aH -octid -shostname)" "       101
       102" "by text"
is "$($vzlist -aH -octid -h '*.example' -N 'db*')" "       102" "patterns"
is "$($vzlist -aH -octid -d 'say*')" "       102" "description"
is "$($vzlist -H -octid 'db 1')" "       102" "by name, stopped"
is "$($vzlist -H -onumproc.b,numproc.l,numproc.f 102)" "        40         50          -" \
	"limits of a stopped container"
is "$($vzlist -H -oip 102)" "10.0.0.2 10.0.0.3" "addresses in the last column"
is "$($vzlist -H -j -o description,vswap,disabled,onboot,bootorder,smart_name 102)" '[
  {
    "description": "say \"hi\"",
    "vswap": true,
    "disabled": true,
    "onboot": true,
    "bootorder": 5,
    "smart_name": "db 1"
  }
]' "JSON escapes"

# Names are case-blind, unknown ones are refused.
is "$($vzlist -H -oCTID)" "       101" "capital column name"
is "$($vzlist -obogus 2>&1; echo $?)" 'vzlist: Unknown field: "bogus"; vzlist -L lists them
1' "unknown column"
is "$($vzlist -sbogus 2>&1; echo $?)" 'vzlist: Unknown field: "bogus"; vzlist -L lists them
1' "unknown sort column"
is "$($vzlist -octid, 2>&1 >/dev/null; echo $?)" 'vzlist: Unknown field: ""; vzlist -L lists them
1' "empty column"
is "$($vzlist 999 2>&1; echo $?)" "vzlist: Container(s) not found: 999
1" "unknown id"
is "$($vzlist --bogus 2>&1; echo $?)" "vzlist: --bogus: unknown option; see vzlist --help
1" "unknown option"
ok "a full disk is an error" bash -c "! $vzlist -a > /dev/full 2>&1"

# A stopped container has its last words; its root may be mounted.
printf '      102:  kmemsize  5 6 7 8 9\n            numproc  0 33 40 50 4\n' >> "$tmp/root/proc/bc/resources"
is "$($vzlist -H -onumproc,numproc.m,numproc.f,kmemsize.m 102)" \
	"         -         33          4          6" "last words"
echo 'VE_ROOT="/vz/private/$VEID"' >> "$conf/102.conf"
is "$($vzlist -H -ostatus 102)" "mounted" "mounted"

# Without parts of the kernel's files.
rm "$tmp/root/proc/bc/resources"
is "$($vzlist -H -onumproc)" "        12" "user_beancounters instead"
rm "$tmp/root/proc/user_beancounters"
is "$($vzlist -H -octid,numproc 2>/dev/null)" "       101          -" "no counters"
rm "$tmp/root/proc/vz/veinfo"
is "$($vzlist -aH -octid,status 2>/dev/null)" "       101 stopped
       102 mounted" "no module: stopped"
ok "and it is said" bash -c "$vzlist -a 2>&1 >/dev/null | grep -q 'modprobe beancounter'"
printf 'A="never closed\n' > "$conf/102.conf"
is "$($vzlist -aH -octid 2>/dev/null)" "       101" "a broken file hides one container"

# 1,000 containers.
rm -rf "$tmp/root/etc/vz/conf" && mkdir "$conf"
for i in $(seq 1 1000); do
	echo "HOSTNAME=h$i" > "$conf/$i.conf"
	mkdir -p "$tmp/root/vz/private/$i"
done
is "$($vzlist -a1 | sha256sum)" "$(seq 1 1000 | xargs printf '%10s\n' | sha256sum)" "1,000 containers"

tap_end
