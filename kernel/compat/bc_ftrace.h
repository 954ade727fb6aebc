/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments and return point of a traced function, whatever this kernel calls
 * them. Found by name, never by version. See compat/README.
 */
#ifndef BC_COMPAT_FTRACE_H
#define BC_COMPAT_FTRACE_H

#include <linux/ftrace.h>

#ifdef arch_ftrace_regs
#define bc_ftrace_regs(fregs)		(&arch_ftrace_regs(fregs)->regs)
#else
#define bc_ftrace_regs(fregs)		(&(fregs)->regs)
#endif

#ifdef ftrace_regs_set_instruction_pointer
#define bc_ftrace_set_ip(fregs, ip)	ftrace_regs_set_instruction_pointer(fregs, ip)
#else
#define bc_ftrace_set_ip(fregs, ip)	ftrace_instruction_pointer_set(fregs, ip)
#endif

#endif
