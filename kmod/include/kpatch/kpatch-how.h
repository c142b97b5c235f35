/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a type of shadow variable was found: kpatch_patch_shadow.how. For the headers of patched
 * sources, for the glue of patches and for the tools.
 */
#ifndef KPATCH_HOW_H
#define KPATCH_HOW_H

/* Which call; 0: the author's KPATCH_SHADOW_TYPE() or KPATCH_SHADOW_NAMED(). */
#define KPATCH_HOW_CALL		0xff /* mask */
#define KPATCH_HOW_ALLOC	1
#define KPATCH_HOW_FREE		2
#define KPATCH_HOW_FREE_ALL	3
#define KPATCH_HOW_GET		4

/* And what is special about it */
#define KPATCH_HOW_UNKNOWN	0x100 /* id, ctor, dtor or name are not constant */
#define KPATCH_HOW_NAMED	0x200 /* the id is made from the name, by create-diff-object */
#define KPATCH_HOW_ANY_SIZE	0x400 /* by create-diff-object: of some calls nobody knows the size */

#endif
