// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols of the running kernel, by name. kallsyms_lookup_name() is not
 * exported; a kprobe that is registered and taken away at once tells where it
 * is.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "hook.h"

static unsigned long bc_lookup_name;

/**
 * bc_symbol_init() - find the kernel's own look-up
 * Return: 0, or a negative errno if kprobes cannot be used.
 */
int bc_symbol_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	int ret = register_kprobe(&kp);

	if (ret) {
		pr_err("cannot place a kprobe on kallsyms_lookup_name (%d): is CONFIG_KPROBES off or the kernel locked down?\n",
		       ret);
		return ret;
	}
	bc_lookup_name = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	return 0;
}

/**
 * bc_symbol_address() - where a function begins
 * @name: exact name, suffix included
 * Return: 0 if this kernel has no such symbol.
 */
unsigned long bc_symbol_address(const char *name)
{
	return bc_call(bc_lookup_name, (unsigned long)name, 0, 0);
}

/**
 * bc_symbol_range() - the text of a function
 * @name: exact name
 * @range: out; empty if it fails
 * Return: 0 or -ENOENT.
 */
int bc_symbol_range(const char *name, struct bc_range *range)
{
	unsigned long start = bc_symbol_address(name);
	unsigned long size = 0;
	char *text, *slash;
	int ret = -ENOENT;

	*range = (struct bc_range){};
	if (!start)
		return ret;
	text = kmalloc(KSYM_SYMBOL_LEN, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	sprint_symbol(text, start); /* name+0xoffset/0xsize */
	slash = strrchr(text, '/');
	if (slash) {
		slash[1 + strcspn(slash + 1, " ")] = '\0';
		ret = kstrtoul(slash + 1, 16, &size);
	}
	kfree(text);
	if (ret || !size)
		return -ENOENT;
	range->start = start;
	range->end = start + size;
	return 0;
}
