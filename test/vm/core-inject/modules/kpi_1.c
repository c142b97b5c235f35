// SPDX-License-Identifier: GPL-2.0
#define KPI_VERSION 1
#include "kpi_patch.h"
