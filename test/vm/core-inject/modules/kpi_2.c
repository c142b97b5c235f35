// SPDX-License-Identifier: GPL-2.0
#define KPI_VERSION 2
#include "kpi_patch.h"
