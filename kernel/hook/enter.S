/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bc_orig_NAME: run a hooked function from behind its fentry, so that the hook
 * does not fire again. Arguments and stack are the caller's own.
 *
 * The target has no ENDBR: with IBT an indirect jump there would trap, so it is
 * reached by RET. The CALL keeps the return stack buffer in step.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

#include "originals.h"

	.text

.macro BC_ENTER addr
	movq	\addr, %r11
	ANNOTATE_INTRA_FUNCTION_CALL
	call	1f
	int3
1:	movq	%r11, (%rsp)
	UNWIND_HINT_FUNC
	RET
.endm

.macro BC_ORIGINAL name
SYM_FUNC_START(bc_orig_\name)
	ANNOTATE_NOENDBR
	BC_ENTER bc_addr_\name(%rip)
SYM_FUNC_END(bc_orig_\name)
.endm

#define X(name) BC_ORIGINAL name;
BC_ORIGINALS(X)
#undef X

/*
 * bc_call(addr, arg0, arg1, arg2): call a function of the kernel that is not
 * exported. For the self test, and where a wrapper is about to refuse.
 */
SYM_FUNC_START(bc_call)
	ANNOTATE_NOENDBR
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	BC_ENTER %rax
SYM_FUNC_END(bc_call)

/* bc_call4(addr, arg0, arg1, arg2, arg3): the same. */
SYM_FUNC_START(bc_call4)
	ANNOTATE_NOENDBR
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %rcx
	BC_ENTER %rax
SYM_FUNC_END(bc_call4)
