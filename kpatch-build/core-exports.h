/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What kpatch.ko, the bundled core, exports to patch modules.
 *
 * A patch is built without kpatch.ko at hand. With CONFIG_MODVERSIONS the module loader compares a
 * checksum of each imported symbol, and those that kbuild computes depend on all of the kernel's
 * headers. So all exports of kpatch.ko get one checksum, which stands for the version of its
 * interface: kpatch-post-link writes it into kpatch.ko, and modpost reads it when a patch is
 * linked.
 */
#ifndef KP_CORE_EXPORTS_H
#define KP_CORE_EXPORTS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "ko.h"

/** CORE_MODULE - its name as in lsmod. */
#define CORE_MODULE "kpatch"

/* As in kmod/include/kpatch/kpatch-core.h, which only kernel code can include. */
#define CORE_IDENT_MAGIC   0x6b706964U
#define CORE_IDENT_VERSION 2U
#define CORE_BUILD_ID_SIZE 20

/** CORE_EXPORTS_CRC - "kp", and the version of the interface. */
#define CORE_EXPORTS_CRC (0x6b700000U | CORE_IDENT_VERSION)

/** core_exports_has() - whether kpatch.ko exports @name. */
bool core_exports_has(const char *name);

/** core_exports_symvers() - the exports in the format of Module.symvers; freed by the caller. */
char *core_exports_symvers(void);

/**
 * core_exports_rename() - let @ko use the core's own shadow variables and states where it uses the
 * kernel's.
 * Return: whether something was renamed.
 */
bool core_exports_rename(struct ko *ko);

/**
 * core_exports_stamp() - write the checksum into @ko, kpatch.ko, if its kernel wants checksums.
 *
 * An export that is missing there is an error.
 */
bool core_exports_stamp(struct ko *ko, GError **err);

#endif
