/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The list of resources: the one place that names them.
 *
 * Kernel tables, /proc rows, the ioctl and netlink interfaces, option and
 * configuration keys of the tools, completion and the documentation tables all
 * derive from this list. It compiles in the kernel and in user space and uses
 * nothing but plain macros.
 *
 * BC_RESOURCES(X) expands X(id, NAME, name, unit, kind, meaning) once per row:
 *
 *   id       row number in /proc/user_beancounters; part of the ABI
 *   NAME     suffix of the BC_ constant
 *   name     what files and options call the resource
 *   unit     BYTES, PAGES (of the system's page size) or ITEMS
 *   kind     COUNT (refused at the barrier or limit), GUARANTEE (never refused,
 *            the barrier promises something) or MEMORY (limit acts by reclaim)
 *   meaning  one line for people
 *
 * Rows 4 and 20 to 22 of the classic table are place holders ("dummy") and are
 * no resources. swappages is in /proc/bc, but not in /proc/user_beancounters.
 * Rows from BC_FIRST_EXTENDED on are extended: OpenVZ did not have them. They are
 * in resources.ext, ioctl, netlink and the tools; the classic files, which others
 * parse, keep the rows they have.
 */
#ifndef BC_RESOURCES_H
#define BC_RESOURCES_H

/* clang-format off */
#define BC_RESOURCES(X)							       \
X( 0, KMEMSIZE,     kmemsize,     BYTES, COUNT,     "kernel memory held for the container") \
X( 1, LOCKEDPAGES,  lockedpages,  PAGES, COUNT,     "memory locked by mlock(2), MAP_LOCKED, SHM_LOCK") \
X( 2, PRIVVMPAGES,  privvmpages,  PAGES, COUNT,     "private writable address space, touched or not") \
X( 3, SHMPAGES,     shmpages,     PAGES, COUNT,     "shared memory and tmpfs pages") \
X( 5, NUMPROC,      numproc,      ITEMS, COUNT,     "processes and threads") \
X( 6, PHYSPAGES,    physpages,    PAGES, MEMORY,    "memory in RAM, page cache included") \
X( 7, VMGUARPAGES,  vmguarpages,  PAGES, GUARANTEE, "address space that is always granted") \
X( 8, OOMGUARPAGES, oomguarpages, PAGES, GUARANTEE, "memory that is safe when the host runs out") \
X( 9, NUMTCPSOCK,   numtcpsock,   ITEMS, COUNT,     "TCP sockets") \
X(10, NUMFLOCK,     numflock,     ITEMS, COUNT,     "file locks and leases") \
X(11, NUMPTY,       numpty,       ITEMS, COUNT,     "pseudo terminals") \
X(12, NUMSIGINFO,   numsiginfo,   ITEMS, COUNT,     "queued signals") \
X(13, TCPSNDBUF,    tcpsndbuf,    BYTES, COUNT,     "TCP send buffers") \
X(14, TCPRCVBUF,    tcprcvbuf,    BYTES, COUNT,     "TCP receive buffers") \
X(15, OTHERSOCKBUF, othersockbuf, BYTES, COUNT,     "buffers of UNIX sockets, send buffers of UDP and others") \
X(16, DGRAMRCVBUF,  dgramrcvbuf,  BYTES, COUNT,     "UDP receive buffers") \
X(17, NUMOTHERSOCK, numothersock, ITEMS, COUNT,     "sockets other than TCP") \
X(18, DCACHESIZE,   dcachesize,   BYTES, COUNT,     "directory entry and inode caches") \
X(19, NUMFILE,      numfile,      ITEMS, COUNT,     "open files, sockets and pipes included") \
X(23, NUMIPTENT,    numiptent,    ITEMS, COUNT,     "packet filter rules") \
X(24, SWAPPAGES,    swappages,    PAGES, MEMORY,    "memory in swap") \
X(25, NUMINOTIFY,   numinotify,   ITEMS, COUNT,     "inotify and fanotify instances") \
X(26, NUMWATCH,     numwatch,     ITEMS, COUNT,     "inotify watches, fanotify marks") \
X(27, NUMNS,        numns,        ITEMS, COUNT,     "namespaces of any kind") \
X(28, NUMMOUNT,     nummount,     ITEMS, COUNT,     "mounts, detached ones included") \
X(29, PIPEPAGES,    pipepages,    PAGES, COUNT,     "room in pipes") \
X(30, NUMKEY,       numkey,       ITEMS, COUNT,     "keys and keyrings") \
X(31, NUMIPC,       numipc,       ITEMS, COUNT,     "System V and POSIX IPC objects") \
X(32, NUMCONNTRACK, numconntrack, ITEMS, COUNT,     "connections that the packet filter tracks")
/* clang-format on */

/* Rows of the classic table, place holders included; of all; and how many are resources. */
#define BC_CLASSIC_ROWS		24
#define BC_FIRST_EXTENDED	25
#define BC_ROWS			33
#define BC_ONE_MORE(id, NAME, name, unit, kind, meaning) +1
#define BC_NR_RESOURCES		(BC_RESOURCES(BC_ONE_MORE))

#endif
