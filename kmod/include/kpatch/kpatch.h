/* SPDX-License-Identifier: GPL-2.0 */
/* The name under which old patches include the shadow variables. */
#ifndef KPATCH_H
#define KPATCH_H

#include "kpatch-shadow.h"

#endif
