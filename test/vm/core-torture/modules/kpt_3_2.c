// SPDX-License-Identifier: GPL-2.0
#define KPT_VERSION 3
#include "kpt_patch.h"
