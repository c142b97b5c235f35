// SPDX-License-Identifier: GPL-2.0
#define KPT_VERSION 2
#include "kpt_patch.h"
