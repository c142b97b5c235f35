// SPDX-License-Identifier: GPL-2.0
#define KPL_VERSION 2
#include "kpl_patch.h"
