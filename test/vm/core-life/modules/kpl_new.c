// SPDX-License-Identifier: GPL-2.0
#define KPL_VERSION 3
#include "kpl_patch.h"
