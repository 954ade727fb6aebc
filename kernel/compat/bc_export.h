/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Export to modules that import our namespace. Its name is a string on newer
 * kernels, a word before; Kbuild looks which. See compat/README.
 */
#ifndef BC_COMPAT_EXPORT_H
#define BC_COMPAT_EXPORT_H

#include <linux/export.h>

#ifdef BC_NAMESPACE_IS_WORD
#define BC_EXPORT(symbol)	EXPORT_SYMBOL_NS_GPL(symbol, BEANPOD)
#else
#define BC_EXPORT(symbol)	EXPORT_SYMBOL_NS_GPL(symbol, "BEANPOD")
#endif

#endif
