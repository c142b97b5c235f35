// SPDX-License-Identifier: GPL-2.0
#define KPK_VERSION 1
#include "kpk_patch.h"
