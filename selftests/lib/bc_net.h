/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets for tests: loopback, connections, and the kernel's own count of them.
 * All of it runs in a container and leaves a negative errno for what failed.
 */
#ifndef SELFTESTS_LIB_BC_NET_H
#define SELFTESTS_LIB_BC_NET_H

/**
 * bc_net_up() - bring the loopback interface up; leaves no socket behind
 */
int bc_net_up(void);

/**
 * bc_net_listen() - listen on a free port of 127.0.0.1
 * @protocol: 0 for TCP, or IPPROTO_MPTCP
 *
 * Return: descriptor.
 */
int bc_net_listen(int protocol, int backlog);

/**
 * bc_net_connect() - connect to where @listener listens
 * @fd: a socket
 *
 * Return: 0.
 */
int bc_net_connect(int fd, int listener);

/**
 * bc_net_call() - make a TCP socket and connect it
 *
 * Return: descriptor.
 */
int bc_net_call(int listener);

/**
 * bc_net_used() - sockets of the calling task's network namespace
 *
 * Those of the kernel itself are not among them.
 */
long bc_net_used(void);

/**
 * bc_net_state() - how many connections are in a state
 * @state: as in /proc/net/tcp: 6 is TIME_WAIT
 */
int bc_net_state(unsigned int state);

/**
 * bc_net_memory() - bytes that the kernel's accounts say a socket has
 * @fd: of TCP or UDP
 */
long bc_net_memory(int fd);

/**
 * bc_net_datagram() - a UDP socket bound to a free port of 127.0.0.1 and connected to it
 *
 * Return: descriptor; what is sent comes back.
 */
int bc_net_datagram(void);

#endif
