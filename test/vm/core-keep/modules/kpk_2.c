// SPDX-License-Identifier: GPL-2.0
#define KPK_VERSION 2
#include "kpk_patch.h"
